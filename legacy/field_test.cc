// Lists, structs and packed structs of version 2.0 from hand-made columns.
#include "legacy/field.h"

#include <gtest/gtest.h>

#include "format/test_files.h"
#include "legacy/column_testing.h"

namespace lancekit::legacy {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace): builders of messages
using format::ArrayEncodingId;
using format::FromHex;
using lancekit::testing::MakeField;
using Rows = std::vector<std::string>;

const DataType kInt8Type{.id = TypeId::kInt8};

DataType TypeOf(TypeId id, std::vector<Field> children) {
  DataType type{.id = id};
  type.children = std::move(children);
  return type;
}

std::shared_ptr<const FieldShape> ShapeFor(const DataType& type) { return *FieldShape::Make(MakeField("x", type)); }

std::shared_ptr<const Column> Items(std::vector<std::uint64_t> page_lengths) {
  ColumnBuilder column;
  std::uint8_t next = 0;
  for (const std::uint64_t length : page_lengths) {
    std::vector<std::uint8_t> values(length);
    for (std::uint8_t& value : values) value = next++;
    column.AddPage(NoNulls(Flat(8, 0)), length, {Numbers(values)});
  }
  return *column.Open(*MakeLeafType(kInt8Type));
}

std::string OffsetsMessage(std::uint64_t null_adjustment, std::uint64_t num_items) {
  return List(NoNulls(Flat(64, 0)), null_adjustment, num_items);
}

TEST(ListColumn, ReadsTheExampleOfTheFormat) {
  const auto shape = ShapeFor(TypeOf(TypeId::kList, {MakeField("item", kInt8Type)}));
  ColumnBuilder lists;
  lists.AddPage(OffsetsMessage(6, 5), 4, {Numbers<std::uint64_t>({2, 8, 2, 5})});
  lists.AddPage(OffsetsMessage(7, 6), 5, {Numbers<std::uint64_t>({2, 2, 5, 12, 6})});
  const auto column = lists.Open({});
  ASSERT_TRUE(column) << column.error().describe();
  EXPECT_EQ((*column)->num_items(), 11u);
  // The pages of items end elsewhere.
  const std::vector<std::shared_ptr<const Column>> columns = {*column, Items({3, 0, 7, 1})};
  const Rows all = {"[x00 x01 ]", "null", "[]", "[x02 x03 x04 ]", "[x05 x06 ]", "[]", "[x07 x08 x09 ]", "null", "[x0a ]"};
  const auto texts = ReadTexts(*shape, columns, 9, {0, 9});
  ASSERT_TRUE(texts) << texts.error().describe();
  EXPECT_EQ(*texts, all);
  for (std::uint64_t first = 0; first < 9; ++first) {
    for (std::uint64_t count = 0; count <= 9 - first; ++count) {
      const auto some = ReadTexts(*shape, columns, 9, {first, count});
      ASSERT_TRUE(some);
      EXPECT_EQ(*some,
                Rows(all.begin() + static_cast<std::ptrdiff_t>(first), all.begin() + static_cast<std::ptrdiff_t>(first + count)));
    }
  }
}

TEST(ListColumn, ReadsListsOfStructsOfLists) {
  const DataType inner = TypeOf(TypeId::kLargeList, {MakeField("item", kInt8Type)});
  const DataType item = TypeOf(TypeId::kStruct, {MakeField("a", kInt8Type), MakeField("l", inner)});
  const auto shape = ShapeFor(TypeOf(TypeId::kList, {MakeField("item", item)}));
  ColumnBuilder outer, lists;
  outer.AddPage(OffsetsMessage(4, 3), 3, {Numbers<std::uint64_t>({1, 5, 3})});
  lists.AddPage(OffsetsMessage(3, 2), 3, {Numbers<std::uint64_t>({2, 5, 2})});
  // Nodes: list, struct, a, l, item.
  const auto texts = ReadTexts(*shape, {*outer.Open({}), nullptr, Items({3}), *lists.Open({}), Items({2})}, 3, {0, 3});
  ASSERT_TRUE(texts) << texts.error().describe();
  const auto tail = ReadTexts(*shape, {*outer.Open({}), nullptr, Items({3}), *lists.Open({}), Items({2})}, 3, {2, 1});
  ASSERT_TRUE(tail);
  EXPECT_EQ(texts->at(1), "null");
  EXPECT_EQ(tail->at(0), texts->at(2));
  // Without the column of a: it is null.
  const auto partial = ReadTexts(*shape, {*outer.Open({}), nullptr, nullptr, *lists.Open({}), Items({2})}, 3, {0, 3});
  ASSERT_TRUE(partial) << partial.error().describe();
  EXPECT_NE(partial->at(0).find("null"), std::string::npos);
}

TEST(ListColumn, RejectsDamage) {
  const auto shape = ShapeFor(TypeOf(TypeId::kList, {MakeField("item", kInt8Type)}));
  const auto error = [&](std::uint64_t adjustment, std::uint64_t items, const std::vector<std::uint64_t>& ends) -> std::string {
    ColumnBuilder lists;
    lists.AddPage(OffsetsMessage(adjustment, items), ends.size(), {Numbers(ends)});
    const auto column = lists.Open({});
    if (!column) return column.error().describe();
    const auto texts = ReadTexts(*shape, {*column, Items({3})}, ends.size(), {0, ends.size()});
    return texts ? "" : texts.error().describe();
  };
  EXPECT_EQ(error(4, 3, {1, 3}), "");
  EXPECT_NE(error(4, 3, {2, 1}).find("do not ascend"), std::string::npos);
  EXPECT_NE(error(9, 3, {1, 4}).find("within 3 items"), std::string::npos);
  EXPECT_NE(error(3, 3, {1, 3}).find("null adjustment 3"), std::string::npos);
  EXPECT_NE(error(9, 4, {1, 3}).find("hold 3 values where there are 4"), std::string::npos);
  EXPECT_NE(error(~std::uint64_t{0}, ~std::uint64_t{0} - 1, {1}).find("list items"), std::string::npos);
  const auto missing = ReadTexts(*shape, {nullptr, Items({3})}, 3, {0, 1});
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, ErrorCode::kCorruption);
  ColumnBuilder flat;
  flat.AddPage(NoNulls(Flat(64, 0)), 1, {Numbers<std::uint64_t>({1})});
  const auto opened = flat.Open({});
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().page, 0);
}

TEST(ListColumn, BoundsNullsThatTakeNoBytes) {
  constexpr std::uint64_t kMany = std::uint64_t{1} << 40;
  const auto shape = ShapeFor(TypeOf(TypeId::kLargeList, {MakeField("item", kInt8Type)}));
  ColumnBuilder lists, items;
  lists.AddPage(OffsetsMessage(kMany + 1, kMany), 2, {Numbers<std::uint64_t>({2, kMany})});
  items.AddPage(AllNulls(), kMany, {});
  const std::vector<std::shared_ptr<const Column>> columns = {*lists.Open({}), *items.Open(*MakeLeafType(kInt8Type))};
  const auto few = ReadTexts(*shape, columns, 2, {0, 1});
  ASSERT_TRUE(few);
  EXPECT_EQ(*few, Rows{"[null null ]"});
  const auto many = ReadTexts(*shape, columns, 2, {0, 2});
  ASSERT_FALSE(many);
  EXPECT_EQ(many.error().code, ErrorCode::kResourceLimit);
}

TEST(PackedStructColumn, ReadsRows) {
  DataType pair{.id = TypeId::kFixedSizeList, .size = 2};
  pair.children.push_back(MakeField("item", kInt8Type));
  Field field = MakeField("x", TypeOf(TypeId::kStruct, {MakeField("a", {.id = TypeId::kInt16}), MakeField("b", pair)}));
  field.metadata.emplace_back("lance-encoding:packed", "true");
  const auto shape = FieldShape::Make(field);
  ASSERT_TRUE(shape);
  const std::string list = NoNulls(Message(ArrayEncodingId::kFixedSizeList, Body({{1, 2u}, {2, NoNulls(Flat(8, 0))}})));
  const auto open = [&](std::uint64_t bits, const std::string& rows) {
    ColumnBuilder column;
    column.AddPage(Message(ArrayEncodingId::kPackedStruct, Body({{1, NoNulls(Flat(bits, 0))}, {1, list}, {2, ""}})), 3, {rows});
    return *column.Open((*shape)->leaves()[0].type);
  };
  const std::string rows = FromHex("01 00 0A 0B  02 00 0C 0D  03 00 0E 0F");
  const auto texts = ReadTexts(**shape, {open(16, rows)}, 3, {1, 2});
  ASSERT_TRUE(texts) << texts.error().describe();
  EXPECT_NE(texts->at(0).find("x0200"), std::string::npos);
  EXPECT_NE(texts->at(1).find("[x0e x0f ]"), std::string::npos);
  EXPECT_FALSE(ReadTexts(**shape, {open(32, rows)}, 3, {0, 1}));
  EXPECT_FALSE(ReadTexts(**shape, {open(16, rows.substr(1))}, 3, {2, 1}));
}

TEST(ColumnFields, CountsStructsAndLists) {
  const DataType list = TypeOf(TypeId::kList, {MakeField("item", kInt8Type)});
  Schema schema;
  schema.fields = {MakeField("a", TypeOf(TypeId::kStruct, {MakeField("x", kInt8Type)})), MakeField("b", kInt8Type),
                   MakeField("y", TypeOf(TypeId::kStruct, {MakeField("z", list), MakeField("c", kInt8Type)}))};
  Field packed = MakeField("p", TypeOf(TypeId::kStruct, {MakeField("q", kInt8Type)}));
  packed.metadata.emplace_back("packed", "true");
  schema.fields.push_back(packed);
  std::vector<std::string> names;
  for (const format::Leaf& leaf : ColumnFields(schema)) {
    EXPECT_EQ(leaf.column, names.size());
    names.push_back(leaf.Name());
  }
  EXPECT_EQ(names, (Rows{"a", "a.x", "b", "y", "y.z", "y.z.item", "y.c", "p"}));
}

}  // namespace
}  // namespace lancekit::legacy
