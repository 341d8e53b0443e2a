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

void AppendArray(const ArrayData& array, ValueSink* sink) {
  const auto length = static_cast<std::uint64_t>(array.length);
  if (!sink->shape().variable()) {
    sink->AppendBits(array.values.data(), 0, length);
    return;
  }
  // Together the parts are no larger than what was checked page by page.
  const Status status =
      sink->shape().large_offsets
          ? sink->AppendStrings(reinterpret_cast<const std::int64_t*>(array.values.data()), array.data.data(), length)
          : sink->AppendStrings(reinterpret_cast<const std::int32_t*>(array.values.data()), array.data.data(), length);
  static_cast<void>(status.ok());
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

LeafSink::LeafSink(const LeafType& leaf, std::uint64_t num_rows) : leaf_(&leaf), values_(leaf.shape), capacity_(num_rows) {}

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

Result<std::uint64_t> LeafSink::UseDictionary(std::shared_ptr<const ArrayData> dictionary) {
  for (std::size_t i = 0; i < dictionaries_.size(); ++i) {
    if (dictionaries_[i] == dictionary) return dictionary_starts_[i];
  }
  const std::uint64_t start = dictionary_length_;
  const std::uint64_t length = start + static_cast<std::uint64_t>(dictionary->length);
  if (start != 0 && length > MaxKey(leaf_->type.key_id) + 1) {
    return Unsupported(
        "the dictionaries of these rows hold {} values together, too many for keys of type {}; read fewer rows at once", length,
        leaf_->type.to_string());
  }
  dictionaries_.push_back(std::move(dictionary));
  dictionary_starts_.push_back(start);
  dictionary_length_ = length;
  return start;
}

std::shared_ptr<const ArrayData> LeafSink::JoinDictionaries() {
  if (dictionaries_.size() == 1) return dictionaries_[0];
  ValueSink joined(*leaf_->dictionary_shape);
  for (const auto& dictionary : dictionaries_) AppendArray(*dictionary, &joined);
  return std::make_shared<const ArrayData>(std::move(joined).Finish(leaf_->type.children[0].type));
}

ArrayData LeafSink::Finish() && {
  ArrayData array = std::move(values_).Finish(leaf_->type);
  array.null_count = static_cast<std::int64_t>(nulls_);
  if (nulls_ != 0) array.validity = std::move(bits_).Freeze();
  if (leaf_->is_dictionary()) array.dictionary = JoinDictionaries();
  if (leaf_->type.id == TypeId::kNull) {
    array.null_count = array.length;
    array.validity = Buffer();
  }
  return array;
}

}  // namespace lancekit
