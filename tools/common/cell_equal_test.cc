#include "tools/common/cell_equal.h"

#include <gtest/gtest.h>

#include <cmath>

#include "types/array_testing.h"

namespace lancekit::tools {
namespace {

using testing::HandArray;

/// Which of the `count` first values of two arrays differ.
std::vector<std::int64_t> Different(const DataType& type_a, HandArray& a, const DataType& type_b, HandArray& b,
                                    std::int64_t count, const Tolerance& tolerance = {}) {
  const Field field_a = testing::MakeField("a", type_a), field_b = testing::MakeField("b", type_b);
  testing::OwnedSchema schema_a(field_a), schema_b(field_b);
  const auto view_a = ImportArray(field_a, *schema_a, a.c());
  const auto view_b = ImportArray(field_b, *schema_b, b.c());
  EXPECT_TRUE(view_a && view_b && AreComparable(type_a, type_b));
  if (!view_a || !view_b) return {};
  return FindDifferent(*view_a, 0, *view_b, 0, count, tolerance);
}

using Rows = std::vector<std::int64_t>;

TEST(CellEqual, IntegersOfAnyWidthAndSign) {
  HandArray small(3), wide(3), none(3);
  small.AddNullBuffer().AddBuffer<std::int8_t>({1, -1, 5});
  wide.AddNullBuffer().AddBuffer<std::int64_t>({1, -1, 6});
  none.AddNullBuffer().AddBuffer<std::uint64_t>({1, ~std::uint64_t{0}, 5});
  EXPECT_EQ(Different({.id = TypeId::kInt8}, small, {.id = TypeId::kInt64}, wide, 3), (Rows{2}));
  EXPECT_EQ(Different({.id = TypeId::kInt8}, small, {.id = TypeId::kUInt64}, none, 3), (Rows{1}));
  EXPECT_EQ(Different({.id = TypeId::kUInt64}, none, {.id = TypeId::kUInt64}, none, 3), Rows{});
}

TEST(CellEqual, FloatsWithinTolerance) {
  HandArray a(5), b(5);
  a.AddNullBuffer().AddBuffer<double>({NAN, 0.0, 100.0, 1.0, INFINITY});
  b.AddNullBuffer().AddBuffer<double>({NAN, -0.0, 101.0, 1.001, 1e300});
  const DataType type{.id = TypeId::kFloat64};
  EXPECT_EQ(Different(type, a, type, b, 5), (Rows{2, 3, 4}));
  EXPECT_EQ(Different(type, a, type, b, 5, {.relative = 0.01}), (Rows{4}));
  EXPECT_EQ(Different(type, a, type, b, 5, {.absolute = 0.01}), (Rows{2, 4}));
}

TEST(CellEqual, NullsAreValuesOfTheirOwn) {
  HandArray a(3), b(3, 1);
  a.AddNullBuffer().AddBuffer<std::int32_t>({1, 2, 3});
  b.AddBuffer<std::uint8_t>({0b1011}).AddBuffer<std::int32_t>({9, 1, 2, 3});  // the first slot is not in use
  const DataType type{.id = TypeId::kInt32};
  EXPECT_EQ(Different(type, a, type, b, 3), (Rows{1}));
  EXPECT_EQ(Different(type, b, type, b, 3), Rows{});
}

TEST(CellEqual, TextsOfBothOffsetWidths) {
  HandArray a(3), b(3);
  a.AddNullBuffer().AddBuffer<std::int32_t>({0, 1, 1, 3}).AddBytes("abc", 3);
  b.AddNullBuffer().AddBuffer<std::int64_t>({0, 1, 1, 3}).AddBytes("abd", 3);
  EXPECT_EQ(Different({.id = TypeId::kString}, a, {.id = TypeId::kLargeString}, b, 3), (Rows{2}));
}

TEST(CellEqual, OnlyTypesOfOneKindAreComparable) {
  const DataType list{.id = TypeId::kList, .children = {testing::MakeField("item", {.id = TypeId::kInt32})}};
  const DataType large{.id = TypeId::kLargeList, .children = {testing::MakeField("item", {.id = TypeId::kInt64})}};
  const DataType texts{.id = TypeId::kList, .children = {testing::MakeField("item", {.id = TypeId::kString})}};
  EXPECT_TRUE(AreComparable(list, large));
  EXPECT_FALSE(AreComparable(list, texts));
  EXPECT_FALSE(AreComparable({.id = TypeId::kInt32}, {.id = TypeId::kFloat64}));
  EXPECT_FALSE(AreComparable({.id = TypeId::kString}, {.id = TypeId::kBinary}));
  EXPECT_FALSE(
      AreComparable({.id = TypeId::kTimestamp, .unit = TimeUnit::kMilli}, {.id = TypeId::kTimestamp, .unit = TimeUnit::kNano}));
  const DataType dictionary{.id = TypeId::kDictionary, .children = {testing::MakeField("value", {.id = TypeId::kLargeString})}};
  EXPECT_TRUE(AreComparable(dictionary, {.id = TypeId::kString}));
}

}  // namespace
}  // namespace lancekit::tools
