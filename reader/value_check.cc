#include "reader/value_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string_view>

#include "base/bitmap.h"
#include "base/endian.h"
#include "types/scalar.h"

namespace lancekit {
namespace {

bool IsValid(const ArrayData& array, std::uint64_t i) { return array.validity.empty() || GetBit(array.validity.data(), i); }

std::string_view TextAt(const DataType& type, const ArrayData& array, std::uint64_t i) {
  const auto* const data = reinterpret_cast<const char*>(array.data.data());
  const auto offset = [&](std::uint64_t at) {
    return HasLargeOffsets(type.id) ? LoadLe<std::uint64_t>(array.values.data() + at * 8)
                                    : LoadLe<std::uint32_t>(array.values.data() + at * 4);
  };
  return {data + offset(i), static_cast<std::size_t>(offset(i + 1) - offset(i))};
}

/// Pre: the type is ordered and the slot valid.
Scalar ScalarAt(const DataType& type, const ArrayData& array, std::uint64_t i) {
  const std::byte* const values = array.values.data();
  const std::uint64_t width = FixedWidthBits(type) / 8;
  switch (DomainOf(type)) {
    case Domain::kSigned:
      return LoadSigned(values + i * width, width);
    case Domain::kUnsigned:
      if (type.id == TypeId::kBool) return static_cast<std::uint64_t>(GetBit(values, i));
      return LoadUnsigned(values + i * width, width);
    case Domain::kFloating:
      return LoadFloat(values + i * width, width);
    case Domain::kDecimal:
      return Int256::Load(values + i * width, width);
    case Domain::kBytes:
    case Domain::kNone:
      break;
  }
  if (IsVariableWidth(type.id)) return std::string(TextAt(type, array, i));
  return std::string(reinterpret_cast<const char*>(values + i * width), width);
}

/// The type and array that hold the values of a slot, and its place there: for dictionaries, that of the item.
struct Item {
  const DataType* type = nullptr;
  const ArrayData* array = nullptr;
  std::uint64_t index = 0;
};

Item ItemAt(const DataType& type, const ArrayData& array, std::uint64_t i) {
  if (type.id != TypeId::kDictionary) return {&type, &array, i};
  const std::uint64_t width = FixedWidthBits({.id = type.key_id}) / 8;
  return {&type.children[0].type, array.dictionary.get(), LoadUnsigned(array.values.data() + i * width, width)};
}

}  // namespace

bool IsUtf8(std::string_view text) noexcept {
  const auto at = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  for (std::size_t i = 0; i < text.size();) {
    const unsigned lead = at(i);
    if (lead < 0x80) {
      ++i;
      continue;
    }
    const std::size_t more = lead >= 0xF0 ? 3 : lead >= 0xE0 ? 2 : 1;
    if (lead < 0xC2 || lead > 0xF4 || text.size() - i <= more) return false;
    for (std::size_t j = 1; j <= more; ++j) {
      if ((at(i + j) & 0xC0) != 0x80) return false;
    }
    // Neither longer than need be, nor a surrogate, nor beyond U+10FFFF.
    const unsigned second = at(i + 1);
    if ((lead == 0xE0 && second < 0xA0) || (lead == 0xED && second > 0x9F) || (lead == 0xF0 && second < 0x90) ||
        (lead == 0xF4 && second > 0x8F)) {
      return false;
    }
    i += more + 1;
  }
  return true;
}

std::optional<std::string> FindBadText(const DataType& type, const ArrayData& values) {
  if (type.id == TypeId::kDictionary) {
    if (values.dictionary == nullptr) return std::nullopt;
    auto bad = FindBadText(type.children[0].type, *values.dictionary);
    if (bad.has_value()) *bad = "dictionary: " + *bad;
    return bad;
  }
  if (type.id != TypeId::kString && type.id != TypeId::kLargeString) return std::nullopt;
  for (std::uint64_t i = 0; i < static_cast<std::uint64_t>(values.length); ++i) {
    if (IsValid(values, i) && !IsUtf8(TextAt(type, values, i))) return fmt::format("value {} is not UTF-8", i);
  }
  return std::nullopt;
}

void ZoneCheck::Level::MoveTo(std::uint64_t row) {
  while (next == 0 || end <= row) {
    begin = end;
    zone = zones[next++];
    end += zone.num_rows;
    rows = nulls = nans = 0;
  }
}

std::optional<ZoneCheck> ZoneCheck::Make(const DataType& type, const format::Statistics& statistics, std::uint64_t column,
                                         std::uint64_t num_rows) {
  if (statistics.domain(column) != DomainOf(type)) return std::nullopt;
  if (!statistics.Pages(column).CoverRows(num_rows) || !statistics.Zones(column).CoverRows(num_rows)) return std::nullopt;
  return ZoneCheck(type, statistics, column);
}

std::uint64_t ZoneCheck::RowsInZone(std::uint64_t row) {
  for (Level& level : levels_) level.MoveTo(row);
  return std::min(levels_[0].end, levels_[1].end) - row;
}

std::optional<std::string> ZoneCheck::Compare(std::uint64_t row, std::uint64_t num_rows, const ArrayData& values) {
  static_cast<void>(RowsInZone(row));
  const bool is_ordered = DomainOf(*type_) != Domain::kNone;
  const format::BloomFilter bloom = statistics_->Bloom(column_, levels_[0].next - 1);
  std::uint64_t nulls = 0, nans = 0;
  std::optional<Scalar> least, greatest;
  for (std::uint64_t i = 0; i < static_cast<std::uint64_t>(values.length); ++i) {
    const Item item = ItemAt(*type_, values, i);
    // Arrays of nulls have no validity; dictionaries can hold nulls too.
    if (type_->id == TypeId::kNull || !IsValid(values, i) || (item.array != &values && !IsValid(*item.array, item.index))) {
      ++nulls;
      continue;
    }
    if (!is_ordered) continue;
    Scalar value = ScalarAt(*item.type, *item.array, item.index);
    if (const double* const number = std::get_if<double>(&value); number != nullptr && std::isnan(*number)) {
      ++nans;
      continue;
    }
    if (!bloom.MayContain(value))
      return fmt::format("the Bloom filter of the page of rows {} to {} lacks a value", levels_[0].begin, levels_[0].end - 1);
    if (!least.has_value() || lancekit::Compare(value, *least) < 0) least = value;
    if (!greatest.has_value() || lancekit::Compare(value, *greatest) > 0) greatest = std::move(value);
  }
  const char* const names[] = {"page", "zone"};
  for (std::size_t i = 0; i < 2; ++i) {
    Level& level = levels_[i];
    level.rows += num_rows;
    level.nulls += nulls;
    level.nans += nans;
    const format::Zone& zone = level.zone;
    if (least.has_value() && zone.min.has_value() && lancekit::Compare(*least, *zone.min) < 0)
      return fmt::format("the minimum of the {} of rows {} to {} is above a value", names[i], level.begin, level.end - 1);
    if (greatest.has_value() && zone.max.has_value() && lancekit::Compare(*greatest, *zone.max) > 0)
      return fmt::format("the maximum of the {} of rows {} to {} is below a value", names[i], level.begin, level.end - 1);
    if (auto wrong = CompareCounts(level, names[i])) return wrong;
  }
  return std::nullopt;
}

std::optional<std::string> ZoneCheck::CompareCounts(const Level& level, const char* what) const {
  if (level.rows != level.zone.num_rows) return std::nullopt;
  if (level.nulls == level.zone.num_nulls && level.nans == level.zone.num_nans) return std::nullopt;
  return fmt::format("the {} of rows {} to {} has {} nulls and {} NaNs, its zone map says {} and {}", what, level.begin,
                     level.end - 1, level.nulls, level.nans, level.zone.num_nulls, level.zone.num_nans);
}

}  // namespace lancekit
