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
  const auto renumber = [attempt](const std::vector<std::uint32_t>& to) {
    ValueFacts facts(FixedShape(32), false);
    std::uint32_t* const indices = attempt->indices.data();
    const std::uint64_t count = attempt->indices.size();
    for (std::uint64_t first = 0; first < count; first += kBlock) {
      const std::uint64_t size = std::min(kBlock, count - first);
      kernels::LookUp<4>(reinterpret_cast<const std::byte*>(indices + first), size, 0, to.data(), indices + first);
      facts.Update(NumbersView(indices, first + size, 32), &attempt->facts);
    }
    return std::exchange(attempt->facts, std::move(facts));
  };
  const std::uint64_t bits = PackedBits(attempt->facts);
  renumber(numbers);
  if (PackedBits(attempt->facts) >= bits) {
    renumber(order);  // as before
    return;
  }
  DictionaryBuilder sorted(items.shape);
  for (const std::uint32_t item : order) sorted.Insert(ValueBytes(items, item));
  attempt->items = std::move(sorted);
}

constexpr std::uint32_t kUnknown = DictionaryBuilder::kUnknown;

/// What tells where numbers differ, as they do where the values do. Nothing where nulls get numbers too.
const ValueFacts* LikeOf(const PageValues& page) {
  return page.validity == nullptr && page.facts != nullptr && page.facts->has_changes() ? page.facts : nullptr;
}

/// Numbers block after block. look_up(first, count, numbers): the numbers of values as far as they are known at once, kUnknown
/// for others, which insert(i) then gives in turn. Null slots get the number before them, whatever it is that look_up finds
/// there. False when there are more than `max_items`. `counts`: nullptr where nobody asks.
template <class LookUp, class Insert>
[[gnu::always_inline]] inline bool NumberAll(const PageValues& page, std::uint64_t max_items, LookUp look_up, Insert insert,
                                             ItemCounts* counts, DictionaryAttempt* attempt) {
  const std::byte* const validity = page.validity;
  const ValueFacts* const like = LikeOf(page);
  constexpr std::uint64_t kPart = 64;
  constexpr std::uint64_t kLargePage = 1 << 17;
  const std::uint64_t count = attempt->indices.size();
  // A part of a large page tells which are frequent.
  const std::uint64_t counted_part = count < kLargePage ? 1 : 4;
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
    attempt->facts.Update(NumbersView(numbers, first + size, 32), like);
    if (counts != nullptr && first / kBlock % counted_part == 0)
      counts->Add(numbers + first, size, std::max<std::uint64_t>(1, attempt->items.size()));
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
  return NumberAll(page, max_items, look_up, insert, counts, attempt);
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

/// Numbers of strings that a few words hold whole. What it does not find may be there all the same.
template <std::size_t kWords>
class ShortStrings {
 public:
  static constexpr std::uint64_t kMostBytes = kWords == 1 ? 7 : 8 * kWords;
  static constexpr std::uint64_t kMostItems = 2048 / kWords;

  /// Takes the items behind those it knows. Pre: they are at most kMostItems, and none is longer than kMostBytes.
  void Update(const DictionaryBuilder& items) {
    if (entries_.empty() || items.size() * kPlacesPerItem > entries_.size()) {
      entries_.assign(std::bit_ceil((items.size() + 1) * 2 * kPlacesPerItem), Entry{});
      shift_ = 64 - std::countr_zero(entries_.size());
      num_items_ = 0;
    }
    const ValuesView values = items.View();
    for (; num_items_ < items.size(); ++num_items_) {
      const Bytes item = ValueBytes(values, num_items_);
      std::array<std::byte, 8 * kWords> padded{};
      if (!item.empty()) std::memcpy(padded.data(), item.data(), item.size());
      const Key key = KeyOf(padded.data(), item.size());
      Entry& entry = entries_[PlaceOf(key, shift_)];
      if (entry.number == kUnknown) entry = {key, static_cast<std::uint32_t>(num_items_)};
    }
  }
  /// Pre: none is longer than kMostBytes, and 8 * kWords bytes from the start of each may be read. Not inline, and without a
  /// branch on what is found, as FindAll.
  template <class Offset>
  [[gnu::noinline]] void FindAll(const std::byte* data, const Offset* offsets, std::uint64_t count, std::uint32_t* out) const {
    const Entry* const entries = entries_.data();
    const int shift = shift_;
    for (std::uint64_t i = 0; i < count; ++i) {
      const Key key = KeyOf(data + offsets[i], static_cast<std::uint64_t>(offsets[i + 1] - offsets[i]));
      const Entry& entry = entries[PlaceOf(key, shift)];
      static_assert(kUnknown == ~std::uint32_t{0});
      out[i] = entry.number | (std::uint32_t{0} - static_cast<std::uint32_t>(Difference(entry.key, key) != 0));
    }
  }

 private:
  struct Key {
    std::array<std::uint64_t, kWords> words{};  // zeros behind the string
    std::uint32_t size = ~std::uint32_t{0};     // of no string
  };
  struct Entry {
    Key key;
    std::uint32_t number = kUnknown;
  };
  static constexpr std::size_t kPlacesPerItem = 16;

  /// `from` starts with the string and goes on somehow.
  static Key KeyOf(const std::byte* from, std::uint64_t size) noexcept {
    if constexpr (kWords == 1) {  // the word has room for the size
      return {{(LoadLe<std::uint64_t>(from) & ((std::uint64_t{1} << 8 * size) - 1)) | size << 56}, 0};
    } else {
      static constexpr auto kOnesThenZeros = [] {
        std::array<std::byte, 16 * kWords> bytes{};
        std::fill_n(bytes.begin(), 8 * kWords, std::byte{0xFF});
        return bytes;
      }();
      const std::byte* const mask = kOnesThenZeros.data() + 8 * kWords - size;
      Key key;
      key.size = static_cast<std::uint32_t>(size);
#pragma GCC unroll 4
      for (std::size_t word = 0; word < kWords; ++word)
        key.words[word] = LoadLe<std::uint64_t>(from + 8 * word) & LoadLe<std::uint64_t>(mask + 8 * word);
      return key;
    }
  }
  static std::uint64_t Difference(const Key& a, const Key& b) noexcept {
    std::uint64_t differs = a.size ^ b.size;
#pragma GCC unroll 4
    for (std::size_t word = 0; word < kWords; ++word) differs |= a.words[word] ^ b.words[word];
    return differs;
  }
  static std::size_t PlaceOf(const Key& key, int shift) noexcept {
    constexpr std::array<std::uint64_t, 4> kFactors = {0x9E3779B97F4A7C15u, 0xD1B54A32D192ED03u, 0xABC98388FB8FAC03u,
                                                       0x8CB92BA72F3D8DD7u};
    std::uint64_t hash = std::uint64_t{key.size} << 58;
#pragma GCC unroll 4
    for (std::size_t word = 0; word < kWords; ++word) hash += key.words[word] * kFactors[word];
    return hash >> shift;
  }

  std::vector<Entry> entries_;
  int shift_ = 0;
  std::uint64_t num_items_ = 0;
};

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
  using OfOneWord = ShortStrings<1>;
  using OfFourWords = ShortStrings<4>;
  OfOneWord of_one_word;
  OfFourWords of_four_words;
  const std::uint64_t longest = page.facts == nullptr ? std::numeric_limits<std::uint64_t>::max() : page.facts->longest();
  const bool fit_one_word = longest <= OfOneWord::kMostBytes;
  const bool fit_four_words = longest > DictionaryKey::kWhole && longest <= OfFourWords::kMostBytes;
  // Behind the start of these, so much may be read.
  const std::ptrdiff_t reach = fit_four_words ? 32 : 8;
  std::uint64_t num_safe = values.length;
  while (num_safe != 0 && end - (data + offsets[num_safe - 1]) < reach) --num_safe;
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
    if (fit_one_word && attempt->items.size() <= OfOneWord::kMostItems) {
      of_one_word.Update(attempt->items);
      of_one_word.FindAll(data, offsets + first, safe, out);
    } else if (fit_four_words && attempt->items.size() <= OfFourWords::kMostItems) {
      of_four_words.Update(attempt->items);
      of_four_words.FindAll(data, offsets + first, safe, out);
    } else {
      FindAll(attempt->items, first, safe, key_of, out);
    }
    std::fill_n(out + safe, count - safe, kUnknown);
  };
  return NumberAll(page, max_items, look_up, insert, counts, attempt);
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
  return NumberAll(page, max_items, look_up, insert, counts, attempt);
}

/// Numbers values [first, end), at most a block, of eight bytes that ascend from what is greater than all before, or like the
/// last item: what differs from the one before it is new then, which takes no branch to tell. False where they are not such; then
/// no item was added.
bool NumberAscending(const std::byte* values, std::uint64_t first, std::uint64_t end, std::uint64_t* greatest,
                     DictionaryAttempt* attempt) {
  const auto value = [values](std::uint64_t i) { return LoadLe<std::uint64_t>(values + i * 8); };
  std::uint32_t* const numbers = attempt->indices.data();
  const auto num_items = static_cast<std::uint32_t>(attempt->items.size());
  const bool goes_on = first != 0 && value(first) == value(first - 1);
  if (goes_on ? numbers[first - 1] + 1 != num_items : first != 0 && value(first) <= *greatest) return false;
  const std::uint32_t number = goes_on ? num_items - 1 : num_items;
  std::array<std::uint64_t, kBlock> places;  // one of each run
  std::uint64_t last = value(first);
  std::uint32_t run = 0;
  bool descends = false;
  for (std::uint64_t i = first; i < end; ++i) {
    const std::uint64_t next = value(i);
    descends |= next < last;
    run += next != last;
    places[run] = i;
    numbers[i] = number + run;
    last = next;
  }
  if (descends || (goes_on && run != 0 && value(places[1]) <= *greatest)) return false;
  for (std::uint32_t i = goes_on; i <= run; ++i) {
    const Bytes bytes{values + places[i] * 8, 8};
    attempt->items.Add(KeyOf(bytes, bytes.data() + 8), bytes);
  }
  *greatest = std::max(*greatest, last);
  return true;
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
  bool ascends = kBytes == 8;
  for (std::uint64_t first = 0; first < count;) {
    if (ascends) {
      const std::uint64_t end = std::min(count, first + kBlock);
      ascends = NumberAscending(from, first, end, &greatest.first, attempt);
      greatest.last = greatest.first;
      if (attempt->items.size() > max_items) return false;
      if (ascends) first = end;
      continue;
    }
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
  attempt->facts.Update(NumbersView(numbers, count, 32), LikeOf(page));
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
