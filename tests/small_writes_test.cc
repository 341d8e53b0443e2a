// A file is the same whatever the batches that its rows come in.
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>

#include "lancekit/lancekit.hpp"
#include "types/array_testing.h"

namespace lancekit {
namespace {

namespace fs = std::filesystem;

class SmallWritesTest : public ::testing::TestWithParam<const char*> {
 protected:
  SmallWritesTest() : folder_(fs::temp_directory_path() / ("lancekit_small_writes_test." + std::to_string(::getpid()))) {
    fs::create_directories(folder_);
  }
  ~SmallWritesTest() override { fs::remove_all(folder_); }

  /// The bytes of a file of all rows, written so many at a time.
  std::string Written(const Schema& schema, ArrowArray* rows, std::int64_t rows_per_write) {
    const std::string path = folder_ / "out.lance";
    testing::OwnedSchema c_schema(schema);
    WriteOptions options;
    options.version = GetParam();
    options.single_file = options.overwrite = true;
    options.page_bytes = 256 << 10;  // several pages of each column
    auto writer = create(context_, path, options);
    if (!writer) return writer.error().describe();
    for (std::int64_t row = 0; row < rows->length; row += rows_per_write) {
      ArrowArray some = *rows;
      some.offset = row;
      some.length = std::min(rows_per_write, rows->length - row);
      some.release = [](ArrowArray* array) { array->release = nullptr; };
      if (Status status = writer->write(&some, &*c_schema); !status.ok()) return status.error().describe();
    }
    const auto summary = writer->commit();
    if (!summary) return summary.error().describe();
    EXPECT_EQ(summary->rows, static_cast<std::uint64_t>(rows->length));
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  fs::path folder_;
  Context context_;
};

TEST_P(SmallWritesTest, MakeTheFileOfOneWrite) {
  // One version is enough for that many.
  const std::int64_t num_rows = GetParam() == std::string("2.2") && !testing::kSanitized ? 100'000 : 10'000;
  const DataType text{.id = TypeId::kString};
  Schema schema;
  schema.fields = {
      testing::MakeField("number", {.id = TypeId::kInt64}, false),
      testing::MakeField("small", {.id = TypeId::kUInt8}),
      testing::MakeField("text", text),
      testing::MakeField("list", {.id = TypeId::kList, .children = {testing::MakeField("item", {.id = TypeId::kInt32})}}),
      testing::MakeField("key",
                         {.id = TypeId::kDictionary, .key_id = TypeId::kInt16, .children = {testing::MakeField("value", text)}}),
  };
  std::mt19937 random(5);
  const testing::MadeArray rows = testing::MakeArray({.id = TypeId::kStruct, .children = schema.fields}, num_rows,
                                                     {.offsets = false, .nulls = false}, &random);
  const std::string whole = Written(schema, &rows.array->c(), num_rows);
  ASSERT_GT(whole.size(), static_cast<std::size_t>(num_rows) * 8) << whole;
  EXPECT_TRUE(Written(schema, &rows.array->c(), 1) == whole);
  EXPECT_TRUE(Written(schema, &rows.array->c(), 777) == whole);
}

INSTANTIATE_TEST_SUITE_P(Versions, SmallWritesTest, ::testing::Values("2.1", "2.2", "x1"));

}  // namespace
}  // namespace lancekit
