#include "structural/leaf.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <utility>

#include "encodings/kernels/bitmasks.h"
#include "encodings/widths.h"

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

/// The bytes of an item; a boolean is one byte.
std::string ItemBytes(const ValuesView& items, std::uint64_t i) {
  const std::uint64_t width = items.shape.width_bits / 8;
  if (items.shape.variable()) {
    return std::string(reinterpret_cast<const char*>(items.data) + items.Offset(i), items.Offset(i + 1) - items.Offset(i));
  }
  if (width == 0) return std::string(1, GetBit(items.values, i) ? '1' : '0');
  return std::string(reinterpret_cast<const char*>(items.values) + i * width, width);
}

/// Values whose bits, from `first` on, are not set become 0.
void ZeroNulls(const std::byte* bits, std::uint64_t first, std::uint64_t width, std::uint64_t count, std::byte* values) {
  if (width > 8) {
    for (std::uint64_t i = 0; i < count; ++i) {
      if (!GetBit(bits, first + i)) std::memset(values + i * width, 0, width);
    }
    return;
  }
  ForWidth(8 * width, [&]<class T>(T) {
    for (std::uint64_t i = 0; i < count; ++i) {
      const T mask = GetBit(bits, first + i) ? static_cast<T>(~T{0}) : T{0};
      StoreLe(values + i * sizeof(T), static_cast<T>(LoadLe<T>(values + i * sizeof(T)) & mask));
    }
  });
}

}  // namespace

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

// Pre: count > 0.
void ValiditySink::Extend(std::uint64_t count) {
  if (!has_bits_) {
    bits_.Resize(BitmapBytes(length_ + count));
    FillBits(bits_.data(), 0, length_, true);
    has_bits_ = true;
  }
  bits_.Resize(BitmapBytes(length_ + count));
  // No bits beyond the last slot are set.
  std::byte& last = bits_.data()[bits_.size() - 1];
  last = length_ / 8 == bits_.size() - 1 ? last & static_cast<std::byte>((1u << (length_ % 8)) - 1) : std::byte{0};
}

void ValiditySink::AppendValid(std::uint64_t count) {
  if (has_bits_ && count != 0) {
    Extend(count);
    FillBits(bits_.data(), length_, count, true);
  }
  length_ += count;
}

void ValiditySink::AppendNull(std::uint64_t count) {
  if (count == 0) return;
  Extend(count);
  FillBits(bits_.data(), length_, count, false);
  length_ += count;
  nulls_ += count;
}

void ValiditySink::AppendBits(const std::uint64_t* bits, std::uint64_t count, std::uint64_t num_valid) {
  if (count == 0) return;
  Extend(count);
  CopyBits(reinterpret_cast<const std::byte*>(bits), 0, bits_.data(), length_, count);
  length_ += count;
  nulls_ += count - num_valid;
}

void ValiditySink::AppendLevels(const std::uint16_t* levels, std::uint64_t count) {
  constexpr std::uint64_t kBlock = 4096;
  std::uint64_t valid[kernels::MaskWords(kBlock)];
  for (std::uint64_t i = 0; i < count; i += kBlock) {
    const std::uint64_t size = std::min(kBlock, count - i);
    AppendBits(valid, size, kernels::MaskRange(levels + i, size, 0, 0, nullptr, valid));
  }
}

void ValiditySink::Finish(ArrayData* array) && {
  array->length = static_cast<std::int64_t>(length_);
  array->null_count = static_cast<std::int64_t>(nulls_);
  if (nulls_ != 0) array->validity = std::move(bits_).Freeze();
}

std::uint64_t NodeSink::ChildSlots() const noexcept {
  switch (node_->kind) {
    case NodeKind::kList:
      return static_cast<std::uint64_t>(num_items_);
    case NodeKind::kFixedList:
      return length() * static_cast<std::uint64_t>(node_->field->type.size);
    default:
      return length();
  }
}

Status NodeSink::CountItems(std::uint64_t num_items) {
  constexpr std::uint64_t kMaxSmall = std::numeric_limits<std::int32_t>::max();
  if (!large_starts_ && num_items > kMaxSmall) {
    return MakeError(ErrorCode::kResourceLimit, "{} list items do not fit into one batch with 32-bit offsets", num_items);
  }
  num_items_ = static_cast<std::int64_t>(num_items);
  return {};
}

Status NodeSink::AppendStarts(const std::uint64_t* slots, const std::uint64_t* items, std::size_t num_words,
                              std::uint64_t num_slots) {
  static_assert(MutableBuffer::kPadding >= kernels::kSpareBytes);
  const std::size_t width = large_starts_ ? 8 : 4;
  const std::size_t size = starts_.size();
  const auto first = static_cast<std::uint64_t>(num_items_);
  starts_.Resize(size + (size == 0 ? std::max(num_slots, expected_) : num_slots) * width);
  std::byte* const to = starts_.data() + size;
  const std::uint64_t end = large_starts_
                                ? kernels::ListStarts(slots, items, num_words, first, reinterpret_cast<std::uint64_t*>(to))
                                : kernels::ListStarts(slots, items, num_words, first, reinterpret_cast<std::uint32_t*>(to));
  starts_.Resize(size + num_slots * width);
  return CountItems(end);
}

Status NodeSink::AppendEnds(const std::uint64_t* ends, std::uint64_t count) {
  if (count == 0) return {};
  const auto first = static_cast<std::uint64_t>(num_items_);
  LANCEKIT_TRY(CountItems(first + ends[count - 1]));
  for (std::uint64_t i = 0; i < count; ++i) {
    const std::uint64_t start = first + (i == 0 ? 0 : ends[i - 1]);
    large_starts_ ? starts_.AppendLe(start) : starts_.AppendLe(static_cast<std::uint32_t>(start));
  }
  return {};
}

void NodeSink::AppendNulls(std::uint64_t count) {
  validity_.AppendNull(count);
  if (node_->kind != NodeKind::kList) return;
  for (std::uint64_t i = 0; i < count; ++i)
    large_starts_ ? starts_.AppendLe(num_items_) : starts_.AppendLe(static_cast<std::int32_t>(num_items_));
}

ArrayData NodeSink::Finish() && {
  ArrayData array;
  if (node_->kind == NodeKind::kList) {
    large_starts_ ? starts_.AppendLe(num_items_) : starts_.AppendLe(static_cast<std::int32_t>(num_items_));
    array.values = std::move(starts_).Freeze();
  }
  std::move(validity_).Finish(&array);
  return array;
}

LeafSink::LeafSink(const LeafType& leaf, std::uint64_t num_slots) : leaf_(&leaf), values_(leaf.shape), capacity_(num_slots) {
  if (leaf.is_dictionary()) dictionary_.emplace(leaf);
}

ValueSink& LeafSink::values() {
  if (!reserved_ && !run_lengths_.has_value() && !sum_.has_value()) values_.Reserve(capacity_);
  reserved_ = true;
  return values_;
}

void LeafSink::ExpectValues(std::uint64_t count) {
  constexpr std::uint64_t kMostBits = std::uint64_t{512} << 20;
  if (collects()) return;
  values().Reserve(values_.length() + std::min(count, kMostBits / std::max<std::uint64_t>(64, leaf_->shape.width_bits)));
}

void LeafSink::Fold() {
  if (!sum_.has_value()) return;
  const std::uint64_t first = std::exchange(folded_slots_, length());
  const std::uint64_t nulls = validity_.null_count() - std::exchange(folded_nulls_, validity_.null_count());
  const bool has_values = nulls != folded_slots_ - first;
  std::byte* const values = values_.values().data();
  if (run_lengths_.has_value()) {
    std::uint64_t slot = first;
    for (std::uint64_t& count : *run_lengths_) {
      const std::uint64_t begin = std::exchange(slot, slot + count);
      if (nulls != 0) count = CountSetBits(validity_.bits(), begin, count);
    }
    if (has_values) sum_->AddTimes(values, *run_lengths_);
    run_lengths_->clear();
  } else if (has_values) {
    if (nulls != 0) ZeroNulls(validity_.bits(), first, leaf_->shape.width_bits / 8, values_.length(), values);
    sum_->Add(values, values_.length());
  }
  values_.Clear();
}

ArrayData LeafSink::Finish() && {
  ArrayData array = std::move(values_).Finish(leaf_->type);
  if (run_lengths_.has_value()) {
    MutableBuffer ends;
    std::uint64_t end = 0;
    for (const std::uint64_t length : *run_lengths_) ends.AppendLe(end += length);
    auto values = std::make_shared<const ArrayData>(std::move(array));
    array = {.values = std::move(ends).Freeze(), .dictionary = std::move(values)};
  }
  std::move(validity_).Finish(&array);
  if (leaf_->is_dictionary()) array.dictionary = std::move(*dictionary_).Finish();
  if (leaf_->type.id == TypeId::kNull) {
    array.null_count = array.length;
    array.validity = Buffer();
  }
  return array;
}

FieldSink::FieldSink(const FieldShape& shape, std::uint64_t num_rows) : shape_(&shape) {
  leaves_.reserve(shape.leaves().size());
  for (const FieldLeaf& leaf : shape.leaves()) leaves_.emplace_back(leaf.type, num_rows * leaf.type.SlotsPerRow());
  for (const FieldNode& node : shape.nodes()) {
    nodes_.emplace_back();
    if (node.kind != NodeKind::kLeaf) nodes_.back().emplace(node, num_rows);
  }
  node_present_.assign(nodes_.size(), false);
}

void FieldSink::SetPresent(const std::vector<bool>& present) {
  node_present_.assign(nodes_.size(), false);
  const std::vector<FieldLeaf>& leaves = shape_->leaves();
  for (std::size_t i = 0; i < leaves.size(); ++i) {
    std::vector<NodeSink*> mine(leaves[i].parents.size(), nullptr);
    if (present[i]) {
      for (std::size_t p = 0; p < mine.size(); ++p) {
        const std::size_t node = leaves[i].parents[p];
        if (!node_present_[node]) mine[p] = &*nodes_[node];
        node_present_[node] = true;
      }
    }
    leaves_[i].set_parents(std::move(mine));
  }
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    const FieldNode& node = shape_->nodes()[i];
    if (node.kind == NodeKind::kLeaf) node_present_[i] = present[node.leaf];
  }
}

std::uint64_t FieldSink::LengthOf(std::size_t node) const {
  return nodes_[node].has_value() ? nodes_[node]->length() : leaves_[shape_->nodes()[node].leaf].length();
}

// Structs of structs without fields: no page says anything about them, and Lance stores them only where nothing is null.
bool FieldSink::HoldsNothing(std::size_t index) const {
  const FieldNode& node = shape_->nodes()[index];
  if (node.kind == NodeKind::kLeaf) return shape_->leaves()[node.leaf].type.is_empty_struct();
  return node.kind == NodeKind::kStruct &&
         std::all_of(node.children.begin(), node.children.end(), [this](std::size_t child) { return HoldsNothing(child); });
}

void FieldSink::FillAbsent(std::uint64_t num_rows) {
  rows_ += num_rows;
  Fill(0, rows_);
}

// Up to `slots` slots in all.
void FieldSink::Fill(std::size_t index, std::uint64_t slots) {
  const FieldNode& node = shape_->nodes()[index];
  const std::uint64_t missing = slots - std::min(slots, LengthOf(index));
  if (!node_present_[index] && missing != 0) {
    if (node.kind == NodeKind::kLeaf) {
      LeafSink& leaf = leaves_[node.leaf];
      leaf.leaf().is_empty_struct() ? leaf.AppendValid(missing) : leaf.AppendNull(missing);
      leaf.values().AppendNulls(missing);
      leaf.CountEntries(missing);
    } else if (HoldsNothing(index)) {
      nodes_[index]->validity().AppendValid(missing);
    } else {
      nodes_[index]->AppendNulls(missing);
    }
  }
  for (const std::size_t child : node.children) Fill(child, nodes_[index]->ChildSlots());
}

Result<ArrayData> FieldSink::Finish() && {
  if (LengthOf(0) != rows_) return Corrupt("the levels of its pages hold {} rows of {}", LengthOf(0), rows_);
  return FinishNode(0);
}

Result<ArrayData> FieldSink::FinishNode(std::size_t index) {
  const FieldNode& node = shape_->nodes()[index];
  if (node.kind == NodeKind::kLeaf) return std::move(leaves_[node.leaf]).Finish();
  const std::uint64_t slots = nodes_[index]->ChildSlots();
  ArrayData array = std::move(*nodes_[index]).Finish();
  for (const std::size_t child : node.children) {
    if (LengthOf(child) != slots) {
      return Corrupt("{} values of {} where its siblings have {}", LengthOf(child), shape_->nodes()[child].field->name, slots);
    }
    LANCEKIT_ASSIGN(ArrayData part, FinishNode(child));
    array.children.push_back(std::move(part));
  }
  return array;
}

}  // namespace lancekit
