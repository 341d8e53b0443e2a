#include "encodings/level_bits.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <random>
#include <vector>

namespace lancekit {
namespace {

std::vector<std::uint16_t> RandomLevels(std::mt19937* random, std::size_t count, unsigned most, unsigned run) {
  std::vector<std::uint16_t> levels;
  while (levels.size() < count) {
    const auto level = static_cast<std::uint16_t>((*random)() % (most + 1));
    levels.insert(levels.end(), 1 + (*random)() % run, level);
  }
  levels.resize(count);
  return levels;
}

TEST(LevelBitsTest, CountsFindsAndSkips) {
  std::mt19937 random(7);
  for (const std::size_t count : {0u, 1u, 63u, 64u, 65u, 1000u}) {
    for (const std::uint16_t limit : {0, 1, 2, 0x7FFF, 0xFFFE}) {
      std::vector<std::uint16_t> levels = RandomLevels(&random, count, 3, 40);
      for (auto& level : levels) level = static_cast<std::uint16_t>(limit + level - 1);
      const LevelBits bits = LevelBits::Above(levels, limit);
      for (std::uint64_t first = 0; first <= count; first += 1 + random() % 20) {
        for (std::uint64_t end = first; end <= count; end += 1 + random() % 50) {
          std::uint64_t above = 0, last = end;
          for (std::uint64_t i = first; i < end; ++i) {
            ASSERT_EQ(bits[i], levels[i] > limit);
            above += bits[i];
            if (bits[i]) last = i;
          }
          ASSERT_EQ(bits.Count(first, end), above) << first << " " << end;
          ASSERT_EQ(bits.FindLast(first, end), last) << first << " " << end;
          const bool last_is_above = end != first && bits[end - 1];
          if (end != first) {
            ASSERT_EQ(bits.Skip(first, last_is_above ? above : end - first - above, last_is_above), end);
          }
          ASSERT_EQ(bits.Skip(first, 0, true), first);
          for (const bool wanted : {false, true}) {
            std::uint64_t next = first;
            while (next < count && bits[next] != wanted) ++next;
            ASSERT_EQ(bits.Find(first, wanted), next);
          }
        }
      }
    }
  }
}

TEST(LevelBitsTest, RunsAreCounted) {
  std::mt19937 random(8);
  for (const std::size_t count : {0u, 1u, 2u, 64u, 65u, 255u, 256u, 3000u}) {
    for (const unsigned run : {1u, 3u, 300u, 2000u}) {
      const std::vector<std::uint16_t> levels = RandomLevels(&random, count, 2, run);
      const LevelBits changes = LevelBits::Changes(levels);
      for (std::size_t first = 0; first <= count; first += 1 + random() % 100) {
        const std::size_t end = first + random() % (count - first + 1);
        std::uint64_t runs = 0, length = 0;
        for (std::size_t i = first; i < end; ++i) {
          length = i != first && levels[i] == levels[i - 1] && length < 255 ? length + 1 : 1;
          runs += length == 1;
        }
        ASSERT_EQ(changes.CountRuns(first, end, 255), runs) << first << " " << end << " " << run;
      }
    }
  }
}

}  // namespace
}  // namespace lancekit
