#include "writer/dictionary_builder.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <functional>
#include <limits>
#include <numeric>
#include <tuple>
#include <type_traits>
#include <utility>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/bitmap.h"
#include "encodings/kernels/stats.h"

namespace lancekit {
namespace {

constexpr std::size_t kFirstSlots = 4096;  // nearly each of some hundred items is in its first place then

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
  num_hashed_ = 0;
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

std::uint32_t DictionaryBuilder::Add(const DictionaryKey& key, Bytes value) {
  keys_.push_back(key);
  data_.Append(value);
  if (shape_.variable()) {
    shape_.large_offsets ? offsets_.AppendLe(static_cast<std::int64_t>(data_.size()))
                         : offsets_.AppendLe(static_cast<std::int32_t>(data_.size()));
  }
  return static_cast<std::uint32_t>(size() - 1);
}

std::uint32_t DictionaryBuilder::AddAt(std::size_t slot, std::uint64_t hash, const DictionaryKey& key, Bytes value) {
  const std::uint32_t number = Add(key, value);
  slots_[slot] = {TagOf(hash), number + 1};
  num_hashed_ = size();
  if (size() * 4 > slots_.size()) HashAll();  // and grow
  return number;
}

void DictionaryBuilder::HashAll() {
  if (size() * 4 > slots_.size()) {
    slots_.assign(std::bit_ceil(size() * 4), Slot{});
    num_hashed_ = 0;
  }
  for (auto number = static_cast<std::uint32_t>(num_hashed_); number < size(); ++number) {
    const std::uint64_t hash = Hash(keys_[number]);
    std::size_t at = hash & (slots_.size() - 1);
    while (slots_[at].number_and_1 != 0) at = (at + 1) & (slots_.size() - 1);
    slots_[at] = {TagOf(hash), number + 1};
  }
  num_hashed_ = size();
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

constexpr std::uint64_t kBlock = ValueFacts::kBlockValues;

/// Bits of indices when each block is packed with the width that it needs.
std::uint64_t PackedBits(const ValueFacts& indices) {
  std::uint64_t bits = 0;
  for (const ValueFacts::Block& block : indices.blocks()) bits += static_cast<std::uint64_t>(std::bit_width(block.any)) * kBlock;
  return bits;
}

/// How often items occur. Neighbours are counted apart, or equal ones would wait for each other.
class ItemCounts {
 public:
  [[gnu::noinline]] void Add(const std::uint32_t* indices, std::uint64_t count, std::uint64_t num_items) {
    counts_.resize(num_items);
    std::array<std::uint32_t, kApart>* const counts = counts_.data();
    std::uint64_t i = 0;
    for (; i + kApart <= count; i += kApart) {
      for (std::uint64_t j = 0; j < kApart; ++j) ++counts[indices[i + j]][j];
    }
    for (; i < count; ++i) ++counts[indices[i]][0];
  }
  std::uint64_t operator[](std::uint64_t item) const {
    return std::uint64_t{counts_[item][0]} + counts_[item][1] + counts_[item][2] + counts_[item][3];
  }
  std::uint64_t size() const { return counts_.size(); }

 private:
  static constexpr std::uint64_t kApart = 4;
  std::vector<std::array<std::uint32_t, kApart>> counts_;
};

/// Numbers the items by how often they occur where that packs better: then few blocks need the width of rare ones.
void SortByCount(const ItemCounts& counts, DictionaryAttempt* attempt) {
  const ValuesView items = attempt->items.View();
  if (items.length == 0) return;
  std::vector<std::uint32_t> order(items.length), numbers(items.length);
  std::vector<std::uint64_t> sums(items.length);
  for (std::uint64_t item = 0; item < counts.size(); ++item) sums[item] = counts[item];
  std::iota(order.begin(), order.end(), 0u);
  std::stable_sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) { return sums[a] > sums[b]; });
  for (std::uint32_t i = 0; i < order.size(); ++i) numbers[order[i]] = i;
  const std::uint64_t count = attempt->indices.size();
  const std::byte* const indices = reinterpret_cast<const std::byte*>(attempt->indices.data());
  PooledVector<std::uint32_t> renumbered(count);
  ValueFacts facts(FixedShape(32), false);
  for (std::uint64_t first = 0; first < count; first += kBlock) {
    const std::uint64_t size = std::min(kBlock, count - first);
    kernels::LookUp<4>(indices + first * 4, size, 0, numbers.data(), renumbered.data() + first);
    facts.Update(NumbersView(renumbered.data(), first + size, 32));
  }
  if (PackedBits(facts) >= PackedBits(attempt->facts)) return;
  DictionaryBuilder sorted(items.shape);
  for (const std::uint32_t item : order) sorted.Insert(ValueBytes(items, item));
  *attempt = {std::move(sorted), std::move(renumbered), std::move(facts)};
}

constexpr std::uint32_t kUnknown = DictionaryBuilder::kUnknown;

/// Numbers block after block. look_up(first, count, numbers): the numbers of values as far as they are known at once, kUnknown
/// for others, which insert(i) then gives in turn. Null slots get the number before them, whatever it is that look_up finds
/// there. False when there are more than `max_items`. `counts`: nullptr where nobody asks.
template <class LookUp, class Insert>
[[gnu::always_inline]] inline bool NumberAll(const std::byte* validity, std::uint64_t max_items, LookUp look_up, Insert insert,
                                             ItemCounts* counts, DictionaryAttempt* attempt) {
  constexpr std::uint64_t kPart = 64;
  const std::uint64_t count = attempt->indices.size();
  std::uint32_t* const numbers = attempt->indices.data();
  for (std::uint64_t first = 0; first < count; first += kBlock) {
    const std::uint64_t size = std::min(kBlock, count - first);
    look_up(first, size, numbers + first);
    const bool all_valid = validity == nullptr || CountSetBits(validity, first, size) == size;
    // Where one is unknown, few are.
    for (std::uint64_t part = first; part < first + size; part += kPart) {
      const std::uint64_t end = std::min(part + kPart, first + size);
      if (all_valid && kernels::MaxValue(numbers + part, end - part) != kUnknown) continue;
      for (std::uint64_t i = part; i < end; ++i) {
        if (!all_valid && !GetBit(validity, i)) {
          numbers[i] = i == 0 ? 0 : numbers[i - 1];
        } else if (numbers[i] == kUnknown) {
          numbers[i] = insert(i);
          if (numbers[i] >= max_items) return false;
        }
      }
    }
    attempt->facts.Update(NumbersView(numbers, first + size, 32));
    if (counts != nullptr) counts->Add(numbers + first, size, std::max<std::uint64_t>(1, attempt->items.size()));
  }
  return true;
}

/// Numbers of values that lie close together are looked up by the values themselves. Nothing where they do not.
template <std::size_t kBytes>
std::optional<bool> NumberNarrow(const PageValues& page, std::uint64_t max_items, ItemCounts* counts,
                                 DictionaryAttempt* attempt) {
  constexpr std::uint64_t kMostPlaces = 1 << 16, kValuesPerPlace = 8;
  const std::uint64_t count = page.values.length;
  const std::byte* const from = page.values.values;
  if (count == 0 || page.facts == nullptr) return std::nullopt;
  const std::optional<ValueFacts::Block> bounds = page.facts->BoundsOf(0, count);
  if (!bounds.has_value() || bounds->greatest - bounds->least >= std::min(kMostPlaces, count / kValuesPerPlace))
    return std::nullopt;
  std::vector<std::uint32_t> numbers(bounds->greatest - bounds->least + 1, kUnknown);
  const auto least = static_cast<std::uint32_t>(bounds->least);  // the lowest bits tell the values apart
  const auto look_up = [&](std::uint64_t first, std::uint64_t size, std::uint32_t* out) {
    kernels::LookUp<kBytes>(from + first * kBytes, size, least, numbers.data(), out);
  };
  const auto insert = [&](std::uint64_t i) {
    const std::byte* const value = from + i * kBytes;
    std::uint32_t& number = numbers[LoadLe<std::uint32_t>(value) - least];
    if (number == kUnknown) number = attempt->items.Insert(Bytes{value, kBytes});
    return number;
  };
  return NumberAll(page.validity, max_items, look_up, insert, counts, attempt);
}

/// Looks values up that are whole in their key, without a branch on what they are. key_of(i): any key of a longer one. Not
/// inline, or the loop would run out of registers.
template <class KeyOfValue>
[[gnu::noinline]] void FindAll(DictionaryBuilder& items, std::uint64_t first, std::uint64_t count, KeyOfValue key_of,
                               std::uint32_t* out) {
  if (items.size() == 0) {
    std::fill_n(out, count, kUnknown);
    return;
  }
  const DictionaryBuilder::Finder find = items.MakeFinder();
  for (std::uint64_t i = 0; i < count; ++i) out[i] = find(key_of(first + i));
}

template <class Offset>
bool NumberStrings(const PageValues& page, std::uint64_t max_items, ItemCounts* counts, DictionaryAttempt* attempt) {
  const ValuesView& values = page.values;
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
  const auto key_of = [data, offsets](std::uint64_t i) {
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
  return NumberAll(page.validity, max_items, look_up, insert, counts, attempt);
}

/// Of values of any width.
template <class Width>
bool NumberFixed(const PageValues& page, Width width, std::uint64_t max_items, ItemCounts* counts, DictionaryAttempt* attempt) {
  const ValuesView& values = page.values;
  const std::byte* const end = values.values + values.length * width;
  const auto insert = [&](std::uint64_t i) {
    const Bytes value{values.values + i * width, width};
    return attempt->items.Insert(KeyOf(value, end), value);
  };
  const auto look_up = [&](std::uint64_t first, std::uint64_t count, std::uint32_t* out) {
    if (width > DictionaryKey::kWhole) {
      std::fill_n(out, count, kUnknown);
    } else {
      FindAll(
          attempt->items, first, count,
          [from = values.values, width, end](std::uint64_t i) { return KeyOf({from + i * width, width}, end); }, out);
    }
  };
  return NumberAll(page.validity, max_items, look_up, insert, counts, attempt);
}

/// Of values in runs of equal ones, all valid: each run is looked up once.
template <std::size_t kBytes>
bool NumberRuns(const PageValues& page, std::uint64_t max_items, DictionaryAttempt* attempt) {
  const std::byte* const from = page.values.values;
  const std::uint64_t count = page.values.length;
  std::uint32_t* const numbers = attempt->indices.data();
  const auto is_like_next = [from](std::uint64_t i) {
    return std::memcmp(from + i * kBytes, from + (i + 1) * kBytes, kBytes) == 0;
  };
  DictionaryKey greatest;
  for (std::uint64_t first = 0; first < count;) {
    std::uint64_t end = first + 1;
    while (end < count && is_like_next(end - 1)) ++end;
    const Bytes value{from + first * kBytes, kBytes};
    const DictionaryKey key = KeyOf(value, from + count * kBytes);
    // What is greater than all before it in any order is new: so are most times.
    const bool is_new = std::tie(key.last, key.first) > std::tie(greatest.last, greatest.first);
    if (is_new) greatest = key;
    const std::uint32_t number = is_new ? attempt->items.Add(key, value) : attempt->items.Insert(key, value);
    if (number >= max_items) return false;
    std::fill(numbers + first, numbers + end, number);
    first = end;
  }
  attempt->facts.Update(NumbersView(numbers, count, 32));
  return true;
}

}  // namespace

std::optional<DictionaryAttempt> TryDictionary(const PageValues& page, std::uint64_t max_items, bool in_runs) {
  const ValuesView& values = page.values;
  DictionaryAttempt attempt{DictionaryBuilder(values.shape), {}, {FixedShape(32), false}};
  attempt.indices.resize(values.length);
  ItemCounts item_counts;
  ItemCounts* const counts = in_runs ? nullptr : &item_counts;  // runs are not packed
  const auto number_fixed = [&](auto width) { return NumberFixed(page, width, max_items, counts, &attempt); };
  // Of short runs, to look each value up takes less than to find their ends, which nothing foretells.
  constexpr std::uint64_t kShortRun = 8;
  const bool in_long_runs =
      in_runs && page.validity == nullptr && (page.facts == nullptr || page.facts->NumRuns() * kShortRun <= values.length);
  const auto number = [&] {
    if (values.shape.variable()) {
      return values.shape.large_offsets ? NumberStrings<std::int64_t>(page, max_items, counts, &attempt)
                                        : NumberStrings<std::int32_t>(page, max_items, counts, &attempt);
    }
    const std::uint64_t bits = values.shape.width_bits;
    const std::optional<bool> narrow = bits == 32    ? NumberNarrow<4>(page, max_items, counts, &attempt)
                                       : bits == 64  ? NumberNarrow<8>(page, max_items, counts, &attempt)
                                       : bits == 128 ? NumberNarrow<16>(page, max_items, counts, &attempt)
                                                     : std::nullopt;
    if (narrow.has_value()) return *narrow;
    if (in_long_runs && bits == 64) return NumberRuns<8>(page, max_items, &attempt);
    if (in_long_runs && bits == 128) return NumberRuns<16>(page, max_items, &attempt);
    if (bits == 64) return number_fixed(std::integral_constant<std::size_t, 8>());
    if (bits == 128) return number_fixed(std::integral_constant<std::size_t, 16>());
    return number_fixed(static_cast<std::size_t>(bits / 8));
  };
  if (!number()) return std::nullopt;
  if (counts != nullptr) SortByCount(*counts, &attempt);
  return attempt;
}

}  // namespace lancekit
