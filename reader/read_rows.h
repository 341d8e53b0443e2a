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

/// The rows of the runs, one after the other, as one array of the field. `whole_rows`: of the fragment that all runs are of,
/// those which are read completely, sooner or later: pages in them are compared with their hashes. Errors: as FieldReader::Read.
Result<ArrayData> ReadRows(const TableImpl& table, const FieldShape& shape, std::span<const RowRun> runs,
                           std::span<const ValueRange> whole_rows = {});

/// The same of a column whose reader is kept, with memory that the caller reuses from column to column.
Result<ArrayData> TakeRows(const TableImpl& table, const OpenColumns& columns, std::size_t field, std::span<const RowRun> runs,
                           PageScratch* scratch);

}  // namespace lancekit
