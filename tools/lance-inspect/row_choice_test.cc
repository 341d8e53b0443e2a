#include "tools/lance-inspect/row_choice.h"

#include <gtest/gtest.h>

#include <set>

namespace lancekit::tools {
namespace {

/// The rows, separated by blanks, or the error.
std::string Rows(std::string_view text, std::uint64_t num_rows) {
  const auto slices = ParseRows(text, num_rows);
  if (!slices) return slices.error().message;
  std::string rows;
  for (const RowSlice& slice : *slices) {
    for (std::uint64_t i = 0; i < slice.count; ++i)
      rows += std::to_string(slice.first + slice.step * static_cast<std::int64_t>(i)) + " ";
  }
  return rows;
}

TEST(ParseRows, ReadsWhatPythonReads) {
  EXPECT_EQ(Rows("0,2:5,-1,::4", 10), "0 2 3 4 9 0 4 8 ");
  EXPECT_EQ(Rows("3,3,1", 10), "3 3 1 ");
  EXPECT_EQ(Rows("-3:", 10), "7 8 9 ");
  EXPECT_EQ(Rows("::-3", 10), "9 6 3 0 ");
  EXPECT_EQ(Rows("5:2:-1", 10), "5 4 3 ");
  EXPECT_EQ(Rows("-100:100:5", 10), "0 5 ");
  EXPECT_EQ(Rows("100:-100:-4", 10), "9 5 1 ");
  EXPECT_EQ(Rows("4:2", 10), "");
  EXPECT_EQ(Rows(":", 0), "");
  EXPECT_EQ(Rows(" 1 , 2 : 4 ", 10), "1 2 3 ");
  EXPECT_EQ(Rows("::9223372036854775807", 10), "0 ");
  EXPECT_EQ(Rows("::-9223372036854775808", 10), "9 ");
}

TEST(ParseRows, RefusesOthers) {
  EXPECT_EQ(Rows("10", 10), "row 10 of 10 rows");
  EXPECT_EQ(Rows("-11", 10), "row -11 of 10 rows");
  for (const char* text : {"", ",", "1,", "a", "1:2:3:4", "1.5", "--1", "99999999999999999999"}) {
    EXPECT_NE(Rows(text, 10).find("neither a row nor a slice"), std::string::npos) << text;
  }
  EXPECT_NE(Rows("::0", 10).find("step"), std::string::npos);
}

TEST(SampleRows, IsReproducibleAndCoversAll) {
  const std::vector<std::int64_t> rows = SampleRows(1000, 20, 7);
  EXPECT_EQ(rows.size(), 20u);
  EXPECT_EQ(rows, SampleRows(1000, 20, 7));
  EXPECT_NE(rows, SampleRows(1000, 20, 8));
  EXPECT_TRUE(std::is_sorted(rows.begin(), rows.end()));
  EXPECT_EQ(SampleRows(5, 9, 1), (std::vector<std::int64_t>{0, 1, 2, 3, 4}));
  EXPECT_TRUE(SampleRows(0, 9, 1).empty());
  std::set<std::int64_t> seen;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    for (const std::int64_t row : SampleRows(30, 3, seed)) seen.insert(row);
  }
  EXPECT_EQ(seen.size(), 30u);
}

}  // namespace
}  // namespace lancekit::tools
