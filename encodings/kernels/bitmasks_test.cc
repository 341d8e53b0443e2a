#include "encodings/kernels/bitmasks.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

namespace lancekit::kernels {
namespace {

constexpr std::size_t kCounts[] = {0, 1, 7, 31, 32, 33, 63, 64, 65, 127, 128, 1000, 1024, 4099};
constexpr std::uint64_t kUntouched = 0x5a5a5a5a5a5a5a5a;

std::vector<const KernelTable*> Tables() {
  std::vector<const KernelTable*> tables;
  for (const CpuLevel level : kAllCpuLevels) {
    if (TableFor(level) != nullptr) tables.push_back(TableFor(level));
  }
  return tables;
}

/// Sparse, dense, all and no bits of `count`.
std::vector<std::vector<std::uint64_t>> Masks(std::size_t count) {
  std::mt19937_64 random(count);
  std::vector<std::vector<std::uint64_t>> masks;
  for (const unsigned of_eight : {0U, 1U, 4U, 7U, 8U}) {
    masks.emplace_back(MaskWords(count));
    for (std::size_t i = 0; i < count; ++i) masks.back()[i / 64] |= std::uint64_t{random() % 8 < of_eight} << (i % 64);
  }
  return masks;
}

TEST(MaskRange, EqualsPlainLoops) {
  std::mt19937_64 random(1);
  for (const std::size_t count : kCounts) {
    std::vector<std::uint16_t> levels(count);
    for (auto& level : levels) level = static_cast<std::uint16_t>(random() % 5 == 0 ? 0xFFFF - random() % 3 : random() % 5);
    const auto withs = Masks(count);
    for (const auto& [low, high] : {std::pair(0, 0), std::pair(0, 2), std::pair(1, 0xFFFF), std::pair(3, 3), std::pair(0, 0xFFFF),
                                    std::pair(0xFFFE, 0xFFFF)}) {
      for (std::size_t with = 0; with <= withs.size(); ++with) {
        const std::uint64_t* const mask = with == withs.size() ? nullptr : withs[with].data();
        std::vector<std::uint64_t> expected(MaskWords(count) + 1);
        expected.back() = kUntouched;
        std::size_t total = 0;
        for (std::size_t i = 0; i < count; ++i) {
          const bool found = levels[i] >= low && levels[i] <= high && (mask == nullptr || HasBit(mask, i));
          expected[i / 64] |= i / 64 + 1 == expected.size() ? 0 : std::uint64_t{found} << (i % 64);
          total += found;
        }
        for (const KernelTable* const table : Tables()) {
          std::vector<std::uint64_t> got(MaskWords(count) + 1, kUntouched);
          EXPECT_EQ(table->mask_range(levels.data(), count, static_cast<std::uint16_t>(low), static_cast<std::uint16_t>(high),
                                      mask, got.data()),
                    total);
          ASSERT_EQ(got, expected) << count << " levels from " << low << " to " << high;
        }
      }
    }
  }
}

TEST(SelectBits, EqualsPlainLoops) {
  for (const std::size_t count : kCounts) {
    for (const auto& in : Masks(count + 1)) {
      for (const auto& mask : Masks(count)) {
        std::vector<std::uint64_t> expected(MaskWords(count) + 1);
        std::size_t num_selected = 0, total = 0;
        for (std::size_t i = 0; i < count; ++i) {
          if (!HasBit(mask.data(), i)) continue;
          expected[num_selected / 64] |= std::uint64_t{HasBit(in.data(), i)} << (num_selected % 64);
          total += HasBit(in.data(), i);
          ++num_selected;
        }
        for (const KernelTable* const table : Tables()) {
          std::vector<std::uint64_t> got(MaskWords(count) + 1, kUntouched);
          EXPECT_EQ(table->select_bits(in.data(), mask.data(), mask.size(), got.data()), total);
          got.resize(num_selected / 64 + 1);
          expected.resize(got.size());
          ASSERT_EQ(got, expected) << num_selected << " of " << count;
        }
      }
    }
  }
}

TEST(ListStarts, CountItemsBeforeSlots) {
  for (const std::size_t count : kCounts) {
    for (const auto& slots : Masks(count)) {
      for (const auto& items : Masks(count)) {
        // Beyond 32 bits, so that narrow starts wrap around.
        const std::uint64_t first = 0xFFFFFFFE;
        std::uint64_t end = first;
        std::vector<std::uint64_t> expected;
        for (std::size_t i = 0; i < count; ++i) {
          if (HasBit(slots.data(), i)) expected.push_back(end);
          end += HasBit(items.data(), i);
        }
        const std::vector<std::uint32_t> narrow(expected.begin(), expected.end());
        for (const KernelTable* const table : Tables()) {
          constexpr std::uint32_t kBehind = 0xABCDABCD;
          std::vector<std::uint64_t> wide_got(expected.size() + kSpareBytes / 8 + 16, kBehind);
          std::vector<std::uint32_t> narrow_got(expected.size() + kSpareBytes / 4 + 32, kBehind);
          EXPECT_EQ(table->list_starts8(slots.data(), items.data(), slots.size(), first, wide_got.data()), end);
          EXPECT_EQ(table->list_starts4(slots.data(), items.data(), slots.size(), first, narrow_got.data()), end);
          ASSERT_EQ(std::count(wide_got.end() - 16, wide_got.end(), kBehind), 16);
          ASSERT_EQ(std::count(narrow_got.end() - 32, narrow_got.end(), kBehind), 32);
          wide_got.resize(expected.size());
          narrow_got.resize(expected.size());
          ASSERT_EQ(wide_got, expected);
          ASSERT_EQ(narrow_got, narrow);
        }
      }
    }
  }
}

}  // namespace
}  // namespace lancekit::kernels
