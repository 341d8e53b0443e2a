#include "tools/common/cell_format.h"

#include <gtest/gtest.h>

#include <cmath>

#include "types/array_testing.h"

namespace lancekit::tools {
namespace {

using testing::HandArray;

/// Imports the array as `type` and renders slot i.
std::string Rendered(const DataType& type, HandArray& array, std::int64_t i, const ValueStyle& style) {
  const Field field = testing::MakeField("x", type);
  testing::OwnedSchema schema(field);
  const auto view = ImportArray(field, *schema, array.c());
  EXPECT_TRUE(view) << view.error().message;
  std::string text;
  if (view) AppendValue(*view, i, style, &text);
  return text;
}

constexpr ValueStyle kJson{.json = true};
constexpr ValueStyle kText{};

TEST(CellFormat, NumbersAndNulls) {
  HandArray ints(3, 1);
  ints.AddBuffer<std::uint8_t>({0b1011}).AddBuffer<std::int64_t>({9, -9007199254740993, 5, 7});
  EXPECT_EQ(Rendered({.id = TypeId::kInt64}, ints, 0, kJson), "-9007199254740993");
  EXPECT_EQ(Rendered({.id = TypeId::kInt64}, ints, 0, {.json = true, .int64_strings = true}), "\"-9007199254740993\"");
  EXPECT_EQ(Rendered({.id = TypeId::kInt64}, ints, 1, kJson), "null");
  HandArray doubles(3);
  doubles.AddNullBuffer().AddBuffer<double>({NAN, -INFINITY, 0.1});
  EXPECT_EQ(Rendered({.id = TypeId::kFloat64}, doubles, 0, kJson), "\"NaN\"");
  EXPECT_EQ(Rendered({.id = TypeId::kFloat64}, doubles, 1, kJson), "\"-Infinity\"");
  EXPECT_EQ(Rendered({.id = TypeId::kFloat64}, doubles, 1, kText), "-Infinity");
  EXPECT_EQ(Rendered({.id = TypeId::kFloat64}, doubles, 2, kText), "0.1");
}

TEST(CellFormat, TimesAreReadableOrRaw) {
  HandArray stamps(1);
  stamps.AddNullBuffer().AddBuffer<std::int64_t>({1709212455000123});
  const DataType type{.id = TypeId::kTimestamp, .unit = TimeUnit::kMicro, .timezone = "America/New_York"};
  EXPECT_EQ(Rendered(type, stamps, 0, kJson), "\"2024-02-29T13:14:15.000123Z\"");
  EXPECT_EQ(Rendered(type, stamps, 0, {.json = true, .raw_values = true}), "1709212455000123");
  HandArray dates(2);
  dates.AddNullBuffer().AddBuffer<std::int64_t>({86'400'000, 86'400'001});
  EXPECT_EQ(Rendered({.id = TypeId::kDate64}, dates, 0, kText), "1970-01-02");
  EXPECT_EQ(Rendered({.id = TypeId::kDate64}, dates, 1, kText), "1970-01-02T00:00:00.001");
}

TEST(CellFormat, TextIsEscapedInJson) {
  HandArray texts(2);
  texts.AddNullBuffer().AddBuffer<std::int32_t>({0, 3, 5}).AddBytes("a\"\x1bxy", 5);
  EXPECT_EQ(Rendered({.id = TypeId::kString}, texts, 0, kJson), "\"a\\\"\\u001b\"");
  EXPECT_EQ(Rendered({.id = TypeId::kString}, texts, 1, kText), "xy");
  EXPECT_EQ(Rendered({.id = TypeId::kBinary}, texts, 1, kJson), "\"eHk=\"");
  EXPECT_EQ(Rendered({.id = TypeId::kBinary}, texts, 1, {.binary = BinaryStyle::kHex}), "7879");
  EXPECT_EQ(Rendered({.id = TypeId::kBinary}, texts, 1, {.binary = BinaryStyle::kNone}), "<2 bytes>");
}

TEST(CellFormat, DictionariesAreDecodedAndListsAreArrays) {
  auto words = std::make_unique<HandArray>(2);
  words->AddNullBuffer().AddBuffer<std::int32_t>({0, 2, 5}).AddBytes("noyes", 5);
  HandArray keys(2);
  keys.AddNullBuffer().AddBuffer<std::int8_t>({1, 0});
  keys.SetDictionary(std::move(words));
  const DataType type{
      .id = TypeId::kDictionary, .key_id = TypeId::kInt8, .children = {testing::MakeField("item", {.id = TypeId::kString})}};
  EXPECT_EQ(Rendered(type, keys, 0, kJson), "\"yes\"");
  auto items = std::make_unique<HandArray>(4);
  items->AddBuffer<std::uint8_t>({0b1110}).AddBuffer<float>({0, 2.5f, 3, 4});
  HandArray lists(2);
  lists.AddNullBuffer();
  lists.AddChild(std::move(items));
  const DataType list{
      .id = TypeId::kFixedSizeList, .size = 2, .children = {testing::MakeField("item", {.id = TypeId::kFloat32})}};
  EXPECT_EQ(Rendered(list, lists, 0, kText), "[null,2.5]");
  EXPECT_EQ(Rendered(list, lists, 1, kJson), "[3.0,4.0]");
}

}  // namespace
}  // namespace lancekit::tools
