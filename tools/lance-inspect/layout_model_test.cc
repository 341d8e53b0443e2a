#include "tools/lance-inspect/layout_model.h"

#include <gtest/gtest.h>

#include <numeric>

namespace lancekit::tools {
namespace {

/// Parts after each other: pages of `columns` columns with padding between, and a footer.
std::vector<FilePart> MakeParts(std::int64_t columns, std::uint64_t page_bytes) {
  std::vector<FilePart> parts;
  std::uint64_t end = 0;
  const auto add = [&](FilePart part) {
    part.offset = end;
    end += part.size;
    parts.push_back(std::move(part));
  };
  for (std::int64_t column = 0; column < columns; ++column) {
    add({PartKind::kPageBuffer, 0, 10, "chunk table", column, 0, 0});
    add({PartKind::kPadding, 0, 54, ""});
    add({PartKind::kPageBuffer, 0, page_bytes, "chunks", column, 0, 1});
  }
  add({PartKind::kFooter, 0, 40, ""});
  return parts;
}

std::uint64_t SizeOf(const std::vector<PartGroup>& groups) {
  return std::accumulate(groups.begin(), groups.end(), std::uint64_t{0}, [](std::uint64_t sum, const PartGroup& group) {
    EXPECT_EQ(group.offset, sum);
    return sum + group.size;
  });
}

TEST(GroupParts, LeavesWhatIsLargeEnoughAlone) {
  const std::vector<FilePart> parts = MakeParts(3, 1000);
  EXPECT_EQ(GroupParts(parts, 0).size(), parts.size());
  const std::vector<PartGroup> groups = GroupParts(parts, 100);
  ASSERT_EQ(groups.size(), 7u);
  EXPECT_EQ(SizeOf(groups), 3 * 1064u + 40);
  // A chunk table with its padding, named by the former.
  EXPECT_EQ(groups[2].num_parts, 2u);
  EXPECT_EQ(groups[2].size, 64u);
  EXPECT_EQ(*groups[2].role, "chunk table");
  EXPECT_EQ(groups[2].column, 1);
  EXPECT_EQ(groups[2].page, 0);
  EXPECT_EQ(groups[6].kind, PartKind::kFooter);
}

TEST(GroupParts, ForgetsWhatItsPartsDoNotShare) {
  const std::vector<FilePart> parts = MakeParts(3, 20);
  const std::vector<PartGroup> page = GroupParts(std::span(parts).first(3), 1000);
  ASSERT_EQ(page.size(), 1u);
  EXPECT_EQ(page[0].column, 0);
  EXPECT_EQ(page[0].page, 0);
  EXPECT_EQ(page[0].buffer, -1);
  EXPECT_EQ(*page[0].role, "chunks");
  const std::vector<PartGroup> all = GroupParts(parts, 1000);
  ASSERT_EQ(all.size(), 1u);
  EXPECT_EQ(all[0].column, -1);
  EXPECT_EQ(all[0].page, -1);
  EXPECT_EQ(all[0].kind, PartKind::kFooter);
  EXPECT_EQ(all[0].num_parts, parts.size());
}

TEST(GroupToNumber, KeepsToTheNumber) {
  for (const std::uint64_t page_bytes : {1, 10, 100, 100'000}) {
    const std::vector<FilePart> parts = MakeParts(500, page_bytes);
    InspectedFile file;
    file.size = parts.back().offset + parts.back().size;
    for (const std::size_t most : {4, 5, 64, 1000, 1501, 5000}) {
      const std::vector<PartGroup> groups = GroupToNumber(file, parts, most);
      EXPECT_LE(groups.size(), most);
      EXPECT_EQ(SizeOf(groups), file.size);
      EXPECT_TRUE(parts.size() > most || groups.size() == parts.size()) << most;
    }
  }
}

}  // namespace
}  // namespace lancekit::tools
