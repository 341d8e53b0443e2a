#include "structural/dictionary.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>
#include <type_traits>

#include "encodings/kernels/bitmasks.h"
#include "encodings/kernels/stats.h"
#include "types/scalar.h"

namespace lancekit {
namespace {

constexpr std::uint64_t kTinyItem = 8;
constexpr std::uint64_t kShortItem = 16;
constexpr std::uint64_t kMediumItem = 32;

bool IsValid(const std::uint64_t* validity, std::uint64_t i) { return validity == nullptr || kernels::HasBit(validity, i); }

template <class Index>
void SetNulls(Index* indices, const std::uint64_t* validity, std::uint64_t count, Index null_index) {
  for (std::uint64_t first = 0; first < count; first += 64) {
    std::uint64_t nulls = ~validity[first / 64];
    if (count - first < 64) nulls &= (std::uint64_t{1} << (count - first)) - 1;
    for (; nulls != 0; nulls &= nulls - 1) indices[first + static_cast<unsigned>(std::countr_zero(nulls))] = null_index;
  }
}

/// False when an index that is not null is none of an item.
template <class Index>
bool ReplaceNulls(Index* indices, const std::uint64_t* validity, std::uint64_t count, std::uint64_t num_items, Index null_index) {
  if (validity != nullptr) SetNulls(indices, validity, count, Index{0});
  if (num_items == 0) {
    for (std::uint64_t i = 0; i < count; ++i) {
      if (IsValid(validity, i)) return false;
    }
  } else if (count != 0 && static_cast<std::uint64_t>(kernels::MaxValue(indices, count)) >= num_items) {
    return false;
  }
  if (validity != nullptr && null_index != 0) SetNulls(indices, validity, count, null_index);
  return true;
}

template <class Index>
Error IndexError(const Index* indices, const std::uint64_t* validity, std::uint64_t count, std::uint64_t num_items) {
  std::uint64_t worst = 0;
  for (std::uint64_t i = 0; i < count; ++i) {
    if (IsValid(validity, i)) worst = std::max(worst, static_cast<std::uint64_t>(indices[i]));
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
  if (shape.fixed() && shape.width_bits == 64 && num_items != 0)
    dictionary->small_items_ =
        LeafSum::AreSmall(dictionary->items_->values.data(), num_items, DomainOf(type) != Domain::kUnsigned);
  return dictionary;
}

std::uint64_t Dictionary::ItemStart(std::uint64_t i) const {
  const std::byte* const offsets = items_->values.data();
  return large_offsets_ ? static_cast<std::uint64_t>(LoadLe<std::int64_t>(offsets + 8 * i))
                        : static_cast<std::uint64_t>(LoadLe<std::int32_t>(offsets + 4 * i));
}

void Dictionary::MakeShortItems() {
  std::uint64_t least = num_items_ == 0 ? 0 : ItemStart(1);
  for (std::uint64_t i = 0; i < num_items_; ++i) {
    const std::uint64_t size = ItemStart(i + 1) - ItemStart(i);
    least = std::min(least, size);
    max_item_bytes_ = std::max(max_item_bytes_, size);
  }
  if (max_item_bytes_ > kMediumItem) return;
  equally_long_ = least == max_item_bytes_;
  stride_ = max_item_bytes_ <= kTinyItem ? kTinyItem : max_item_bytes_ <= kShortItem ? kShortItem : kMediumItem;
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
Status Dictionary::Gather(Index* indices, const std::uint64_t* validity, std::uint64_t count, LeafSink* sink) const {
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
  if (!ReplaceNulls(indices, validity, count, num_items, null_index)) return IndexError(indices, validity, count, num_items);
  if (sink->leaf().is_dictionary()) {
    if (sink->leaf().shape.width_bits == 8 * sizeof(Index)) return GatherKeys<Index>(indices, validity, count, sink);
    if (sizeof(Index) < 4 && sink->leaf().shape.width_bits == 32)
      return GatherKeys<std::uint32_t>(indices, validity, count, sink);
    return Unsupported("indices of {} bits in a column of type {}", 8 * sizeof(Index), sink->leaf().type.to_string());
  }
  if (sink->leaf().shape.variable()) {
    const bool has_nulls = validity != nullptr;
    return large_offsets_ ? GatherVariable<std::int64_t>(indices, count, has_nulls, &sink->values())
                          : GatherVariable<std::int32_t>(indices, count, has_nulls, &sink->values());
  }
  // Without an item for them nulls are told apart when what was appended is added.
  if (sink->sum() != nullptr && (validity == nullptr || has_empty_item)) {
    sink->sum()->AddItems(items_->values.data(), indices, count, small_items_);
    return {};
  }
  return GatherFixed(indices, count, &sink->values());
}

template <class Key, class Index>
Status Dictionary::GatherKeys(const Index* indices, const std::uint64_t* validity, std::uint64_t count, LeafSink* sink) const {
  std::byte* const to = sink->values().AppendFixed(count);
  if (sink->dictionary().Use(items_)) {
    for (std::uint64_t i = 0; i < count; ++i) StoreLe(to + i * sizeof(Key), static_cast<Key>(indices[i]));
    return {};
  }
  for (std::uint64_t i = 0; i < count; ++i) {
    std::uint64_t key = 0;
    if (IsValid(validity, i)) {
      LANCEKIT_ASSIGN(key, sink->dictionary().KeyOf(indices[i]));
    }
    StoreLe(to + i * sizeof(Key), static_cast<Key>(key));
  }
  return {};
}

namespace {

template <class Value, class Index>
void GatherValues(const std::byte* items, const Index* indices, std::uint64_t count, std::byte* to) {
#pragma GCC unroll 8
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

namespace {

// Items are stored whole, padding and all; the next one overwrites the padding.
template <std::size_t kStride, class Offset, class Index>
std::uint64_t CopyItems(const std::byte* items, const std::uint8_t* lengths, const Index* indices, std::uint64_t count,
                        std::byte* to, Offset base, Offset* ends) {
  std::uint64_t at = 0;
#pragma GCC unroll 4
  for (std::uint64_t i = 0; i < count; ++i) {
    const auto index = static_cast<std::uint64_t>(indices[i]);
    std::memcpy(to + at, items + index * kStride, kStride);
    at += lengths[index];
    ends[i] = static_cast<Offset>(base + static_cast<Offset>(at));
  }
  return at;
}

/// The same of items of one length, of which kStored bytes are stored: none waits for the one before it.
template <std::size_t kStored, class Index>
void CopyEqualItems(const std::byte* items, std::size_t stride, std::size_t length, const Index* indices, std::uint64_t count,
                    std::byte* to) {
#pragma GCC unroll 4
  for (std::uint64_t i = 0; i < count; ++i) {
    std::memcpy(to + i * length, items + static_cast<std::uint64_t>(indices[i]) * stride, kStored);
  }
}

}  // namespace

template <class Offset, class Index>
std::uint64_t Dictionary::GatherShort(const Index* indices, std::uint64_t count, bool has_nulls, ValueSink* sink) const {
  const std::byte* const items = short_items_.data();
  const std::uint8_t* const lengths = short_lengths_.data();
  const auto base = static_cast<Offset>(sink->data().size());
  std::byte* const to = sink->ReserveData(count * max_item_bytes_ + stride_);
  Offset* const ends = sink->template ReserveEnds<Offset>(count);
  if (equally_long_ && !has_nulls) {
    const auto length = static_cast<Offset>(max_item_bytes_);
    Offset end = base;
    for (std::uint64_t i = 0; i < count; ++i) ends[i] = end = static_cast<Offset>(end + length);
    const auto copy = max_item_bytes_ == 1    ? &CopyEqualItems<1, Index>
                      : stride_ == kTinyItem  ? &CopyEqualItems<kTinyItem, Index>
                      : stride_ == kShortItem ? &CopyEqualItems<kShortItem, Index>
                                              : &CopyEqualItems<kMediumItem, Index>;
    copy(items, stride_, max_item_bytes_, indices, count, to);
    return count * max_item_bytes_;
  }
  if (stride_ == kTinyItem) return CopyItems<kTinyItem>(items, lengths, indices, count, to, base, ends);
  if (stride_ == kShortItem) return CopyItems<kShortItem>(items, lengths, indices, count, to, base, ends);
  return CopyItems<kMediumItem>(items, lengths, indices, count, to, base, ends);
}

template <class Offset, class Index>
Status Dictionary::GatherVariable(const Index* indices, std::uint64_t count, bool has_nulls, ValueSink* sink) const {
  if (!short_lengths_.empty() && sink->HasRoom(count * max_item_bytes_)) {
    sink->CommitStrings(count, GatherShort<Offset>(indices, count, has_nulls, sink));
    return {};
  }
  std::uint64_t total = 0;
  for (std::uint64_t i = 0; i < count; ++i) {
    const auto index = static_cast<std::uint64_t>(indices[i]);
    total += ItemStart(index + 1) - ItemStart(index);
  }
  if (!sink->HasRoom(total)) return MakeError(ErrorCode::kResourceLimit, "{} bytes of strings do not fit into one batch", total);
  auto end = static_cast<Offset>(sink->data().size());
  std::byte* to = sink->ReserveData(total);
  Offset* const ends = sink->template ReserveEnds<Offset>(count);
  for (std::uint64_t i = 0; i < count; ++i) {
    const auto index = static_cast<std::uint64_t>(indices[i]);
    const std::uint64_t start = ItemStart(index);
    const std::uint64_t size = ItemStart(index + 1) - start;
    if (size != 0) std::memcpy(to, items_->data.data() + start, size);
    to += size;
    ends[i] = end = static_cast<Offset>(end + static_cast<Offset>(size));
  }
  sink->CommitStrings(count, total);
  return {};
}

template Status Dictionary::Gather(std::uint8_t*, const std::uint64_t*, std::uint64_t, LeafSink*) const;
template Status Dictionary::Gather(std::uint16_t*, const std::uint64_t*, std::uint64_t, LeafSink*) const;
template Status Dictionary::Gather(std::uint32_t*, const std::uint64_t*, std::uint64_t, LeafSink*) const;
template Status Dictionary::Gather(std::uint64_t*, const std::uint64_t*, std::uint64_t, LeafSink*) const;

}  // namespace lancekit
