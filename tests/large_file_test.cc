// A file of 200 GB, nearly all of it a hole: positions beyond 32 bits, and nothing that takes memory or time by the size of a
// file.
#include <fcntl.h>
#include <unistd.h>

#include "base/checked_math.h"
#include "format/file_metadata.h"
#include "tests/damage_testing.h"

namespace lancekit {
namespace {

constexpr std::uint64_t kFar = 200'000'000'000 / format::kBufferAlignment * format::kBufferAlignment;
constexpr std::int64_t kRows = 20'000;

class LargeFileTest : public testing::DamageTest {
 protected:
  /// Two columns in pages of 5,000 rows.
  void Write() {
    Schema schema;
    schema.fields = {testing::MakeField("number", {.id = TypeId::kInt64}), testing::MakeField("text", {.id = TypeId::kString})};
    std::mt19937 random(1);
    testing::MadeArray batch = testing::MakeArray({.id = TypeId::kStruct, .children = schema.fields}, kRows,
                                                  {.offsets = false, .nulls = false}, &random);
    testing::OwnedSchema c_schema(schema);
    auto writer = create(context_, path_, {.single_file = true, .page_bytes = 40'000, .statistics = false});
    ASSERT_TRUE(writer);
    ASSERT_TRUE(writer->write(&batch.array->c(), &*c_schema));
    ASSERT_TRUE(writer->commit());
  }

  std::string ReadFile() const {
    std::ifstream stream(path_, std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), {}};
  }

  /// Moves the last page of each column, and all behind, as far away as kFar. False: the file system has no holes.
  bool MoveAway() {
    const std::string file = ReadFile();
    const Bytes bytes = std::as_bytes(std::span(file));
    auto footer = format::ParseFooter(bytes, bytes.size());
    EXPECT_TRUE(footer);
    MutableBuffer far;  // from kFar on
    const auto append = [&](Bytes part) {
      const format::FileRange range{kFar + far.size(), part.size()};
      far.Append(part);
      far.AppendFill(AlignUp(far.size(), format::kBufferAlignment) - far.size(), format::kPaddingByte);
      return range;
    };
    std::vector<std::string> messages;
    for (std::uint32_t column = 0; column < footer->num_columns; ++column) {
      const auto range = format::TableEntry(bytes.subspan(footer->cmo_offset), column, bytes.size());
      EXPECT_TRUE(range);
      auto metadata = format::ParseColumnMetadata(bytes.subspan(range->offset, range->size), bytes.size());
      EXPECT_TRUE(metadata && metadata->pages.size() > 2);
      for (format::FileRange& buffer : metadata->pages.back().buffers) buffer = append(bytes.subspan(buffer.offset, buffer.size));
      messages.push_back(format::SerializeColumnMetadata(*metadata));
    }
    const auto descriptor = format::TableEntry(bytes.subspan(footer->gbo_offset), 0, bytes.size());
    EXPECT_TRUE(descriptor);
    const format::FileRange schema = append(bytes.subspan(descriptor->offset, descriptor->size));
    footer->column_metadata_start = kFar + far.size();
    std::vector<format::FileRange> places;
    for (const std::string& message : messages) {
      places.push_back({kFar + far.size(), message.size()});
      far.Append(std::as_bytes(std::span(message)));
    }
    footer->cmo_offset = kFar + far.size();
    for (const format::FileRange& place : places) {
      far.AppendLe(place.offset);
      far.AppendLe(place.size);
    }
    footer->gbo_offset = kFar + far.size();
    far.AppendLe(schema.offset);
    far.AppendLe(schema.size);
    footer->num_global_buffers = 1;
    format::AppendFooter(*footer, &far);
    const int fd = ::open(path_.c_str(), O_WRONLY | O_CLOEXEC);
    const bool moved = ::ftruncate(fd, static_cast<off_t>(kFar + far.size())) == 0 &&
                       ::pwrite(fd, far.data(), far.size(), static_cast<off_t>(kFar)) == static_cast<ssize_t>(far.size());
    ::close(fd);
    return moved;
  }
};

TEST_F(LargeFileTest, TheLastPageIsReadInEachMode) {
  Write();
  const auto small = open(context_, path_);
  ASSERT_TRUE(small);
  const testing::Rows expected = testing::ReadTable(*small);
  if (!MoveAway()) GTEST_SKIP() << "no files of 200 GB here";
  EXPECT_GT(std::filesystem::file_size(path_), kFar);
  for (const IoMode mode : {IoMode::kMap, IoMode::kRead, IoMode::kUring}) {
    const Context context(ContextOptions{.threads = 2, .memory_budget = 64 << 20, .io_mode = mode});
    const auto table = open(context, path_);
    ASSERT_TRUE(table) << table.error().describe();
    EXPECT_EQ(table->row_count(), static_cast<std::uint64_t>(kRows));
    EXPECT_EQ(testing::ReadTable(*table), expected);
    auto last = table->scan().offset(kRows - 10);
    auto batch = last.next();
    ASSERT_TRUE(batch) << batch.error().describe();
    EXPECT_EQ((*batch)->num_rows(), 10);
    std::vector<std::int64_t> rows;
    for (std::int64_t i = 0; i < 100; ++i) rows.push_back(kRows - 1 - i * 150);
    const auto taken = table->take({rows.data(), rows.size()}, {"number"});
    ASSERT_TRUE(taken) << taken.error().describe();
    EXPECT_LT(context.metrics().bytes_read, 4u << 20);
  }
  const auto summary = verify(context_, path_, {VerifyLevel::kFull, {}, ""}, [](const Finding& finding) {
    EXPECT_NE(finding.message.find("without a purpose"), std::string::npos) << finding.message;  // the hole
    return true;
  });
  EXPECT_TRUE(summary);
}

}  // namespace
}  // namespace lancekit
