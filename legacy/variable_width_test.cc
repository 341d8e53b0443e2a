// Pages of strings, dictionaries and blobs of version 2.0, made by hand.
#include <gtest/gtest.h>

#include "encodings/definitions.h"
#include "format/test_files.h"
#include "legacy/column_expect.h"

namespace lancekit::legacy {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace): builders of messages
using format::ArrayEncodingId;
using Rows = std::vector<std::string>;

const DataType kStringType{.id = TypeId::kString};
const DataType kLargeBinaryType{.id = TypeId::kLargeBinary};

/// As Render has it.
std::string Hex(const std::string& text) {
  std::string hex = "x";
  for (const char c : text) hex += fmt::format("{:02x}", static_cast<unsigned char>(c));
  return hex;
}

std::string PlainBinary(std::uint64_t null_adjustment) { return Binary(NoNulls(Flat(64, 0)), Flat(8, 1), null_adjustment); }

TEST(BinaryPage, ReadsTheExampleOfTheFormat) {
  ColumnBuilder column;
  column.AddPage(PlainBinary(17), 5, {Numbers<std::uint64_t>({4, 21, 8, 12, 16}), "str0str2str3str4"});
  const Rows all = {Hex("str0"), "null", Hex("str2"), Hex("str3"), Hex("str4")};
  for (const TypeId id : {TypeId::kString, TypeId::kLargeString}) {
    ExpectRows(column, {.id = id}, {0, 5}, all);
    for (std::uint64_t i = 0; i < 5; ++i) ExpectRows(column, {.id = id}, {i, 1}, {all[i]});
  }
}

TEST(BinaryPage, RejectsEndsThatDoNotFit) {
  ColumnBuilder column;
  column.AddPage(PlainBinary(17), 3, {Numbers<std::uint64_t>({4, 3, 8}), "str0str2"});
  ExpectRows(column, kStringType, {2, 1}, {Hex("0str2")});
  ExpectError(column, kStringType, {0, 2}, ErrorCode::kCorruption, "do not ascend");
  ColumnBuilder beyond;
  beyond.AddPage(PlainBinary(~std::uint64_t{0}), 2, {Numbers<std::uint64_t>({4, ~std::uint64_t{0} - 1}), "str0"});
  ExpectError(beyond, kStringType, {1, 1}, ErrorCode::kCorruption, "4 bytes for");
  ColumnBuilder few;
  few.AddPage(PlainBinary(17), 3, {Numbers<std::uint64_t>({4, 4}), "str0"});
  ExpectError(few, kStringType, {2, 1}, ErrorCode::kCorruption, "16 bytes for 3 items");
  ExpectError(few, {.id = TypeId::kInt32}, {0, 1}, ErrorCode::kCorruption, "type int32");
  ColumnBuilder constant;
  constant.AddPage(Binary(Flat(64, 0), Message(ArrayEncodingId::kConstant, Body({{1, "x"}})), 9), 1,
                   {Numbers<std::uint64_t>({4})});
  ExpectError(constant, kStringType, {0, 1}, ErrorCode::kUnsupported, "bytes that are not flat");
}

TEST(FsstPage, DecodesEachValue) {
  std::string table(2312, '\0');
  table[0] = 1;
  table[3] = 1;
  table.replace(4, 4, "TSSF");
  table.replace(8, 3, "abc");
  table[16] = 3;
  ColumnBuilder column;
  const std::string codes = std::string("\0\0", 2) + "\xFFz" + std::string("\0", 1);
  column.AddPage(Message(ArrayEncodingId::kFsst, Body({{1, PlainBinary(6)}, {2, table}})), 4,
                 {Numbers<std::uint64_t>({2, 2 + 6, 4, 5}), codes});
  ExpectRows(column, kStringType, {0, 4}, {Hex("abcabc"), "null", Hex("z"), Hex("abc")});
  ExpectRows(column, kStringType, {2, 2}, {Hex("z"), Hex("abc")});
  ColumnBuilder damaged;
  damaged.AddPage(Message(ArrayEncodingId::kFsst, Body({{1, PlainBinary(6)}, {2, table.substr(1)}})), 1,
                  {Numbers<std::uint64_t>({0}), codes});
  ExpectError(damaged, kStringType, {0, 1}, ErrorCode::kCorruption, "symbol table");
  table[3] = 0;
  ColumnBuilder plain;
  plain.AddPage(Message(ArrayEncodingId::kFsst, Body({{1, PlainBinary(6)}, {2, table}})), 1, {Numbers<std::uint64_t>({2}), "zz"});
  ExpectRows(plain, kStringType, {0, 1}, {Hex("zz")});
}

std::string DictionaryOf(std::uint64_t index_bits, std::uint64_t num_items, std::uint64_t null_adjustment) {
  return Message(
      ArrayEncodingId::kDictionary,
      Body({{1, NoNulls(Flat(index_bits, 0))}, {2, Binary(NoNulls(Flat(64, 1)), Flat(8, 2), null_adjustment)}, {3, num_items}}));
}

TEST(DictionaryPage, CountsFromOneWhereTheTypeIsNoDictionary) {
  ColumnBuilder column;
  column.AddPage(DictionaryOf(8, 2, 6), 5, {Numbers<std::uint8_t>({2, 0, 1, 1, 2}), Numbers<std::uint64_t>({3, 5}), "redup"});
  ExpectRows(column, kStringType, {0, 5}, {Hex("up"), "null", Hex("red"), Hex("red"), Hex("up")});
  ExpectRows(column, kStringType, {1, 1}, {"null"});
  ColumnBuilder beyond;
  beyond.AddPage(DictionaryOf(8, 2, 6), 1, {Numbers<std::uint8_t>({3}), Numbers<std::uint64_t>({3, 5}), "redup"});
  ExpectError(beyond, kStringType, {0, 1}, ErrorCode::kCorruption, "dictionary index 3");
  ColumnBuilder many;
  many.AddPage(DictionaryOf(8, 1 << 30, 6), 1, {Numbers<std::uint8_t>({1}), Numbers<std::uint64_t>({3, 5}), "redup"});
  ExpectError(many, kStringType, {0, 1}, ErrorCode::kCorruption, "1073741824 items in");
}

// Each page has a dictionary of its own, decompressed by itself.
TEST(DictionaryPage, ReadsCompressedDictionariesOfEveryPage) {
  const auto compressed = [](const std::string& bytes) {
    MutableBuffer framed;
    AppendCompressed(format::BytesOf(bytes), {.scheme = format::CompressionScheme::kZstd, .level = {}}, &framed);
    return std::string(reinterpret_cast<const char*>(framed.data()), framed.size());
  };
  const std::string items = Binary(NoNulls(CompressedFlat(64, 1, "zstd")), CompressedFlat(8, 2, "zstd"), 100);
  const std::string message =
      Message(ArrayEncodingId::kDictionary, Body({{1, NoNulls(Flat(8, 0))}, {2, items}, {3, std::uint64_t{2}}}));
  ColumnBuilder column;
  Rows expected;
  for (char c = 'a'; c < 'i'; ++c) {
    const std::string first(3, c), second(2, c);
    column.AddPage(message, 2,
                   {Numbers<std::uint8_t>({2, 1}), compressed(Numbers<std::uint64_t>({3, 5})), compressed(first + second)});
    expected.insert(expected.end(), {Hex(second), Hex(first)});
  }
  ExpectRows(column, kStringType, {0, expected.size()}, expected);
}

TEST(DictionaryPage, KeepsKeysOfDictionaryTypesAndTheirNulls) {
  DataType type{.id = TypeId::kDictionary, .key_id = TypeId::kInt16};
  type.children.push_back({.name = "", .type = kStringType});
  ColumnBuilder column;
  // The item in the middle is null.
  column.AddPage(DictionaryOf(16, 3, 6), 4, {Numbers<std::uint16_t>({2, 1, 0, 2}), Numbers<std::uint64_t>({3, 9, 5}), "redup"});
  column.AddPage(DictionaryOf(16, 2, 6), 2, {Numbers<std::uint16_t>({1, 0}), Numbers<std::uint64_t>({2, 5}), "upcat"});
  column.AddPage(AllNulls(), 1, {});
  const auto shape = FieldShape::Make(lancekit::testing::MakeField("x", type));
  ASSERT_TRUE(shape);
  const auto opened = column.Open((*shape)->leaves()[0].type);
  ASSERT_TRUE(opened);
  FieldSink sink(**shape, 7);
  PageScratch scratch;
  const auto field = FieldColumns::Open(**shape, {*opened}, 7);
  ASSERT_TRUE(field);
  ASSERT_TRUE(field->Read({0, 7}, &sink, &scratch).ok());
  const auto array = std::move(sink).Finish();
  ASSERT_TRUE(array);
  EXPECT_EQ(array->dictionary->length, 3);  // red, up, cat
  EXPECT_EQ(array->null_count, 2);
  EXPECT_EQ(field->PageEnd(0), 4u);
  std::vector<int> keys;
  for (std::size_t i = 0; i < 6; ++i) keys.push_back(LoadLe<std::int16_t>(array->values.data() + 2 * i));
  EXPECT_EQ(keys, (std::vector<int>{1, 0, 0, 1, 2, 1}));
  EXPECT_FALSE(GetBit(array->validity.data(), 1));
  ExpectError(column, {.id = TypeId::kDictionary, .key_id = TypeId::kInt8, .children = type.children}, {0, 1},
              ErrorCode::kCorruption, "16 bits per value where the type has 8");
  ColumnBuilder negative;
  negative.AddPage(DictionaryOf(16, 3, 6), 1, {Numbers<std::uint16_t>({0xFFFF}), Numbers<std::uint64_t>({3, 9, 5}), "redup"});
  ExpectError(negative, type, {0, 1}, ErrorCode::kCorruption, "dictionary index 65535");
}

TEST(BlobPage, ReadsBytesOfTheFile) {
  ColumnBuilder column;
  const std::string text = "payload";
  const std::uint64_t at = column.AddBytes(format::BytesOf(text));
  const std::string message =
      Message(ArrayEncodingId::kPackedStruct, Body({{1, NoNulls(Flat(64, 0))}, {1, NoNulls(Flat(64, 0))}, {2, ""}}));
  column.set_blob(true).AddPage(message, 4, {Numbers<std::uint64_t>({at, 7, 0, 0, 1, 0, at + 3, 4})});
  ExpectRows(column, kLargeBinaryType, {0, 4}, {Hex("payload"), Hex(""), "null", Hex("load")});
  const auto opened = column.Open(*MakeLeafType(kLargeBinaryType));
  ASSERT_TRUE(opened);
  const auto place = (*opened)->FindBlob(3);
  ASSERT_TRUE(place);
  EXPECT_EQ(place->range.offset, at + 3);
  EXPECT_EQ(place->range.size, 4u);
  ColumnBuilder beyond;
  beyond.set_blob(true).AddPage(message, 1, {Numbers<std::uint64_t>({5, ~std::uint64_t{0} - 2})});
  ExpectError(beyond, kLargeBinaryType, {0, 1}, ErrorCode::kCorruption, "a blob at");
  ColumnBuilder values;
  values.AddPage(message, 1, {Numbers<std::uint64_t>({0, 0})});
  ExpectError(values, kLargeBinaryType, {0, 1}, ErrorCode::kUnsupported, "packed_struct");
}

}  // namespace
}  // namespace lancekit::legacy
