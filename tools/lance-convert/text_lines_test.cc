#include "tools/lance-convert/text_lines.h"

#include <arrow/buffer.h>
#include <arrow/io/memory.h>
#include <gtest/gtest.h>

namespace lancekit::convert {
namespace {

FoundLines Find(const std::string& text, const LineSearch& search) {
  arrow::io::BufferReader reader(arrow::Buffer::FromString(text));
  return FindLines(reader, search).ValueOrDie();
}

std::vector<std::pair<std::uint64_t, std::int64_t>> BadOf(const FoundLines& found) {
  std::vector<std::pair<std::uint64_t, std::int64_t>> bad;
  for (const auto& row : found.bad) bad.emplace_back(row.line, row.num_fields);
  return bad;
}

TEST(FindLines, CountsLinesOfQuotedAndEmptyOnes) {
  const std::string text = "a,b\n1,\"x\ny\"\n\n\r\n2,z\r3,\"\"\"\r\n,\"\n4,w";
  const FoundLines found = Find(text, {.quote = '"', .num_fields = 2, .rows = {0, 1, 2, 3}});
  EXPECT_EQ(found.rows, (std::vector<std::uint64_t>{2, 6, 7, 9}));
}

TEST(FindLines, PassesOverRowsOfOtherLengths) {
  const std::string text = "1,2\n1\n3,4\n1,2,3\n\"1,2\n5,6\n";
  const FoundLines found = Find(text, {.quote = '"', .header = false, .num_fields = 2, .rows = {1}, .most_bad = 5});
  EXPECT_EQ(found.rows, (std::vector<std::uint64_t>{3}));
  EXPECT_EQ(BadOf(found), (std::vector<std::pair<std::uint64_t, std::int64_t>>{{2, 1}, {4, 3}, {5, 1}}));
  const FoundLines plain = Find(text, {.header = false, .num_fields = 2, .rows = {2, 3}, .most_bad = 1});
  EXPECT_EQ(plain.rows, (std::vector<std::uint64_t>{5, 6}));
  EXPECT_EQ(BadOf(plain), (std::vector<std::pair<std::uint64_t, std::int64_t>>{{2, 1}}));
}

TEST(FindLines, EndsWithTheText) {
  EXPECT_TRUE(Find("", {.num_fields = 1, .rows = {0}, .most_bad = 1}).rows.empty());
  EXPECT_EQ(Find("a\n1\n", {.num_fields = 1, .rows = {0, 1}}).rows, (std::vector<std::uint64_t>{2}));
}

}  // namespace
}  // namespace lancekit::convert
