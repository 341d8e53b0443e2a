// Which rows match: a bound filter over decoded columns.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "filter/bind.h"
#include "types/array.h"

namespace lancekit::filter {

/// A set of rows.
struct RowMask {
  std::vector<std::uint64_t> words;  ///< row i is bit i % 64 of word i / 64; bits beyond the rows are 0
  std::uint64_t num_rows = 0;
  std::uint64_t num_set = 0;

  /// The same as a bitmap of base/bitmap.h.
  const std::byte* bits() const noexcept { return reinterpret_cast<const std::byte*>(words.data()); }
};

/// The rows for which the filter is true. `schema` tells what `columns` hold: the columns of the filter at least, whole or cut
/// down to parts of their structs, as reading FilterColumn::name gives them, as dictionaries of their type, or with their values
/// in runs, as LeafSink has them.
/// Errors: kInternal when a column of the filter is not there, is of another type or has another number of rows.
/// Pre: the arrays are consistent, as the reader makes them.
Result<RowMask> Evaluate(const BoundFilter& filter, const Schema& schema, std::span<const ArrayData> columns,
                         std::uint64_t num_rows);

}  // namespace lancekit::filter
