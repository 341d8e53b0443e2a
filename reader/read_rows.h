// Reading rows of a table into arrays; what scans and takes share.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "reader/table_impl.h"

namespace lancekit {

/// A run of rows of one fragment; rows count from the fragment's first, deleted ones included.
struct RowRun {
  const TableFragment* fragment = nullptr;
  std::uint64_t first = 0;
  std::uint64_t count = 0;
};

inline constexpr std::array kAllRows{ValueRange{0, ~std::uint64_t{0}}};

/// Of `whole_rows`, those whose pages are compared with their hashes; all where the table says so.
std::span<const ValueRange> CheckedRows(const TableImpl& table, std::span<const ValueRange> whole_rows);

/// Rows of one fragment, ascending without overlap, as one array of the field. `follows`: a scan reads them, and what lies behind
/// them soon. The memory of `scratch` is reused from column to column. Errors: as FieldReader::Read.
Result<ArrayData> ReadRows(const FieldReader& reader, const FieldShape& shape, std::span<const ValueRange> rows, bool follows,
                           PageScratch* scratch);

/// The rows of the runs, one after the other, in any order, as one array of the field. Errors: the same.
Result<ArrayData> TakeRows(const TableImpl& table, const OpenColumns& columns, std::size_t field, std::span<const RowRun> runs,
                           PageScratch* scratch);

}  // namespace lancekit
