#include "writer/dictionary_builder.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <functional>
#include <limits>
#include <numeric>
#include <type_traits>
#include <utility>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/bitmap.h"
#include "encodings/kernels/stats.h"

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

constexpr std::size_t kPackedBlock = 1024;  // of indices that are packed with one width

std::uint64_t PackedBits(std::uint32_t any) { return static_cast<std::uint64_t>(std::bit_width(any)) * kPackedBlock; }

/// Neighbours are counted apart, or equal ones would wait for each other.
void CountAll(const PooledVector<std::uint32_t>& indices, std::vector<std::uint32_t>* counts) {
  constexpr std::size_t kTables = 4, kMostItems = 8192;
  if (counts->size() > kMostItems || indices.size() < kTables * counts->size()) {
    for (const std::uint32_t index : indices) ++(*counts)[index];
    return;
  }
  const std::size_t num_items = counts->size();
  std::vector<std::uint32_t> tables(kTables * num_items);
  std::size_t i = 0;
  for (; i + kTables <= indices.size(); i += kTables) {
    for (std::size_t table = 0; table < kTables; ++table) ++tables[table * num_items + indices[i + table]];
  }
  for (; i < indices.size(); ++i) ++tables[indices[i]];
  for (std::size_t item = 0; item < num_items; ++item) {
    for (std::size_t table = 0; table < kTables; ++table) (*counts)[item] += tables[table * num_items + item];
  }
}

/// Numbers the items by how often they occur where that packs better: then few blocks need the width of rare ones.
void SortByCount(DictionaryAttempt* attempt) {
  const ValuesView items = attempt->items.View();
  std::vector<std::uint32_t> counts(items.length), order(items.length), numbers(items.length);
  if (items.length == 0) return;
  CountAll(attempt->indices, &counts);
  std::iota(order.begin(), order.end(), 0u);
  std::stable_sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) { return counts[a] > counts[b]; });
  for (std::uint32_t i = 0; i < order.size(); ++i) numbers[order[i]] = i;
  const std::size_t count = attempt->indices.size();
  const std::uint32_t* const indices = attempt->indices.data();
  PooledVector<std::uint32_t> renumbered(count);
  std::uint64_t bits = 0, sorted_bits = 0;
  for (std::size_t first = 0; first < count; first += kPackedBlock) {
    const std::size_t size = std::min(kPackedBlock, count - first);
    std::uint32_t* const to = renumbered.data() + first;
    kernels::LookUp<4>(reinterpret_cast<const std::byte*>(indices + first), size, 0, numbers.data(), to);
    bits += PackedBits(kernels::OrAll(indices + first, size));
    sorted_bits += PackedBits(kernels::OrAll(to, size));
  }
  if (sorted_bits >= bits) return;
  DictionaryBuilder sorted(items.shape);
  for (const std::uint32_t item : order) sorted.Insert(ValueBytes(items, item));
  attempt->items = std::move(sorted);
  attempt->indices = std::move(renumbered);
}

constexpr std::uint32_t kUnknown = DictionaryBuilder::kUnknown;

/// Numbers block after block. look_up(first, count, numbers): the numbers of values as far as they are known at once, kUnknown
/// for others, which insert(i) then gives in turn. Null slots get the number before them, whatever it is that look_up finds
/// there. False when there are more than `max_items`.
template <class LookUp, class Insert>
[[gnu::always_inline]] inline bool NumberAll(const std::byte* validity, std::uint64_t count, std::uint64_t max_items,
                                             LookUp look_up, Insert insert, PooledVector<std::uint32_t>* indices) {
  constexpr std::uint64_t kBlock = 1024;
  std::uint32_t* const numbers = indices->data();
  for (std::uint64_t first = 0; first < count; first += kBlock) {
    const std::uint64_t size = std::min(kBlock, count - first);
    look_up(first, size, numbers + first);
    const bool all_valid = validity == nullptr || CountSetBits(validity, first, size) == size;
    if (all_valid && kernels::MaxValue(numbers + first, size) != kUnknown) continue;
    for (std::uint64_t i = first; i < first + size; ++i) {
      if (!all_valid && !GetBit(validity, i)) {
        numbers[i] = i == 0 ? 0 : numbers[i - 1];
      } else if (numbers[i] == kUnknown) {
        numbers[i] = insert(i);
        if (numbers[i] >= max_items) return false;
      }
    }
  }
  return true;
}

/// The least of the values and how many numbers there are up to the largest, if a table can have a place for each.
template <class T>
std::optional<std::pair<std::int64_t, std::uint64_t>> NarrowRange(const std::byte* values, std::uint64_t count) {
  constexpr std::uint64_t kMostPlaces = 1 << 16, kValuesPerPlace = 8, kBlock = 8192;
  const std::uint64_t most = std::min(kMostPlaces, count / kValuesPerPlace);
  std::int64_t least = std::numeric_limits<std::int64_t>::max(), largest = std::numeric_limits<std::int64_t>::min();
  for (std::uint64_t first = 0; first < count; first += kBlock) {
    const std::uint64_t size = std::min(kBlock, count - first);
    std::int64_t low = 0, high = 0;
    if constexpr (sizeof(T) == 16) {
      if (!kernels::MinMax16(values + first * sizeof(T), size, &low, &high)) return std::nullopt;
    } else {
      T min{}, max{};
      kernels::MinMax<T>(static_cast<const T*>(static_cast<const void*>(values)) + first, size, &min, &max);
      low = min;
      high = max;
    }
    least = std::min(least, low);
    largest = std::max(largest, high);
    if (static_cast<std::uint64_t>(largest) - static_cast<std::uint64_t>(least) >= most) return std::nullopt;
  }
  return std::pair(least, static_cast<std::uint64_t>(largest) - static_cast<std::uint64_t>(least) + 1);
}

/// Numbers of values that lie close together are looked up by the values themselves.
template <class T>
std::optional<bool> NumberNarrow(const ValuesView& values, const std::byte* validity, std::uint64_t max_items,
                                 DictionaryAttempt* attempt) {
  const std::byte* const from = values.values;
  if (values.length == 0 || reinterpret_cast<std::uintptr_t>(from) % alignof(T) != 0) return std::nullopt;
  const auto range = NarrowRange<T>(from, values.length);
  if (!range.has_value()) return std::nullopt;
  std::vector<std::uint32_t> numbers(range->second, kUnknown);
  const auto least = static_cast<std::uint32_t>(range->first);  // the lowest bits tell the values apart
  const auto look_up = [&](std::uint64_t first, std::uint64_t count, std::uint32_t* out) {
    kernels::LookUp<sizeof(T)>(from + first * sizeof(T), count, least, numbers.data(), out);
  };
  const auto insert = [&](std::uint64_t i) {
    const std::byte* const value = from + i * sizeof(T);
    std::uint32_t& number = numbers[LoadLe<std::uint32_t>(value) - least];
    if (number == kUnknown) number = attempt->items.Insert(Bytes{value, sizeof(T)});
    return number;
  };
  return NumberAll(validity, values.length, max_items, look_up, insert, &attempt->indices);
}

struct Value16 {
  std::uint64_t words[2];
};

/// Looks values up that are whole in their key, without a branch on what they are. key_of(i): any key of a longer one.
template <class KeyOfValue>
[[gnu::always_inline]] inline void FindAll(const DictionaryBuilder& items, std::uint64_t first, std::uint64_t count,
                                           KeyOfValue key_of, std::uint32_t* out) {
  if (items.size() == 0) {
    std::fill_n(out, count, kUnknown);
    return;
  }
  const DictionaryBuilder::Finder find = items.MakeFinder();
  for (std::uint64_t i = 0; i < count; ++i) out[i] = find(key_of(first + i));
}

template <class Offset>
bool NumberStrings(const ValuesView& values, const std::byte* validity, std::uint64_t max_items, DictionaryAttempt* attempt) {
  const auto* const offsets = values.offsets<Offset>();
  const std::byte* const data = values.data;
  const std::byte* const end = data + offsets[values.length];
  const auto insert = [&](std::uint64_t i) {
    const Bytes value{data + offsets[i], static_cast<std::size_t>(offsets[i + 1] - offsets[i])};
    return attempt->items.Insert(KeyOf(value, end), value);
  };
  // Behind the start of these, a word may be read.
  std::uint64_t num_safe = values.length;
  while (num_safe != 0 && end - (data + offsets[num_safe - 1]) < 8) --num_safe;
  static constexpr auto kMasks = [] {
    std::array<std::uint64_t, 9> masks{};
    for (std::size_t size = 0; size < 8; ++size) masks[size] = (std::uint64_t{1} << 8 * size) - 1;
    masks[8] = ~std::uint64_t{0};
    return masks;
  }();
  const auto key_of = [&](std::uint64_t i) {
    const std::byte* const value = data + offsets[i];
    const auto size = static_cast<std::uint64_t>(offsets[i + 1] - offsets[i]);
    const std::uint64_t has_last = size < 8 ? 0 : ~std::uint64_t{0};
    return DictionaryKey{LoadLe<std::uint64_t>(value) & kMasks[std::min<std::uint64_t>(size, 8)],
                         LoadLe<std::uint64_t>(value + ((size - 8) & has_last)) & has_last, size};
  };
  const auto look_up = [&](std::uint64_t first, std::uint64_t count, std::uint32_t* out) {
    const std::uint64_t safe = std::min(count, num_safe - std::min(num_safe, first));
    FindAll(attempt->items, first, safe, key_of, out);
    std::fill_n(out + safe, count - safe, kUnknown);
  };
  return NumberAll(validity, values.length, max_items, look_up, insert, &attempt->indices);
}

/// Of values of any width.
template <class Width>
bool NumberFixed(const ValuesView& values, Width width, const std::byte* validity, std::uint64_t max_items, bool in_runs,
                 DictionaryAttempt* attempt) {
  const std::byte* const end = values.values + values.length * width;
  const std::uint32_t* const numbers = attempt->indices.data();
  const auto insert = [&](std::uint64_t i) {
    const Bytes value{values.values + i * width, width};
    if (in_runs && i != 0 && std::memcmp(value.data(), value.data() - width, width) == 0 &&
        (validity == nullptr || GetBit(validity, i - 1))) {
      return numbers[i - 1];
    }
    return attempt->items.Insert(KeyOf(value, end), value);
  };
  const auto look_up = [&](std::uint64_t first, std::uint64_t count, std::uint32_t* out) {
    if (in_runs || width > DictionaryKey::kWhole) {
      std::fill_n(out, count, kUnknown);
    } else {
      FindAll(attempt->items, first, count, [&](std::uint64_t i) { return KeyOf({values.values + i * width, width}, end); }, out);
    }
  };
  return NumberAll(validity, values.length, max_items, look_up, insert, &attempt->indices);
}

}  // namespace

std::optional<DictionaryAttempt> TryDictionary(const ValuesView& values, const std::byte* validity, std::uint64_t max_items,
                                               bool in_runs) {
  DictionaryAttempt attempt{DictionaryBuilder(values.shape), {}};
  attempt.indices.resize(values.length);
  const auto number_fixed = [&](auto width) { return NumberFixed(values, width, validity, max_items, in_runs, &attempt); };
  bool few = true;
  std::optional<bool> narrow;
  if (!values.shape.variable()) {
    switch (values.shape.width_bits) {
      case 32:
        narrow = NumberNarrow<std::int32_t>(values, validity, max_items, &attempt);
        break;
      case 64:
        narrow = NumberNarrow<std::int64_t>(values, validity, max_items, &attempt);
        break;
      case 128:
        narrow = NumberNarrow<Value16>(values, validity, max_items, &attempt);
        break;
      default:
        break;
    }
  }
  if (narrow.has_value()) {
    few = *narrow;
  } else if (values.shape.variable()) {
    few = values.shape.large_offsets ? NumberStrings<std::int64_t>(values, validity, max_items, &attempt)
                                     : NumberStrings<std::int32_t>(values, validity, max_items, &attempt);
  } else if (values.shape.width_bits == 64) {
    few = number_fixed(std::integral_constant<std::size_t, 8>());
  } else if (values.shape.width_bits == 128) {
    few = number_fixed(std::integral_constant<std::size_t, 16>());
  } else {
    few = number_fixed(static_cast<std::size_t>(values.shape.width_bits / 8));
  }
  if (!few) return std::nullopt;
  if (!in_runs) SortByCount(&attempt);  // runs are not packed
  return attempt;
}

}  // namespace lancekit
