#include "encodings/kernels/stats.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <type_traits>
#include <vector>

namespace lancekit::kernels {
namespace {

constexpr std::size_t kCounts[] = {0, 1, 2, 3, 31, 64, 65, 255, 256, 257, 1000, 4099};

template <class T>
class StatsTest : public ::testing::Test {};
using ValueTypes = ::testing::Types<std::uint8_t, std::uint16_t, std::uint32_t, std::uint64_t>;
TYPED_TEST_SUITE(StatsTest, ValueTypes);

TYPED_TEST(StatsTest, EveryLevelEqualsPlainLoops) {
  using T = TypeParam;
  std::mt19937_64 random(1);
  for (std::size_t count : kCounts) {
    for (unsigned modulus : {1U, 2U, 3U, 251U}) {
      std::vector<T> values(count);
      for (T& value : values) value = static_cast<T>(random() % modulus * 0x0101010101010101);
      std::size_t runs = 0;
      T all = 0;
      for (std::size_t i = 0; i < count; ++i) {
        runs += i == 0 || values[i] != values[i - 1];
        all |= values[i];
      }
      const T max = count == 0 ? T{0} : *std::max_element(values.begin(), values.end());
      EXPECT_EQ(CountRuns(values.data(), count), runs);
      EXPECT_EQ(MaxValue(values.data(), count), max);
      for (CpuLevel level : kAllCpuLevels) {
        const KernelTable* table = TableFor(level);
        if (table == nullptr) continue;
        EXPECT_EQ(table->Typed<T>().count_changes(values.data(), count), count == 0 ? 0 : runs - 1);
        EXPECT_EQ(table->Typed<T>().max(values.data(), count), max);
        EXPECT_EQ(table->Typed<T>().or_all(values.data(), count), all);
      }
    }
  }
}

template <std::size_t kValueBytes>
void ExpectLookUp(std::mt19937_64* random) {
  for (const std::size_t count : kCounts) {
    const std::uint32_t least = 0xFFFFFF00;  // places wrap
    std::vector<std::uint32_t> table(500), expected, actual(count + 1, 7);
    for (auto& entry : table) entry = static_cast<std::uint32_t>((*random)());
    std::vector<std::byte> values(count * kValueBytes + 1);
    for (std::size_t i = 0; i < count; ++i) {
      const std::uint64_t place = (*random)() % table.size();
      const std::uint64_t word = (*random)() << 32 | static_cast<std::uint32_t>(least + place);
      std::memcpy(values.data() + 1 + i * kValueBytes, &word, std::min<std::size_t>(8, kValueBytes));
      expected.push_back(table[place]);
    }
    expected.push_back(7);
    for (const CpuLevel level : kAllCpuLevels) {
      const KernelTable* const kernels = TableFor(level);
      if (kernels == nullptr) continue;
      std::fill(actual.begin(), actual.end(), 7);
      kernels->look_up[std::countr_zero(kValueBytes) - 2](values.data() + 1, count, least, table.data(), actual.data());
      ASSERT_EQ(actual, expected) << kValueBytes << " " << count;
    }
  }
}

TEST(LookUpTest, EveryLevelFindsTheEntries) {
  std::mt19937_64 random(3);
  ExpectLookUp<4>(&random);
  ExpectLookUp<8>(&random);
  ExpectLookUp<16>(&random);
}

TYPED_TEST(StatsTest, SetsOfSmallValues) {
  using T = TypeParam;
  std::mt19937_64 random(2);
  for (std::size_t count : kCounts) {
    for (unsigned modulus : {1U, 7U, 64U}) {
      std::vector<T> values(count);
      std::uint64_t set = 0;
      for (T& value : values) {
        value = static_cast<T>(random() % modulus);
        set |= std::uint64_t{1} << value;
      }
      EXPECT_EQ(SetOf(values.data(), count), set);
      for (CpuLevel level : kAllCpuLevels) {
        const KernelTable* table = TableFor(level);
        if (table != nullptr) {
          EXPECT_EQ(table->Typed<T>().set_of(values.data(), count), set);
        }
      }
    }
  }
}

TEST(MinMax16, EveryLevelTellsWhatFits) {
  std::mt19937_64 random(3);
  for (const std::size_t count : kCounts) {
    if (count == 0) continue;
    for (const int shift : {0, 1, 32, 63}) {
      for (const int wide : {0, 1, 2}) {  // 1: one number that is not, with the right sign; 2: with the wrong one
        std::vector<std::uint64_t> halves;
        std::int64_t least = INT64_MAX, greatest = INT64_MIN;
        for (std::size_t i = 0; i < count; ++i) {
          const auto value = static_cast<std::int64_t>(random()) >> shift;
          halves.push_back(static_cast<std::uint64_t>(value));
          halves.push_back(static_cast<std::uint64_t>(value >> 63));
          least = std::min(least, value);
          greatest = std::max(greatest, value);
        }
        std::uint64_t& upper = halves[2 * (random() % count) + 1];
        if (wide == 1) upper ^= std::uint64_t{1} << 62;
        if (wide == 2) upper = ~upper;
        for (CpuLevel level : kAllCpuLevels) {
          const KernelTable* table = TableFor(level);
          if (table == nullptr) continue;
          std::int64_t min = 0, max = 0;
          ASSERT_EQ(table->min_max16(halves.data(), count, &min, &max), wide == 0);
          if (wide != 0) continue;
          EXPECT_EQ(min, least);
          EXPECT_EQ(max, greatest);
        }
      }
    }
  }
}

template <class T>
class MinMaxTest : public ::testing::Test {};
using NumberTypes = ::testing::Types<std::int8_t, std::uint8_t, std::int16_t, std::uint16_t, std::int32_t, std::uint32_t,
                                     std::int64_t, std::uint64_t>;
TYPED_TEST_SUITE(MinMaxTest, NumberTypes);

TYPED_TEST(MinMaxTest, EveryLevelEqualsTheStandard) {
  using T = TypeParam;
  using U = std::make_unsigned_t<T>;
  constexpr U kFlip = std::is_signed_v<T> ? static_cast<U>(U{1} << (8 * sizeof(T) - 1)) : U{0};
  std::mt19937_64 random(1);
  for (std::size_t count : kCounts) {
    if (count == 0) continue;
    std::vector<T> values(count);
    for (T& value : values) value = static_cast<T>(random());
    const auto [least, greatest] = std::minmax_element(values.begin(), values.end());
    T min{}, max{};
    MinMax(values.data(), count, &min, &max);
    EXPECT_EQ(min, *least);
    EXPECT_EQ(max, *greatest);
    for (CpuLevel level : kAllCpuLevels) {
      const KernelTable* table = TableFor(level);
      if (table == nullptr) continue;
      U low = 0, high = 0;
      table->Typed<U>().min_max(reinterpret_cast<const U*>(values.data()), count, kFlip, &low, &high);
      EXPECT_EQ(static_cast<T>(low ^ kFlip), *least);
      EXPECT_EQ(static_cast<T>(high ^ kFlip), *greatest);
    }
  }
}

TYPED_TEST(MinMaxTest, EveryLevelAddsUpExactly) {
  using T = TypeParam;
  using U = std::make_unsigned_t<T>;
  constexpr U kFlip = std::is_signed_v<T> ? static_cast<U>(U{1} << (8 * sizeof(T) - 1)) : U{0};
  std::mt19937_64 random(1);
  for (const std::size_t count : kCounts) {
    for (const bool greatest : {false, true}) {
      std::vector<T> values(count);
      __int128 sum = 0;
      unsigned __int128 flipped = 0;
      for (T& value : values) {
        value = greatest ? std::numeric_limits<T>::max() : static_cast<T>(random());
        sum += value;
        flipped += static_cast<U>(static_cast<U>(value) ^ kFlip);
      }
      EXPECT_TRUE(Total(values.data(), count) == sum) << count;
      for (CpuLevel level : kAllCpuLevels) {
        const KernelTable* table = TableFor(level);
        if (table == nullptr) continue;
        EXPECT_TRUE(table->Typed<U>().total(reinterpret_cast<const U*>(values.data()), count, kFlip) == flipped) << count;
      }
    }
  }
}

template <class T>
class FloatMinMaxTest : public ::testing::Test {};
using FloatTypes = ::testing::Types<float, double>;
TYPED_TEST_SUITE(FloatMinMaxTest, FloatTypes);

TYPED_TEST(FloatMinMaxTest, NansAreCountedAndLeftOut) {
  using T = TypeParam;
  using Limits = std::numeric_limits<T>;
  const T special[] = {
      -Limits::infinity(), Limits::lowest(),    -Limits::denorm_min(), T{-0.0}, T{0.0}, Limits::denorm_min(), Limits::max(),
      Limits::infinity(),  Limits::quiet_NaN(), -Limits::quiet_NaN(),  T{-3.5}, T{7}};
  std::mt19937_64 random(1);
  for (std::size_t count : kCounts) {
    for (int round = 0; round < 20; ++round) {
      std::vector<T> values(count), numbers;
      const std::size_t choices = 1 + random() % std::size(special);
      for (T& value : values) {
        value = special[(random() % choices + static_cast<std::size_t>(round)) % std::size(special)];
        if (!std::isnan(value)) numbers.push_back(value);
      }
      T min{}, max{};
      std::size_t num_nans = 0;
      ASSERT_EQ(FloatMinMax(values.data(), count, &min, &max, &num_nans), !numbers.empty());
      EXPECT_EQ(num_nans, count - numbers.size());
      if (numbers.empty()) continue;
      EXPECT_EQ(min, *std::min_element(numbers.begin(), numbers.end()));
      EXPECT_EQ(max, *std::max_element(numbers.begin(), numbers.end()));
    }
  }
}

TYPED_TEST(StatsTest, CountRunsOfAllDifferentValues) {
  std::vector<TypeParam> values(5000);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<TypeParam>(i);
  EXPECT_EQ(CountRuns(values.data(), values.size()), values.size());
}

TEST(ByteStreamSplitTest, EveryLevelSplitsAndMerges) {
  std::mt19937_64 random(1);
  for (CpuLevel level : kAllCpuLevels) {
    const KernelTable* table = TableFor(level);
    if (table == nullptr) continue;
    for (std::size_t size : {std::size_t{4}, std::size_t{8}}) {
      for (std::size_t count : kCounts) {
        std::vector<std::byte> values(count * size), expected(count * size), split(count * size), merged(count * size);
        for (std::byte& byte : values) byte = static_cast<std::byte>(random());
        for (std::size_t i = 0; i < values.size(); ++i) expected[i % size * count + i / size] = values[i];
        (size == 4 ? table->split4 : table->split8)(values.data(), count, split.data());
        EXPECT_EQ(split, expected);
        (size == 4 ? table->merge4 : table->merge8)(split.data(), count, merged.data());
        EXPECT_EQ(merged, values);
      }
    }
  }
}

TEST(ByteStreamSplitTest, PicksTheKernelByValueSize) {
  for (int size : {4, 8}) {
    std::vector<std::byte> values(static_cast<std::size_t>(size) * 3), split(values.size()), merged(values.size());
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<std::byte>(i);
    ByteStreamSplit(values.data(), size, 3, split.data());
    EXPECT_EQ(split[1], static_cast<std::byte>(size));
    ByteStreamMerge(split.data(), size, 3, merged.data());
    EXPECT_EQ(merged, values);
  }
}

}  // namespace
}  // namespace lancekit::kernels
