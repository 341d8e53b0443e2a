#include "filter/literal.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace lancekit::filter {
namespace {

Scaled ScaleText(std::string_view text, std::int32_t scale) { return Scale(*ParseNumber(text), scale); }

TEST(Literals, ScaleNumbersDownwards) {
  EXPECT_EQ(ScaleText("3.5", 0).floor, Int256::From(3));
  EXPECT_FALSE(ScaleText("3.5", 0).is_exact);
  EXPECT_EQ(ScaleText("-3.5", 0).floor, Int256::From(-4));
  EXPECT_EQ(ScaleText("-0.001", 0).floor, Int256::From(-1));
  EXPECT_EQ(ScaleText("0.001", 0).floor, Int256::From(0));
  EXPECT_TRUE(ScaleText("-350e-2", 1).is_exact);
  EXPECT_EQ(ScaleText("-350e-2", 1).floor, Int256::From(-35));
  EXPECT_EQ(ScaleText("007.00", 2).floor, Int256::From(700));
  EXPECT_EQ(ScaleText("1200", -2).floor, Int256::From(12));
  EXPECT_EQ(ScaleText("1e-999999999999", 0).floor, Int256::From(0));
  EXPECT_EQ(ScaleText("-0", 3).floor, Int256::From(0));
  EXPECT_EQ(ScaleText("0e99999", 3).beyond, 0);
  EXPECT_EQ(ScaleText("1e77", 0).beyond, 1);
  EXPECT_EQ(ScaleText("-1e9999999", 0).beyond, -1);
  EXPECT_EQ(ScaleText("57896044618658097711785492504343953926634992332820282019728792003956564819967", 0).beyond, 0);
  EXPECT_EQ(ScaleText("57896044618658097711785492504343953926634992332820282019728792003956564819968", 0).beyond, 1);
  EXPECT_EQ(ScaleText("18446744073709551616", 0).floor, (Int256{{0, 1, 0, 0}}));
}

TEST(Literals, RefuseWhatIsNoNumber) {
  for (const char* text : {"", "-", ".", "1e", "e5", "1e+", "1 ", " 1", "--1", "0x10", "1_000", "inf"})
    EXPECT_FALSE(ParseNumber(text)) << text;
  for (const char* text : {"1.", ".5", "+1", "-1E-5"}) EXPECT_TRUE(ParseNumber(text)) << text;
}

TEST(Literals, RoundToTheFloatType) {
  EXPECT_EQ(*ParseFloat("0.1", TypeId::kFloat64), 0.1);
  EXPECT_EQ(*ParseFloat("0.1", TypeId::kFloat32), static_cast<double>(0.1f));
  EXPECT_EQ(*ParseFloat("0.1", TypeId::kFloat16), static_cast<double>(HalfToFloat(0x2E66)));
  EXPECT_EQ(*ParseFloat("65519.9", TypeId::kFloat16), 65504.0);
  EXPECT_EQ(*ParseFloat("65520", TypeId::kFloat16), std::numeric_limits<double>::infinity());
  EXPECT_EQ(*ParseFloat("-3e-8", TypeId::kFloat16), -static_cast<double>(HalfToFloat(1)));
  EXPECT_EQ(*ParseFloat("+1e39", TypeId::kFloat32), std::numeric_limits<double>::infinity());
  EXPECT_EQ(*ParseFloat("-1e400", TypeId::kFloat64), -std::numeric_limits<double>::infinity());
  EXPECT_EQ(*ParseFloat("1e-400", TypeId::kFloat64), 0.0);
  EXPECT_TRUE(std::isnan(*ParseFloat("nAn", TypeId::kFloat32)));
  EXPECT_EQ(*ParseFloat("-Infinity", TypeId::kFloat32), -std::numeric_limits<double>::infinity());
  EXPECT_FALSE(ParseFloat("--inf", TypeId::kFloat64));
}

TEST(Literals, ReadTimes) {
  EXPECT_EQ(ParseDate("1970-1-2")->seconds, 86'400);
  EXPECT_EQ(ParseDate("-0001-03-01")->seconds / 86'400, -719'834);
  EXPECT_EQ(ParseTimestamp("1970-01-01")->seconds, 0);
  EXPECT_EQ(ParseTimestamp("1969-12-31 23:59:59.25")->seconds, -1);
  EXPECT_EQ(ParseTimestamp("1970-01-01T02:00:00+02")->seconds, 0);
  EXPECT_EQ(ParseTimestamp("1970-01-01T02:00:00 +0230")->seconds, -1'800);
  EXPECT_EQ(ParseTimestamp("1970-01-01 00:00-01:30")->seconds, 5'400);
  EXPECT_EQ(ParseTimestamp("1970-01-01 00:00:01 UTC")->seconds, 1);
  EXPECT_EQ(ParseTimestamp("1970-01-01 00:00:01Z")->seconds, 1);
  EXPECT_EQ(ParseTime("23:59:59.125")->seconds, 86'399);
  for (const char* text : {"", "1970", "1970-13-01", "1970-02-29", "99999-01-01", "1970-01-01 24:00", "1970-01-01 1:5",
                           "1970-01-01T", "1970-01-01 00:00:60", "1970-01-01 00:00:00.", "1970-01-01 00:00+2",
                           "1970-01-01 00:00 Europe/Paris", "1970-01-01Z", "1970-01-01 00:00Z1"}) {
    EXPECT_FALSE(ParseTimestamp(text)) << text;
  }
}

TEST(Literals, ScaleTimesDownwards) {
  const Instant instant = *ParseTimestamp("1969-12-31 23:59:59.0015");
  EXPECT_EQ(Scale(instant, 3).floor, Int256::From(-999));
  EXPECT_FALSE(Scale(instant, 3).is_exact);
  EXPECT_EQ(Scale(instant, 6).floor, Int256::From(-998'500));
  EXPECT_TRUE(Scale(instant, 6).is_exact);
  EXPECT_EQ(Scale(instant, 0).floor, Int256::From(-1));
  EXPECT_EQ(ScaleToDays(instant).floor, Int256::From(-1));
  EXPECT_FALSE(ScaleToDays(instant).is_exact);
  EXPECT_TRUE(ScaleToDays(*ParseDate("1960-02-29")).is_exact);
}

}  // namespace
}  // namespace lancekit::filter
