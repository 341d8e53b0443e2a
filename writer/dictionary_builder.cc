#include "writer/dictionary_builder.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <functional>
#include <numeric>
#include <type_traits>
#include <utility>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/bitmap.h"

namespace lancekit {
namespace {

constexpr std::size_t kFirstSlots = 1024;

}  // namespace

std::uint64_t HashOfLong(Bytes value) noexcept { return XXH3_64bits(value.data(), value.size()); }

DictionaryBuilder::DictionaryBuilder(ValueShape shape)
    : shape_(std::move(shape)), item_width_(shape_.width_bits == 1 ? 1 : shape_.width_bits / 8) {
  Clear();
}

void DictionaryBuilder::Clear() {
  data_.Clear();
  offsets_.Clear();
  keys_ = {};
  slots_ = std::vector<Slot>(kFirstSlots);
  if (shape_.variable()) offsets_.AppendFill(shape_.large_offsets ? 8 : 4, std::byte{0});
}

bool DictionaryBuilder::IsItem(std::uint32_t number, Bytes value) const noexcept {
  if (!shape_.variable()) return std::memcmp(data_.data() + number * item_width_, value.data(), value.size()) == 0;
  const auto start = shape_.large_offsets
                         ? static_cast<std::size_t>(LoadLe<std::int64_t>(offsets_.data() + 8 * std::size_t{number}))
                         : static_cast<std::size_t>(LoadLe<std::int32_t>(offsets_.data() + 4 * std::size_t{number}));
  return std::memcmp(data_.data() + start, value.data(), value.size()) == 0;
}

std::uint32_t DictionaryBuilder::Add(std::size_t slot, std::uint64_t hash, const DictionaryKey& key, Bytes value) {
  const auto number = static_cast<std::uint32_t>(size());
  slots_[slot] = {TagOf(hash), number + 1};
  keys_.push_back(key);
  data_.Append(value);
  if (shape_.variable()) {
    shape_.large_offsets ? offsets_.AppendLe(static_cast<std::int64_t>(data_.size()))
                         : offsets_.AppendLe(static_cast<std::int32_t>(data_.size()));
  }
  if (size() * 4 > slots_.size()) Grow();
  return number;
}

void DictionaryBuilder::Grow() {
  slots_.assign(slots_.size() * 2, Slot{});
  for (std::uint32_t number = 0; number < size(); ++number) {
    const std::uint64_t hash = Hash(keys_[number]);
    std::size_t at = hash & (slots_.size() - 1);
    while (slots_[at].number_and_1 != 0) at = (at + 1) & (slots_.size() - 1);
    slots_[at] = {TagOf(hash), number + 1};
  }
}

ValuesView DictionaryBuilder::View() const {
  ValuesView view;
  view.shape = shape_.width_bits == 1 ? FixedShape(8) : shape_;
  view.length = size();
  view.values = shape_.variable() ? offsets_.data() : data_.data();
  view.data = data_.data();
  return view;
}

Bytes ValueBytes(const ValuesView& values, std::uint64_t i) {
  const std::uint64_t width = values.shape.width_bits / 8;
  if (!values.shape.variable()) return {values.values + i * width, width};
  const std::uint64_t start = values.Offset(i);
  return {values.data + start, static_cast<std::size_t>(values.Offset(i + 1) - start)};
}

namespace {

/// Bits of the indices when each 1024 of them take the width of their largest, which number_of(index) gives.
template <class NumberOf>
std::uint64_t PackedBits(const PooledVector<std::uint32_t>& indices, NumberOf number_of) {
  constexpr std::size_t kBlock = 1024;
  std::uint64_t bits = 0;
  for (std::size_t first = 0; first < indices.size(); first += kBlock) {
    std::uint32_t any = 0;
    for (std::size_t i = first; i < std::min(first + kBlock, indices.size()); ++i) any |= number_of(indices[i]);
    bits += static_cast<std::uint64_t>(std::bit_width(any)) * kBlock;
  }
  return bits;
}

/// Numbers the items by how often they occur where that packs better: then few blocks need the width of rare ones.
void SortByCount(DictionaryAttempt* attempt) {
  const ValuesView items = attempt->items.View();
  std::vector<std::uint32_t> counts(items.length), order(items.length), numbers(items.length);
  if (items.length == 0) return;
  for (const std::uint32_t index : attempt->indices) ++counts[index];
  std::iota(order.begin(), order.end(), 0u);
  std::stable_sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) { return counts[a] > counts[b]; });
  for (std::uint32_t i = 0; i < order.size(); ++i) numbers[order[i]] = i;
  const auto sorted_number = [&](std::uint32_t index) { return numbers[index]; };
  if (PackedBits(attempt->indices, sorted_number) >= PackedBits(attempt->indices, std::identity())) return;
  DictionaryBuilder sorted(items.shape);
  for (const std::uint32_t item : order) sorted.Insert(ValueBytes(items, item));
  attempt->items = std::move(sorted);
  std::ranges::transform(attempt->indices, attempt->indices.begin(), sorted_number);
}

/// value_at(i) -> Bytes. False when there are more than `max_items`.
template <class ValueAt>
bool NumberAll(const std::byte* validity, std::uint64_t count, std::uint64_t max_items, const std::byte* readable_end,
               ValueAt value_at, DictionaryAttempt* attempt) {
  std::uint32_t* const indices = attempt->indices.data();
  for (std::uint64_t i = 0; i < count; ++i) {
    if (validity != nullptr && !GetBit(validity, i)) {
      indices[i] = i == 0 ? 0 : indices[i - 1];
      continue;
    }
    const Bytes value = value_at(i);
    indices[i] = attempt->items.Insert(KeyOf(value, readable_end), value);
    if (attempt->items.size() > max_items) return false;
  }
  return true;
}

}  // namespace

std::optional<DictionaryAttempt> TryDictionary(const ValuesView& values, const std::byte* validity, std::uint64_t max_items) {
  DictionaryAttempt attempt{DictionaryBuilder(values.shape), {}};
  attempt.indices.resize(values.length);
  const std::uint64_t n = values.length;
  const auto number_fixed = [&](auto width) {
    const std::byte* const end = values.values + n * width;
    return NumberAll(
        validity, n, max_items, end, [&](std::uint64_t i) { return Bytes{values.values + i * width, width}; }, &attempt);
  };
  const auto number_strings = [&](auto offset) {
    using Offset = decltype(offset);
    const auto* const offsets = values.offsets<Offset>();
    const auto value_at = [&](std::uint64_t i) {
      return Bytes{values.data + offsets[i], static_cast<std::size_t>(offsets[i + 1] - offsets[i])};
    };
    return NumberAll(validity, n, max_items, values.data + offsets[n], value_at, &attempt);
  };
  bool few = true;
  if (values.shape.variable()) {
    few = values.shape.large_offsets ? number_strings(std::int64_t{}) : number_strings(std::int32_t{});
  } else if (values.shape.width_bits == 64) {
    few = number_fixed(std::integral_constant<std::size_t, 8>());
  } else if (values.shape.width_bits == 128) {
    few = number_fixed(std::integral_constant<std::size_t, 16>());
  } else {
    few = number_fixed(static_cast<std::size_t>(values.shape.width_bits / 8));
  }
  if (!few) return std::nullopt;
  SortByCount(&attempt);
  return attempt;
}

}  // namespace lancekit
