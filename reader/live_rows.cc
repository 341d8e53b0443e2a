#include "reader/live_rows.h"

#include <algorithm>

namespace lancekit {

LiveRows::LiveRows(std::uint64_t physical_rows, const format::RowRanges& deleted) {
  std::uint64_t next = 0;
  for (const format::RowRange& range : deleted) {
    if (range.begin > next) runs_.push_back({count_, next});
    count_ += range.begin - next;
    next = range.end;
  }
  if (physical_rows > next) runs_.push_back({count_, next});
  count_ += physical_rows - next;
}

std::size_t LiveRows::RunOf(std::uint64_t row) const {
  if (runs_.size() == 1) return 0;
  const auto after =
      std::upper_bound(runs_.begin(), runs_.end(), row, [](std::uint64_t r, const Run& run) { return r < run.live; });
  return static_cast<std::size_t>(after - runs_.begin()) - 1;
}

std::uint64_t LiveRows::Physical(std::uint64_t row) const {
  const Run& run = runs_[RunOf(row)];
  return run.physical + (row - run.live);
}

std::uint64_t LiveRows::CountBefore(std::uint64_t physical_row) const {
  const auto after = std::upper_bound(runs_.begin(), runs_.end(), physical_row,
                                      [](std::uint64_t r, const Run& run) { return r < run.physical; });
  if (after == runs_.begin()) return 0;
  const Run& run = *(after - 1);
  const std::uint64_t run_end = after == runs_.end() ? count_ : after->live;
  return std::min(run.live + (physical_row - run.physical), run_end);
}

format::RowRanges LiveRows::Ranges(std::uint64_t first, std::uint64_t count) const {
  format::RowRanges ranges;
  ForEachRange(first, count, [&](const format::RowRange& range) { ranges.push_back(range); });
  return ranges;
}

}  // namespace lancekit
