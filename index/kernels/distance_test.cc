#include "index/kernels/distance.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstring>
#include <random>
#include <vector>

namespace lancekit::kernels {
namespace {

/// Values as they are stored, and what they stand for.
struct Stored {
  std::vector<std::byte> bytes;
  std::vector<double> values;
};

Stored Store(Element element, const std::vector<float>& values) {
  Stored stored;
  for (const float value : values) {
    const auto append = [&](auto number) {
      const auto* const from = reinterpret_cast<const std::byte*>(&number);
      stored.bytes.insert(stored.bytes.end(), from, from + sizeof(number));
    };
    switch (element) {
      case Element::kFloat32:
        append(value);
        stored.values.push_back(value);
        break;
      case Element::kFloat16: {  // a multiple of 1/64 below 8 in size: exact
        const double rounded = std::nearbyint(std::fmod(value, 8.0f) * 64) / 64;
        int exponent = 0;
        const double fraction = std::frexp(std::abs(rounded), &exponent);
        const auto sign = static_cast<std::uint16_t>(rounded < 0 ? 0x8000 : 0);
        const auto bits = rounded == 0 ? 0 : (exponent + 14) << 10 | (static_cast<int>(fraction * 2048) & 0x3ff);
        append(static_cast<std::uint16_t>(sign | bits));
        stored.values.push_back(rounded);
        break;
      }
      case Element::kBFloat16: {
        const std::uint32_t bits = std::bit_cast<std::uint32_t>(value) & 0xffff0000u;
        append(static_cast<std::uint16_t>(bits >> 16));
        stored.values.push_back(std::bit_cast<float>(bits));
        break;
      }
      case Element::kInt8: {
        const auto number = static_cast<std::int8_t>(std::fmod(value * 16, 128.0f));
        append(number);
        stored.values.push_back(number);
        break;
      }
    }
  }
  return stored;
}

TEST(Distance, EveryLevelElementAndSize) {
  std::mt19937 random(7);
  std::normal_distribution<float> normal(0, 3);
  int levels = 0;
  for (const DistanceLevel level : kAllDistanceLevels) {
    const DistanceTable* const table = DistancesFor(level);
    if (table == nullptr) continue;
    ++levels;
    for (std::size_t element = 0; element < kNumElements; ++element) {
      for (std::size_t size = 1; size <= 300; size += size < 70 ? 1 : 23) {
        std::vector<float> query(size), values(size);
        for (float& value : query) value = normal(random);
        for (float& value : values) value = normal(random);
        const Stored stored = Store(static_cast<Element>(element), values);
        double square = 0, dot = 0, scale = 1;
        for (std::size_t i = 0; i < size; ++i) {
          const double difference = static_cast<double>(query[i]) - stored.values[i];
          square += difference * difference;
          dot += query[i] * stored.values[i];
          scale += std::abs(query[i] * stored.values[i]);
        }
        EXPECT_NEAR(table->square_of_difference[element](query.data(), stored.bytes.data(), size), square, 1e-5 * (square + 1))
            << "level " << static_cast<int>(level) << " element " << element << " size " << size;
        EXPECT_NEAR(table->dot[element](query.data(), stored.bytes.data(), size), dot, 1e-5 * scale);
      }
    }
  }
  EXPECT_GE(levels, 1);
}

TEST(Distance, HalvesOfAllKinds) {
  const std::pair<std::uint16_t, float> kHalves[] = {
      {0x0000, 0.0f}, {0x3c00, 1.0f}, {0xc000, -2.0f}, {0x0001, 0x1p-24f}, {0x03ff, 1023 * 0x1p-24f}, {0x7bff, 65504.0f}};
  for (const DistanceLevel level : kAllDistanceLevels) {
    const DistanceTable* const table = DistancesFor(level);
    if (table == nullptr) continue;
    for (const auto& [bits, value] : kHalves) {
      std::byte bytes[2];
      std::memcpy(bytes, &bits, 2);
      const float one = 1;
      EXPECT_EQ(table->dot[1](&one, bytes, 1), value) << bits;
    }
  }
}

/// One alone has all bits set.
std::vector<std::vector<std::byte>> RandomRows(std::size_t count, std::size_t row_bytes, std::mt19937* random) {
  std::vector<std::vector<std::byte>> rows(count, std::vector<std::byte>(row_bytes));
  for (auto& row : rows) {
    for (std::byte& code : row) code = static_cast<std::byte>(count == 1 ? 255 : (*random)());
  }
  return rows;
}

TEST(Distance, ProductsOfCodesAreExact) {
  std::mt19937 random(9);
  for (const DistanceLevel level : kAllDistanceLevels) {
    const DistanceTable* const table = DistancesFor(level);
    if (table == nullptr) continue;
    for (const std::size_t row_bytes : {64u, 128u, 832u}) {
      for (std::size_t count = 1; count <= 9; ++count) {
        std::vector<std::int8_t> query(2 * row_bytes);
        for (std::int8_t& code : query) code = static_cast<std::int8_t>(count == 1 ? -128 : static_cast<int>(random()));
        const std::vector<std::vector<std::byte>> rows = RandomRows(count, row_bytes, &random);
        std::vector<const std::byte*> at;
        for (const auto& row : rows) at.push_back(row.data());
        std::vector<std::int32_t> sums(count);
        table->dot_codes(query.data(), at.data(), count, row_bytes, sums.data());
        for (std::size_t i = 0; i < count; ++i) {
          std::int32_t sum = 0;
          for (std::size_t k = 0; k < row_bytes; ++k) {
            const auto both = static_cast<std::int32_t>(rows[i][k]);
            sum += query[k] * (both % 16) + query[row_bytes + k] * (both / 16);
          }
          EXPECT_EQ(sums[i], sum) << "level " << static_cast<int>(level) << " row " << i << " of " << count;
        }
      }
    }
  }
}

TEST(Distance, SumsOfBitsAreExact) {
  std::mt19937 random(10);
  for (const DistanceLevel level : kAllDistanceLevels) {
    const DistanceTable* const table = DistancesFor(level);
    if (table == nullptr) continue;
    for (const std::size_t row_bytes : {8u, 16u, 24u, 32u, 40u, 104u, 128u, 4096u}) {
      for (std::size_t count = 1; count <= 9; ++count) {
        std::vector<std::int8_t> query((row_bytes + kBitBlock - 1) / kBitBlock * kBitBlock * 8);
        for (std::int8_t& code : query) code = static_cast<std::int8_t>(count == 1 ? -127 : static_cast<int>(random()));
        const std::vector<std::vector<std::byte>> rows = RandomRows(count, row_bytes, &random);
        std::vector<const std::byte*> at;
        for (const auto& row : rows) at.push_back(row.data());
        std::vector<std::int32_t> sums(count);
        table->dot_bits(query.data(), at.data(), count, row_bytes, sums.data());
        for (std::size_t i = 0; i < count; ++i) {
          std::int32_t sum = 0;
          for (std::size_t k = 0; k < 8 * row_bytes; ++k)
            sum += (static_cast<int>(rows[i][k / 8]) >> (k % 8) & 1) != 0 ? query[BitPlace(k)] : 0;
          EXPECT_EQ(sums[i], sum) << "level " << static_cast<int>(level) << " row " << i << " of " << count << ", " << row_bytes;
        }
      }
    }
  }
}

/// Codes are the same on every CPU.
TEST(Distance, EncodesAtEveryLevelAlike) {
  std::mt19937 random(3);
  std::normal_distribution<float> normal(0, 60);
  for (const std::size_t size : {1u, 15u, 16u, 33u, 200u}) {
    std::vector<float> values(size), center(size);
    for (float& value : values) value = normal(random);
    for (float& value : center) value = std::nearbyint(normal(random) / 20);
    values[0] = center[0] + 2.5f;  // to even
    for (const float step : {0.7f, 1.0f, 3.1f}) {
      std::vector<std::uint8_t> expected;
      std::int32_t norm = 0, sum = 0;
      for (std::size_t i = 0; i < size; ++i) {
        const float code = std::min(127.0f, std::max(-128.0f, std::nearbyint((values[i] - center[i]) * (1 / step))));
        const auto number = static_cast<std::int32_t>(code);
        expected.push_back(static_cast<std::uint8_t>(number ^ 0x80));
        norm += number * number, sum += number;
      }
      for (const DistanceLevel level : kAllDistanceLevels) {
        const DistanceTable* const table = DistancesFor(level);
        if (table == nullptr) continue;
        std::vector<std::uint8_t> codes(size);
        const CodeSums sums = table->encode(values.data(), center.data(), size, step, 1 / step, 0x80, codes.data());
        EXPECT_EQ(codes, expected) << "level " << static_cast<int>(level) << " step " << step;
        EXPECT_EQ(sums.norm, norm);
        EXPECT_EQ(sums.sum, sum);
        EXPECT_FALSE(sums.exact);
        const Reach reach = table->reach(values.data(), center.data(), size, 1 / step);
        float most = 0;
        for (std::size_t i = 0; i < size; ++i) most = std::max(most, std::abs((values[i] - center[i]) * (1 / step)));
        EXPECT_FLOAT_EQ(reach.most, most);
      }
    }
  }
}

}  // namespace
}  // namespace lancekit::kernels
