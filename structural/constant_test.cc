// Constant pages as they are written and read.
#include <gtest/gtest.h>

#include "structural/page_testing.h"

namespace lancekit {
namespace {

using testing::CheckPage;
using testing::HexBytes;
using testing::MemoryPage;
using testing::OwnedValues;
using testing::TextOf;

PageValues PageOf(const OwnedValues& values, const std::vector<std::byte>& validity = {}) {
  PageValues page;
  page.values = values.View();
  page.num_rows = page.values.length;
  page.validity = validity.empty() ? nullptr : validity.data();
  return page;
}

LeafType Leaf(TypeId id, std::int64_t size = 0) { return *MakeLeafType({.id = id, .size = size}); }

TEST(ConstantPage, RoundTripsNumbers) {
  for (const std::uint64_t rows : {1u, 7u, 6000u}) {
    const OwnedValues numbers = testing::Numbers(std::vector<std::int32_t>(rows, 77));
    const PageValues page = PageOf(numbers);
    EXPECT_EQ(CheckPage(MemoryPage(WriteConstantPage(page, 0)), Leaf(TypeId::kInt32), page), "");
    const OwnedValues booleans(FixedShape(1), std::vector<std::byte>(BitmapBytes(rows), std::byte{0xFF}));
    const PageValues bits = PageOf(booleans);
    EXPECT_EQ(CheckPage(MemoryPage(WriteConstantPage(bits, 0)), Leaf(TypeId::kBool), bits), "");
    const OwnedValues wide(FixedShape(320), std::vector<std::byte>(rows * 40, std::byte{9}));
    const PageValues binary = PageOf(wide);
    EXPECT_EQ(CheckPage(MemoryPage(WriteConstantPage(binary, 0)), Leaf(TypeId::kFixedSizeBinary, 40), binary), "");
  }
}

TEST(ConstantPage, RoundTripsStringsWithNulls) {
  const auto validity = HexBytes("AA 03");
  for (const bool large : {false, true}) {
    std::vector<std::string> texts(10);
    for (std::size_t i = 0; i < 10; ++i) texts[i] = GetBit(validity.data(), i) ? "hello" : "";
    const OwnedValues values(texts, large);
    const PageValues page = PageOf(values, validity);
    EXPECT_EQ(CheckPage(MemoryPage(WriteConstantPage(page, 1)), Leaf(large ? TypeId::kLargeString : TypeId::kString), page), "");
  }
}

TEST(ConstantPage, RoundTripsNulls) {
  const OwnedValues values = testing::Numbers(std::vector<std::int32_t>(100));
  const std::vector<std::byte> validity(BitmapBytes(100));
  const PageValues page = PageOf(values, validity);
  EXPECT_EQ(CheckPage(MemoryPage(WriteAllNullPage(100)), Leaf(TypeId::kInt32), page), "");
  const MemoryPage nulls(WriteAllNullPage(100));
  for (const TypeId id : {TypeId::kNull, TypeId::kBool, TypeId::kString, TypeId::kLargeBinary}) {
    const LeafType leaf = Leaf(id);
    const auto reader = nulls.Open(leaf);
    ASSERT_TRUE(reader);
    const auto array = testing::ReadArray(**reader, leaf, {10, 90});
    ASSERT_TRUE(array);
    EXPECT_EQ(array->length, 90);
    EXPECT_EQ(array->null_count, 90);
  }
}

TEST(ConstantPage, WritesTheReferencesBytes) {
  const OwnedValues numbers = testing::Numbers(std::vector<std::int32_t>(6000, 77));
  const EncodedPage number = WriteConstantPage(PageOf(numbers), 0);
  EXPECT_TRUE(number.buffers.empty());
  ASSERT_TRUE(number.layout.has_inline_value);
  EXPECT_EQ(TextOf(number.layout.inline_value), TextOf(HexBytes("4D000000")));
  EXPECT_EQ(number.layout.layers, std::vector{format::RepDefLayer::kAllValidItem});

  const OwnedValues some = testing::Numbers<std::int32_t>({42, 0, 42});
  const auto validity = HexBytes("05");
  const EncodedPage nullable = WriteConstantPage(PageOf(some, validity), 0);
  ASSERT_EQ(nullable.buffers.size(), 2u);
  EXPECT_EQ(nullable.buffers[0].size(), 0u);
  EXPECT_EQ(TextOf(nullable.buffers[1].bytes()), TextOf(HexBytes("0000 0100 0000")));
  EXPECT_EQ(nullable.layout.layers, std::vector{format::RepDefLayer::kNullableItem});

  const OwnedValues hello({"hello", "hello"}, false);
  const EncodedPage text = WriteConstantPage(PageOf(hello), 0);
  ASSERT_EQ(text.buffers.size(), 1u);
  EXPECT_EQ(TextOf(text.buffers[0].bytes()), TextOf(HexBytes("02000000 08000000 05000000 00000000 05000000 68656C6C6F")));
  const OwnedValues abc({"abc"}, true);
  const EncodedPage large = WriteConstantPage(PageOf(abc), 0);
  EXPECT_EQ(TextOf(large.buffers[0].bytes()),
            TextOf(HexBytes("02000000 10000000 03000000 0000000000000000 0300000000000000 616263")));
}

TEST(ConstantPage, ReadsCompressedLevels) {
  std::vector<std::uint16_t> levels(6000, 1);
  levels[5] = 0;
  EncodedPage page;
  page.num_rows = 6000;
  page.layout.id = format::LayoutId::kConstant;
  page.layout.layers = {format::RepDefLayer::kNullableItem};
  page.layout.has_inline_value = true;
  page.layout.inline_value = HexBytes("2A000000");
  page.layout.num_def_values = 6000;
  page.layout.def_compression =
      testing::EncodingOf(format::EncodingId::kRle, {testing::FlatEncoding(16), testing::FlatEncoding(8)});
  page.buffers.resize(2);
  AppendRleBlock(levels.data(), levels.size(), &page.buffers[1]);
  const LeafType leaf = Leaf(TypeId::kInt32);
  const MemoryPage memory(page);
  const auto reader = memory.Open(leaf);
  ASSERT_TRUE(reader) << reader.error().describe();
  const auto array = testing::ReadArray(**reader, leaf, {4, 3});
  ASSERT_TRUE(array);
  EXPECT_EQ(testing::RowTexts(testing::ValuesOf(leaf, *array), {0, 3}),
            (std::vector<std::string>{"null", "=" + TextOf(HexBytes("2A000000")), "null"}));

  page.layout.num_def_values = 5999;
  const MemoryPage damaged(page);
  EXPECT_FALSE(damaged.Open(leaf));
}

TEST(ConstantPage, RejectsValidEntriesWithoutAValue) {
  EncodedPage page;
  page.num_rows = 3;
  page.layout.id = format::LayoutId::kConstant;
  page.layout.layers = {format::RepDefLayer::kNullableItem};
  page.buffers.resize(2);
  page.buffers[1].Append(HexBytes("0100 0100 0100"));
  EXPECT_TRUE(MemoryPage(page).Open(Leaf(TypeId::kInt32)));
  page.buffers[1].data()[2] = std::byte{0};
  const auto refused = MemoryPage(page).Open(Leaf(TypeId::kInt32));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kCorruption);
}

TEST(ConstantPage, RejectsDamage) {
  const auto open = [](const EncodedPage& page, TypeId id) {
    const MemoryPage memory(page);
    const auto reader = memory.Open(Leaf(id));
    return reader ? ErrorCode::kInternal : reader.error().code;
  };
  const OwnedValues numbers = testing::Numbers(std::vector<std::int32_t>(20, 77));
  const auto validity = HexBytes("FFFF0E");
  EncodedPage number = WriteConstantPage(PageOf(numbers, validity), 0);
  EXPECT_EQ(open(number, TypeId::kInt32), ErrorCode::kInternal);
  EXPECT_EQ(open(number, TypeId::kInt64), ErrorCode::kCorruption);
  number.buffers[1].Resize(38);
  EXPECT_EQ(open(number, TypeId::kInt32), ErrorCode::kCorruption);
  number.buffers.resize(5);
  EXPECT_EQ(open(number, TypeId::kInt32), ErrorCode::kCorruption);

  const OwnedValues hello({"hello"}, false);
  EncodedPage text = WriteConstantPage(PageOf(hello), 0);
  const std::size_t size = text.buffers[0].size();
  for (std::size_t cut = 0; cut < size; ++cut) {
    text.buffers[0].Resize(cut);
    EXPECT_EQ(open(text, TypeId::kString), ErrorCode::kCorruption) << cut;
  }
}

}  // namespace
}  // namespace lancekit
