// Tests of the types found for columns of text.
#include "tools/lance-convert/text_types.h"

#include <arrow/builder.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

namespace lancekit::convert {
namespace {

std::shared_ptr<arrow::StringArray> Strings(const std::vector<std::optional<std::string>>& values) {
  arrow::StringBuilder builder;
  for (const auto& value : values) EXPECT_TRUE((value ? builder.Append(*value) : builder.AppendNull()).ok());
  std::shared_ptr<arrow::StringArray> array;
  EXPECT_TRUE(builder.Finish(&array).ok());
  return array;
}

TEST(TextTypes, NamesTheNarrowestKind) {
  const std::pair<const char*, TextKind> cases[] = {
      {"0", TextKind::kInt64},
      {"-17", TextKind::kInt64},
      {"9223372036854775807", TextKind::kInt64},
      {"9223372036854775808", TextKind::kText},  // a double would lose digits
      {"00501", TextKind::kText},
      {"-01.5", TextKind::kText},
      {"+5", TextKind::kText},
      {" 5", TextKind::kText},
      {"0x10", TextKind::kText},
      {"1.5", TextKind::kDouble},
      {"0.5", TextKind::kDouble},
      {"1e5", TextKind::kDouble},
      {"-0", TextKind::kDouble},
      {"NaN", TextKind::kDouble},
      {"nano", TextKind::kText},
      {"1e999", TextKind::kText},
      {"true", TextKind::kBool},
      {"yes", TextKind::kText},
      {"2026-11-21", TextKind::kDate},
      {"2026-02-29", TextKind::kText},
      {"2024-02-29", TextKind::kDate},
      {"2026-11-21 10:00", TextKind::kMicros},
      {"2026-11-21T10:00:00.123456", TextKind::kMicros},
      {"2026-11-21T10:00:00.1234567", TextKind::kNanos},
      {"9999-11-21T10:00:00.1234567", TextKind::kText},  // nanoseconds end in 2262
      {"2026-11-21T10:00:00Z", TextKind::kMicrosUtc},
      {"2026-11-21T24:00:00", TextKind::kText},
      {"2026-11-21T10:00:00.", TextKind::kText},
      {"", TextKind::kText},
  };
  for (const auto& [text, kind] : cases) EXPECT_EQ(NameOf(KindOf(text)), std::string(NameOf(kind))) << text;
}

TEST(TextTypes, JoinIsSymmetricAndOnlyWidens) {
  for (int a = 0; a <= static_cast<int>(TextKind::kText); ++a) {
    for (int b = 0; b <= static_cast<int>(TextKind::kText); ++b) {
      const TextKind joined = Join(static_cast<TextKind>(a), static_cast<TextKind>(b));
      EXPECT_EQ(joined, Join(static_cast<TextKind>(b), static_cast<TextKind>(a)));
      EXPECT_EQ(Join(joined, static_cast<TextKind>(a)), joined);
    }
  }
  EXPECT_EQ(Join(TextKind::kInt64, TextKind::kDouble), TextKind::kDouble);
  EXPECT_EQ(Join(TextKind::kLongInt64, TextKind::kInt64), TextKind::kLongInt64);
  EXPECT_EQ(Join(TextKind::kLongInt64, TextKind::kDouble), TextKind::kText);
  EXPECT_EQ(Join(TextKind::kBool, TextKind::kInt64), TextKind::kText);
  EXPECT_EQ(Join(TextKind::kDate, TextKind::kMicros), TextKind::kMicros);
  EXPECT_EQ(Join(TextKind::kMicros, TextKind::kMicrosUtc), TextKind::kText);
}

TEST(TextTypes, TellsWholeNumbersThatNoDoubleHolds) {
  for (const char* text : {"9007199254740992", "-9007199254740992", "9007199254740994", "-9223372036854775808", "-3", "0"})
    EXPECT_EQ(KindOf(text), TextKind::kInt64) << text;
  for (const char* text : {"9007199254740993", "-9007199254740993", "9223372036854775807", "-9223372036854775807"})
    EXPECT_EQ(KindOf(text), TextKind::kLongInt64) << text;
}

TEST(TextTypes, ConvertsOrNamesTheRowThatDoesNotFit) {
  const auto values = Strings({"1", std::nullopt, "007"});
  auto column = ConvertText(*values, TextKind::kInt64, arrow::default_memory_pool());
  ASSERT_TRUE(column.ok());
  EXPECT_EQ(column->misfit, 2);
  EXPECT_EQ(Join(TextKind::kNull, *values), TextKind::kText);

  column = ConvertText(*Strings({"1970-01-02", "1969-12-31T23:59:59.5", std::nullopt}), TextKind::kMicros,
                       arrow::default_memory_pool());
  ASSERT_TRUE(column.ok());
  ASSERT_EQ(column->misfit, -1);
  const auto& times = static_cast<const arrow::TimestampArray&>(*column->array);
  EXPECT_EQ(times.Value(0), 86'400'000'000);
  EXPECT_EQ(times.Value(1), -500'000);
  EXPECT_TRUE(times.IsNull(2));

  column = ConvertText(*Strings({"2026-01-01T02:00:00+02:00"}), TextKind::kMicrosUtc, arrow::default_memory_pool());
  ASSERT_TRUE(column.ok());
  ASSERT_EQ(column->misfit, -1);
  EXPECT_EQ(static_cast<const arrow::TimestampArray&>(*column->array).Value(0), 1'767'225'600'000'000);

  column = ConvertText(*Strings({std::nullopt, "x"}), TextKind::kNull, arrow::default_memory_pool());
  ASSERT_TRUE(column.ok());
  EXPECT_EQ(column->misfit, 1);
}

}  // namespace
}  // namespace lancekit::convert
