#include "writer/page_zones.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <optional>
#include <string_view>
#include <type_traits>
#include <utility>

#include "base/bitmap.h"
#include "base/checked_math.h"
#include "base/endian.h"
#include "encodings/kernels/stats.h"
#include "encodings/level_bits.h"

namespace lancekit {
namespace {

using format::Zone;

/// The part of a page's values that belongs to a zone, at least one of them valid.
struct ZoneValues {
  const PageValues* page = nullptr;
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
  std::uint64_t num_valid = 0;

  bool IsValid(std::uint64_t i) const { return page->validity == nullptr || GetBit(page->validity, i); }
  std::uint64_t size() const { return end - begin; }
  /// Pre: the first value is valid.
  std::optional<ValueFacts::Block> KnownBounds() const {
    return page->facts == nullptr ? std::nullopt : page->facts->BoundsOf(begin, end);
  }
  template <class T>
  const T* data() const {
    return static_cast<const T*>(static_cast<const void*>(page->values.values)) + begin;
  }
};

template <class T>
using WideOf = std::conditional_t<std::is_signed_v<T>, std::int64_t, std::uint64_t>;

template <class T>
void SetBounds(T least, T greatest, Zone* zone) {
  zone->min = std::move(least);
  zone->max = std::move(greatest);
  zone->min_is_exact = zone->max_is_exact = true;
}

/// Pre: the first value is valid. Null slots repeat the value before them, so they change nothing.
template <class T>
void IntegerBounds(const ZoneValues& values, Zone* zone) {
  if (const auto known = values.KnownBounds()) {
    return SetBounds<WideOf<T>>(static_cast<WideOf<T>>(known->least), static_cast<WideOf<T>>(known->greatest), zone);
  }
  T least{}, greatest{};
  kernels::MinMax(values.data<T>(), values.size(), &least, &greatest);
  SetBounds<WideOf<T>>(least, greatest, zone);
}

template <class T>
void IntegerBounds(const ZoneValues& values, bool is_signed, Zone* zone) {
  is_signed ? IntegerBounds<std::make_signed_t<T>>(values, zone) : IntegerBounds<T>(values, zone);
}

void IntegerBounds(const ZoneValues& values, std::uint64_t bits, bool is_signed, Zone* zone) {
  switch (bits) {
    case 8:
      return IntegerBounds<std::uint8_t>(values, is_signed, zone);
    case 16:
      return IntegerBounds<std::uint16_t>(values, is_signed, zone);
    case 32:
      return IntegerBounds<std::uint32_t>(values, is_signed, zone);
    default:
      return IntegerBounds<std::uint64_t>(values, is_signed, zone);
  }
}

void BoolBounds(const ZoneValues& values, Zone* zone) {
  // Null slots are false.
  const std::uint64_t num_true = CountSetBits(values.page->values.values, values.begin, values.size());
  SetBounds<std::uint64_t>(num_true == values.num_valid, num_true != 0, zone);
}

template <class T>
void FloatBounds(const ZoneValues& values, Zone* zone) {
  T least{}, greatest{};
  std::size_t num_nans = 0;
  const bool any = kernels::FloatMinMax(values.data<T>(), values.size(), &least, &greatest, &num_nans);
  if (any) SetBounds<double>(least, greatest, zone);
  if (num_nans != 0 && values.num_valid != values.size()) {
    num_nans = 0;  // null slots repeat NaNs too
    for (std::uint64_t i = values.begin; i < values.end; ++i) {
      num_nans += values.IsValid(i) && std::isnan(values.data<T>()[i - values.begin]);
    }
  }
  zone->num_nans = num_nans;
}

void HalfBounds(const ZoneValues& values, Zone* zone) {
  std::optional<double> least, greatest;
  for (std::uint64_t i = values.begin; i < values.end; ++i) {
    if (!values.IsValid(i)) continue;
    const double value = HalfToFloat(values.data<std::uint16_t>()[i - values.begin]);
    if (std::isnan(value)) {
      ++zone->num_nans;
      continue;
    }
    least = std::min(least.value_or(value), value);
    greatest = std::max(greatest.value_or(value), value);
  }
  if (least.has_value()) SetBounds<double>(*least, *greatest, zone);
}

template <std::size_t kBytes>
void DecimalBounds(const ZoneValues& values, Zone* zone) {
  const std::byte* const data = values.page->values.values;
  const auto load = [data](std::uint64_t i) {
    if constexpr (kBytes == 16) {
      return LoadLe<__int128>(data + i * kBytes);
    } else {
      return Int256::Load(data + i * kBytes, kBytes);
    }
  };
  if constexpr (kBytes == 16) {
    if (const auto known = values.KnownBounds()) {
      return SetBounds(Int256::From(static_cast<std::int64_t>(known->least)),
                       Int256::From(static_cast<std::int64_t>(known->greatest)), zone);
    }
    std::int64_t min = 0, max = 0;
    if (kernels::MinMax16(data + values.begin * kBytes, values.size(), &min, &max))
      return SetBounds(Int256::From(min), Int256::From(max), zone);
  }
  std::uint64_t least_at = values.begin, greatest_at = values.begin;
  auto least = load(values.begin), greatest = least;
  for (std::uint64_t i = values.begin + 1; i < values.end; ++i) {
    const auto value = load(i);
    if (value < least) {
      least = value;
      least_at = i;
    } else if (value > greatest) {
      greatest = value;
      greatest_at = i;
    }
  }
  SetBounds(Int256::Load(data + least_at * kBytes, kBytes), Int256::Load(data + greatest_at * kBytes, kBytes), zone);
}

/// A text with its first eight bytes as a number of the same order.
struct Text {
  std::uint64_t key = 0;
  std::string_view bytes;

  bool operator<(const Text& other) const {
    if (key != other.key) return key < other.key;
    if (bytes.size() <= sizeof(key) && other.bytes.size() <= sizeof(key)) return bytes.size() < other.bytes.size();
    return bytes < other.bytes;
  }
};

/// Reads eight bytes, which the padding of buffers allows.
Text TextAt(const std::byte* data, std::uint64_t begin, std::uint64_t size) {
  std::uint64_t key = 0;
  if (size != 0) {
    std::uint64_t word = LoadLe<std::uint64_t>(data + begin);
    if (size < sizeof(word)) word &= ~(~std::uint64_t{0} << (8 * size));
    key = __builtin_bswap64(word);
  }
  return {key, {reinterpret_cast<const char*>(data + begin), size}};
}

template <class Get>
void TextBounds(const ZoneValues& values, Get get, Zone* zone) {
  Text least = get(values.begin), greatest = least;
  for (std::uint64_t i = values.begin + 1; i < values.end; ++i) {
    if (!values.IsValid(i)) continue;
    const Text text = get(i);
    if (text < least) {
      least = text;
    } else if (greatest < text) {
      greatest = text;
    }
  }
  zone->SetTexts(least.bytes, greatest.bytes);
}

template <class Offset>
void StringBounds(const ZoneValues& values, Zone* zone) {
  const Offset* const offsets = values.page->values.offsets<Offset>();
  const std::byte* const data = values.page->values.data;
  TextBounds(
      values,
      [&](std::uint64_t i) {
        return TextAt(data, static_cast<std::uint64_t>(offsets[i]), static_cast<std::uint64_t>(offsets[i + 1] - offsets[i]));
      },
      zone);
}

/// Pre: the first value is valid, and there are bounds for the type.
void AddBounds(const DataType& type, const ZoneValues& values, Zone* zone) {
  const ValueShape& shape = values.page->values.shape;
  switch (DomainOf(type)) {
    case Domain::kSigned:
      return IntegerBounds(values, shape.width_bits, true, zone);
    case Domain::kUnsigned:
      return shape.width_bits == 1 ? BoolBounds(values, zone) : IntegerBounds(values, shape.width_bits, false, zone);
    case Domain::kFloating:
      if (type.id == TypeId::kFloat16) return HalfBounds(values, zone);
      return type.id == TypeId::kFloat32 ? FloatBounds<float>(values, zone) : FloatBounds<double>(values, zone);
    case Domain::kDecimal:
      return shape.width_bits == 128 ? DecimalBounds<16>(values, zone) : DecimalBounds<32>(values, zone);
    case Domain::kBytes:
      if (shape.variable())
        return shape.large_offsets ? StringBounds<std::int64_t>(values, zone) : StringBounds<std::int32_t>(values, zone);
      return TextBounds(
          values,
          [&](std::uint64_t i) {
            const std::uint64_t width = shape.width_bits / 8;
            return TextAt(values.page->values.values, i * width, width);
          },
          zone);
    case Domain::kNone:
      return;
  }
}

/// Bounds of values by their keys in a dictionary: of the items that a zone names, each looked at once.
class DictionaryBounds {
 public:
  DictionaryBounds(const DataType& type, const DictionaryBuilder& dictionary) : type_(&type), num_items_(dictionary.size()) {
    items_.values = dictionary.View();
    items_.num_rows = items_.values.length;
    named_.resize(AlignUp(num_items_, 8));
  }

  /// `keys` has one for each value of the page; those of null slots repeat the one before them.
  template <class Key>
  void Add(const Key* keys, const ZoneValues& values, Zone* zone) {
    ListItems(keys, values);
    items_.values.shape.variable() ? AddTexts(zone) : AddFixed(zone);
    if (zone->num_nans == 0) return;
    zone->num_nans = 0;  // of items; now of values
    for (std::uint64_t i = values.begin; i < values.end; ++i)
      zone->num_nans += values.IsValid(i) && IsNan(static_cast<std::uint64_t>(keys[i]));
  }

  /// Of a column that is a dictionary itself: its values are keys.
  void Add(const ZoneValues& values, Zone* zone) {
    const std::byte* const keys = values.page->values.values;
    switch (values.page->values.shape.width_bits) {
      case 8:
        return Add(static_cast<const std::uint8_t*>(static_cast<const void*>(keys)), values, zone);
      case 16:
        return Add(static_cast<const std::uint16_t*>(static_cast<const void*>(keys)), values, zone);
      case 32:
        return Add(static_cast<const std::uint32_t*>(static_cast<const void*>(keys)), values, zone);
      default:
        return Add(static_cast<const std::uint64_t*>(static_cast<const void*>(keys)), values, zone);
    }
  }

 private:
  // Most keys were named before, but not foretold which: no way of listing the items has a branch on that.
  template <class Key>
  void ListItems(const Key* keys, const ZoneValues& values) {
    std::byte* const named = named_.data();
    list_.clear();
    if (num_items_ <= 64) {
      for (std::uint64_t set = ItemsIn(keys + values.begin, values.size()); set != 0; set &= set - 1)
        list_.push_back(static_cast<std::uint64_t>(std::countr_zero(set)));
    } else if (num_items_ <= format::kZoneRows) {
      for (std::uint64_t i = values.begin; i < values.end; ++i) named[keys[i]] = std::byte{1};
      for (std::uint64_t first = 0; first < num_items_; first += 8) {
        if (LoadLe<std::uint64_t>(named + first) == 0) continue;
        for (std::uint64_t i = first; i < first + 8; ++i) {
          if (std::exchange(named[i], std::byte{0}) != std::byte{0}) list_.push_back(i);
        }
      }
    } else {
      list_.resize(values.size() + 1);
      std::uint64_t* const listed = list_.data();
      std::size_t count = 0;
      for (std::uint64_t i = values.begin; i < values.end; ++i) {
        const auto key = static_cast<std::uint64_t>(keys[i]);
        listed[count] = key;
        count += named[key] == std::byte{0};
        named[key] = std::byte{1};
      }
      list_.resize(count);
      for (const std::uint64_t item : list_) named[item] = std::byte{0};
    }
  }

  /// As bits. Looks no further once all are named.
  template <class Key>
  std::uint64_t ItemsIn(const Key* keys, std::uint64_t count) const {
    constexpr std::uint64_t kStep = 512;
    const std::uint64_t all = ~std::uint64_t{0} >> (64 - num_items_);
    std::uint64_t set = 0;
    for (std::uint64_t i = 0; i < count && set != all; i += kStep) set |= kernels::SetOf(keys + i, std::min(kStep, count - i));
    return set;
  }

  void AddTexts(Zone* zone) const {
    const ValuesView& items = items_.values;
    TextBounds(
        {&items_, 0, list_.size(), list_.size()},
        [&](std::uint64_t i) {
          const std::uint64_t begin = items.Offset(list_[i]);
          return TextAt(items.data, begin, items.Offset(list_[i] + 1) - begin);
        },
        zone);
  }

  void AddFixed(Zone* zone) {
    const std::uint64_t width = ItemBytes();
    gathered_.resize(list_.size() * width + 8);
    for (std::size_t i = 0; i < list_.size() && width != 0; ++i)  // binaries may have no bytes
      std::memcpy(gathered_.data() + i * width, items_.values.values + list_[i] * width, width);
    PageValues page = items_;
    page.values.values = gathered_.data();
    page.values.length = page.num_rows = list_.size();
    const ZoneValues all{&page, 0, list_.size(), list_.size()};
    AddBounds(*type_, all, zone);
  }

  std::uint64_t ItemBytes() const { return items_.values.shape.width_bits / 8; }

  bool IsNan(std::uint64_t item) const { return std::isnan(LoadFloat(items_.values.values + item * ItemBytes(), ItemBytes())); }

  const DataType* type_;
  std::uint64_t num_items_;
  PageValues items_;
  std::vector<std::byte> named_;     // by item, and some more: 1 when the zone at hand has named it; all 0 between zones
  std::vector<std::uint64_t> list_;  // the items that a zone names
  std::vector<std::byte> gathered_;  // their values
};

/// Finds the entries and values of one zone after the other.
class ZoneCursor {
 public:
  ZoneCursor(const LeafType& leaf, const ColumnBuffer& rows, const PageValues& page)
      : leaf_(&leaf), rows_(&rows), page_(&page), in_lists_(rows.path().has_lists()) {
    if (in_lists_) row_starts_ = LevelBits::Above(rows.rep(), static_cast<std::uint16_t>(rows.path().max_rep() - 1));
    if (!rows.def().empty()) without_value_ = LevelBits::Above(rows.def(), rows.path().max_visible());
  }

  /// Counts of the next `num_rows` rows, and where their values are.
  ZoneValues Next(std::uint64_t num_rows, Zone* zone) {
    zone->num_rows = num_rows;
    const std::uint64_t first_value = value_;
    const std::uint64_t num_entries = rows_->path().flat() ? num_rows : Advance(num_rows);
    if (rows_->path().flat()) value_ += num_rows;
    ZoneValues values{page_, first_value, value_, value_ - first_value};
    if (page_->validity != nullptr) values.num_valid = CountSetBits(page_->validity, first_value, values.size());
    if (leaf_->is_empty_struct()) values.num_valid = num_entries;
    zone->num_values = in_lists_ ? values.size() : num_entries;
    zone->num_nulls = zone->num_values - values.num_valid;
    if (values.num_valid != 0 && page_->validity != nullptr) {
      while (!GetBit(page_->validity, values.begin)) ++values.begin;
    }
    return values;
  }

 private:
  /// Moves over the entries of rows; returns their number.
  std::uint64_t Advance(std::uint64_t num_rows) {
    const std::uint64_t begin = entry_;
    entry_ =
        in_lists_ ? row_starts_.Find(row_starts_.Skip(entry_, num_rows, true), true) : begin + num_rows * rows_->path().stride();
    value_ += entry_ - begin - without_value_.Count(begin, entry_);
    return entry_ - begin;
  }

  const LeafType* leaf_;
  const ColumnBuffer* rows_;
  const PageValues* page_;
  bool in_lists_;
  LevelBits row_starts_;     // entries
  LevelBits without_value_;  // entries; empty when all have one
  std::uint64_t entry_ = 0;
  std::uint64_t value_ = 0;
};

/// True when a filter that skips the rows of one zone skips those of the other.
bool SaysTheSame(const Zone& a, const Zone& b) {
  return a.num_nulls + a.num_nans + b.num_nulls + b.num_nans == 0 && a.min == b.min && a.max == b.max &&
         a.min_is_exact == b.min_is_exact && a.max_is_exact == b.max_is_exact;
}

}  // namespace

void PageZones::Add(Zone zone) {
  page.Append(zone);
  if (zones.empty() || !SaysTheSame(zones.back(), zone)) {
    zones.push_back(std::move(zone));
    return;
  }
  zones.back().num_rows += zone.num_rows;
  zones.back().num_values += zone.num_values;
}

PageZones MakePageZones(const LeafType& leaf, const ColumnBuffer& rows, const std::optional<DictionaryAttempt>& numbers) {
  const PageValues page = rows.View();
  const std::uint64_t num_rows = rows.num_rows();
  const bool has_values =
      page.values.length != 0 && (page.validity == nullptr || CountSetBits(page.validity, 0, page.values.length) != 0);
  const std::uint64_t zone_rows = has_values ? format::kZoneRows : num_rows;
  const bool has_bounds = has_values && DomainOf(leaf.type) != Domain::kNone;
  std::optional<DictionaryBounds> dictionary;
  if (has_bounds && leaf.is_dictionary()) dictionary.emplace(leaf.type.children[0].type, rows.dictionary());
  // Numbers are compared faster than their keys are looked up.
  const Domain domain = DomainOf(leaf.type);
  const bool by_keys = has_bounds && numbers.has_value() && (domain == Domain::kBytes || domain == Domain::kDecimal);
  if (by_keys) dictionary.emplace(leaf.type, numbers->items);
  PageZones result;
  ZoneCursor cursor(leaf, rows, page);
  for (std::uint64_t row = 0; row < num_rows; row += zone_rows) {
    Zone zone;
    const ZoneValues values = cursor.Next(std::min(zone_rows, num_rows - row), &zone);
    if (has_bounds && values.num_valid != 0) {
      if (by_keys) {
        dictionary->Add(numbers->indices.data(), values, &zone);
      } else if (dictionary.has_value()) {
        dictionary->Add(values, &zone);
      } else {
        AddBounds(leaf.type, values, &zone);
      }
    }
    result.Add(std::move(zone));
  }
  return result;
}

}  // namespace lancekit
