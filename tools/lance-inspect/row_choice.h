// Which rows take and sample mean: slices as Python writes them, and a sample that a seed determines.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "lancekit/result.hpp"

namespace lancekit::tools {

/// `count` rows from `first` on, `step` apart; the step may be negative.
struct RowSlice {
  std::int64_t first = 0;
  std::int64_t step = 1;
  std::uint64_t count = 0;
};

/// "0,2:5,-1,::1000" of a table with this many rows. Slices are cut to the table; single rows must be in it.
/// Errors: kInvalidArgument.
Result<std::vector<RowSlice>> ParseRows(std::string_view text, std::uint64_t num_rows);

/// `count` different rows, ascending; all rows when there are no more. The same for the same arguments everywhere.
std::vector<std::int64_t> SampleRows(std::uint64_t num_rows, std::uint64_t count, std::uint64_t seed);

}  // namespace lancekit::tools
