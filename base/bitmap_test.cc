#include "base/bitmap.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

namespace lancekit {
namespace {

TEST(CopyBits, EqualsBitByBitAtEveryAlignment) {
  std::mt19937 random(1);
  std::vector<std::byte> from(64), expected(64), actual(64);
  for (auto& b : from) b = static_cast<std::byte>(random());
  for (unsigned from_bit = 0; from_bit < 17; ++from_bit) {
    for (unsigned to_bit = 0; to_bit < 17; ++to_bit) {
      for (unsigned count : {0u, 1u, 7u, 8u, 9u, 63u, 64u, 65u, 130u, 300u}) {
        for (std::size_t i = 0; i < 64; ++i) expected[i] = actual[i] = static_cast<std::byte>(random());
        for (unsigned i = 0; i < count; ++i) SetBitTo(expected.data(), to_bit + i, GetBit(from.data(), from_bit + i));
        CopyBits(from.data(), from_bit, actual.data(), to_bit, count);
        ASSERT_EQ(expected, actual) << from_bit << ' ' << to_bit << ' ' << count;
      }
    }
  }
}

TEST(FillBits, TouchesOnlyTheRange) {
  for (unsigned to_bit = 0; to_bit < 9; ++to_bit) {
    for (unsigned count : {0u, 1u, 8u, 20u, 100u}) {
      std::vector<std::byte> bits(20, std::byte{0});
      FillBits(bits.data(), to_bit, count, true);
      EXPECT_EQ(CountSetBits(bits.data(), 0, 160), count);
      EXPECT_EQ(CountSetBits(bits.data(), to_bit, count), count);
      FillBits(bits.data(), to_bit, count, false);
      EXPECT_EQ(CountSetBits(bits.data(), 0, 160), 0u);
    }
  }
}

}  // namespace
}  // namespace lancekit
