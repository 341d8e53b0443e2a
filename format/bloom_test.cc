#include "format/bloom.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace lancekit::format {
namespace {

constexpr std::size_t kValues = 100'000;

std::vector<Scalar> RandomValues(Domain domain, std::mt19937_64* random) {
  std::vector<Scalar> values;
  for (std::size_t i = 0; i < kValues; ++i) {
    const std::uint64_t word = (*random)();
    switch (domain) {
      case Domain::kSigned:
        values.emplace_back(static_cast<std::int64_t>(word));
        break;
      case Domain::kUnsigned:
        values.emplace_back(word);
        break;
      case Domain::kFloating:
        values.emplace_back(std::ldexp(static_cast<double>(word), -static_cast<int>(word % 100)));
        break;
      case Domain::kDecimal:
        values.emplace_back(Int256{{word, (*random)(), 0, 0}});
        break;
      default:
        values.emplace_back(std::to_string(word) + std::string(word % 20, 'x'));
    }
  }
  return values;
}

std::vector<std::byte> FilterOf(const std::vector<Scalar>& values, int bits) {
  std::vector<std::uint64_t> hashes;
  for (const Scalar& value : values) hashes.push_back(BloomHash(value));
  return MakeBloomFilter(hashes, bits);
}

/// The share of values that were not hashed for which all bits are set: blocks get a Poisson number of values, and each of these
/// sets one of 32 bits in each of eight words.
double ExpectedRate(double values_per_block) {
  double rate = 0, weight = std::exp(-values_per_block);
  for (int n = 0; n < 1000; ++n) {
    rate += weight * std::pow(1 - std::pow(31.0 / 32, n), 8);
    weight *= values_per_block / (n + 1);
  }
  return rate;
}

TEST(Bloom, FindsEveryValueOfEveryDomainAndFewOthers) {
  std::mt19937_64 random(7);
  for (const Domain domain : {Domain::kSigned, Domain::kUnsigned, Domain::kFloating, Domain::kDecimal, Domain::kBytes}) {
    for (const int bits : {1, 6, 10, 20, 64}) {
      SCOPED_TRACE(static_cast<int>(domain) * 100 + bits);
      const std::vector<Scalar> values = RandomValues(domain, &random);
      const std::vector<std::byte> blocks = FilterOf(values, bits);
      const double values_per_block = kValues * double{kBloomBlockBytes} / static_cast<double>(blocks.size());
      EXPECT_NEAR(values_per_block, 256.0 / bits, 256.0 / bits * 0.02);
      const BloomFilter filter{blocks};
      for (const Scalar& value : values) ASSERT_TRUE(filter.MayContain(value));
      double found = 0;
      for (const Scalar& other : RandomValues(domain, &random)) found += filter.MayContain(other);
      const double expected = ExpectedRate(values_per_block);
      EXPECT_NEAR(found / kValues, expected, expected * 0.1 + 4 * std::sqrt(expected / kValues));
    }
  }
}

TEST(Bloom, IsSizedForDistinctValuesWithinItsLimit) {
  std::vector<std::uint64_t> hashes;
  for (std::uint64_t i = 0; i < 1'000'000; ++i) hashes.push_back(BloomHash(i % 1000));
  EXPECT_NEAR(static_cast<double>(MakeBloomFilter(hashes, 10).size()), 1250, 64);
  EXPECT_TRUE(MakeBloomFilter({}, 10).empty());
  EXPECT_EQ(MakeBloomFilter(std::span(hashes).first(1), 10).size(), kBloomBlockBytes);
  for (std::size_t i = 0; i < hashes.size(); ++i) hashes[i] = BloomHash(std::uint64_t{i});
  hashes.resize(1'200'000, 1);
  EXPECT_NEAR(static_cast<double>(MakeBloomFilter(hashes, 16).size()), 2e6, 4e4);
  for (std::uint64_t i = 1'000'000; i < 1'200'000; ++i) hashes[i] = BloomHash(i);
  EXPECT_EQ(MakeBloomFilter(hashes, 64).size(), kMaxBloomBytes);
}

TEST(Bloom, EqualValuesAreOne) {
  EXPECT_EQ(BloomHash(-0.0), BloomHash(0.0));
  EXPECT_NE(BloomHash(-1.0), BloomHash(1.0));
  EXPECT_EQ(BloomHash(std::string()), BloomHashOfBytes(""));
  EXPECT_EQ(BloomHash(std::string("a\0b", 3)), BloomHashOfBytes(std::string_view("a\0b", 3)));
  EXPECT_NE(BloomHash(Int256::From(-1)), BloomHash(Int256{{~std::uint64_t{0}, 0, 0, 0}}));
  const BloomFilter nothing_known;
  EXPECT_TRUE(nothing_known.MayContain(1.5));
}

// What stands in files: XXH3 of the value's bytes, and the bits that it sets.
TEST(Bloom, BitsStayWhereTheyAre) {
  EXPECT_EQ(BloomHash(std::int64_t{-2}), BloomHash(~std::uint64_t{1}));
  EXPECT_EQ(BloomHash(std::uint64_t{42}), 15395265915043915720u);
  EXPECT_EQ(BloomHash(1.5), 2693614958850487384u);
  EXPECT_EQ(BloomHash(std::string("lance")), 298432666123985847u);
  EXPECT_EQ(BloomHash(Int256::From(-7)), 17193695767770812494u);
  std::string words;
  for (const std::byte byte : FilterOf({Scalar(std::uint64_t{42})}, 10)) words += fmt::format("{:02x}", static_cast<int>(byte));
  EXPECT_EQ(words, "0000100000000020000000080000800000001000000000020100000020000000");
}

}  // namespace
}  // namespace lancekit::format
