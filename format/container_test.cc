#include <gtest/gtest.h>

#include <algorithm>

#include "base/limits.h"
#include "format/file_metadata.h"
#include "format/test_files.h"

namespace lancekit::format {
namespace {

/// From byte 0x80 on, the 344 bytes of a file of version 2.1 with one column x: int32 = [10, null, 30].
const std::string kTail = FromHex(
    "0a 19 0a 17 12 01 78 20 ff ff ff ff ff ff ff ff ff 01 2a 05 69 6e 74 33 32 30 01 10 03 0a 29 12"
    "27 0a 25 0a 1f 2f 6c 61 6e 63 65 2e 65 6e 63 6f 64 69 6e 67 73 2e 43 6f 6c 75 6d 6e 45 6e 63 6f"
    "64 69 6e 67 12 02 0a 00 12 46 0a 02 00 40 12 02 02 20 18 03 22 3a 12 38 0a 36 0a 1d 2f 6c 61 6e"
    "63 65 2e 65 6e 63 6f 64 69 6e 67 73 32 31 2e 50 61 67 65 4c 61 79 6f 75 74 12 15 0a 13 12 04 0a"
    "02 08 10 1a 04 0a 02 08 20 32 01 03 38 01 48 03 9d 00 00 00 00 00 00 00 73 00 00 00 00 00 00 00"
    "80 00 00 00 00 00 00 00 1d 00 00 00 00 00 00 00 9d 00 00 00 00 00 00 00 10 01 00 00 00 00 00 00"
    "20 01 00 00 00 00 00 00 01 00 00 00 01 00 00 00 02 00 01 00 4c 41 4e 43");
constexpr std::uint64_t kTailStart = 0x80;
constexpr std::uint64_t kFileSize = 344;

const std::string kDescriptor = kTail.substr(0, 0x1d);
const std::string kColumn = kTail.substr(0x9d - kTailStart, 0x73);
const std::string kTables = kTail.substr(0x110 - kTailStart, 32);

std::string Text(const MutableBuffer& buffer) {
  return {static_cast<const char*>(static_cast<const void*>(buffer.data())), buffer.size()};
}

TEST(Footer, VectorsParseAndWriteBack) {
  auto footer = ParseFooter(BytesOf(kTail), kFileSize);
  ASSERT_TRUE(footer) << footer.error().describe();
  EXPECT_EQ(footer->column_metadata_start, 0x9du);
  EXPECT_EQ(footer->cmo_offset, 0x110u);
  EXPECT_EQ(footer->gbo_offset, 0x120u);
  EXPECT_EQ(footer->num_global_buffers, 1u);
  EXPECT_EQ(footer->num_columns, 1u);
  EXPECT_EQ(footer->version, FileVersion::k2_1);
  MutableBuffer written;
  AppendFooter(*footer, &written);
  EXPECT_EQ(Text(written), kTail.substr(kTail.size() - kFooterBytes));

  const std::string four_columns = FromHex(
      "20 03 00 00 00 00 00 00 02 05 00 00 00 00 00 00 42 05 00 00 00 00 00 00 01 00 00 00 04 00 00 00 02 00 01 00 4C 41 4E 43");
  footer = ParseFooter(BytesOf(four_columns), 1402);
  ASSERT_TRUE(footer) << footer.error().describe();
  EXPECT_EQ(footer->column_metadata_start, 800u);
  EXPECT_EQ(footer->cmo_offset, 1282u);
  EXPECT_EQ(footer->gbo_offset, 1346u);
  EXPECT_EQ(footer->num_columns, 4u);
  MutableBuffer again;
  AppendFooter(*footer, &again);
  EXPECT_EQ(Text(again), four_columns);
}

ErrorCode CodeOf(const std::string& footer, std::uint64_t file_size = kFileSize) {
  auto result = ParseFooter(BytesOf(footer), file_size);
  return result ? ErrorCode::kInternal : result.error().code;
}

TEST(Footer, RejectsDamage) {
  const std::string footer = kTail.substr(kTail.size() - kFooterBytes);
  for (std::size_t size = 0; size < footer.size(); ++size) {
    EXPECT_EQ(CodeOf(footer.substr(0, size)), ErrorCode::kCorruption);
    EXPECT_EQ(CodeOf(footer, size), ErrorCode::kCorruption);
  }
  const auto with = [&](std::size_t at, const char* hex) {
    std::string damaged = footer;
    const std::string bytes = FromHex(hex);
    return damaged.replace(at, bytes.size(), bytes);
  };
  EXPECT_EQ(CodeOf(with(36, "00")), ErrorCode::kCorruption);
  EXPECT_EQ(CodeOf(with(32, "02 00 09 00")), ErrorCode::kUnsupported);
  EXPECT_EQ(CodeOf(with(28, "02 00 00 00")), ErrorCode::kInternal) << "two entries fit: the tables may overlap";
  EXPECT_EQ(CodeOf(with(28, "03 00 00 00")), ErrorCode::kCorruption);
  EXPECT_EQ(CodeOf(with(28, "ff ff ff ff")), ErrorCode::kCorruption);
  EXPECT_EQ(CodeOf(with(24, "02 00 00 00")), ErrorCode::kCorruption);
  EXPECT_EQ(CodeOf(with(24, "00 00 00 00")), ErrorCode::kCorruption);
  EXPECT_EQ(CodeOf(with(16, "f8 ff ff ff ff ff ff ff")), ErrorCode::kCorruption);
  EXPECT_EQ(CodeOf(with(8, "f8 ff ff ff ff ff ff ff")), ErrorCode::kCorruption);
  EXPECT_EQ(CodeOf(with(0, "11 01")), ErrorCode::kCorruption);
}

TEST(TableEntry, ChecksTheRange) {
  auto column = TableEntry(BytesOf(kTables), 0, kFileSize);
  ASSERT_TRUE(column);
  EXPECT_EQ(column->offset, 0x9du);
  EXPECT_EQ(column->size, 0x73u);
  auto descriptor = TableEntry(BytesOf(kTables), 1, kFileSize);
  ASSERT_TRUE(descriptor);
  EXPECT_EQ(descriptor->offset, 0x80u);
  EXPECT_FALSE(TableEntry(BytesOf(kTables), 0, 0x9d + 0x72));
  const std::string wrapping = FromHex("f0 ff ff ff ff ff ff ff 20 00 00 00 00 00 00 00");
  EXPECT_FALSE(TableEntry(BytesOf(wrapping), 0, kFileSize));
}

TEST(FileDescriptor, VectorParsesAndWritesBack) {
  auto descriptor = ParseFileDescriptor(BytesOf(kDescriptor));
  ASSERT_TRUE(descriptor) << descriptor.error().describe();
  EXPECT_EQ(descriptor->num_rows, 3u);
  ASSERT_EQ(descriptor->schema.fields.size(), 1u);
  const Field& field = descriptor->schema.fields[0];
  EXPECT_EQ(field.name, "x");
  EXPECT_EQ(field.id, 0);
  EXPECT_TRUE(field.nullable);
  EXPECT_EQ(field.type.id, TypeId::kInt32);
  // The vector lacks the obsolete Field.encoding, which is otherwise written: 38 01 after the nullable flag.
  std::string expected = kDescriptor;
  expected.insert(27, FromHex("38 01"));
  expected[1] = 0x1b;
  expected[3] = 0x19;
  EXPECT_EQ(*SerializeFileDescriptor(*descriptor), expected);
}

TEST(ColumnMetadata, VectorParsesAndWritesBack) {
  auto column = ParseColumnMetadata(BytesOf(kColumn), kFileSize);
  ASSERT_TRUE(column) << column.error().describe();
  EXPECT_EQ(column->encoding.type_url, kColumnEncodingUrl);
  ASSERT_EQ(column->pages.size(), 1u);
  const PageMetadata& page = column->pages[0];
  EXPECT_EQ(page.encoding.type_url, kPageLayoutUrl);
  EXPECT_EQ(page.length, 3u);
  EXPECT_EQ(page.priority, 0u);
  ASSERT_EQ(page.buffers.size(), 2u);
  EXPECT_EQ(page.buffers[0].size, 2u);
  EXPECT_EQ(page.buffers[1].offset, 64u);
  EXPECT_EQ(page.buffers[1].size, 32u);
  EXPECT_EQ(SerializeColumnMetadata(*column), kColumn);
  const auto outside = ParseColumnMetadata(BytesOf(kColumn), 64 + 31);
  ASSERT_FALSE(outside);
  EXPECT_EQ(outside.error().code, ErrorCode::kCorruption);
  EXPECT_EQ(outside.error().page, 0);
}

TEST(ColumnMetadata, TakesUnpackedNumbersAndSkipsUnknownFields) {
  // Page {1: 0, 1: 64, 2: packed [2, 32], 3: 7, 15: "?", 16: fixed32} with an encoding of no kind.
  const std::string page = FromHex("08 00 08 40 12 02 02 20 18 07 7a 01 3f 85 01 01 02 03 04");
  const std::string message = FromHex("12 13") + page;
  auto column = ParseColumnMetadata(BytesOf(message), kFileSize);
  ASSERT_TRUE(column) << column.error().describe();
  ASSERT_EQ(column->pages.at(0).buffers.size(), 2u);
  EXPECT_EQ(column->pages[0].buffers[1].offset, 64u);
  EXPECT_EQ(column->pages[0].length, 7u);
}

TEST(ColumnMetadata, RejectsWhatDoesNotFit) {
  const auto code = [](const char* hex) {
    const std::string message = FromHex(hex);
    auto result = ParseColumnMetadata(BytesOf(message), kFileSize);
    return result ? ErrorCode::kInternal : result.error().code;
  };
  EXPECT_EQ(code("12 06 0a 01 00 12 01 08"), ErrorCode::kInternal);
  EXPECT_EQ(code("12 04 0a 02 00 40"), ErrorCode::kCorruption) << "more offsets than sizes";
  EXPECT_EQ(code("12 03 12 01 00"), ErrorCode::kCorruption) << "more sizes than offsets";
  EXPECT_EQ(code("1a 01 00 22 02 d8 02"), ErrorCode::kInternal) << "a column buffer of the whole file";
  EXPECT_EQ(code("1a 01 01 22 02 d8 02"), ErrorCode::kCorruption);
  EXPECT_EQ(code("12 0b 18 81 80 80 80 80 80 80 80 40"), ErrorCode::kCorruption) << "cut varint";
  EXPECT_EQ(code("12 0a 18 81 80 80 80 80 80 80 80 40"), ErrorCode::kCorruption) << "more rows than kMaxRows";
  EXPECT_EQ(code("0a 04 0a 02 08 00"), ErrorCode::kUnsupported) << "deferred encoding";
}

TEST(Container, DamagedMessagesNeverCrash) {
  std::size_t num_refused = 0;
  const auto parse = [&](const std::string& descriptor, const std::string& column) {
    if (auto result = ParseFileDescriptor(BytesOf(descriptor)); !result) ++num_refused;
    if (auto result = ParseColumnMetadata(BytesOf(column), kFileSize); !result) ++num_refused;
  };
  for (std::size_t size = 0; size < kColumn.size(); ++size) parse(kDescriptor.substr(0, size), kColumn.substr(0, size));
  for (std::size_t at = 0; at < kColumn.size(); ++at) {
    for (int value = 0; value < 256; ++value) {
      std::string descriptor = kDescriptor, column = kColumn;
      if (at < descriptor.size()) descriptor[at] = static_cast<char>(value);
      column[at] = static_cast<char>(value);
      parse(descriptor, column);
    }
  }
  EXPECT_GT(num_refused, 1000u);
}

}  // namespace
}  // namespace lancekit::format
