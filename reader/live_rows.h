// The rows of a fragment that are not deleted, and where they lie in its files.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "format/deletion.h"

namespace lancekit {

/// Live rows count from 0 without gaps; physical rows are those of the data files.
class LiveRows {
 public:
  LiveRows() = default;
  LiveRows(std::uint64_t physical_rows, const format::RowRanges& deleted);

  std::uint64_t count() const noexcept { return count_; }
  /// The physical row of a live one. Pre: row < count().
  std::uint64_t Physical(std::uint64_t row) const;
  /// How many live rows lie before a physical one.
  std::uint64_t CountBefore(std::uint64_t physical_row) const;
  /// The physical rows of the live rows [first, first + count), as few ranges as possible. Pre: they exist.
  format::RowRanges Ranges(std::uint64_t first, std::uint64_t count) const;
  /// Calls visit(range) for each of these.
  template <class Visit>
  void ForEachRange(std::uint64_t first, std::uint64_t count, Visit visit) const {
    for (std::size_t i = count == 0 ? 0 : RunOf(first); count != 0; ++i) {
      const std::uint64_t run_end = i + 1 < runs_.size() ? runs_[i + 1].live : count_;
      const std::uint64_t taken = std::min(count, run_end - first);
      const std::uint64_t begin = runs_[i].physical + (first - runs_[i].live);
      visit(format::RowRange{begin, begin + taken});
      first += taken;
      count -= taken;
    }
  }

 private:
  /// Live rows that lie side by side, up to the next run.
  struct Run {
    std::uint64_t live = 0;
    std::uint64_t physical = 0;
  };
  std::size_t RunOf(std::uint64_t row) const;

  std::vector<Run> runs_;
  std::uint64_t count_ = 0;
};

}  // namespace lancekit
