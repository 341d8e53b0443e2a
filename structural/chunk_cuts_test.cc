#include "structural/chunk_cuts.h"

#include <gtest/gtest.h>

#include <bit>
#include <numeric>
#include <random>

#include "base/checked_math.h"
#include "encodings/definitions.h"
#include "encodings/encoding_testing.h"
#include "structural/mini_block.h"

namespace lancekit {
namespace {

/// Entries of lists of which some are empty: 0 has a value, 1 has none.
struct Lists {
  Lists(std::uint64_t num_values, unsigned percent_empty, unsigned seed) {
    std::mt19937 random(seed);
    for (std::uint64_t left = num_values; left != 0;) {
      const bool empty = random() % 100 < percent_empty;
      def.push_back(empty ? 1 : 0);
      rep.push_back(empty || random() % 3 == 0 ? 1 : 0);
      left -= empty ? 0 : 1;
    }
    entries.rep = rep;
    entries.def = def;
    entries.count = def.size();
    entries.max_rep = entries.max_def = 1;
    entries.max_visible = 0;
    entries.SetBits();
  }
  std::vector<std::uint16_t> rep, def;
  PageEntries entries;
};

std::vector<std::uint64_t> SizesOf(const ChunkCuts& cuts, std::uint64_t num_values) {
  std::vector<std::uint64_t> sizes;
  for (std::uint64_t first = 0; first < num_values; first += sizes.back()) sizes.push_back(cuts.ChunkSize(first));
  return sizes;
}

/// Of the levels, both of so many bits, and of what each chunk has besides.
std::uint64_t TotalBytes(const std::vector<std::uint64_t>& counts, int width) {
  constexpr std::uint64_t kChunk = 48;
  std::uint64_t bytes = kChunk * counts.size();
  for (const std::uint64_t count : counts) bytes += 2 * AlignUp(OutOfLineBitpackedBytes(count, width, 16), 8);
  return bytes;
}

void CheckCuts(const ChunkEncoder& encoder, std::uint64_t num_values, unsigned percent_empty) {
  const Lists lists(num_values, percent_empty, static_cast<unsigned>(num_values));
  ChunkCuts cuts(lists.entries, encoder, num_values);
  const std::vector<std::uint64_t> before = cuts.EntryCounts();
  cuts.FillBlocks(1, 1);
  const std::vector<std::uint64_t> sizes = SizesOf(cuts, num_values), counts = cuts.EntryCounts();
  ASSERT_EQ(std::accumulate(sizes.begin(), sizes.end(), std::uint64_t{0}), num_values);
  ASSERT_EQ(std::accumulate(counts.begin(), counts.end(), std::uint64_t{0}), lists.entries.count);
  ASSERT_EQ(sizes.size(), counts.size());
  std::uint64_t first = 0;
  for (std::size_t i = 0; i < sizes.size(); first += sizes[i++]) {
    EXPECT_TRUE(i + 1 == sizes.size() || (std::has_single_bit(sizes[i]) && sizes[i] >= 2)) << sizes[i];
    EXPECT_LE(sizes[i], encoder.ChunkSize(first));
    EXPECT_LE(counts[i], mini_block::kMaxLevels);
  }
  if (encoder.BytesOfBlock() == 0) {
    EXPECT_LE(TotalBytes(counts, 1), TotalBytes(before, 1));
  }
}

TEST(ChunkCuts, AreChunksOfTheFormat) {
  std::mt19937 random(1);
  for (const std::uint64_t num_values : {1u, 2u, 255u, 256u, 257u, 1000u, 5000u, 33'333u}) {
    std::vector<std::uint32_t> numbers(num_values);
    for (std::uint32_t& number : numbers) number = random() % 1000;
    const auto values = testing::Numbers(numbers);
    for (const unsigned percent_empty : {1u, 20u, 60u}) {
      SCOPED_TRACE(std::to_string(num_values) + " values, empty " + std::to_string(percent_empty));
      CheckCuts(*MakeFlatEncoder(values.View()), num_values, percent_empty);
      CheckCuts(*MakeInlineBitpackingEncoder(values.View()), num_values, percent_empty);
      CheckCuts(*MakeFlatEncoder(values.View(), {.bytes = 1 << 16, .values = 16'384}), num_values, percent_empty);
    }
  }
}

// How much depends on how many entries go with a chunk of values.
TEST(ChunkCuts, WasteLessThanChunksOfOneSize) {
  constexpr std::uint64_t kValues = 40'000;
  const auto values = testing::Numbers(std::vector<std::uint8_t>(kValues, 7));
  const auto encoder = MakeFlatEncoder(values.View());
  std::uint64_t before = 0, after = 0;
  for (unsigned percent_empty = 5; percent_empty <= 60; percent_empty += 5) {
    const Lists lists(kValues, percent_empty, percent_empty);
    ChunkCuts cuts(lists.entries, *encoder, kValues);
    before += TotalBytes(cuts.EntryCounts(), 3);
    cuts.FillBlocks(3, 3);
    after += TotalBytes(cuts.EntryCounts(), 3);
  }
  EXPECT_LT(after, before);
}

TEST(ChunkCuts, LeaveThePlanInsideAChunk) {
  const auto values = testing::Numbers(std::vector<std::uint8_t>(10'000, 7));
  const auto encoder = MakeFlatEncoder(values.View());
  const Lists lists(10'000, 30, 5);
  ChunkCuts cuts(lists.entries, *encoder, 10'000);
  cuts.FillBlocks(1, 1);
  EXPECT_EQ(cuts.ChunkSize(1000), encoder->ChunkSize(1000));
}

}  // namespace
}  // namespace lancekit
