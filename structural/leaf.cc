#include "structural/leaf.h"

namespace lancekit {
namespace {

std::uint64_t MaxKey(TypeId key) {
  switch (key) {
    case TypeId::kInt8:
      return 0x7F;
    case TypeId::kUInt8:
      return 0xFF;
    case TypeId::kInt16:
      return 0x7FFF;
    case TypeId::kUInt16:
      return 0xFFFF;
    case TypeId::kInt32:
      return 0x7FFFFFFF;
    default:
      return 0xFFFFFFFF;
  }
}

ValuesView ViewOf(const ArrayData& array, const ValueShape& shape) {
  ValuesView view;
  view.shape = shape;
  view.length = static_cast<std::uint64_t>(array.length);
  view.values = array.values.data();
  view.data = array.data.data();
  return view;
}

Status AppendItems(const ValuesView& items, std::uint64_t first, std::uint64_t count, ValueSink* sink) {
  if (items.shape.variable()) {
    return items.shape.large_offsets ? sink->AppendStrings(items.offsets<std::int64_t>() + first, items.data, count)
                                     : sink->AppendStrings(items.offsets<std::int32_t>() + first, items.data, count);
  }
  sink->AppendBits(items.values, first * items.shape.width_bits, count);
  return {};
}

/// The bytes of an item; a boolean is one byte.
std::string ItemBytes(const ValuesView& items, std::uint64_t i) {
  const std::uint64_t width = items.shape.width_bits / 8;
  if (items.shape.variable()) {
    return std::string(reinterpret_cast<const char*>(items.data) + items.Offset(i), items.Offset(i + 1) - items.Offset(i));
  }
  if (width == 0) return std::string(1, GetBit(items.values, i) ? '1' : '0');
  return std::string(reinterpret_cast<const char*>(items.values) + i * width, width);
}

}  // namespace

Result<LeafType> MakeLeafType(const DataType& type) {
  LeafType leaf;
  leaf.type = type;
  LANCEKIT_ASSIGN(leaf.shape, ShapeOf(type));
  if (type.id == TypeId::kDictionary) {
    LANCEKIT_ASSIGN(leaf.dictionary_shape, ShapeOf(type.children[0].type));
  }
  return leaf;
}

bool JoinedDictionary::Use(const std::shared_ptr<const ArrayData>& dictionary) {
  if (first_ == nullptr) first_ = dictionary;
  if (dictionary == first_) return true;
  if (!joined_.has_value()) StartJoin();
  current_ = keys_.try_emplace(dictionary, static_cast<std::size_t>(dictionary->length), kNoKey).first;
  return false;
}

void JoinedDictionary::StartJoin() {
  const ValuesView items = ViewOf(*first_, *leaf_->dictionary_shape);
  joined_.emplace(items.shape);
  // The items fit: they were appended to such a sink before.
  static_cast<void>(AppendItems(items, 0, items.length, &*joined_).ok());
  for (std::uint64_t i = 0; i < items.length; ++i) key_of_value_.try_emplace(ItemBytes(items, i), i);
}

Result<std::uint64_t> JoinedDictionary::KeyOf(std::uint64_t item) {
  std::uint64_t& key = current_->second[item];
  if (key != kNoKey) return key;
  const ValuesView items = ViewOf(*current_->first, *leaf_->dictionary_shape);
  const auto [entry, is_new] = key_of_value_.try_emplace(ItemBytes(items, item), joined_->length());
  if (is_new) {
    if (entry->second > MaxKey(leaf_->type.key_id)) {
      return Unsupported("these rows have more than {} dictionary values, too many for keys of type {}; read fewer rows at once",
                         entry->second, leaf_->type.to_string());
    }
    LANCEKIT_TRY(AppendItems(items, item, 1, &*joined_));
  }
  key = entry->second;
  return key;
}

std::shared_ptr<const ArrayData> JoinedDictionary::Finish() && {
  if (joined_.has_value()) return std::make_shared<const ArrayData>(std::move(*joined_).Finish(leaf_->type.children[0].type));
  if (first_ != nullptr) return std::move(first_);
  return std::make_shared<const ArrayData>(ValueSink(*leaf_->dictionary_shape).Finish(leaf_->type.children[0].type));
}

LeafSink::LeafSink(const LeafType& leaf, std::uint64_t num_rows) : leaf_(&leaf), values_(leaf.shape), capacity_(num_rows) {
  if (leaf.is_dictionary()) dictionary_.emplace(leaf);
}

ValueSink& LeafSink::values() {
  if (!reserved_) values_.Reserve(capacity_);
  reserved_ = true;
  return values_;
}

void LeafSink::NeedBits() {
  if (has_bits_) return;
  has_bits_ = true;
  bits_.Resize(BitmapBytes(capacity_));
  if (capacity_ != 0) bits_.data()[bits_.size() - 1] = std::byte{0};
  FillBits(bits_.data(), 0, rows_, true);
}

void LeafSink::AppendValid(std::uint64_t count) {
  if (has_bits_) FillBits(bits_.data(), rows_, count, true);
  rows_ += count;
}

void LeafSink::AppendNull(std::uint64_t count) {
  NeedBits();
  FillBits(bits_.data(), rows_, count, false);
  rows_ += count;
  nulls_ += count;
}

void LeafSink::AppendLevels(const std::uint16_t* levels, std::uint64_t count) {
  NeedBits();
  nulls_ += LevelsToBitmap(levels, count, bits_.data(), rows_);
  rows_ += count;
}

ArrayData LeafSink::Finish() && {
  ArrayData array = std::move(values_).Finish(leaf_->type);
  array.null_count = static_cast<std::int64_t>(nulls_);
  if (nulls_ != 0) array.validity = std::move(bits_).Freeze();
  if (leaf_->is_dictionary()) array.dictionary = std::move(*dictionary_).Finish();
  if (leaf_->type.id == TypeId::kNull) {
    array.null_count = array.length;
    array.validity = Buffer();
  }
  return array;
}

}  // namespace lancekit
