#include "tools/common/value_text.h"

#include <gtest/gtest.h>

#include <cstring>
#include <limits>

namespace lancekit::tools {
namespace {

template <class Append, class... Args>
std::string Text(Append append, Args... args) {
  std::string text;
  append(args..., &text);
  return text;
}

std::string Decimal(std::int64_t value, int scale, std::size_t bytes = 16) {
  std::byte words[32];
  std::memset(words, value < 0 ? 0xFF : 0, sizeof(words));
  std::memcpy(words, &value, sizeof(value));
  std::string text;
  AppendDecimal({words, bytes}, scale, &text);
  return text;
}

TEST(ValueText, DatesKnowLeapYearsAndFarYears) {
  EXPECT_EQ(Text(&AppendDate, std::int64_t{0}), "1970-01-01");
  EXPECT_EQ(Text(&AppendDate, std::int64_t{-1}), "1969-12-31");
  EXPECT_EQ(Text(&AppendDate, std::int64_t{19782}), "2024-02-29");
  EXPECT_EQ(Text(&AppendDate, std::int64_t{11016}), "2000-02-29");
  EXPECT_EQ(Text(&AppendDate, std::int64_t{-25508}), "1900-03-01");
  EXPECT_EQ(Text(&AppendDate, std::int64_t{2932896}), "9999-12-31");
  EXPECT_EQ(Text(&AppendDate, std::int64_t{2932897}), "+10000-01-01");
  EXPECT_EQ(Text(&AppendDate, std::int64_t{-719529}), "-0001-12-31");
}

TEST(ValueText, TimestampsHaveTheirUnitAndZone) {
  EXPECT_EQ(Text(&AppendTimestamp, std::int64_t{1709212455}, TimeUnit::kSecond, true), "2024-02-29T13:14:15Z");
  EXPECT_EQ(Text(&AppendTimestamp, std::int64_t{-1}, TimeUnit::kMilli, false), "1969-12-31T23:59:59.999");
  EXPECT_EQ(Text(&AppendTimestamp, std::int64_t{1}, TimeUnit::kNano, false), "1970-01-01T00:00:00.000000001");
  // The ends of the range must not overflow.
  EXPECT_FALSE(Text(&AppendTimestamp, std::numeric_limits<std::int64_t>::min(), TimeUnit::kSecond, true).empty());
  EXPECT_FALSE(Text(&AppendTimestamp, std::numeric_limits<std::int64_t>::max(), TimeUnit::kSecond, true).empty());
}

TEST(ValueText, TimesOutsideTheDayStayNumbers) {
  EXPECT_EQ(Text(&AppendTime, std::int64_t{47655123}, TimeUnit::kMilli), "13:14:15.123");
  EXPECT_EQ(Text(&AppendTime, std::int64_t{-5}, TimeUnit::kMicro), "-5");
  EXPECT_EQ(Text(&AppendTime, std::int64_t{86400}, TimeUnit::kSecond), "86400");
}

TEST(ValueText, DurationsAreIso) {
  EXPECT_EQ(Text(&AppendDuration, std::int64_t{0}, TimeUnit::kSecond), "PT0S");
  EXPECT_EQ(Text(&AppendDuration, std::int64_t{93784}, TimeUnit::kSecond), "P1DT2H3M4S");
  EXPECT_EQ(Text(&AppendDuration, std::int64_t{86400}, TimeUnit::kSecond), "P1D");
  EXPECT_EQ(Text(&AppendDuration, std::int64_t{-1500}, TimeUnit::kMilli), "-PT1.5S");
  EXPECT_EQ(Text(&AppendDuration, std::int64_t{3600000000}, TimeUnit::kMicro), "PT1H");
  EXPECT_EQ(Text(&AppendDuration, std::numeric_limits<std::int64_t>::min(), TimeUnit::kNano), "-P106751DT23H47M16.854775808S");
}

TEST(ValueText, DecimalsAreExact) {
  EXPECT_EQ(Decimal(12345, 2), "123.45");
  EXPECT_EQ(Decimal(-5, 3), "-0.005");
  EXPECT_EQ(Decimal(0, 2), "0.00");
  EXPECT_EQ(Decimal(7, -3), "7000");
  EXPECT_EQ(Decimal(0, -3), "0");
  EXPECT_EQ(Decimal(-1, 0, 32), "-1");
  std::byte most[16];
  std::memset(most, 0xFF, sizeof(most));
  most[15] = std::byte{0x7F};
  std::string text;
  AppendDecimal(most, 0, &text);
  EXPECT_EQ(text, "170141183460469231731687303715884105727");
  std::byte least[32] = {};
  least[31] = std::byte{0x80};
  text.clear();
  AppendDecimal(least, 10, &text);
  EXPECT_EQ(text, "-5789604461865809771178549250434395392663499233282028201972879200395.6564819968");
}

TEST(ValueText, BytesAsBase64AndHex) {
  const std::byte bytes[] = {std::byte{0}, std::byte{0xFF}, std::byte{0x10}, std::byte{'a'}};
  std::string text;
  AppendBase64(bytes, &text);
  EXPECT_EQ(text, "AP8QYQ==");
  text.clear();
  AppendBase64(std::span(bytes).first(3), &text);
  EXPECT_EQ(text, "AP8Q");
  text.clear();
  AppendHex(bytes, &text);
  EXPECT_EQ(text, "00ff1061");
}

}  // namespace
}  // namespace lancekit::tools
