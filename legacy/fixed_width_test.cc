// Pages of fixed-width values of version 2.0, made by hand.
#include <gtest/gtest.h>
#include <zstd.h>

#include "encodings/definitions.h"
#include "encodings/kernels/bitpack.h"
#include "format/test_files.h"
#include "legacy/column_expect.h"

namespace lancekit::legacy {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace): builders of messages
using format::ArrayEncodingId;
using format::FromHex;
using Rows = std::vector<std::string>;

const DataType kInt8Type{.id = TypeId::kInt8};
const DataType kInt16Type{.id = TypeId::kInt16};
const DataType kBoolType{.id = TypeId::kBool};

DataType ListType(const DataType& item, std::int64_t size) {
  DataType type{.id = TypeId::kFixedSizeList, .size = size};
  type.children.push_back({.name = "item", .type = item});
  return type;
}

TEST(FixedWidthPage, ReadsFlatValuesAndNulls) {
  ColumnBuilder column;
  column.AddPage(NoNulls(Flat(8, 0)), 3, {FromHex("01 02 03")});
  column.AddPage(SomeNulls(Flat(1, 0), Flat(8, 1)), 3, {FromHex("05"), FromHex("0A 0B 0C")});
  column.AddPage(AllNulls(), 2, {});
  ExpectRows(column, kInt8Type, {0, 8}, {"x01", "x02", "x03", "x0a", "null", "x0c", "null", "null"});
  ExpectRows(column, kInt8Type, {2, 3}, {"x03", "x0a", "null"});
  ExpectRows(column, kInt8Type, {7, 1}, {"null"});
}

TEST(FixedWidthPage, ReadsBooleansFromAnyBit) {
  ColumnBuilder column;
  column.AddPage(SomeNulls(Flat(1, 0), Flat(1, 1)), 10, {FromHex("FF 01"), FromHex("A5 03")});
  const auto all = ReadTexts(column, kBoolType, {0, 10});
  ASSERT_TRUE(all);
  EXPECT_EQ(all->at(9), "null");
  for (std::uint64_t i = 0; i < 10; ++i) ExpectRows(column, kBoolType, {i, 1}, {all->at(i)});
  EXPECT_NE(all->at(0), all->at(1));
}

TEST(FixedWidthPage, ReadsFixedSizeListsWithNullItems) {
  const std::string list = Message(ArrayEncodingId::kFixedSizeList, Body({{1, 2u}, {2, SomeNulls(Flat(1, 1), Flat(8, 2))}}));
  ColumnBuilder column;
  column.AddPage(SomeNulls(Flat(1, 0), list), 3, {FromHex("05"), FromHex("1B"), FromHex("01 02 03 04 05 06")});
  ExpectRows(column, ListType(kInt8Type, 2), {0, 3}, {"[x01 x02 ]", "null", "[x05 null ]"});
  ExpectRows(column, ListType(kInt8Type, 2), {2, 1}, {"[x05 null ]"});
  // All items null: no values.
  const std::string empty = Message(ArrayEncodingId::kFixedSizeList, Body({{1, 2u}, {2, AllNulls()}}));
  ColumnBuilder nulls;
  nulls.AddPage(NoNulls(empty), 2, {});
  ExpectRows(nulls, ListType(kInt8Type, 2), {0, 2}, {"[null null ]", "[null null ]"});
  ExpectError(column, ListType(kInt8Type, 3), {0, 1}, ErrorCode::kCorruption, "2 items where the type has 3");
}

TEST(FixedWidthPage, ReadsBitpackedNumbers) {
  // 3-bit numbers 1, 2, 3, 7, 0, 5 from the lowest bit on: 0xED1, 0xA8 in 18 bits.
  const std::string bits = FromHex("D1 8E 02");
  for (const bool is_signed : {false, true}) {
    ColumnBuilder column;
    const std::string body = Body({{1, 3u}, {2, 16u}, {3, ""}, {4, is_signed ? 1u : 0u}});
    column.AddPage(NoNulls(Message(ArrayEncodingId::kBitpacked, body)), 6, {bits});
    ExpectRows(column, kInt16Type, {0, 6},
               is_signed ? Rows{"x0100", "x0200", "x0300", "xffff", "x0000", "xfdff"}
                         : Rows{"x0100", "x0200", "x0300", "x0700", "x0000", "x0500"});
    ExpectRows(column, kInt16Type, {5, 1}, {is_signed ? "xfdff" : "x0500"});
    ExpectError(column, kInt8Type, {0, 1}, ErrorCode::kCorruption, "16 bits per value where the type has 8");
  }
}

TEST(FixedWidthPage, ReadsPackedBlocks) {
  std::vector<std::uint16_t> numbers(2048);
  for (std::size_t i = 0; i < 1500; ++i) numbers[i] = static_cast<std::uint16_t>(i * 7 % 1000);
  std::string packed(2 * kernels::PackedBlockSize(10), '\0');
  for (std::size_t block = 0; block < 2; ++block) {
    kernels::PackBlock<std::uint16_t>(numbers.data() + block * 1024, 10,
                                      reinterpret_cast<std::byte*>(packed.data()) + block * kernels::PackedBlockSize(10));
  }
  ColumnBuilder column;
  const std::string message = Message(ArrayEncodingId::kBitpackedForNonNeg, Body({{1, 10u}, {2, 16u}, {3, ""}}));
  column.AddPage(NoNulls(message), 1500, {packed});
  ColumnBuilder flat;
  flat.AddPage(NoNulls(Flat(16, 0)), 1500, {Numbers(numbers)});
  const auto expected = ReadTexts(flat, kInt16Type, {0, 1500});
  ASSERT_TRUE(expected);
  ExpectRows(column, kInt16Type, {0, 1500}, *expected);
  ExpectRows(column, kInt16Type, {1023, 3}, Rows(expected->begin() + 1023, expected->begin() + 1026));
  ColumnBuilder cut;
  cut.AddPage(NoNulls(message), 1500, {packed.substr(1)});
  ExpectRows(cut, kInt16Type, {0, 0}, {});
  ExpectError(cut, kInt16Type, {1024, 1}, ErrorCode::kCorruption, "bytes for");
}

TEST(FixedWidthPage, ReadsConstantsAndFixedSizeBinary) {
  ColumnBuilder column;
  column.AddPage(NoNulls(Message(ArrayEncodingId::kConstant, Body({{1, FromHex("07 01")}}))), 3, {});
  ExpectRows(column, kInt16Type, {0, 3}, {"x0701", "x0701", "x0701"});
  ExpectError(column, kInt8Type, {0, 1}, ErrorCode::kCorruption, "2 bytes where the type has 8 bits");
  ColumnBuilder binary;
  binary.AddPage(Message(ArrayEncodingId::kFixedSizeBinary, Body({{1, Flat(8, 0)}, {2, 2u}})), 3, {FromHex("01 02 03 04 05 06")});
  ExpectRows(binary, {.id = TypeId::kFixedSizeBinary, .size = 2}, {1, 2}, {"x0304", "x0506"});
}

// Rows that take no bytes: their number is bounded, and so is what unpacking their validity takes.
TEST(FixedWidthPage, BoundsConstantValidity) {
  constexpr std::uint64_t kRows = std::uint64_t{1} << 20;
  const std::string zero = Message(ArrayEncodingId::kConstant, Body({{1, FromHex("00")}}));
  ColumnBuilder column;
  column.AddPage(SomeNulls(zero, zero), std::uint64_t{1} << 40, {});
  const auto opened = column.Open(*MakeLeafType(kInt8Type));
  ASSERT_TRUE(opened);
  LeafSink sink((*opened)->leaf().value(), kRows);
  PageScratch scratch;
  ASSERT_TRUE((*opened)->ReadValues({7, kRows}, &sink, &scratch).ok());
  EXPECT_LE(scratch.visible.size(), kRows / 8);
  const ArrayData array = std::move(sink).Finish();
  EXPECT_EQ(array.null_count, static_cast<std::int64_t>(kRows));
  LeafSink huge((*opened)->leaf().value(), 0);
  const Status refused = (*opened)->ReadValues({0, std::uint64_t{1} << 33}, &huge, &scratch);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::kResourceLimit);
}

TEST(FixedWidthPage, ReadsCompressedBuffers) {
  const std::string bytes = FromHex("01 02 03 04");
  for (const bool zstd : {false, true}) {
    MutableBuffer framed;
    const auto scheme = zstd ? format::CompressionScheme::kZstd : format::CompressionScheme::kLz4;
    AppendCompressed(format::BytesOf(bytes), {.scheme = scheme, .level = {}}, &framed);
    const std::string text(reinterpret_cast<const char*>(framed.data()), framed.size());
    ColumnBuilder column;
    column.AddPage(NoNulls(CompressedFlat(8, 0, zstd ? "zstd" : "lz4")), 4, {text});
    ExpectRows(column, kInt8Type, {1, 3}, {"x02", "x03", "x04"});
    ColumnBuilder cut;
    cut.AddPage(NoNulls(CompressedFlat(8, 0, zstd ? "zstd" : "lz4")), 4, {text.substr(0, text.size() - 1)});
    ExpectError(cut, kInt8Type, {1, 3}, ErrorCode::kCorruption, zstd ? "zstd" : "lz4");
    ColumnBuilder longer;
    longer.AddPage(NoNulls(CompressedFlat(8, 0, zstd ? "zstd" : "lz4")), 5, {text});
    ExpectError(longer, kInt8Type, {1, 4}, ErrorCode::kCorruption, "4 bytes for 5 items");
  }
  ColumnBuilder unknown;
  unknown.AddPage(NoNulls(CompressedFlat(8, 0, "snappy")), 1, {"x"});
  ExpectError(unknown, kInt8Type, {0, 1}, ErrorCode::kUnsupported, "snappy");
}

TEST(FixedWidthPage, RejectsDamageWithItsPlace) {
  ColumnBuilder column;
  column.AddPage(NoNulls(Flat(8, 0)), 2, {FromHex("01 02")});
  column.AddPage(NoNulls(Flat(8, 0)), 3, {FromHex("01 02")});
  ExpectRows(column, kInt8Type, {0, 4}, {"x01", "x02", "x01", "x02"});
  const auto texts = ReadTexts(column, kInt8Type, {2, 3});
  ASSERT_FALSE(texts);
  EXPECT_EQ(texts.error().code, ErrorCode::kCorruption);
  EXPECT_EQ(texts.error().column, "x");
  EXPECT_EQ(texts.error().page, 1);
  EXPECT_EQ(texts.error().offset, 3u);
  ColumnBuilder no_buffer;
  no_buffer.AddPage(NoNulls(Flat(8, 1)), 2, {FromHex("01 02")});
  ExpectError(no_buffer, kInt8Type, {0, 1}, ErrorCode::kCorruption, "needs buffer 1");
  ColumnBuilder file_buffer;
  file_buffer.AddPage(Message(ArrayEncodingId::kFlat, Body({{1, 8u}, {2, Body({{2, 2u}})}})), 1, {"x"});
  ExpectError(file_buffer, kInt8Type, {0, 1}, ErrorCode::kUnsupported, "buffers of kind 2");
  ColumnBuilder unknown;
  unknown.AddPage(Message(static_cast<ArrayEncodingId>(19), ""), 1, {"x"});
  ExpectError(unknown, kInt8Type, {0, 1}, ErrorCode::kUnsupported, "unknown encoding 19");
  ColumnBuilder width;
  width.AddPage(NoNulls(Flat(16, 0)), 1, {"xx"});
  ExpectError(width, kInt8Type, {0, 1}, ErrorCode::kCorruption, "16 bits per value where the type has 8");
}

}  // namespace
}  // namespace lancekit::legacy
