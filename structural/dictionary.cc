#include "structural/dictionary.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <type_traits>

namespace lancekit {
namespace {

constexpr std::uint64_t kShortItem = 16;
constexpr std::uint64_t kMediumItem = 32;

template <class Index>
bool ReplaceNulls(Index* indices, const std::uint16_t* levels, std::uint64_t count, std::uint64_t num_items, Index null_index) {
  bool bad = false;
  if (levels == nullptr) {
    for (std::uint64_t i = 0; i < count; ++i) bad |= static_cast<std::uint64_t>(indices[i]) >= num_items;
    return !bad;
  }
  for (std::uint64_t i = 0; i < count; ++i) {
    bad |= levels[i] == 0 && static_cast<std::uint64_t>(indices[i]) >= num_items;
    indices[i] = levels[i] == 0 ? indices[i] : null_index;
  }
  return !bad;
}

template <class Index>
Error IndexError(const Index* indices, const std::uint16_t* levels, std::uint64_t count, std::uint64_t num_items) {
  std::uint64_t worst = 0;
  for (std::uint64_t i = 0; i < count; ++i) {
    if (levels == nullptr || levels[i] == 0) worst = std::max(worst, static_cast<std::uint64_t>(indices[i]));
  }
  return Corrupt("dictionary index {}, but the dictionary has {} entries", worst, num_items);
}

}  // namespace

Result<std::unique_ptr<Dictionary>> Dictionary::Decode(const format::Encoding& encoding, Bytes bytes, std::uint64_t num_items,
                                                       const LeafType& leaf, Scratch* scratch) {
  const ValueShape& shape = leaf.is_dictionary() ? *leaf.dictionary_shape : leaf.shape;
  if (shape.kind == ValueShape::Kind::kNone || !shape.list_sizes.empty()) {
    return Unsupported("a dictionary of values of type {} is not supported", leaf.type.to_string());
  }
  // Below, item numbers are 32-bit; larger dictionaries do not exist.
  if (num_items >= 0x7FFFFFFF) return Corrupt("a dictionary of {} items", num_items);
  ValueSink items(shape);
  LANCEKIT_TRY(DecodeBlock(encoding, bytes, num_items, &items, scratch));
  return Make(std::move(items), leaf);
}

std::unique_ptr<Dictionary> Dictionary::Make(ValueSink items, const LeafType& leaf) {
  const std::uint64_t num_items = items.length();
  const ValueShape shape = items.shape();
  if (!leaf.is_dictionary()) items.AppendNulls(1);
  const DataType& type = leaf.is_dictionary() ? leaf.type.children[0].type : leaf.type;
  std::unique_ptr<Dictionary> dictionary(new Dictionary(num_items, std::move(items).Finish(type)));
  dictionary->large_offsets_ = shape.large_offsets;
  if (shape.variable() && !leaf.is_dictionary()) dictionary->MakeShortItems();
  return dictionary;
}

std::uint64_t Dictionary::ItemStart(std::uint64_t i) const {
  const std::byte* const offsets = items_->values.data();
  return large_offsets_ ? static_cast<std::uint64_t>(LoadLe<std::int64_t>(offsets + 8 * i))
                        : static_cast<std::uint64_t>(LoadLe<std::int32_t>(offsets + 4 * i));
}

void Dictionary::MakeShortItems() {
  for (std::uint64_t i = 0; i < num_items_; ++i) max_item_bytes_ = std::max(max_item_bytes_, ItemStart(i + 1) - ItemStart(i));
  if (max_item_bytes_ > kMediumItem) return;
  stride_ = max_item_bytes_ <= kShortItem ? kShortItem : kMediumItem;
  short_items_.Resize((num_items_ + 1) * stride_);
  std::memset(short_items_.data(), 0, short_items_.size());
  short_lengths_.resize(num_items_ + 1);
  for (std::uint64_t i = 0; i < num_items_; ++i) {
    short_lengths_[i] = static_cast<std::uint8_t>(ItemStart(i + 1) - ItemStart(i));
    if (short_lengths_[i] != 0)
      std::memcpy(short_items_.data() + i * stride_, items_->data.data() + ItemStart(i), short_lengths_[i]);
  }
}

template <class Index>
Status Dictionary::Gather(Index* indices, const std::uint16_t* levels, std::uint64_t count, LeafSink* sink,
                          MutableBuffer* ends) const {
  // Null slots get the empty item, unless they must stay keys or the indices are too narrow for its number.
  const bool has_empty_item = !sink->leaf().is_dictionary() && num_items_ <= std::numeric_limits<Index>::max();
  const Index null_index = has_empty_item ? static_cast<Index>(num_items_) : Index{0};
  std::uint64_t num_items = num_items_;
  // As keys of a signed type, larger ones would be negative.
  const TypeId key = sink->leaf().type.key_id;
  if (sink->leaf().is_dictionary() && (key == TypeId::kInt8 || key == TypeId::kInt16)) {
    constexpr auto kMaxKey = static_cast<std::uint64_t>(std::numeric_limits<std::make_signed_t<Index>>::max());
    num_items = std::min(num_items, kMaxKey + 1);
  }
  if (!ReplaceNulls(indices, levels, count, num_items, null_index)) return IndexError(indices, levels, count, num_items);
  if (sink->leaf().is_dictionary()) {
    if (sink->leaf().shape.width_bits == 8 * sizeof(Index)) return GatherKeys<Index>(indices, levels, count, sink);
    if (sizeof(Index) < 4 && sink->leaf().shape.width_bits == 32) return GatherKeys<std::uint32_t>(indices, levels, count, sink);
    return Unsupported("indices of {} bits in a column of type {}", 8 * sizeof(Index), sink->leaf().type.to_string());
  }
  if (sink->leaf().shape.variable()) return GatherVariable(indices, count, &sink->values(), ends);
  return GatherFixed(indices, count, &sink->values());
}

template <class Key, class Index>
Status Dictionary::GatherKeys(const Index* indices, const std::uint16_t* levels, std::uint64_t count, LeafSink* sink) const {
  std::byte* const to = sink->values().AppendFixed(count);
  if (sink->dictionary().Use(items_)) {
    for (std::uint64_t i = 0; i < count; ++i) StoreLe(to + i * sizeof(Key), static_cast<Key>(indices[i]));
    return {};
  }
  for (std::uint64_t i = 0; i < count; ++i) {
    std::uint64_t key = 0;
    if (levels == nullptr || levels[i] == 0) {
      LANCEKIT_ASSIGN(key, sink->dictionary().KeyOf(indices[i]));
    }
    StoreLe(to + i * sizeof(Key), static_cast<Key>(key));
  }
  return {};
}

namespace {

template <class Value, class Index>
void GatherValues(const std::byte* items, const Index* indices, std::uint64_t count, std::byte* to) {
  for (std::uint64_t i = 0; i < count; ++i) {
    StoreLe(to + i * sizeof(Value), LoadLe<Value>(items + static_cast<std::uint64_t>(indices[i]) * sizeof(Value)));
  }
}

struct Value16 {
  std::byte bytes[16];
};

}  // namespace

template <class Index>
Status Dictionary::GatherFixed(const Index* indices, std::uint64_t count, ValueSink* sink) const {
  const std::uint64_t bits = sink->shape().width_bits;
  const std::byte* const items = items_->values.data();
  if (bits % 8 != 0) {
    for (std::uint64_t i = 0; i < count; ++i) sink->AppendBits(items, static_cast<std::uint64_t>(indices[i]) * bits, 1);
    return {};
  }
  std::byte* to = sink->AppendFixed(count);
  const std::size_t width = bits / 8;
  switch (width) {
    case 1:
      GatherValues<std::uint8_t>(items, indices, count, to);
      break;
    case 2:
      GatherValues<std::uint16_t>(items, indices, count, to);
      break;
    case 4:
      GatherValues<std::uint32_t>(items, indices, count, to);
      break;
    case 8:
      GatherValues<std::uint64_t>(items, indices, count, to);
      break;
    case 16:
      GatherValues<Value16>(items, indices, count, to);
      break;
    default:
      for (std::uint64_t i = 0; i < count; ++i, to += width)
        std::memcpy(to, items + static_cast<std::uint64_t>(indices[i]) * width, width);
  }
  return {};
}

// Each item is stored whole, padding and all; the next one overwrites the padding.
template <std::size_t kStride, class Index>
void Dictionary::CopyShortItems(const Index* indices, std::uint64_t count, std::byte* to, std::int64_t* ends) const {
  const std::byte* const items = short_items_.data();
  const std::uint8_t* const lengths = short_lengths_.data();
  std::uint64_t at = 0;
  for (std::uint64_t i = 0; i < count; ++i) {
    const auto index = static_cast<std::uint64_t>(indices[i]);
    std::memcpy(to + at, items + index * kStride, kStride);
    at += lengths[index];
    ends[i] = static_cast<std::int64_t>(at);
  }
}

template <class Index>
Status Dictionary::GatherVariable(const Index* indices, std::uint64_t count, ValueSink* sink, MutableBuffer* ends) const {
  ends->Resize(count * sizeof(std::int64_t));
  auto* const end = ends->as<std::int64_t>();
  if (!short_lengths_.empty()) {
    std::byte* const to = sink->ReserveData(count * stride_);
    stride_ == kShortItem ? CopyShortItems<kShortItem>(indices, count, to, end)
                          : CopyShortItems<kMediumItem>(indices, count, to, end);
    return sink->AppendEnds(end, count);
  }
  std::uint64_t total = 0;
  for (std::uint64_t i = 0; i < count; ++i) {
    const auto index = static_cast<std::uint64_t>(indices[i]);
    total += ItemStart(index + 1) - ItemStart(index);
    end[i] = static_cast<std::int64_t>(total);
  }
  if (!sink->HasRoom(total)) return MakeError(ErrorCode::kResourceLimit, "{} bytes of strings do not fit into one batch", total);
  std::byte* to = sink->ReserveData(total);
  for (std::uint64_t i = 0; i < count; ++i) {
    const auto index = static_cast<std::uint64_t>(indices[i]);
    const std::uint64_t start = ItemStart(index);
    const std::uint64_t size = ItemStart(index + 1) - start;
    if (size != 0) std::memcpy(to, items_->data.data() + start, size);
    to += size;
  }
  return sink->AppendEnds(end, count);
}

template Status Dictionary::Gather(std::uint8_t*, const std::uint16_t*, std::uint64_t, LeafSink*, MutableBuffer*) const;
template Status Dictionary::Gather(std::uint16_t*, const std::uint16_t*, std::uint64_t, LeafSink*, MutableBuffer*) const;
template Status Dictionary::Gather(std::uint32_t*, const std::uint16_t*, std::uint64_t, LeafSink*, MutableBuffer*) const;
template Status Dictionary::Gather(std::uint64_t*, const std::uint16_t*, std::uint64_t, LeafSink*, MutableBuffer*) const;

}  // namespace lancekit
