#include <gtest/gtest.h>

#include "structural/page_testing.h"

namespace lancekit {
namespace {

using Layer = format::RepDefLayer;

/// A large_binary in `depth` structs.
LeafType BlobLeaf(std::size_t depth) {
  LeafType leaf = *MakeLeafType({.id = TypeId::kLargeBinary});
  leaf.parents.resize(depth);
  return leaf;
}

// {b: 2 bytes at 1}, null struct, {b: null}, {b: empty}: the numbers that the reference writes.
TEST(BlobPage, SaysWhereBytesLieAndWhatIsNull) {
  const BlobPlace places[] = {{{1, 2}, 0}, {{}, 2}, {{}, 1}, {{}, 0}};
  const EncodedPage page = *WriteBlobPage(places, {Layer::kNullableItem, Layer::kNullableItem}, format::FileVersion::k2_1);
  EXPECT_EQ(page.layout.id, format::LayoutId::kBlob);
  EXPECT_EQ(page.layout.inner->layers, std::vector<Layer>{Layer::kAllValidItem});
  EXPECT_EQ(page.num_rows, 4u);
  const MutableBuffer& chunk = page.buffers[1];
  const std::vector<std::uint64_t> expected{1, 2, 0x20000, 0, 0x10000, 0, 0, 0};
  ASSERT_GE(chunk.size(), 64u);
  for (std::size_t i = 0; i < expected.size(); ++i) {
    EXPECT_EQ(LoadLe<std::uint64_t>(chunk.data() + chunk.size() - 64 + 8 * i), expected[i]) << i;
  }
  const testing::MemoryPage memory(page);
  const LeafType leaf = BlobLeaf(1);
  const auto reader = memory.Open(leaf);
  ASSERT_TRUE(reader) << reader.error().describe();
  PageScratch scratch;
  const ValueRange rows[] = {{0, 4}};
  const auto found = (*reader)->FindBlobs(rows, &scratch);
  ASSERT_TRUE(found) << found.error().describe();
  for (std::size_t row = 0; row < 4; ++row) {
    EXPECT_EQ((*found)[row].bytes.offset, places[row].bytes.offset);
    EXPECT_EQ((*found)[row].bytes.size, places[row].bytes.size);
    EXPECT_EQ((*found)[row].level, places[row].level);
  }
}

TEST(BlobPage, RejectsPlacesOutsideTheFileAndLevelsOutsideTheLayers) {
  for (const BlobPlace& place :
       {BlobPlace{{~std::uint64_t{0}, 2}, 0}, BlobPlace{{0, std::uint64_t{1} << 40}, 0}, BlobPlace{{}, 2}}) {
    const EncodedPage page = *WriteBlobPage({&place, 1}, {Layer::kNullableItem}, format::FileVersion::k2_2);
    const testing::MemoryPage memory(page);
    const LeafType leaf = BlobLeaf(0);
    const auto reader = memory.Open(leaf);
    ASSERT_TRUE(reader) << reader.error().describe();
    const auto array = testing::ReadArray(**reader, leaf, {0, 1});
    ASSERT_FALSE(array);
    EXPECT_EQ(array.error().code, ErrorCode::kCorruption) << array.error().describe();
  }
}

}  // namespace
}  // namespace lancekit
