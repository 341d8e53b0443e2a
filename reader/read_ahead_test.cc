#include <gtest/gtest.h>

#include "reader/column_reader.h"

namespace lancekit {
namespace {

constexpr std::uint64_t kRowBytes = 8, kBatch = 65'536, kEnd = 100 * kBatch;

TEST(ReadAheadMark, AsksOftenAtFirstAndThenSeldom) {
  ReadAheadMark mark;
  std::uint64_t told = 0, asked = 0;
  for (std::uint64_t first = 0; first < kEnd; first += kBatch) {
    const auto ahead = mark.Advance({first, kBatch}, kRowBytes, kEnd);
    if (!ahead.has_value()) continue;
    EXPECT_EQ(ahead->first, told);
    told = ahead->first + ahead->count;
    EXPECT_GE(told, std::min(kEnd, first + 2 * kBatch));
    EXPECT_LE(told, kEnd);
    ++asked;
  }
  EXPECT_EQ(told, kEnd);
  EXPECT_LT(asked, 20u);
}

TEST(ReadAheadMark, TellsNothingBehindTheLimit) {
  ReadAheadMark mark;
  const auto ahead = mark.Advance({0, 10}, kRowBytes, 100);
  ASSERT_TRUE(ahead.has_value());
  EXPECT_EQ(ahead->first + ahead->count, 100u);
  EXPECT_FALSE(mark.Advance({10, 90}, kRowBytes, 100).has_value());
  const auto next_page = mark.Advance({100, 50}, kRowBytes, 1000);
  ASSERT_TRUE(next_page.has_value());
  EXPECT_EQ(next_page->first, 100u);
}

// Threads may come in another order than their rows, with batches of other sizes.
TEST(ReadAheadMark, LaterRowsMayComeFirst) {
  constexpr std::uint64_t kMiB = 1 << 20;
  ReadAheadMark mark;
  ASSERT_TRUE(mark.Advance({30 * kMiB, 3 * kMiB}, 1, 1000 * kMiB).has_value());
  EXPECT_FALSE(mark.Advance({15 * kMiB, 15 * kMiB}, 1, 1000 * kMiB).has_value());
  const auto far = mark.Advance({500 * kMiB, kMiB}, 1, 1000 * kMiB);  // over rows that are pruned
  ASSERT_TRUE(far.has_value());
  EXPECT_EQ(far->first, 500 * kMiB);
}

}  // namespace
}  // namespace lancekit
