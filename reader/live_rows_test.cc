#include "reader/live_rows.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace lancekit {
namespace {

TEST(LiveRowsTest, NothingDeleted) {
  const LiveRows live(10, {});
  EXPECT_EQ(live.count(), 10u);
  EXPECT_EQ(live.Physical(9), 9u);
  EXPECT_EQ(live.CountBefore(4), 4u);
  EXPECT_TRUE(live.Ranges(3, 0).empty());
}

TEST(LiveRowsTest, AllDeleted) {
  const LiveRows live(10, {{0, 10}});
  EXPECT_EQ(live.count(), 0u);
  EXPECT_EQ(live.CountBefore(10), 0u);
  EXPECT_TRUE(live.Ranges(0, 0).empty());
}

TEST(LiveRowsTest, AgreesWithAList) {
  std::mt19937 random(3);
  for (int turn = 0; turn < 200; ++turn) {
    const std::uint64_t rows = 1 + random() % 60;
    const unsigned rate = 1 + random() % 9;
    format::RowRanges deleted;
    std::vector<std::uint64_t> list;
    for (std::uint64_t row = 0; row < rows; ++row) {
      if (random() % 10 >= rate) {
        list.push_back(row);
      } else if (!deleted.empty() && deleted.back().end == row) {
        ++deleted.back().end;
      } else {
        deleted.push_back({row, row + 1});
      }
    }
    const LiveRows live(rows, deleted);
    ASSERT_EQ(live.count(), list.size());
    for (std::size_t i = 0; i < list.size(); ++i) ASSERT_EQ(live.Physical(i), list[i]);
    for (std::uint64_t row = 0; row <= rows; ++row) {
      ASSERT_EQ(live.CountBefore(row), static_cast<std::uint64_t>(std::ranges::lower_bound(list, row) - list.begin()));
    }
    const std::size_t first = list.empty() ? 0 : random() % list.size();
    const std::size_t count = list.empty() ? 0 : random() % (list.size() - first + 1);
    std::vector<std::uint64_t> got;
    std::uint64_t last_end = 0;
    for (const format::RowRange& range : live.Ranges(first, count)) {
      ASSERT_TRUE(got.empty() || range.begin > last_end) << "ranges could be joined";
      last_end = range.end;
      for (std::uint64_t row = range.begin; row < range.end; ++row) got.push_back(row);
    }
    ASSERT_EQ(got, std::vector<std::uint64_t>(list.begin() + static_cast<std::ptrdiff_t>(first),
                                              list.begin() + static_cast<std::ptrdiff_t>(first + count)));
  }
}

}  // namespace
}  // namespace lancekit
