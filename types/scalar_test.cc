#include "types/scalar.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

namespace lancekit {
namespace {

TEST(Scalar, HalfFloats) {
  EXPECT_EQ(HalfToFloat(0x3C00), 1.0f);
  EXPECT_EQ(HalfToFloat(0xC000), -2.0f);
  EXPECT_EQ(HalfToFloat(0x0001), 5.9604645e-8f);
  EXPECT_EQ(HalfToFloat(0x7BFF), 65504.0f);
  EXPECT_TRUE(std::isinf(HalfToFloat(0x7C00)));
  EXPECT_TRUE(std::isnan(HalfToFloat(0x7E00)));
  EXPECT_TRUE(std::signbit(HalfToFloat(0x8000)));
}

TEST(Scalar, FloatsAreOrderedWithNanLast) {
  const double inf = std::numeric_limits<double>::infinity(), nan = std::numeric_limits<double>::quiet_NaN();
  const std::vector<double> ascending{-inf, -1, 0, 1, inf, nan};
  for (std::size_t i = 0; i < ascending.size(); ++i) {
    for (std::size_t j = 0; j < ascending.size(); ++j) EXPECT_EQ(CompareFloats(ascending[i], ascending[j]), i <=> j);
  }
  EXPECT_TRUE(CompareFloats(-0.0, 0.0) == 0);
}

TEST(Scalar, WideIntegersAreOrderedBySign) {
  std::byte least[32] = {}, most[16];
  least[31] = std::byte{0x80};
  std::fill(std::begin(most), std::end(most), std::byte{0xFF});
  most[15] = std::byte{0x7F};
  const std::vector<Int256> ascending{Int256::Load(least, 32), Int256::From(std::numeric_limits<std::int64_t>::min()),
                                      Int256::From(-1),        Int256::From(0),
                                      Int256::From(7),         Int256::Load(most, 16)};
  for (std::size_t i = 0; i < ascending.size(); ++i) {
    for (std::size_t j = 0; j < ascending.size(); ++j) EXPECT_EQ(ascending[i] <=> ascending[j], i <=> j);
  }
  std::byte bytes[16];
  Int256::From(-5).Store(bytes, 16);
  EXPECT_EQ(Int256::Load(bytes, 16), Int256::From(-5));
}

TEST(Scalar, BytesAreOrderedUnsignedAndByPrefix) {
  EXPECT_TRUE(Compare(std::string("a"), std::string("a\0b", 3)) < 0);
  EXPECT_TRUE(Compare(std::string("\x7f"), std::string("\xff")) < 0);
  EXPECT_TRUE(Compare(std::string("b"), std::string("aa")) > 0);
  EXPECT_TRUE(Compare(std::string(), std::string()) == 0);
}

TEST(Scalar, DomainsOfTypes) {
  DataType dictionary{.id = TypeId::kDictionary};
  dictionary.children = {{"", {.id = TypeId::kDate32}}};
  EXPECT_EQ(DomainOf(dictionary), Domain::kSigned);
  EXPECT_EQ(DomainOf({.id = TypeId::kBool}), Domain::kUnsigned);
  EXPECT_EQ(DomainOf({.id = TypeId::kFixedSizeBinary}), Domain::kBytes);
  EXPECT_EQ(DomainOf({.id = TypeId::kStruct}), Domain::kNone);
}

}  // namespace
}  // namespace lancekit
