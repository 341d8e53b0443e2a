#include "filter/bind.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>

#include "types/array_testing.h"

namespace lancekit::filter {
namespace {

using testing::MakeField;

DataType Type(TypeId id) { return {.id = id}; }
DataType Timestamp(TimeUnit unit, std::string zone = {}) {
  return {.id = TypeId::kTimestamp, .unit = unit, .timezone = std::move(zone)};
}
DataType Decimal(std::int32_t scale) { return {.id = TypeId::kDecimal128, .precision = 20, .scale = scale}; }
DataType Struct(std::vector<Field> fields) { return {.id = TypeId::kStruct, .children = std::move(fields)}; }

Schema TestSchema() {
  Schema schema;
  const Field text = MakeField("item", Type(TypeId::kString));
  schema.fields = {MakeField("i8", Type(TypeId::kInt8)),
                   MakeField("i64", Type(TypeId::kInt64)),
                   MakeField("u64", Type(TypeId::kUInt64)),
                   MakeField("b", Type(TypeId::kBool)),
                   MakeField("f32", Type(TypeId::kFloat32)),
                   MakeField("f64", Type(TypeId::kFloat64)),
                   MakeField("dec", Decimal(2)),
                   MakeField("d32", Type(TypeId::kDate32)),
                   MakeField("ms", Timestamp(TimeUnit::kMilli)),
                   MakeField("us", Timestamp(TimeUnit::kMicro, "UTC")),
                   MakeField("t", {.id = TypeId::kTime32, .unit = TimeUnit::kSecond}),
                   MakeField("s", Type(TypeId::kString)),
                   MakeField("bin", Type(TypeId::kBinary)),
                   MakeField("dict", {.id = TypeId::kDictionary, .children = {text}}),
                   MakeField("list", {.id = TypeId::kList, .children = {text}}),
                   MakeField("dur", {.id = TypeId::kDuration, .unit = TimeUnit::kMilli}),
                   MakeField("blob", Type(TypeId::kLargeBinary)),
                   MakeField("p", Struct({MakeField("x.y", Type(TypeId::kInt32)),
                                          MakeField("x", Struct({MakeField("z", Type(TypeId::kInt32))}))})),
                   MakeField("dot.ted", Type(TypeId::kInt32))};
  schema.fields[16].metadata = {{"lance-encoding:blob", "true"}};
  return schema;
}

std::string Show(const std::optional<Scalar>& value) {
  if (!value) return "";
  if (const auto* number = std::get_if<std::int64_t>(&*value)) return fmt::format("{}", *number);
  if (const auto* number = std::get_if<std::uint64_t>(&*value)) return fmt::format("{}u", *number);
  if (const auto* number = std::get_if<double>(&*value)) return fmt::format("{:a}", *number);
  if (const auto* number = std::get_if<Int256>(&*value)) return fmt::format("d{}", static_cast<std::int64_t>(number->words[0]));
  std::string text;
  for (const char c : std::get<std::string>(*value)) text += c == 0 ? std::string("\\0") : std::string(1, c);
  return fmt::format("'{}'", text);
}

std::string Show(const BoundNode& node, const BoundFilter& bound) {
  if (node.kind == BoundNode::Kind::kNever) return "never";
  if (node.kind == BoundNode::Kind::kAlways) return "always";
  if (node.kind != BoundNode::Kind::kTest) {
    std::string text = node.kind == BoundNode::Kind::kAnd ? "and" : "or";
    for (const BoundNode& child : node.children) text += "(" + Show(child, bound) + ")";
    return text;
  }
  const Test& test = node.test;
  std::string text = bound.columns()[test.column].name + (test.is_negated ? " not" : "");
  switch (test.kind) {
    case Test::Kind::kIsNull:
      return text + " null";
    case Test::Kind::kIsNotNull:
      return text + " any";
    case Test::Kind::kIn:
      for (const Scalar& item : test.items) text += " " + Show(item);
      return text;
    case Test::Kind::kLike:
      text += " like";
      break;
    case Test::Kind::kRange:
      break;
  }
  return fmt::format("{} [{}, {}{}", text, Show(test.low), Show(test.high), test.high_is_open ? ")" : "]");
}

/// The bound tree, or the error.
std::string Bind(std::string_view text) {
  const auto filter = Filter::parse(text);
  if (!filter) return filter.error().message;
  const auto bound = BoundFilter::Bind(*filter, TestSchema());
  return bound ? Show(bound->root(), *bound) : bound.error().message;
}

TEST(FilterBind, RoundsNumbersForIntegers) {
  EXPECT_EQ(Bind("i8 < 3.5"), "i8 [, 3]");
  EXPECT_EQ(Bind("i8 <= 3.5"), "i8 [, 3]");
  EXPECT_EQ(Bind("i8 > 3.5"), "i8 [4, ]");
  EXPECT_EQ(Bind("i8 >= -3.5"), "i8 [-3, ]");
  EXPECT_EQ(Bind("i8 < 3.0"), "i8 [, 2]");
  EXPECT_EQ(Bind("i8 = 3.5"), "never");
  EXPECT_EQ(Bind("i8 <> 3.5"), "i8 any");
  EXPECT_EQ(Bind("i8 <> 30e-1"), "i8 not [3, 3]");
  EXPECT_EQ(Bind("i8 = ' 3'"), "a column of type int8 cannot be compared with ' 3'");
  EXPECT_EQ(Bind("i8 = '3'"), "i8 [3, 3]");
  EXPECT_EQ(Bind("i8 = DATE '2026-01-01'"), "a column of type int8 cannot be compared with DATE '2026-01-01'");
}

TEST(FilterBind, KnowsTheLimitsOfTypes) {
  EXPECT_EQ(Bind("i8 < 128"), "i8 any");
  EXPECT_EQ(Bind("i8 > 127"), "never");
  EXPECT_EQ(Bind("i8 >= 127"), "i8 [127, ]");
  EXPECT_EQ(Bind("i8 < -128"), "never");
  EXPECT_EQ(Bind("i8 <= -128"), "i8 [, -128]");
  EXPECT_EQ(Bind("i8 > -1e99"), "i8 any");
  EXPECT_EQ(Bind("NOT i8 > -1e99"), "never");
  EXPECT_EQ(Bind("i64 > 9223372036854775807"), "never");
  EXPECT_EQ(Bind("i64 > 9223372036854775806.5"), "i64 [9223372036854775807, ]");
  EXPECT_EQ(Bind("i64 <> 9223372036854775808"), "i64 any");
  EXPECT_EQ(Bind("u64 >= -0.5"), "u64 any");
  EXPECT_EQ(Bind("u64 < 18446744073709551615"), "u64 [, 18446744073709551614u]");
  EXPECT_EQ(Bind("u64 < 0.5"), "u64 [, 0u]");
  EXPECT_EQ(Bind("b"), "b [1u, ]");
  EXPECT_EQ(Bind("not b"), "b not [1u, ]");
  EXPECT_EQ(Bind("b = 'False'"), "b [, 0u]");
  EXPECT_EQ(Bind("b = 1"), "a column of type bool cannot be compared with 1");
}

TEST(FilterBind, RescalesDecimals) {
  EXPECT_EQ(Bind("dec = 1.05"), "dec [d105, d105]");
  EXPECT_EQ(Bind("dec = 1.055"), "never");
  EXPECT_EQ(Bind("dec < 1.055"), "dec [, d105]");
  EXPECT_EQ(Bind("dec >= -1.055"), "dec [d-105, ]");
  EXPECT_EQ(Bind("dec < 1e60"), "dec any");
}

TEST(FilterBind, OrdersFloatsWithNanLast) {
  EXPECT_EQ(Bind("f64 > 1"), "f64 [0x1.0000000000001p+0, ]");
  EXPECT_EQ(Bind("f32 > 1"), "f32 [0x1.000002p+0, ]");
  EXPECT_EQ(Bind("f32 = 0.1"), "f32 [0x1.99999ap-4, 0x1.99999ap-4]");
  EXPECT_EQ(Bind("f64 < 0"), "f64 [, -0x0.0000000000001p-1022]");
  EXPECT_EQ(Bind("f64 = 'nan'"), "f64 [nan, ]");
  EXPECT_EQ(Bind("f64 < 'nan'"), "f64 [, inf]");
  EXPECT_EQ(Bind("f64 <= 'nan'"), "f64 any");
  EXPECT_EQ(Bind("f64 > 'nan'"), "never");
  EXPECT_EQ(Bind("f64 > 'inf'"), "f64 [nan, ]");
  EXPECT_EQ(Bind("f64 < '-inf'"), "never");
  EXPECT_EQ(Bind("f64 >= '-inf'"), "f64 any");
  EXPECT_EQ(Bind("f64 = 'x'"), "a column of type double cannot be compared with 'x'");
}

TEST(FilterBind, ReadsTimesByTheColumn) {
  EXPECT_EQ(Bind("d32 >= '1970-01-11'"), "d32 [10, ]");
  EXPECT_EQ(Bind("d32 < TIMESTAMP '1970-01-11 12:00'"), "d32 [, 10]");
  EXPECT_EQ(Bind("ms = DATE '1970-01-02'"), "ms [86400000, 86400000]");
  EXPECT_EQ(Bind("ms > '1970-01-01 00:00:00.0015'"), "ms [2, ]");
  EXPECT_EQ(Bind("us = '1970-01-01 01:00+01:00'"), "us [0, 0]");
  EXPECT_EQ(Bind("t <= '00:01:00.5'"), "t [, 60]");
  EXPECT_EQ(Bind("d32 > 5"), "a column of type date32 cannot be compared with 5");
  EXPECT_EQ(Bind("t > DATE '2026-01-01'").substr(0, 16), "a column of type");
}

TEST(FilterBind, ComparesBytes) {
  EXPECT_EQ(Bind("s = 'a'"), "s ['a', 'a']");
  EXPECT_EQ(Bind("s > 'a'"), "s ['a\\0', ]");
  EXPECT_EQ(Bind("s < 'a'"), "s [, 'a')");
  EXPECT_EQ(Bind("s < ''"), "never");
  EXPECT_EQ(Bind("s >= ''"), "s any");
  EXPECT_EQ(Bind("dict = 'a'"), "dict ['a', 'a']");
  EXPECT_EQ(Bind("bin = X'61' OR bin = 'b'"), "or(bin ['a', 'a'])(bin ['b', 'b'])");
  EXPECT_EQ(Bind("s = X'61'"), "a column of type string cannot be compared with X'61'");
  EXPECT_EQ(Bind("s = 5"), "a column of type string cannot be compared with 5");
}

TEST(FilterBind, TurnsSimplePatternsToRanges) {
  EXPECT_EQ(Bind("s LIKE 'ab%'"), "s ['ab', 'ac')");
  EXPECT_EQ(Bind("s NOT LIKE 'ab%'"), "s not ['ab', 'ac')");
  EXPECT_EQ(Bind("s LIKE 'ab'"), "s ['ab', 'ab']");
  EXPECT_EQ(Bind("s LIKE '%'"), "s any");
  EXPECT_EQ(Bind("s NOT LIKE '%'"), "never");
  EXPECT_EQ(Bind("s LIKE 'a_%'"), "s like ['a', 'b')");
  EXPECT_EQ(Bind("s NOT LIKE '%a'"), "s not like [, ]");
  EXPECT_EQ(Bind("bin LIKE 'a%'"), "a column of type binary cannot be compared with 'a%'");
}

TEST(FilterBind, FollowsThreeValuedLogic) {
  EXPECT_EQ(Bind("i8 = NULL"), "never");
  EXPECT_EQ(Bind("NOT i8 = NULL"), "never");
  EXPECT_EQ(Bind("i8 IN (3, NULL, 1, 3.0, 2.5)"), "i8 1 3");
  EXPECT_EQ(Bind("i8 NOT IN (3, NULL)"), "never");
  EXPECT_EQ(Bind("i8 NOT IN (3, 1000, 1)"), "i8 not 1 3");
  EXPECT_EQ(Bind("i8 IN (1000, 3)"), "i8 [3, 3]");
  EXPECT_EQ(Bind("i8 NOT IN (1000)"), "i8 any");
  EXPECT_EQ(Bind("i8 IN (NULL)"), "never");
  EXPECT_EQ(Bind("f64 IN ('nan', 'NaN')"), "f64 [nan, ]");
  EXPECT_EQ(Bind("NOT (i8 < 3 AND NOT s IS NULL)"), "or(i8 [3, ])(s null)");
  EXPECT_EQ(Bind("NOT (i8 < 3 OR s LIKE '%a')"), "and(i8 [3, ])(s not like [, ])");
  EXPECT_EQ(Bind("TRUE AND i8 < 3 OR FALSE"), "i8 [, 2]");
  EXPECT_EQ(Bind("i8 < 3 OR NOT FALSE"), "always");
  EXPECT_EQ(Bind("NOT NULL"), "never");
  EXPECT_EQ(Bind("list IS NULL OR p IS NOT NULL OR dur IS NULL"), "or(list null)(p any)(dur null)");
}

TEST(FilterBind, MergesRangesOfAColumn) {
  EXPECT_EQ(Bind("i8 >= 3 AND s = 'a' AND i8 < 7 AND i8 < 9"), "and(i8 [3, 6])(s ['a', 'a'])");
  EXPECT_EQ(Bind("i8 BETWEEN 5 AND 3"), "never");
  EXPECT_EQ(Bind("s >= 'a' AND s < 'a'"), "never");
  EXPECT_EQ(Bind("s >= 'a' AND s <= 'b' AND s < 'b'"), "s ['a', 'b')");
  EXPECT_EQ(Bind("f64 > 'inf' AND f64 < 5"), "never");
  EXPECT_EQ(Bind("s LIKE 'a%' AND i8 = 3"), "and(i8 [3, 3])(s ['a', 'b'))");
}

TEST(FilterBind, FindsColumns) {
  EXPECT_EQ(Bind("p.x.y = 1 AND p.x.z = 2 AND dot.ted = 3 AND \"dot.ted\" < 9"),
            "and(p.x.y [1, 1])(p.x.z [2, 2])(dot.ted [3, 3])");
  EXPECT_EQ(Bind("I8 = 1"), "there is no column I8; there is \"i8\"");
  EXPECT_EQ(Bind("lsit = 1"), "there is no column lsit");
  EXPECT_EQ(Bind("lst = 1"), "there is no column lst; there is \"list\"");
  EXPECT_EQ(Bind("p.q = 1"), "there is no column p.q");
  const auto bound = BoundFilter::Bind(*Filter::parse("s = 'a' OR p.x.z = 1 OR s = 'b'"), TestSchema());
  ASSERT_EQ(bound->columns().size(), 2u);
  EXPECT_EQ(bound->columns()[1].path, (std::vector<std::string>{"p", "x", "z"}));
  EXPECT_TRUE(bound->columns()[1].type == Type(TypeId::kInt32));
}

TEST(FilterBind, NamesWhatItCannotCompare) {
  for (const char* column : {"list", "p", "dur", "blob", "p.x", "list.item"}) {
    const auto bound = BoundFilter::Bind(*Filter::parse(fmt::format("{} = 1", column)), TestSchema());
    ASSERT_FALSE(bound);
    EXPECT_EQ(bound.error().code, ErrorCode::kUnsupported);
    EXPECT_EQ(bound.error().column, column == std::string_view("list.item") ? "list" : column);
  }
}

TEST(FilterBind, RefusesTreesThatAreTooDeep) {
  Filter filter = col("i8") == 0;
  for (int i = 0; i < kMaxDepth; ++i) filter = i % 2 == 0 ? filter && col("i8") == i : filter || col("i8") == i;
  EXPECT_EQ(BoundFilter::Bind(filter, TestSchema()).error().code, ErrorCode::kInvalidArgument);
}

TEST(FilterSplit, KeepsWhatBinds) {
  const auto split = Filter::parse("i8 = 1 AND dur = 5 AND (s = 'a' OR list = 3) AND s = 'b'")->split(TestSchema());
  EXPECT_EQ(split->pushed->to_string(), "i8 = 1 AND s = 'b'");
  EXPECT_EQ(split->residual->to_string(), "dur = 5 AND (s = 'a' OR list = 3)");
  EXPECT_FALSE(Filter::parse("i8 = 1")->split(TestSchema())->residual);
  EXPECT_FALSE(Filter::parse("dur = 1 OR i8 = 1")->split(TestSchema())->pushed);
  EXPECT_EQ(Filter::parse("i8 = 1 AND nothing = 2")->split(TestSchema()).error().code, ErrorCode::kInvalidArgument);
}

}  // namespace
}  // namespace lancekit::filter
