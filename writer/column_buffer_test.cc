#include "writer/column_buffer.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "encodings/encoding_testing.h"
#include "types/array_testing.h"

namespace lancekit {
namespace {

using testing::HandArray;

const LeafPath kFlat;

/// An array of a type with its schema, imported.
struct Imported {
  Imported(const DataType& type, HandArray& array, const char* format = nullptr)
      : field(testing::MakeField("x", type)), schema(field) {
    if (format != nullptr) schema->format = format;
    auto result = ImportArray(field, *schema, array.c());
    EXPECT_TRUE(result) << result.error().describe();
    view = *std::move(result);
  }
  Field field;
  testing::OwnedSchema schema;
  ArrayView view;
};

/// "null" or the value.
std::vector<std::string> Rows(const ColumnBuffer& buffer) {
  const PageValues page = buffer.View();
  std::vector<std::string> rows;
  for (std::uint64_t i = 0; i < page.num_rows; ++i) {
    const bool valid = page.validity == nullptr || GetBit(page.validity, i);
    rows.push_back(valid ? testing::ValueAt(page.values, i) : "null");
  }
  return rows;
}

TEST(ColumnBuffer, JoinsSlicesOfArrays) {
  const DataType type{.id = TypeId::kInt16};
  HandArray array(5, 1);
  array.AddBytes("\x2D", 1).AddBuffer<std::uint16_t>({0, 0x4141, 0x4242, 0x4343, 0x4444, 0x4545});
  const Imported imported(type, array);
  const LeafType leaf = *MakeLeafType(type);
  ColumnBuffer buffer(leaf, kFlat, 1 << 20);
  ASSERT_EQ(*buffer.Append(imported.view, 1, 2), 2u);
  EXPECT_EQ(buffer.View().validity, nullptr);
  ASSERT_EQ(*buffer.Append(imported.view, 0, 5), 5u);
  EXPECT_EQ(Rows(buffer), (std::vector<std::string>{"BB", "CC", "null", "BB", "CC", "null", "EE"}));
  // What lies under nulls does not reach the file: the value before is there instead.
  EXPECT_EQ(testing::ValueAt(buffer.View().values, 2), "CC");
  EXPECT_FALSE(buffer.full());
  buffer.Clear();
  EXPECT_EQ(buffer.num_rows(), 0u);
  ASSERT_EQ(*buffer.Append(imported.view, 1, 1), 1u);
  EXPECT_EQ(Rows(buffer), std::vector<std::string>{"BB"});
}

TEST(ColumnBuffer, CutsPagesAtTheirSize) {
  const DataType type{.id = TypeId::kInt64};
  HandArray array(100);
  array.AddNullBuffer().AddBuffer(std::vector<std::int64_t>(100, 7));
  const Imported imported(type, array);
  const LeafType leaf = *MakeLeafType(type);
  ColumnBuffer buffer(leaf, kFlat, 80);
  EXPECT_EQ(*buffer.Append(imported.view, 0, 4), 4u);
  EXPECT_FALSE(buffer.full());
  EXPECT_EQ(*buffer.Append(imported.view, 4, 96), 6u);
  EXPECT_TRUE(buffer.full());
}

TEST(ColumnBuffer, TakesAtLeastOneRow) {
  const DataType type{.id = TypeId::kString};
  HandArray array(2);
  array.AddNullBuffer().AddBuffer<std::int32_t>({0, 1000, 2000}).AddBytes(std::string(2000, 'x').data(), 2000);
  const Imported imported(type, array);
  const LeafType leaf = *MakeLeafType(type);
  ColumnBuffer buffer(leaf, kFlat, 10);
  EXPECT_EQ(*buffer.Append(imported.view, 0, 2), 1u);
  EXPECT_TRUE(buffer.full());
  EXPECT_EQ(Rows(buffer), std::vector<std::string>{std::string(1000, 'x')});
}

// As if offsets of few bits counted the bytes: a page ends before the string that would overflow them.
TEST(ColumnBuffer, CutsPagesBeforeOffsetsOverflow) {
  const DataType type{.id = TypeId::kString};
  HandArray array(4);
  array.AddNullBuffer().AddBuffer<std::int32_t>({0, 30, 60, 160, 261}).AddBytes(std::string(261, 'x').data(), 261);
  const Imported imported(type, array);
  const LeafType leaf = *MakeLeafType(type);
  ColumnBuffer buffer(leaf, kFlat, 1 << 20, format::FileVersion::k2_2, 100);
  EXPECT_EQ(*buffer.Append(imported.view, 0, 4), 2u);
  EXPECT_TRUE(buffer.full());
  buffer.Clear();
  EXPECT_EQ(*buffer.Append(imported.view, 2, 1), 1u);
  EXPECT_FALSE(buffer.full());
  EXPECT_EQ(*buffer.Append(imported.view, 3, 1), 0u);
  buffer.Clear();
  EXPECT_EQ(buffer.Append(imported.view, 3, 1).error().code, ErrorCode::kUnsupported);
}

TEST(ColumnBuffer, DropsBytesOfNullStrings) {
  const DataType type{.id = TypeId::kLargeString};
  HandArray array(4);
  array.AddBytes("\x0D", 1).AddBuffer<std::int64_t>({0, 2, 5, 5, 6}).AddBytes("abJNKc", 6);
  const Imported imported(type, array);
  const LeafType leaf = *MakeLeafType(type);
  ColumnBuffer buffer(leaf, kFlat, 1 << 20);
  ASSERT_EQ(*buffer.Append(imported.view, 0, 4), 4u);
  EXPECT_EQ(Rows(buffer), (std::vector<std::string>{"ab", "null", "", "c"}));
  EXPECT_EQ(buffer.View().values.StringBytes(), 3u);
}

// Every leaf type, with offsets and nulls, in slices: the rows are those of the array.
TEST(ColumnBuffer, TakesEveryLeafType) {
  std::mt19937 random(11);
  int types = 0;
  for (const DataType& type : testing::AllTypes()) {
    const auto leaf = MakeLeafType(type);
    if (!leaf || type.id == TypeId::kStruct || leaf->is_dictionary() || !leaf->shape.list_sizes.empty() ||
        type.id == TypeId::kBool)
      continue;
    ++types;
    const testing::MadeArray made = testing::MakeArray(type, 50, {}, &random);
    const Imported imported(type, *made.array);
    ColumnBuffer buffer(*leaf, kFlat, 1 << 20);
    for (std::uint64_t first = 0; first < 50; first += 10) ASSERT_EQ(*buffer.Append(imported.view, first, 10), 10u);
    const std::vector<std::string> rows = Rows(buffer);
    for (std::size_t i = 0; i < 50; ++i) {
      std::string expected = rows[i];
      if (expected != "null") {
        expected = "x";
        for (const char c : rows[i]) expected += fmt::format("{:02x}", static_cast<unsigned char>(c));
      }
      EXPECT_EQ(expected, made.expected[i]) << type.to_string() << ", row " << i;
    }
  }
  EXPECT_GT(types, 30);
}

TEST(ColumnBuffer, UnifiesDictionaries) {
  DataType type{.id = TypeId::kDictionary, .key_id = TypeId::kInt8};
  type.children.push_back(testing::MakeField("", {.id = TypeId::kString}));
  const auto make = [](std::vector<std::int8_t> keys, std::vector<std::int32_t> offsets, const std::string& text,
                       const char* validity) {
    auto items = std::make_unique<HandArray>(static_cast<std::int64_t>(offsets.size()) - 1);
    validity != nullptr ? items->AddBytes(validity, 1) : items->AddNullBuffer();
    items->AddBuffer(offsets).AddBytes(text.data(), text.size());
    auto array = std::make_unique<HandArray>(static_cast<std::int64_t>(keys.size()));
    array->AddNullBuffer().AddBuffer(keys).SetDictionary(std::move(items));
    return array;
  };
  const auto first = make({1, 0, 1}, {0, 3, 8}, "redgreen", nullptr);
  const auto second = make({0, 2, 1}, {0, 5, 9, 9}, "greenblue", "\x03");  // item 2 is null
  const Imported a(type, *first);
  const Imported b(type, *second);
  const LeafType leaf = *MakeLeafType(type);
  ColumnBuffer buffer(leaf, kFlat, 1 << 20);
  ASSERT_EQ(*buffer.Append(a.view, 0, 3), 3u);
  ASSERT_EQ(*buffer.Append(b.view, 0, 3), 3u);
  const std::string keys = testing::TextOf({buffer.View().values.values, 6});
  EXPECT_EQ(keys, testing::TextOf(testing::HexBytes("00 01 00 00 00 02")));
  EXPECT_EQ(Rows(buffer)[4], "null");
  ASSERT_EQ(buffer.dictionary().size(), 3u);
  EXPECT_EQ(testing::ValueAt(buffer.dictionary().View(), 0), "green");
  EXPECT_EQ(testing::ValueAt(buffer.dictionary().View(), 1), "red");
  EXPECT_EQ(testing::ValueAt(buffer.dictionary().View(), 2), "blue");
}

// 8-bit keys number 128 values; the row with one more starts the next page.
TEST(ColumnBuffer, EndsThePageWhenKeysAreUsedUp) {
  DataType type{.id = TypeId::kDictionary, .key_id = TypeId::kInt16};
  type.children.push_back(testing::MakeField("", {.id = TypeId::kInt32}));
  std::vector<std::int16_t> keys(200);
  std::vector<std::int32_t> values(200);
  for (std::size_t i = 0; i < 200; ++i) {
    keys[i] = static_cast<std::int16_t>(i);
    values[i] = static_cast<std::int32_t>(i) * 3;
  }
  auto items = std::make_unique<HandArray>(200);
  items->AddNullBuffer().AddBuffer(values);
  HandArray array(200);
  array.AddNullBuffer().AddBuffer(keys).SetDictionary(std::move(items));
  const Imported imported(type, array);
  LeafType leaf = *MakeLeafType(type);
  leaf.type.key_id = TypeId::kInt8;
  ColumnBuffer buffer(leaf, kFlat, 1 << 20);
  const auto rows = buffer.Append(imported.view, 0, 200);
  ASSERT_TRUE(rows);
  EXPECT_EQ(*rows, 128u);
  EXPECT_TRUE(buffer.full());
}

TEST(ColumnBuffer, KeepsTheValidityOfItems) {
  DataType type{.id = TypeId::kFixedSizeList, .size = 2};
  type.children.push_back(testing::MakeField("item", {.id = TypeId::kInt8}));
  auto items = std::make_unique<HandArray>(8);
  items->AddBytes("\x6E", 1).AddBytes("abcdefgh", 8);  // items 0, 4 and 7 are null
  HandArray array(4);
  array.AddBytes("\x0B", 1).AddChild(std::move(items));  // row 2 is null
  const Imported imported(type, array);
  const LeafType leaf = *MakeLeafType(type);
  ColumnBuffer buffer(leaf, kFlat, 1 << 20);
  ASSERT_EQ(*buffer.Append(imported.view, 0, 4), 4u);
  const PageValues page = buffer.View();
  ASSERT_EQ(page.values.item_validity.size(), 1u);
  ASSERT_NE(page.values.item_validity[0], nullptr);
  EXPECT_EQ(page.values.item_validity[0][0], std::byte{0b01111110});  // items under a null row count as valid
  EXPECT_EQ(Rows(buffer), (std::vector<std::string>{"ab", "cd", "null", "gh"}));
}

}  // namespace
}  // namespace lancekit
