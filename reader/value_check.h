// What can be wrong with values that decode: texts that are not UTF-8, and zone maps and Bloom filters that say
// something else.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "format/statistics.h"
#include "types/array.h"

namespace lancekit {

bool IsUtf8(std::string_view text) noexcept;

/// The first text of a string column, or of its dictionary, that is not UTF-8, told with its row; nothing when all are.
/// `first_row`: of the first slot, where slots are rows.
std::optional<std::string> FindBadText(const DataType& type, const ArrayData& values);

/// Compares the values of one page after the other with what pages and zones say of them. Rows come in order.
class ZoneCheck {
 public:
  /// Nothing when the statistics do not cover the rows of the column. Borrows both.
  static std::optional<ZoneCheck> Make(const DataType& type, const format::Statistics& statistics, std::uint64_t column,
                                       std::uint64_t num_rows);

  /// Rows from here to the end of their zone, at most which Compare() may be given at once.
  std::uint64_t RowsInZone(std::uint64_t row);
  /// What is wrong, if anything. Rows may be left out between calls: their zones are then not compared by their counts.
  std::optional<std::string> Compare(std::uint64_t row, std::uint64_t num_rows, const ArrayData& values);

 private:
  struct Level {
    explicit Level(format::ZoneList list) : zones(list) {}
    void MoveTo(std::uint64_t row);

    format::ZoneList zones;
    std::uint64_t next = 0;
    std::uint64_t begin = 0;
    std::uint64_t end = 0;
    format::Zone zone;
    std::uint64_t rows = 0;  // of the zone that were seen
    std::uint64_t nulls = 0;
    std::uint64_t nans = 0;
  };
  ZoneCheck(const DataType& type, const format::Statistics& statistics, std::uint64_t column)
      : type_(&type),
        statistics_(&statistics),
        column_(column),
        levels_{Level(statistics.Pages(column)), Level(statistics.Zones(column))} {}
  std::optional<std::string> CompareCounts(const Level& level, const char* what) const;

  const DataType* type_;
  const format::Statistics* statistics_;
  std::uint64_t column_;
  Level levels_[2];
};

}  // namespace lancekit
