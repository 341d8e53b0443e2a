// Deletion files of both kinds: every form of container and buffer, and damage.
#include "format/deletion.h"

#include <gtest/gtest.h>

#include "format/test_files.h"

namespace lancekit::format {
namespace {

using Kind = DeletionFile::Kind;

Bytes Prefix(const std::string& file, std::size_t size) { return BytesOf(file).first(size); }

std::string Text(const RowRanges& ranges) {
  std::string text;
  for (const RowRange& range : ranges) text += fmt::format("{}-{} ", range.begin, range.end);
  return text;
}

std::string TextOf(const std::string& bitmap, std::uint64_t num_rows = std::uint64_t{1} << 32) {
  const auto ranges = ParseDeletionBitmap(BytesOf(bitmap), num_rows);
  return ranges ? Text(*ranges) : ranges.error().message;
}

/// {1, 2, 9} in an array container without runs anywhere.
const std::string kArray = FromHex("3a300000 01000000 0000 0200 10000000 0100 0200 0900");
/// Key 1 as runs 65536+5..7 and 65536+10..10, key 2 as an array {131072}; no positions.
const std::string kRuns = FromHex("3b300100 01 0100 0300 0200 0000 0200 0500 0200 0a00 0000 0000");

/// One bitmap container with every row whose number is no multiple of 8.
std::string BitmapContainer() {
  std::string bytes = FromHex("3a300000 01000000 0000 ffdf 10000000");
  return bytes + std::string(8192, '\xFE');
}

TEST(DeletionBitmapTest, ReadsAllContainers) {
  EXPECT_EQ(TextOf(kArray), "1-3 9-10 ");
  EXPECT_EQ(TextOf(kRuns), "65541-65544 65546-65547 131072-131073 ");
  EXPECT_EQ(TextOf(FromHex("3a300000 00000000")), "");
}

TEST(DeletionBitmapTest, ReadsBitmapContainers) {
  const std::string file = BitmapContainer();
  const auto ranges = ParseDeletionBitmap(BytesOf(file), 65536);
  ASSERT_TRUE(ranges.has_value()) << ranges.error().message;
  ASSERT_EQ(ranges->size(), 8192u);
  EXPECT_EQ((*ranges)[1].begin, 9u);
  EXPECT_EQ((*ranges)[1].end, 16u);
  EXPECT_EQ(CountRows(*ranges), 65536u - 8192u);
}

TEST(DeletionBitmapTest, JoinsRangesOverContainers) {
  // Key 0: run 65535..65535, key 1: run 0..1.
  EXPECT_EQ(TextOf(FromHex("3b300100 03 0000 0000 0100 0100 0100 ffff 0000 0100 0000 0100")), "65535-65538 ");
}

TEST(DeletionBitmapTest, RefusesDamage) {
  for (const std::string& file : {kArray, kRuns, BitmapContainer()}) {
    for (std::size_t size = 0; size < std::min<std::size_t>(file.size(), 40); ++size) {
      EXPECT_FALSE(ParseDeletionBitmap(Prefix(file, size), 1 << 20).has_value()) << size;
    }
    const std::string longer = file + '\0';
    EXPECT_FALSE(ParseDeletionBitmap(BytesOf(longer), 1 << 20).has_value());
  }
  EXPECT_EQ(TextOf(kArray, 9), "deletion bitmap: row 9 of 9");
  EXPECT_EQ(TextOf(FromHex("3c300000 00000000")), "not a deletion bitmap: it begins with 12348");
  EXPECT_EQ(TextOf(FromHex("3a300000 ffffffff")), "deletion bitmap: 4294967295 containers");
  EXPECT_EQ(TextOf(FromHex("3a300000 01000000 0000 0100 10000000 0200 0100")), "deletion bitmap: row 1 is out of order");
  EXPECT_EQ(TextOf(FromHex("3b300000 01 0000 0100 0200 0100 0000 0100 0000")), "deletion bitmap: row 1 is out of order");
  EXPECT_EQ(TextOf(FromHex("3b300000 01 0000 0100 0100 ffff 0100")), "deletion bitmap: a run of 2 rows begins at 65535");
  EXPECT_EQ(TextOf(FromHex("3b300000 01 0000 0500 0100 0000 0100")), "deletion bitmap: 2 rows in a container of 6");
  EXPECT_EQ(TextOf(FromHex("3b300100 03 0100 0000 0100 0000 0100 0000 0000 0100 0000 0000")),
            "deletion bitmap: the containers do not ascend");
}

class DeletionArrayTest : public ::testing::TestWithParam<const char*> {
 protected:
  std::string file_ = FileText(std::string("tests/data/") + GetParam());
};

TEST_P(DeletionArrayTest, ReadsRowsInAnyOrder) {
  const auto ranges = ParseDeletionFile(Kind::kArrowArray, BytesOf(file_), 1198);
  ASSERT_TRUE(ranges.has_value()) << ranges.error().message;
  ASSERT_EQ(ranges->size(), 400u);
  for (std::size_t i = 0; i < 400; ++i) {
    EXPECT_EQ((*ranges)[i].begin, i * 3);
    EXPECT_EQ((*ranges)[i].end, i * 3 + 1);
  }
  const auto beyond = ParseDeletionArray(BytesOf(file_), 1197);
  ASSERT_FALSE(beyond.has_value());
  EXPECT_EQ(beyond.error().message, "deletion array: row 1197 of 1197");
}

TEST_P(DeletionArrayTest, SurvivesDamage) {
  for (std::size_t size = 0; size < file_.size(); ++size) {
    EXPECT_FALSE(ParseDeletionArray(Prefix(file_, size), 1198).has_value()) << size;
  }
  for (std::size_t at = 0; at < file_.size(); ++at) {
    for (const int bit : {0, 3, 7}) {
      std::string damaged = file_;
      damaged[at] = static_cast<char>(damaged[at] ^ 1 << bit);
      const auto ranges = ParseDeletionArray(BytesOf(damaged), 1198);
      if (!ranges) continue;
      for (const RowRange& range : *ranges) {
        EXPECT_LT(range.begin, range.end);
        EXPECT_LE(range.end, 1198u);
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Files, DeletionArrayTest,
                         ::testing::Values("deletions-zstd.arrow", "deletions-lz4.arrow", "deletions-plain.arrow"));

TEST(DeletionFileTest, TakesTheKindThatTheManifestNames) {
  EXPECT_TRUE(ParseDeletionFile(Kind::kBitmap, BytesOf(kArray), 10).has_value());
  EXPECT_FALSE(ParseDeletionFile(Kind::kArrowArray, BytesOf(kArray), 10).has_value());
}

TEST(DeletionFileTest, ReadsTheCorpus) {
  for (const char* extension : {".arrow", ".bin"}) {
    for (const auto& path : CorpusFiles(extension)) {
      if (path.parent_path().filename() != "_deletions") continue;
      const std::string file = FileText(path);
      const Kind kind = std::string_view(extension) == ".bin" ? Kind::kBitmap : Kind::kArrowArray;
      const auto ranges = ParseDeletionFile(kind, BytesOf(file), std::uint64_t{1} << 32);
      EXPECT_TRUE(ranges.has_value() && !ranges->empty()) << path;
    }
  }
}

}  // namespace
}  // namespace lancekit::format
