#include "structural/levels.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <utility>

#include "types/array_testing.h"

namespace lancekit {
namespace {

using format::RepDefLayer;
using testing::MakeField;

DataType List(DataType item) { return {.id = TypeId::kList, .children = {MakeField("item", std::move(item))}}; }
DataType Struct(DataType a) { return {.id = TypeId::kStruct, .children = {MakeField("a", std::move(a))}}; }
const DataType kInt{.id = TypeId::kInt32};

std::shared_ptr<const FieldShape> ShapeOfType(DataType type) { return *FieldShape::Make(MakeField("x", std::move(type))); }

/// Without spaces and marks.
std::string Plain(std::string text) {
  std::erase_if(text, [](char c) { return c == ' ' || c == 'x'; });
  return text;
}

/// The rows that these entries of the only leaf make; values count from 0.
std::vector<std::string> Rows(const DataType& type, std::vector<RepDefLayer> layers, const std::vector<std::uint16_t>& rep,
                              const std::vector<std::uint16_t>& def, std::size_t split = 0) {
  const auto shape = ShapeOfType(type);
  const auto levels = PageLevels::Make(layers, shape->leaves()[0].type);
  if (!levels) return {levels.error().message};
  FieldSink sink(*shape, 1);
  sink.SetPresent({true});
  MutableBuffer visible;
  const std::size_t count = std::max(rep.size(), def.size());
  std::int32_t value = 0;
  std::uint64_t rows = 0;
  for (std::size_t first = 0, end = split; first < count; first = end, end = count) {
    if (end == 0) end = count;
    const auto* r = rep.empty() ? nullptr : rep.data() + first;
    const auto* d = def.empty() ? nullptr : def.data() + first;
    const auto seen = AppendEntries(*levels, r, d, end - first, &sink.leaf(0), &visible);
    EXPECT_TRUE(seen.has_value());
    for (std::uint64_t i = levels->CountVisible(d, end - first); i > 0; --i, ++value) {
      std::memcpy(sink.leaf(0).values().AppendFixed(1), &value, sizeof(value));
    }
    for (std::size_t i = first; i < end; ++i) rows += rep.empty() || rep[i] == levels->max_rep();
  }
  sink.FillAbsent(rows / shape->leaves()[0].type.SlotsPerRow());
  const auto array = std::move(sink).Finish();
  if (!array) return {array.error().message};
  testing::OwnedSchema schema(shape->field());
  ArrowArray exported{};
  ExportArray(type, *array, &exported);
  std::vector<std::string> texts;
  {
    const auto view = ImportArray(shape->field(), *schema, exported);
    EXPECT_TRUE(view.has_value()) << view.error().describe();
    for (std::int64_t i = 0; view && i < view->length; ++i) texts.push_back(Plain(testing::Render(*view, i)));
  }
  exported.release(&exported);
  return texts;
}

std::string Value(unsigned v) { return fmt::format("{:02x}000000", v); }

TEST(Levels, MakeListsOfValues) {
  // [0, null], null, [], [2]
  const std::vector<std::uint16_t> rep{1, 0, 1, 1, 1}, def{0, 1, 2, 3, 0};
  const std::vector<RepDefLayer> layers{RepDefLayer::kNullableItem, RepDefLayer::kNullAndEmptyList};
  const std::vector<std::string> expected{"[" + Value(0) + "null]", "null", "[]", "[" + Value(2) + "]"};
  for (std::size_t split = 0; split <= rep.size(); ++split) EXPECT_EQ(Rows(List(kInt), layers, rep, def, split), expected);
}

TEST(Levels, NumberFromTheLeafOutwards) {
  // The example of the format: list<struct<list<struct<int>>>>, everything nullable or empty: levels 1 to 7.
  const DataType type = List(Struct(List(Struct(kInt))));
  const std::vector<RepDefLayer> layers{RepDefLayer::kNullableItem, RepDefLayer::kNullableItem, RepDefLayer::kNullAndEmptyList,
                                        RepDefLayer::kNullableItem, RepDefLayer::kNullAndEmptyList};
  const std::vector<std::uint16_t> rep(8, 2), def{0, 1, 2, 3, 4, 5, 6, 7};
  const std::vector<std::string> expected{
      "[[[[" + Value(0) + "]]]]", "[[[[null]]]]", "[[[null]]]", "[[null]]", "[[[]]]", "[null]", "null", "[]"};
  EXPECT_EQ(Rows(type, layers, rep, def), expected);
}

TEST(Levels, OfManyEntries) {
  const DataType type = List(Struct(List(kInt)));
  const std::vector<RepDefLayer> layers{RepDefLayer::kNullableItem, RepDefLayer::kNullAndEmptyList, RepDefLayer::kNullableItem,
                                        RepDefLayer::kNullAndEmptyList};
  std::mt19937 random(1);
  for (const unsigned rarely : {4U, 40U, 100000U}) {
    std::vector<std::uint16_t> rep, def;
    std::vector<std::string> expected;
    std::uint16_t next_rep = 0;
    unsigned num_values = 0;
    const auto emit = [&](std::uint16_t level, const char* text) {
      rep.push_back(std::exchange(next_rep, std::uint16_t{0}));
      def.push_back(level);
      return std::string(text);
    };
    const auto seldom = [&] { return random() % rarely == 0; };
    const auto value = [&] {
      const bool is_null = seldom();
      const std::string text = is_null ? "null" : fmt::format("{:02x}{:02x}0000", num_values % 256, num_values / 256);
      ++num_values;
      return emit(is_null, text.c_str());
    };
    const auto inner = [&] {
      if (seldom()) return emit(2, "null");
      if (seldom()) return emit(3, "[]");
      std::string text = "[" + value();
      for (unsigned i = random() % 6; i > 0; --i) text += value();
      return text + "]";
    };
    const auto item = [&] { return seldom() ? emit(4, "null") : "[" + inner() + "]"; };
    const auto row = [&] {
      if (seldom()) return emit(5, "null");
      if (seldom()) return emit(6, "[]");
      std::string text = "[" + item();
      for (unsigned i = random() % 4; i > 0; --i) {
        next_rep = 1;
        text += item();
      }
      return text + "]";
    };
    while (rep.size() < 9000) {
      next_rep = 2;
      expected.push_back(row());
    }
    for (const std::size_t split : {0U, 1U, 63U, 64U, 1000U, 8192U}) EXPECT_EQ(Rows(type, layers, rep, def, split), expected);
  }
}

TEST(Levels, AreNotNeededWhereAllIsValid) {
  const std::vector<RepDefLayer> layers{RepDefLayer::kAllValidItem, RepDefLayer::kAllValidList};
  EXPECT_EQ(Rows(List(kInt), layers, {1, 0, 0, 1}, {}).size(), 2u);
  EXPECT_EQ(Rows(Struct(kInt), {RepDefLayer::kAllValidItem, RepDefLayer::kAllValidItem}, {}, {0, 0, 0}).size(), 3u);
}

TEST(Levels, RepeatBelowFixedSizeLists) {
  const DataType type{.id = TypeId::kFixedSizeList, .size = 2, .children = {MakeField("item", Struct(kInt))}};
  const std::vector<RepDefLayer> layers{RepDefLayer::kNullableItem, RepDefLayer::kNullableItem, RepDefLayer::kNullableItem};
  // Row 0: a value and a null struct; row 1: null, which both of its slots say.
  const std::vector<std::string> rows = Rows(type, layers, {}, {0, 2, 3, 3});
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_NE(rows[0].find(Value(0)), std::string::npos);
  EXPECT_NE(rows[0].find("null"), std::string::npos);
  EXPECT_EQ(rows[1], "null");
  for (std::size_t split = 1; split < 4; ++split) EXPECT_EQ(Rows(type, layers, {}, {0, 2, 3, 3}, split), rows);
}

TEST(Levels, MustFitTheType) {
  const LeafType leaf = ShapeOfType(List(kInt))->leaves()[0].type;
  const auto code = [&](std::vector<RepDefLayer> layers) {
    const auto levels = PageLevels::Make(layers, leaf);
    return levels ? ErrorCode::kInternal : levels.error().code;
  };
  EXPECT_EQ(code({RepDefLayer::kNullableItem, RepDefLayer::kNullableList}), ErrorCode::kInternal);
  EXPECT_EQ(code({RepDefLayer::kNullableItem}), ErrorCode::kCorruption);
  EXPECT_EQ(code({RepDefLayer::kNullableList, RepDefLayer::kNullableItem}), ErrorCode::kCorruption);
  EXPECT_EQ(code({RepDefLayer::kUnspecified, RepDefLayer::kNullableList}), ErrorCode::kCorruption);
  const auto levels = PageLevels::Make(std::vector{RepDefLayer::kNullableItem, RepDefLayer::kNullableList}, leaf);
  const std::uint16_t good[] = {0, 1, 2}, bad[] = {0, 3};
  EXPECT_TRUE(levels->Check(good, good, 2).ok());
  EXPECT_EQ(levels->Check(good, bad, 2).error().code, ErrorCode::kCorruption);
  EXPECT_EQ(levels->Check(good, nullptr, 3).error().code, ErrorCode::kCorruption);
}

TEST(FieldShape, ListsNodesAndLeaves) {
  DataType type = Struct(List(kInt));
  type.children.push_back(MakeField("b", {.id = TypeId::kString}));
  const auto shape = ShapeOfType(type);
  ASSERT_EQ(shape->leaves().size(), 2u);
  EXPECT_EQ(shape->leaves()[0].name, "x.a.item");
  EXPECT_EQ(shape->leaves()[1].name, "x.b");
  EXPECT_EQ(shape->leaves()[0].type.parents.size(), 2u);
  EXPECT_EQ(shape->nodes().size(), 4u);
  const DataType fixed{.id = TypeId::kFixedSizeList, .size = 2, .children = {MakeField("item", Struct(List(kInt)))}};
  EXPECT_EQ(FieldShape::Make(MakeField("x", fixed)).error().code, ErrorCode::kUnsupported);
}

TEST(FieldSink, FillsWhatNoFileHolds) {
  // A struct whose second field came later: null, while the struct is as the first field says.
  DataType type = List(Struct(kInt));
  type.children[0].type.children.push_back(MakeField("b", {.id = TypeId::kString}));
  const auto shape = ShapeOfType(type);
  const auto levels = PageLevels::Make(
      std::vector{RepDefLayer::kAllValidItem, RepDefLayer::kAllValidItem, RepDefLayer::kAllValidList}, shape->leaves()[0].type);
  ASSERT_TRUE(levels.has_value());
  FieldSink sink(*shape, 1);
  sink.SetPresent({true, false});
  const std::uint16_t rep[] = {1, 0, 0};
  MutableBuffer visible;
  ASSERT_TRUE(AppendEntries(*levels, rep, nullptr, 3, &sink.leaf(0), &visible).has_value());
  sink.leaf(0).values().AppendNulls(3);
  sink.FillAbsent(1);
  sink.SetPresent({false, false});
  sink.FillAbsent(2);
  const auto array = std::move(sink).Finish();
  ASSERT_TRUE(array.has_value()) << array.error().describe();
  EXPECT_EQ(array->length, 3);
  EXPECT_EQ(array->null_count, 2);
  EXPECT_EQ(array->children[0].length, 3);
  EXPECT_EQ(array->children[0].null_count, 0);
  EXPECT_EQ(array->children[0].children[1].null_count, 3);
}

}  // namespace
}  // namespace lancekit
