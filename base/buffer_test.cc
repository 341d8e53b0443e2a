#include "base/buffer.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <numeric>
#include <vector>

namespace lancekit {
namespace {

// Around the sizes from which memory is recycled, aligned to huge pages, and rounded to one and a half of a power of two.
TEST(PooledVector, HoldsItsElementsAtEverySize) {
  for (const std::size_t bytes : {1u << 6, 1u << 8, 3u << 15, 1u << 16, 3u << 19, 1u << 21, 3u << 20}) {
    for (const int more : {-8, 0, 8}) {
      const std::size_t count = (bytes + static_cast<std::size_t>(more)) / sizeof(std::uint64_t);
      PooledVector<std::uint64_t> values(count);
      EXPECT_EQ(reinterpret_cast<std::uintptr_t>(values.data()) % MutableBuffer::kAlignment, 0u);
      std::iota(values.begin(), values.end(), count);
      PooledVector<std::uint64_t> others(count);
      std::iota(others.begin(), others.end(), std::uint64_t{0});
      values.resize(count * 2);
      values.resize(count / 2 + 1);
      values.shrink_to_fit();
      for (std::size_t i = 0; i < values.size(); ++i) ASSERT_EQ(values[i], count + i);
      values.push_back(1);
      EXPECT_EQ(values.back(), 1u);
      for (std::size_t i = 0; i < count; ++i) ASSERT_EQ(others[i], i);
    }
  }
}

TEST(PooledVector, SetsWhatItIsGiven) {
  PooledVector<std::uint16_t> values(100'000, 7);
  EXPECT_EQ(std::accumulate(values.begin(), values.end(), std::uint64_t{0}), 700'000u);
  const PooledVector<std::uint16_t> copy = values;
  values.assign(10, 1);
  EXPECT_EQ(copy.size(), 100'000u);
  EXPECT_EQ(values, (PooledVector<std::uint16_t>(10, 1)));
}

// Memory of one class serves as buffer and as vector in turn.
TEST(PooledVector, SharesThePoolWithBuffers) {
  for (int round = 0; round < 3; ++round) {
    MutableBuffer buffer(200'000);
    buffer.Clear();
    buffer.AppendFill(200'000, std::byte{1});
    {
      const PooledVector<std::byte> vector(200'000, std::byte{2});
    }
    const PooledVector<std::byte> vector(150'000, std::byte{3});
    for (std::size_t i = 0; i < buffer.size(); i += 1000) ASSERT_EQ(buffer.data()[i], std::byte{1});
    for (std::size_t i = 0; i < vector.size(); i += 1000) ASSERT_EQ(vector[i], std::byte{3});
  }
}

}  // namespace
}  // namespace lancekit
