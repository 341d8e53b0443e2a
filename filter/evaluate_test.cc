#include "filter/evaluate.h"

#include <gtest/gtest.h>

#include "base/bitmap.h"
#include "filter/testing.h"

namespace lancekit::filter {
namespace {

using testing::MakeColumn;
using testing::Value;

/// The rows of the columns for which the text is true.
std::vector<std::size_t> Rows(std::string_view text, const Schema& schema, const std::vector<ArrayData>& columns) {
  const auto bound = BoundFilter::Bind(*Filter::parse(text), schema);
  EXPECT_TRUE(bound.has_value()) << text;
  const auto mask = Evaluate(*bound, schema, columns, static_cast<std::uint64_t>(columns[0].length));
  EXPECT_TRUE(mask.has_value());
  std::vector<std::size_t> rows;
  for (std::size_t i = 0; i < mask->num_rows; ++i) {
    if (GetBit(mask->bits(), i)) rows.push_back(i);
  }
  EXPECT_EQ(rows.size(), mask->num_set);
  return rows;
}

using Found = std::vector<std::size_t>;

TEST(FilterEvaluate, ComparesHalfFloats) {
  MutableBuffer halves;
  for (const std::uint16_t bits : {0x3C00, 0x7E00, 0x8000, 0xFC00, 0x2E66, 0x0001})
    halves.AppendLe(bits);  // 1, NaN, -0, -inf, 0.1, tiny
  const std::vector<ArrayData> columns{{.length = 6, .values = std::move(halves).Freeze()}};
  const Schema schema{.fields = {{.name = "h", .type = {.id = TypeId::kFloat16}}}};
  EXPECT_EQ(Rows("h = 0.1", schema, columns), (Found{4}));
  EXPECT_EQ(Rows("h > 0", schema, columns), (Found{0, 1, 4, 5}));
  EXPECT_EQ(Rows("h <= 0", schema, columns), (Found{2, 3}));
  EXPECT_EQ(Rows("h IN ('NaN', 1, 0)", schema, columns), (Found{0, 1, 2}));
  EXPECT_EQ(Rows("h NOT IN ('NaN', 1, 0)", schema, columns), (Found{3, 4, 5}));
}

TEST(FilterEvaluate, FindsPartsOfStructs) {
  const DataType number{.id = TypeId::kInt32};
  ArrayData outer = MakeColumn({.id = TypeId::kStruct, .children = {{.name = "a", .type = number}}},
                               {Scalar(std::int64_t{1}), std::nullopt, std::nullopt, Scalar(std::int64_t{4})});
  outer.children.push_back(
      MakeColumn(number, {Scalar(std::int64_t{7}), Scalar(std::int64_t{7}), Scalar(std::int64_t{7}), std::nullopt}));
  const Schema schema{
      .fields = {{.name = "s",
                  .type = {.id = TypeId::kStruct, .children = {{.name = "a", .type = number}, {.name = "b", .type = number}}}}}};
  EXPECT_EQ(Rows("s.b = 7", schema, {outer}), (Found{0, 2}));  // row 1 is a null struct
  EXPECT_EQ(Rows("s.b IS NULL", schema, {outer}), (Found{1, 3}));
  EXPECT_EQ(Rows("s IS NULL", schema, {outer}), (Found{1}));
  EXPECT_EQ(Rows("s.a = 4 OR s.b = 7", schema, {outer}), (Found{0, 2, 3}));
}

TEST(FilterEvaluate, FindsManyItems) {
  const Schema schema{.fields = {{.name = "n", .type = {.id = TypeId::kInt64}}, {.name = "t", .type = {.id = TypeId::kString}}}};
  std::vector<Value> numbers, texts;
  std::string list = "-5", text_list = "'none'";
  Found expected;
  for (int i = 0; i < 1000; ++i) {
    numbers.emplace_back(std::int64_t{i});
    texts.emplace_back(std::string("long enough to differ late ") + std::to_string(i));
    if (i % 3 != 0) continue;
    list += ", " + std::to_string(i);
    text_list += ", '" + std::get<std::string>(*texts.back()) + "'";
    expected.push_back(static_cast<std::size_t>(i));
  }
  const std::vector<ArrayData> columns{MakeColumn(schema.fields[0].type, numbers), MakeColumn(schema.fields[1].type, texts)};
  EXPECT_EQ(Rows("n IN (" + list + ")", schema, columns), expected);
  EXPECT_EQ(Rows("t IN (" + text_list + ")", schema, columns), expected);
  EXPECT_EQ(Rows("NOT (n NOT IN (" + list + ") OR t NOT IN (" + text_list + "))", schema, columns), expected);
}

TEST(FilterEvaluate, IgnoresKeysOutOfTheDictionary) {
  const DataType text{.id = TypeId::kString};
  ArrayData array = MakeColumn(text, {});
  MutableBuffer keys;
  for (const int key : {0, 1, -1, 127}) keys.AppendLe(static_cast<std::int8_t>(key));
  array = {.length = 4,
           .values = std::move(keys).Freeze(),
           .dictionary = std::make_shared<ArrayData>(MakeColumn(text, {Scalar(std::string("a"))}))};
  const Schema schema{
      .fields = {
          {.name = "d", .type = {.id = TypeId::kDictionary, .key_id = TypeId::kInt8, .children = {{.name = "", .type = text}}}}}};
  EXPECT_EQ(Rows("d = 'a'", schema, {array}), (Found{0}));
  EXPECT_EQ(Rows("d <> 'b'", schema, {array}), (Found{0}));
}

TEST(FilterEvaluate, RefusesOtherColumns) {
  const Schema schema{.fields = {{.name = "n", .type = {.id = TypeId::kInt64}}}};
  const auto bound = BoundFilter::Bind(*Filter::parse("n = 1"), schema);
  const std::vector<ArrayData> columns{MakeColumn(schema.fields[0].type, {Scalar(std::int64_t{1})})};
  EXPECT_EQ(Evaluate(*bound, schema, columns, 2).error().code, ErrorCode::kInternal);
  EXPECT_EQ(Evaluate(*bound, schema, {}, 1).error().code, ErrorCode::kInternal);
  EXPECT_EQ(Evaluate(*bound, {}, columns, 1).error().code, ErrorCode::kInternal);
}

}  // namespace
}  // namespace lancekit::filter
