// Full-zip pages as they are written and read.
#include <gtest/gtest.h>

#include "structural/page_testing.h"

namespace lancekit {
namespace {

using testing::CheckPage;
using testing::HexBytes;
using testing::MemoryPage;
using testing::OwnedValues;
using testing::TextOf;

DataType ListOf(TypeId item, std::int64_t size) {
  DataType type{.id = TypeId::kFixedSizeList, .size = size};
  type.children.push_back({.name = "item", .type = {.id = item}});
  return type;
}

EncodedPage WriteStrings(const PageValues& page) {
  std::vector<std::uint64_t> offsets;
  for (std::uint64_t i = 0; i <= page.num_rows; ++i) offsets.push_back(page.values.Offset(i));
  return WriteVariableFullZipPage(page, {MakeVariableEncoder(page.values)->Describe(), page.values.data, offsets});
}

struct Rows {
  Rows(OwnedValues rows, std::vector<std::byte> bits) : values(std::move(rows)), validity(std::move(bits)) {
    page.values = values.View();
    page.num_rows = page.values.length;
    page.validity = validity.empty() ? nullptr : validity.data();
  }
  OwnedValues values;
  std::vector<std::byte> validity;
  PageValues page;
};

TEST(FullZipPage, RoundTripsListsWithAndWithoutNulls) {
  std::vector<std::byte> bytes(50 * 12);
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::byte>(i * 31);
  const LeafType leaf = *MakeLeafType(ListOf(TypeId::kFloat32, 3));
  const auto item_bits = HexBytes("F7 FF 01 00 FF FF FF FF FF FF FF FF FF FF FF FF FF FF 7F");
  for (const bool nulls : {false, true}) {
    for (const bool item_nulls : {false, true}) {
      Rows rows(OwnedValues(leaf.shape, bytes), nulls ? HexBytes("FE FF 77 FF 00 FF 03") : std::vector<std::byte>());
      if (item_nulls) rows.page.values.item_validity = {item_bits.data()};
      EXPECT_EQ(CheckPage(MemoryPage(*WriteFixedFullZipPage(rows.page)), leaf, rows.page), "") << nulls << item_nulls;
    }
  }
}

TEST(FullZipPage, RoundTripsStringsOfEveryIndexWidth) {
  for (const std::size_t length : {1u, 20u, 4000u}) {
    for (const bool large : {false, true}) {
      std::vector<std::string> texts;
      for (std::size_t i = 0; i < 40; ++i) texts.push_back(std::string(i % 3 == 0 ? 0 : length, static_cast<char>('a' + i % 26)));
      std::vector<std::byte> bits(5);
      for (std::size_t i = 0; i < 40; ++i) SetBitTo(bits.data(), i, i % 6 != 0);
      for (const bool nulls : {false, true}) {
        const Rows rows(OwnedValues(texts, large), nulls ? bits : std::vector<std::byte>());
        const LeafType leaf = *MakeLeafType({.id = large ? TypeId::kLargeString : TypeId::kString});
        EXPECT_EQ(CheckPage(MemoryPage(WriteStrings(rows.page)), leaf, rows.page), "") << length;
      }
    }
  }
}

TEST(FullZipPage, WritesTheReferencesBytes) {
  const Rows strings(OwnedValues({"", "abcde"}, false), HexBytes("02"));
  const EncodedPage text = WriteStrings(strings.page);
  EXPECT_EQ(TextOf(text.buffers[0].bytes()), TextOf(HexBytes("01 00 05000000")) + "abcde");
  EXPECT_EQ(TextOf(text.buffers[1].bytes()), TextOf(HexBytes("00 01 0B")));
  EXPECT_EQ(text.layout.bits_def, 1u);

  const auto shape = testing::ListShape(32, {2});
  const Rows lists(OwnedValues(shape, std::vector<std::byte>(48)), HexBytes("37"));
  const EncodedPage fixed = *WriteFixedFullZipPage(lists.page);
  EXPECT_EQ(fixed.buffers.size(), 1u);
  EXPECT_EQ(fixed.buffers[0].size(), 54u);
  EXPECT_EQ(fixed.buffers[0].data()[27], std::byte{1});
}

// The layout counts the bits of a value with 32 bits.
TEST(FullZipPage, RefusesValuesOf512MiB) {
  PageValues page;
  page.values.shape = testing::ListShape(32, {1 << 27});
  EXPECT_EQ(WriteFixedFullZipPage(page).error().code, ErrorCode::kUnsupported);
  page.values.shape = testing::ListShape(32, {(1 << 27) - 1});
  EXPECT_EQ(WriteFixedFullZipPage(page)->layout.bits_per_value, 0xFFFFFFE0u);
}

// [[null, null], [null, null], null], as the reference wrote it: a control word and a bitmap for each row, no items.
TEST(FullZipPage, ReadsTheReferencesListsOfNulls) {
  const auto layout = HexBytes("1A 17 10 01 18 08 28 03 30 03 3A 0A 5A 08 08 02 12 02 1A 00 18 01 42 01 03");
  const auto data = HexBytes("00 00 00 00 01 00");
  const MemoryPage page({data}, TextOf(layout), 3);
  const LeafType leaf = *MakeLeafType(ListOf(TypeId::kInt32, 2));
  const auto reader = page.Open(leaf);
  ASSERT_TRUE(reader) << reader.error().describe();
  const auto array = testing::ReadArray(**reader, leaf, {0, 3});
  ASSERT_TRUE(array) << array.error().describe();
  EXPECT_EQ(array->null_count, 1);
  EXPECT_EQ(testing::RowTexts(testing::ValuesOf(leaf, *array), {0, 3}),
            (std::vector<std::string>{"nullnull", "nullnull", "null"}));
}

TEST(FullZipPage, RejectsWrongLayouts) {
  const Rows rows(OwnedValues({"a", "", "ccc"}, false), HexBytes("05"));
  const LeafType leaf = *MakeLeafType({.id = TypeId::kString});
  const auto changed = [&](auto change) {
    EncodedPage damaged = WriteStrings(rows.page);
    change(damaged);
    const MemoryPage page(damaged);
    const auto reader = page.Open(leaf);
    return reader ? ErrorCode::kInternal : reader.error().code;
  };
  EXPECT_EQ(changed([](EncodedPage&) {}), ErrorCode::kInternal);
  EXPECT_EQ(changed([](EncodedPage& p) { p.layout.num_items += 1; }), ErrorCode::kCorruption);
  EXPECT_EQ(changed([](EncodedPage& p) { p.layout.bits_rep = 1; }), ErrorCode::kCorruption);
  EXPECT_EQ(changed([](EncodedPage& p) { p.layout.bits_def = 33; }), ErrorCode::kCorruption);
  EXPECT_EQ(changed([](EncodedPage& p) { p.layout.bits_per_offset = 16; }), ErrorCode::kCorruption);
  EXPECT_EQ(changed([](EncodedPage& p) { p.buffers.pop_back(); }), ErrorCode::kCorruption);
  EXPECT_EQ(changed([](EncodedPage& p) { p.buffers.clear(); }), ErrorCode::kCorruption);
  EXPECT_EQ(changed([](EncodedPage& p) { p.buffers[1].Resize(3); }), ErrorCode::kCorruption);
  EXPECT_EQ(changed([](EncodedPage& p) { p.layout.value_compression = testing::FlatEncoding(32); }), ErrorCode::kCorruption);
}

// Each byte of the page is set to a few other values: reading may fail or give other rows, but must stay in its buffers.
TEST(FullZipPage, SurvivesDamage) {
  const Rows rows(OwnedValues({"a", "", "ccc", "dddd"}, false), HexBytes("0D"));
  const LeafType leaf = *MakeLeafType({.id = TypeId::kString});
  EncodedPage written = WriteStrings(rows.page);
  int refused = 0;
  for (MutableBuffer& buffer : written.buffers) {
    for (std::size_t i = 0; i < buffer.size(); ++i) {
      const std::byte kept = buffer.data()[i];
      for (const unsigned flip : {1u, 0x80u, 0xFFu}) {
        buffer.data()[i] = kept ^ static_cast<std::byte>(flip);
        const MemoryPage damaged(written);
        const auto reader = damaged.Open(leaf);
        ASSERT_TRUE(reader);
        const auto array = testing::ReadArray(**reader, leaf, {0, 4});
        refused += !array.has_value();
        if (array) {
          EXPECT_EQ(testing::RowTexts(testing::ValuesOf(leaf, *array), {0, 4}).size(), 4u);
        }
      }
      buffer.data()[i] = kept;
    }
  }
  EXPECT_GT(refused, 30);
}

}  // namespace
}  // namespace lancekit
