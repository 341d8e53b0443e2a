#include "format/array_encoding.h"

#include <gtest/gtest.h>

#include "format/test_files.h"

namespace lancekit::format {
namespace {

Result<ArrayEncoding> Parse(const std::string& bytes) { return ParseArrayEncoding(BytesOf(bytes)); }

/// Length-delimited field of less than 128 bytes.
std::string Wrap(char number, const std::string& body) {
  return std::string(1, static_cast<char>(number << 3 | 2)) + static_cast<char>(body.size()) + body;
}

TEST(ParseArrayEncoding, ReadsNullableFlat) {
  // nullable{some_nulls{validity: flat{1, buffer 0}, values: flat{32, buffer 1, zstd}}}
  const std::string validity = Wrap(1, FromHex("08 01 12 00"));
  const std::string values = Wrap(1, FromHex("08 20") + Wrap(2, FromHex("08 01")) + Wrap(3, Wrap(1, "zstd")));
  const auto encoding = Parse(Wrap(2, Wrap(2, Wrap(1, validity) + Wrap(2, values))));
  ASSERT_TRUE(encoding) << encoding.error().describe();
  EXPECT_EQ(encoding->id, ArrayEncodingId::kNullable);
  EXPECT_EQ(encoding->nullability, Nullability::kSomeNulls);
  ASSERT_EQ(encoding->children.size(), 2u);
  EXPECT_EQ(encoding->children[0].width, 1u);
  EXPECT_EQ(encoding->children[0].buffer.index, 0u);
  EXPECT_EQ(encoding->children[1].width, 32u);
  EXPECT_EQ(encoding->children[1].buffer.index, 1u);
  EXPECT_EQ(encoding->children[1].compression, "zstd");
  EXPECT_EQ(ArrayEncodingChildRole(*encoding, 0), "validity");
  EXPECT_EQ(ArrayEncodingChildRole(*encoding, 1), "values");
}

TEST(ParseArrayEncoding, ReadsEveryField) {
  const std::string flat = Wrap(1, FromHex("08 40"));
  const auto list = Parse(Wrap(4, Wrap(1, flat) + FromHex("10 06 18 05")));
  ASSERT_TRUE(list);
  EXPECT_EQ(list->null_adjustment, 6u);
  EXPECT_EQ(list->num_items, 5u);
  const auto binary = Parse(Wrap(6, Wrap(1, flat) + Wrap(2, Wrap(1, FromHex("08 08"))) + FromHex("18 11")));
  ASSERT_TRUE(binary);
  EXPECT_EQ(binary->null_adjustment, 17u);
  EXPECT_EQ(binary->children[1].width, 8u);
  const auto dictionary = Parse(Wrap(7, Wrap(1, flat) + Wrap(2, flat) + FromHex("18 03")));
  ASSERT_TRUE(dictionary);
  EXPECT_EQ(dictionary->num_items, 3u);
  EXPECT_EQ(ArrayEncodingChildRole(*dictionary, 1), "items");
  const auto packed = Parse(Wrap(9, Wrap(1, flat) + Wrap(1, flat) + Wrap(2, FromHex("08 02"))));
  ASSERT_TRUE(packed);
  EXPECT_EQ(packed->children.size(), 2u);
  EXPECT_EQ(packed->buffer.index, 2u);
  const auto bits = Parse(Wrap(10, FromHex("08 05 10 20 1A 00 20 01")));
  ASSERT_TRUE(bits);
  EXPECT_EQ(bits->packed_bits, 5u);
  EXPECT_EQ(bits->width, 32u);
  EXPECT_TRUE(bits->is_signed);
  const auto fixed = Parse(Wrap(11, Wrap(1, flat) + FromHex("10 07")));
  ASSERT_TRUE(fixed);
  EXPECT_EQ(fixed->width, 7u);
  const auto constant = Parse(Wrap(13, Wrap(1, "ab")));
  ASSERT_TRUE(constant);
  EXPECT_EQ(constant->bytes.size(), 2u);
}

TEST(ParseArrayEncoding, RejectsDamage) {
  EXPECT_EQ(Parse(Wrap(4, FromHex("10 06"))).error().code, ErrorCode::kCorruption);      // no offsets
  EXPECT_EQ(Parse(Wrap(2, "")).error().code, ErrorCode::kCorruption);                    // nullable of nothing
  EXPECT_EQ(Parse(Wrap(2, Wrap(2, Wrap(1, "")))).error().code, ErrorCode::kCorruption);  // no values
  EXPECT_EQ(Parse(FromHex("12 7F 00")).error().code, ErrorCode::kCorruption);            // longer than the message
  std::string deep = FromHex("08 08");
  for (int i = 0; i < 20; ++i) deep = Wrap(1, deep).size() < 100 ? Wrap(2, Wrap(1, Wrap(1, deep))) : deep;
  ASSERT_TRUE(Parse(deep));
  std::string list = Wrap(1, "");
  for (int i = 0; i < kMaxArrayEncodingDepth + 1; ++i) {
    std::string bytes;
    pbf_writer(bytes).add_message(2, list);
    list.clear();
    pbf_writer(list).add_message(3, bytes);
  }
  EXPECT_EQ(Parse(list).error().code, ErrorCode::kCorruption);
}

TEST(ParseArrayEncoding, KeepsUnknownMembersByNumber) {
  const auto encoding = Parse(FromHex("A2 01 00"));
  ASSERT_TRUE(encoding);
  EXPECT_EQ(ArrayEncodingName(encoding->id), "unknown encoding 20");
  EXPECT_EQ(Parse("")->id, ArrayEncodingId::kNone);
}

TEST(IsBlobColumn, ReadsTheColumnEncoding) {
  EXPECT_FALSE(*IsBlobColumn(BytesOf(protozero::data_view("\x0A\0", 2))));
  EXPECT_FALSE(*IsBlobColumn({}));
  EXPECT_TRUE(*IsBlobColumn(BytesOf(protozero::data_view("\x1A\x04\x0A\x02\x0A\0", 6))));
  EXPECT_EQ(IsBlobColumn(BytesOf(protozero::data_view("\x12\0", 2))).error().code, ErrorCode::kUnsupported);
  EXPECT_EQ(IsBlobColumn(BytesOf(protozero::data_view("\x12", 1))).error().code, ErrorCode::kCorruption);
}

}  // namespace
}  // namespace lancekit::format
