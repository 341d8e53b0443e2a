// Some rows of an array as an array of their own.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "types/array.h"

namespace lancekit {

/// Rows [first, first + count).
struct RowSpan {
  std::uint64_t first = 0;
  std::uint64_t count = 0;
};

/// The runs of set bits among the first `num_rows`.
std::vector<RowSpan> SpansOf(const std::byte* bits, std::uint64_t num_rows);

/// The rows of the spans, one after the other; dictionaries are shared. Pre: the rows exist.
ArrayData SelectRows(const DataType& type, const ArrayData& array, std::span<const RowSpan> spans);

}  // namespace lancekit
