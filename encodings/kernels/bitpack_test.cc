#include "encodings/kernels/bitpack.h"

#include <gtest/gtest.h>

#include <memory>
#include <random>
#include <vector>

namespace lancekit::kernels {
namespace {

constexpr unsigned kOrder[8] = {0, 4, 2, 6, 1, 5, 3, 7};

// Bit by bit, straight from the definition of the layout.
template <class T>
std::vector<std::byte> NaivePack(const std::vector<T>& values, int width) {
  constexpr unsigned kBits = 8 * sizeof(T);
  constexpr unsigned kLanes = 1024 / kBits;
  std::vector<std::byte> packed(PackedBlockSize(width));
  for (unsigned row = 0; row < kBits; ++row) {
    for (unsigned lane = 0; lane < kLanes; ++lane) {
      const T value = values[kOrder[row / 8] * 16 + row % 8 * 128 + lane];
      for (unsigned b = 0; b < static_cast<unsigned>(width); ++b) {
        const unsigned bit = row * static_cast<unsigned>(width) + b;
        const std::size_t byte = (bit / kBits * kLanes + lane) * sizeof(T) + bit % kBits / 8;
        if ((value >> b) & 1) packed[byte] |= std::byte{1} << (bit % 8);
      }
    }
  }
  return packed;
}

template <class T>
std::vector<T> RandomValues(int width, std::mt19937_64& random) {
  std::vector<T> values(kBlockValues);
  const std::uint64_t mask = width == 0 ? 0 : ~std::uint64_t{0} >> (64 - width);
  for (T& value : values) value = static_cast<T>(random() & mask);
  return values;
}

template <class T>
class BitpackTest : public ::testing::Test {};
using ValueTypes = ::testing::Types<std::uint8_t, std::uint16_t, std::uint32_t, std::uint64_t>;
TYPED_TEST_SUITE(BitpackTest, ValueTypes);

// Heap blocks of the exact size at an odd address: the address sanitizer sees any access outside of them.
TYPED_TEST(BitpackTest, EveryLevelAndWidthEqualsTheNaiveLayout) {
  using T = TypeParam;
  std::mt19937_64 random(1);
  int num_levels = 0;
  for (CpuLevel level : kAllCpuLevels) {
    const KernelTable* table = TableFor(level);
    if (table == nullptr) continue;
    ++num_levels;
    for (int width = 0; width <= static_cast<int>(8 * sizeof(T)); ++width) {
      const std::vector<T> values = RandomValues<T>(width, random);
      const std::vector<std::byte> expected = NaivePack(values, width);
      std::vector<std::byte> packed(expected.size() + 1);
      table->Typed<T>().pack[width](values.data(), packed.data() + 1);
      ASSERT_EQ(std::vector<std::byte>(packed.begin() + 1, packed.end()), expected) << "width " << width;
      std::vector<T> unpacked(kBlockValues, T{7});
      table->Typed<T>().unpack[width](packed.data() + 1, unpacked.data());
      ASSERT_EQ(unpacked, values) << "width " << width;
    }
  }
  EXPECT_GE(num_levels, 1);
}

TYPED_TEST(BitpackTest, UnpackOneEqualsUnpackBlock) {
  using T = TypeParam;
  std::mt19937_64 random(2);
  for (int width = 0; width <= static_cast<int>(8 * sizeof(T)); ++width) {
    const std::vector<T> values = RandomValues<T>(width, random);
    std::vector<std::byte> packed(PackedBlockSize(width));
    PackBlock(values.data(), width, packed.data());
    for (unsigned i = 0; i < kBlockValues; ++i) ASSERT_EQ(UnpackOne<T>(packed.data(), width, i), values[i]) << width << " " << i;
  }
}

TYPED_TEST(BitpackTest, BlockWidthIsTheBitLengthOfTheLargestValue) {
  using T = TypeParam;
  for (int width = 1; width <= static_cast<int>(8 * sizeof(T)); ++width) {
    for (std::size_t count : {std::size_t{1}, std::size_t{77}, kBlockValues}) {
      std::vector<T> values(count);
      values[count / 2] = static_cast<T>(T{1} << (width - 1));
      EXPECT_EQ(BlockWidth(values.data(), count), width);
    }
  }
  EXPECT_EQ(BlockWidth<TypeParam>(nullptr, 0), 0);
}

TEST(BitpackGolden, PositionsOfOneBitValuesOf32Bits) {
  const struct {
    unsigned index, word, bit;
  } cases[] = {{0, 0, 0}, {1, 1, 0}, {31, 31, 0}, {32, 0, 16}, {64, 0, 8}, {96, 0, 24}, {128, 0, 1}, {1023, 31, 31}};
  for (const auto& c : cases) {
    std::vector<std::uint32_t> values(kBlockValues), words(32), expected(32);
    values[c.index] = 1;
    expected[c.word] = 1U << c.bit;
    PackBlock(values.data(), 1, reinterpret_cast<std::byte*>(words.data()));
    EXPECT_EQ(words, expected) << c.index;
  }
}

// Bytes that the official writer wrote for these definition levels.
TEST(BitpackGolden, DefinitionLevelsOf16Bits) {
  std::vector<std::uint16_t> levels(kBlockValues);
  for (unsigned i = 0; i < kBlockValues; ++i) levels[i] = i % 7 == 3;
  std::vector<std::uint8_t> packed(128);
  PackBlock(levels.data(), 1, reinterpret_cast<std::byte*>(packed.data()));
  packed.resize(8);
  EXPECT_EQ(packed, (std::vector<std::uint8_t>{0x20, 0x02, 0x02, 0x10, 0x10, 0x81, 0x81, 0x08}));
}

}  // namespace
}  // namespace lancekit::kernels
