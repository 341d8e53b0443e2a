#include "encodings/kernels/arithmetic.h"

#include <gtest/gtest.h>

#include <bit>
#include <cstring>
#include <random>
#include <vector>

#include "encodings/kernels/bitpack.h"

namespace lancekit::kernels {
namespace {

constexpr std::size_t kCounts[] = {0, 1, 2, 3, 4, 7, 8, 9, 31, 64, 65, 1000, 1024, 4099};

template <class T>
class ArithmeticTest : public ::testing::Test {};
using ValueTypes = ::testing::Types<std::uint8_t, std::uint16_t, std::uint32_t, std::uint64_t>;
TYPED_TEST_SUITE(ArithmeticTest, ValueTypes);

template <class T>
std::vector<T> RandomValues(std::size_t count) {
  std::mt19937_64 random(count);
  std::vector<T> values(count);
  for (T& value : values) value = static_cast<T>(random());
  return values;
}

TYPED_TEST(ArithmeticTest, EveryLevelEqualsPlainLoops) {
  using T = TypeParam;
  for (const std::size_t count : kCounts) {
    const std::vector<T> values = RandomValues<T>(count);
    const T first = static_cast<T>(0x8123456789ABCDEF);
    std::vector<T> added = values, sums = values;
    T sum = first;
    for (T& value : added) value = static_cast<T>(value + first);
    for (T& value : sums) value = sum = static_cast<T>(sum + value);
    for (const CpuLevel level : kAllCpuLevels) {
      const KernelTable* const table = TableFor(level);
      if (table == nullptr) continue;
      std::vector<T> got = values;
      table->Typed<T>().add(got.data(), count, first);
      EXPECT_EQ(got, added);
      got = values;
      table->Typed<T>().sum(got.data(), count, first, got.data());
      EXPECT_EQ(got, sums) << "in place, " << count;
      std::vector<T> beside(count + 1);
      table->Typed<T>().sum(values.data(), count, first, beside.data() + 1);
      EXPECT_TRUE(std::equal(sums.begin(), sums.end(), beside.begin() + 1)) << count;
    }
  }
}

TYPED_TEST(ArithmeticTest, EveryLevelScales) {
  using T = TypeParam;
  // The largest factor too: products of narrow types must not become signed.
  for (const T factor : {T{3}, static_cast<T>(-1), static_cast<T>(0x8123456789ABCDEF)}) {
    for (const std::size_t count : kCounts) {
      std::vector<T> values = RandomValues<T>(count);
      if (count != 0) values[count / 2] = static_cast<T>(-1);
      for (const CpuLevel level : kAllCpuLevels) {
        const KernelTable* const table = TableFor(level);
        if (table == nullptr) continue;
        std::vector<T> got = values;
        table->Typed<T>().scale(got.data(), count, factor, T{7});
        for (std::size_t i = 0; i < count; ++i)
          ASSERT_EQ(got[i], static_cast<T>(7 + std::uint64_t{factor} * values[i])) << i << " of " << count;
      }
    }
  }
}

TYPED_TEST(ArithmeticTest, EveryLevelStoresStairs) {
  using T = TypeParam;
  std::mt19937 random(3);
  for (const unsigned most_length : {1U, 3U, 40U, 700U}) {
    const std::vector<T> firsts = RandomValues<T>(50);
    std::vector<std::uint32_t> lengths(firsts.size());
    std::size_t total = 0;
    for (std::uint32_t& length : lengths) total += length = 1 + static_cast<std::uint32_t>(random() % most_length);
    for (const T step : {T{0}, T{1}, static_cast<T>(-3)}) {
      for (const std::size_t most : {total, total - lengths.back() + 1}) {  // the last run as far as there is room
        std::vector<T> expected;
        for (std::size_t run = 0; run < firsts.size(); ++run) {
          for (std::uint32_t i = 0; i < lengths[run] && expected.size() < most; ++i)
            expected.push_back(static_cast<T>(firsts[run] + std::uint64_t{step} * i));
        }
        for (const CpuLevel level : kAllCpuLevels) {
          const KernelTable* const table = TableFor(level);
          if (table == nullptr) continue;
          std::vector<std::byte> out(1 + most * sizeof(T) + kStairsOvershoot + 1, std::byte{0x5A});
          ASSERT_EQ(table->Typed<T>().stairs(firsts.data(), lengths.data(), firsts.size(), step, most, out.data() + 1), most);
          ASSERT_EQ(std::memcmp(out.data() + 1, expected.data(), most * sizeof(T)), 0) << most_length;
          ASSERT_EQ(out.front(), std::byte{0x5A});
          ASSERT_EQ(out.back(), std::byte{0x5A});
        }
      }
    }
    for (const CpuLevel level : kAllCpuLevels) {
      const KernelTable* const table = TableFor(level);
      if (table == nullptr) continue;
      std::vector<std::byte> out(total * sizeof(T) + kStairsOvershoot);
      const auto stairs = [&](std::size_t most) {
        return table->Typed<T>().stairs(firsts.data(), lengths.data(), firsts.size(), T{1}, most, out.data());
      };
      EXPECT_EQ(stairs(total - lengths.back()), 0u);  // the last run lies behind the end
      std::vector<std::uint32_t> damaged = lengths;
      damaged[20] = 0;
      EXPECT_EQ(table->Typed<T>().stairs(firsts.data(), damaged.data(), damaged.size(), T{1}, total, out.data()), 0u);
    }
  }
}

template <class Inner, class T>
void CheckWiden() {
  for (const std::size_t count : kCounts) {
    const std::vector<Inner> values = RandomValues<Inner>(count);
    const std::uint64_t base = 0xFEDCBA9876543210;
    for (const CpuLevel level : kAllCpuLevels) {
      const KernelTable* const table = TableFor(level);
      if (table == nullptr) continue;
      const auto widen = table->widen[std::countr_zero(sizeof(Inner))][std::countr_zero(sizeof(T))];
      // At odd addresses.
      std::vector<std::byte> in(count * sizeof(Inner) + 1), out(count * sizeof(T) + 1);
      if (count != 0) std::memcpy(in.data() + 1, values.data(), count * sizeof(Inner));
      widen(in.data() + 1, count, base, out.data() + 1);
      for (std::size_t i = 0; i < count; ++i) {
        T got;
        std::memcpy(&got, out.data() + 1 + i * sizeof(T), sizeof(T));
        ASSERT_EQ(got, static_cast<T>(base + values[i])) << i << " of " << count;
      }
    }
  }
}

TEST(Widen, EveryPairOfWidths) {
  CheckWiden<std::uint8_t, std::uint16_t>();
  CheckWiden<std::uint8_t, std::uint32_t>();
  CheckWiden<std::uint8_t, std::uint64_t>();
  CheckWiden<std::uint16_t, std::uint32_t>();
  CheckWiden<std::uint16_t, std::uint64_t>();
  CheckWiden<std::uint32_t, std::uint64_t>();
}

template <class Float, class Int, class Bits>
void CheckAlp(Int most, Float factor, Float inverse) {
  std::mt19937_64 random(5);
  std::vector<Int> integers = {0, 1, -1, most, static_cast<Int>(-most), static_cast<Int>(most - 1)};
  for (int i = 0; i < 2000; ++i) {
    const Int integer = static_cast<Int>(random() % static_cast<std::uint64_t>(most));
    integers.push_back(i % 2 == 0 ? integer : static_cast<Int>(-integer));
  }
  for (const CpuLevel level : kAllCpuLevels) {
    const KernelTable* const table = TableFor(level);
    if (table == nullptr) continue;
    std::vector<std::byte> bytes(integers.size() * sizeof(Int) + 1);
    std::memcpy(bytes.data() + 1, integers.data(), integers.size() * sizeof(Int));
    if constexpr (sizeof(Float) == 8) {
      table->alp8(bytes.data() + 1, integers.size(), factor, inverse);
    } else {
      table->alp4(bytes.data() + 1, integers.size(), factor, inverse);
    }
    for (std::size_t i = 0; i < integers.size(); ++i) {
      Bits got;
      std::memcpy(&got, bytes.data() + 1 + i * sizeof(Float), sizeof(Float));
      // Each product is rounded to the type.
      volatile Float scaled = static_cast<Float>(integers[i]) * factor;
      volatile Float value = scaled * inverse;
      // There is no -0 among integers, whatever 0 is multiplied with.
      ASSERT_EQ(got, std::bit_cast<Bits>(static_cast<Float>(value))) << integers[i];
    }
  }
}

TEST(AlpDecode, EveryLevelRoundsTwice) {
  CheckAlp<double, std::int64_t, std::uint64_t>(std::int64_t{1} << 51, 1e12, 1e-14);
  CheckAlp<double, std::int64_t, std::uint64_t>(std::int64_t{1} << 51, 1.0, 1e-18);
  CheckAlp<float, std::int32_t, std::uint32_t>(1 << 22, 1e3F, 1e-5F);
}

/// With these factors, at all levels.
void CheckUnpacking(double factor, double inverse) {
  std::mt19937_64 random(6);
  constexpr std::int64_t kLimit = std::int64_t{1} << 51;
  for (int width = 1; width <= 51; ++width) {
    std::vector<std::uint64_t> packed_values(kBlockValues);
    for (auto& value : packed_values) value = random() >> (64 - width);
    packed_values[0] = (std::uint64_t{1} << width) - 1;
    std::vector<std::byte> packed(PackedBlockSize(width));
    PackBlock<std::uint64_t>(packed_values.data(), width, packed.data());
    for (const std::int64_t base : {std::int64_t{0}, std::int64_t{-12345}, -(std::int64_t{1} << (width - 1)), -kLimit,
                                    kLimit - (std::int64_t{1} << width)}) {
      std::vector<std::int64_t> integers(kBlockValues);
      for (std::size_t i = 0; i < kBlockValues; ++i) integers[i] = base + static_cast<std::int64_t>(packed_values[i]);
      AlpDecode(reinterpret_cast<std::byte*>(integers.data()), kBlockValues, factor, inverse);
      for (const CpuLevel level : kAllCpuLevels) {
        const KernelTable* const table = TableFor(level);
        if (table == nullptr) continue;
        std::vector<double> got(kBlockValues);
        table->unpack_alp8(packed.data(), width, static_cast<double>(base), factor, inverse, got.data());
        EXPECT_EQ(std::memcmp(got.data(), integers.data(), kBlockValues * sizeof(double)), 0) << width << " bits from " << base;
      }
      std::vector<double> got(kBlockValues);
      EXPECT_TRUE(UnpackAlp(packed.data(), width, base, factor, inverse, got.data()));
      EXPECT_EQ(std::memcmp(got.data(), integers.data(), kBlockValues * sizeof(double)), 0);
    }
    double none[1] = {};
    EXPECT_FALSE(UnpackAlp(packed.data(), width, kLimit - (std::int64_t{1} << width) + 1, factor, inverse, none));
    EXPECT_FALSE(UnpackAlp(packed.data(), width, -kLimit - 1, factor, inverse, none));
  }
}

// With large factors a multiplication and an addition cannot be one.
TEST(AlpDecode, UnpackingGivesTheSame) {
  for (const auto& [factor, inverse] :
       {std::pair(1.0, 1.0), std::pair(1e3, 1e-5), std::pair(1e12, 1e-14), std::pair(1e18, 1e-18)})
    CheckUnpacking(factor, inverse);
}

}  // namespace
}  // namespace lancekit::kernels
