// Tables through the public API: what is written comes back, whole or in parts, and bad input leaves nothing behind.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "lancekit/lancekit.hpp"
#include "types/array_testing.h"

namespace lancekit {
namespace {

namespace fs = std::filesystem;
using testing::HandArray;
using testing::OwnedSchema;

class TableTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() / fmt::format("lancekit-table-test-{}-{}", ::getpid(),
                                                      ::testing::UnitTest::GetInstance()->current_test_info()->name());
    fs::remove_all(folder_);
    fs::create_directories(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }

  std::string Path(const std::string& name) const { return (folder_ / name).string(); }
  std::size_t NumFiles() const {
    return static_cast<std::size_t>(std::distance(fs::directory_iterator(folder_), fs::directory_iterator()));
  }

  fs::path folder_;
  Context context_{ContextOptions{.threads = 3}};
};

Status WriteColumn(const Context& context, const std::string& path, const Field& field, HandArray* batch,
                   const WriteOptions& options) {
  Schema schema;
  schema.fields.push_back(field);
  OwnedSchema c_schema(schema);
  auto writer = create(context, path, options);
  if (!writer) return std::move(writer).status();
  if (Status status = writer->write(&batch->c(), &*c_schema); !status) return status;
  auto summary = writer->commit();
  return summary ? Status() : std::move(summary).status();
}

std::vector<std::string> RenderBatch(const Batch& batch) {
  ArrowArray array{};
  ArrowSchema schema{};
  std::vector<std::string> rows;
  if (!batch.export_array(&array, &schema)) return rows;
  const Field& field = batch.schema().fields[0];
  {
    auto view = ImportArray(field, *schema.children[0], *array.children[0]);
    for (std::int64_t i = 0; view && i < view->length; ++i) rows.push_back(testing::Render(*view, i));
  }
  array.release(&array);
  schema.release(&schema);
  return rows;
}

std::vector<std::string> RenderScan(Scan scan) {
  std::vector<std::string> rows;
  for (auto& batch : scan) {
    if (!batch) {
      ADD_FAILURE() << batch.error().describe();
      break;
    }
    for (std::string& row : RenderBatch(*batch)) rows.push_back(std::move(row));
  }
  return rows;
}

TEST_F(TableTest, EveryFlatTypeComesBack) {
  std::mt19937 random(7);
  for (const DataType& type : testing::AllTypes()) {
    const Field field = testing::MakeField("c", type);
    for (const char* version : {"2.1", "2.2"}) {
      for (const std::int64_t length : {0, 1, 5, 1025, 3000}) {
        SCOPED_TRACE(fmt::format("{} {} {}", type.to_string(), version, length));
        auto made = testing::MakeArray(type, length, {}, &random);
        HandArray batch(length, 0, 0);
        batch.AddNullBuffer().AddChild(std::move(made.array));
        const WriteOptions options{.version = version, .single_file = true, .overwrite = true, .page_bytes = 4096};
        const Status status = WriteColumn(context_, Path("t.lance"), field, &batch, options);
        if (!status && status.error().code == ErrorCode::kUnsupported) {
          EXPECT_EQ(NumFiles(), 0u);
          continue;  // nested types and those that Lance cannot hold are refused by name
        }
        ASSERT_TRUE(status) << status.error().describe();
        auto table = open(context_, Path("t.lance"));
        ASSERT_TRUE(table) << table.error().describe();
        EXPECT_EQ(table->row_count(), static_cast<std::uint64_t>(length));
        EXPECT_EQ(RenderScan(table->scan()), made.expected);
        EXPECT_EQ(RenderScan(table->scan().batch_rows(7)), made.expected);
        if (length > 1) {
          const std::vector<std::int64_t> rows = {length - 1, 0, 0, -2, length / 2, length / 2 + (length > 3)};
          auto taken = table->take({rows.data(), rows.size()});
          ASSERT_TRUE(taken) << taken.error().describe();
          std::vector<std::string> wanted;
          for (const std::int64_t row : rows)
            wanted.push_back(made.expected[static_cast<std::size_t>(row < 0 ? row + length : row)]);
          EXPECT_EQ(RenderBatch(*taken), wanted);
        }
        fs::remove_all(Path("t.lance"));
      }
    }
  }
}

TEST_F(TableTest, ExplainsWhatItWrites) {
  std::mt19937 random(11);
  for (const DataType& type : testing::AllTypes()) {
    for (const char* version : {"2.2", "x1"}) {
      for (const std::int64_t length : {0, 1500}) {
        if (length == 0 && type.id != TypeId::kString) continue;
        SCOPED_TRACE(fmt::format("{} {} {}", type.to_string(), version, length));
        auto made = testing::MakeArray(type, length, {}, &random);
        HandArray batch(length, 0, 0);
        batch.AddNullBuffer().AddChild(std::move(made.array));
        const WriteOptions options{.version = version, .single_file = true, .overwrite = true, .preset = "balanced"};
        if (!WriteColumn(context_, Path("t.lance"), testing::MakeField("c", type), &batch, options)) continue;  // refused by name
        auto table = open(context_, Path("t.lance"));
        ASSERT_TRUE(table) << table.error().describe();
        ArrowArrayStream stream;
        Scan scan = table->scan().batch_rows(700);
        ASSERT_TRUE(scan.export_stream(&stream));
        const auto reports = explain_encodings(context_, &stream, options);
        EXPECT_EQ(stream.release, nullptr);
        ASSERT_TRUE(reports) << reports.error().describe();
        const auto file = inspect_file(context_, Path("t.lance"));
        ASSERT_TRUE(file) << file.error().describe();
        ASSERT_EQ(reports->size(), file->columns.size());
        for (std::size_t i = 0; i < reports->size(); ++i) {
          const EncodingReport& report = (*reports)[i];
          EXPECT_EQ(report.column, file->columns[i].path);
          EXPECT_EQ(report.rows, static_cast<std::uint64_t>(length));
          EXPECT_EQ(report.bytes, file->columns[i].bytes());
          EXPECT_EQ(report.chosen.empty(), length == 0);
          EXPECT_FALSE(report.reason.empty());
          const auto cost = [](const EncodingReport::Trial& trial) { return static_cast<double>(trial.bytes) * trial.cost; };
          const auto chosen = std::ranges::find(report.trials, report.chosen, &EncodingReport::Trial::encoding);
          if (chosen == report.trials.end()) continue;
          if (report.chosen.starts_with("dictionary")) continue;  // whose items count without a factor
          const auto cheapest = std::ranges::min_element(report.trials, {}, cost);
          EXPECT_LE(cost(*chosen), cost(*cheapest) * 1.02 + 1) << report.chosen << " and not " << cheapest->encoding;
        }
      }
    }
  }
}

TEST_F(TableTest, ExplainingRefusesWhatWritingDoes) {
  ArrowArrayStream stream;
  const auto refusal = [&](const WriteOptions& options) {
    auto reports = explain_encodings(context_, &stream, options);
    EXPECT_EQ(stream.release, nullptr);
    return reports ? "accepted" : reports.error().column + ": " + reports.error().message;
  };
  std::mt19937 random(12);
  auto made = testing::MakeArray({.id = TypeId::kInt64}, 10, {}, &random);
  HandArray batch(10, 0, 0);
  batch.AddNullBuffer().AddChild(std::move(made.array));
  ASSERT_TRUE(WriteColumn(context_, Path("t.lance"), testing::MakeField("c", {.id = TypeId::kInt64}), &batch, {}));
  auto table = open(context_, Path("t.lance"));
  ASSERT_TRUE(table) << table.error().describe();
  const auto rows = [&] {
    Scan scan = table->scan();
    EXPECT_TRUE(scan.export_stream(&stream));
  };
  rows();
  EXPECT_NE(refusal({.version = "1.0"}).find("choose 2.1"), std::string::npos);
  rows();
  EXPECT_NE(refusal({.preset = "best"}).find("a preset is"), std::string::npos);
  rows();
  EXPECT_EQ(refusal({.version = "x1", .encodings = {{"c", "lengths"}}}),
            "c: \"lengths\" is no encoding for values of type int64");
  rows();
  EXPECT_EQ(refusal({.version = "x1", .encodings = {{"c", "frame"}}}), "accepted");
}

TEST_F(TableTest, DatasetOfManyFilesScansInOrder) {
  std::mt19937 random(8);
  const DataType type{.id = TypeId::kString};
  auto made = testing::MakeArray(type, 1000, {}, &random);
  HandArray batch(1000, 0, 0);
  batch.AddNullBuffer().AddChild(std::move(made.array));
  const WriteOptions options{.max_rows_per_file = 128};
  ASSERT_TRUE(WriteColumn(context_, Path("d.lance"), testing::MakeField("c", type), &batch, options));
  EXPECT_EQ(std::distance(fs::directory_iterator(Path("d.lance/data")), fs::directory_iterator()), 8);
  auto table = open(context_, Path("d.lance"));
  ASSERT_TRUE(table) << table.error().describe();
  EXPECT_EQ(table->format_version(), "2.2");
  EXPECT_EQ(RenderScan(table->scan()), made.expected);
  const std::vector<std::string> middle(made.expected.begin() + 100, made.expected.begin() + 400);
  EXPECT_EQ(RenderScan(table->scan().offset(100).limit(300).batch_rows(33)), middle);
  EXPECT_TRUE(RenderScan(table->scan().offset(5000)).empty());
}

TEST_F(TableTest, FilesAreTheSameForAnyBatchesAndThreads) {
  std::mt19937 random(9);
  const DataType type{.id = TypeId::kBool};
  auto made = testing::MakeArray(type, 5000, {.offsets = false, .nulls = true}, &random);
  const Field field = testing::MakeField("c", type);
  Schema schema;
  schema.fields.push_back(field);
  const auto bytes_of = [&](std::int64_t step, int threads) {
    const Context context(ContextOptions{.threads = threads});
    OwnedSchema c_schema(schema);
    auto writer = create(context, Path("b.lance"), {.single_file = true, .overwrite = true, .page_bytes = 200});
    for (std::int64_t first = 0; first < 5000; first += step) {
      ArrowArray part = made.array->c();
      part.offset = first;
      part.length = std::min<std::int64_t>(step, 5000 - first);
      part.null_count = -1;
      ArrowArray* children[] = {&part};
      const void* buffers[] = {nullptr};
      ArrowArray batch{.length = part.length, .n_buffers = 1, .n_children = 1, .buffers = buffers, .children = children};
      batch.release = [](ArrowArray* array) { array->release = nullptr; };
      const Status status = writer->write(&batch, &*c_schema);
      EXPECT_TRUE(status) << status.error().describe();
    }
    EXPECT_TRUE(writer->commit());
    std::ifstream file(Path("b.lance"), std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(file), {});
  };
  const std::string whole = bytes_of(5000, 1);
  EXPECT_GT(whole.size(), 1000u);
  EXPECT_EQ(whole, bytes_of(1, 1));
  EXPECT_EQ(whole, bytes_of(777, 3));
}

// Columns whose pages end in different rows, and files that begin while pages of the one before are made.
TEST_F(TableTest, FilesOfADatasetAreTheSameForAnyThreads) {
  std::mt19937 random(10);
  Schema schema;
  HandArray batch(5000, 0, 0);
  batch.AddNullBuffer();
  for (const TypeId id : {TypeId::kInt64, TypeId::kString, TypeId::kBool, TypeId::kLargeBinary, TypeId::kInt16}) {
    const DataType type{.id = id};
    schema.fields.push_back(testing::MakeField(fmt::format("c{}", schema.fields.size()), type));
    batch.AddChild(std::move(testing::MakeArray(type, 5000, {}, &random).array));
  }
  const auto files_of = [&](int threads, Table* rows = nullptr) {
    const std::string path = Path(fmt::format("{}{}.lance", threads, rows == nullptr ? "" : "-stream"));
    const Context context(ContextOptions{.threads = threads});
    OwnedSchema c_schema(schema);
    auto writer = create(context, path, {.max_rows_per_file = 330, .page_bytes = 700});
    if (rows == nullptr) {
      ArrowArray part = batch.c();
      part.release = [](ArrowArray* array) { array->release = nullptr; };
      EXPECT_TRUE(writer->write(&part, &*c_schema));
    } else {
      // More batches than are held at a time.
      ArrowArrayStream stream;
      EXPECT_TRUE(rows->scan().batch_rows(7).export_stream(&stream));
      EXPECT_TRUE(writer->write(&stream));
      EXPECT_EQ(stream.release, nullptr);
    }
    EXPECT_TRUE(writer->commit());
    std::vector<std::string> files;  // their names are drawn by chance
    for (const auto& entry : fs::directory_iterator(path + "/data")) {
      std::ifstream file(entry.path(), std::ios::binary);
      files.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
    }
    std::ranges::sort(files);
    return files;
  };
  const std::vector<std::string> files = files_of(1);
  EXPECT_EQ(files.size(), 16u);
  for (const int threads : {2, 3, 8}) EXPECT_TRUE(files == files_of(threads)) << threads;
  auto one = open(context_, Path("1.lance"));
  auto eight = open(context_, Path("8.lance"));
  ASSERT_TRUE(one && eight);
  EXPECT_EQ(RenderScan(one->scan()), RenderScan(eight->scan()));
  for (const int threads : {1, 3}) EXPECT_TRUE(files == files_of(threads, &*one)) << threads;
}

TEST_F(TableTest, NothingFollowsWhatFailed) {
  const DataType type{.id = TypeId::kInt64};
  Schema schema;
  schema.fields.push_back(testing::MakeField("c", type));
  OwnedSchema c_schema(schema);
  std::mt19937 random(13);
  const auto batch_of = [&](std::int64_t rows) {
    auto batch = std::make_unique<HandArray>(rows, 0, 0);
    batch->AddNullBuffer().AddChild(std::move(testing::MakeArray(type, rows, {}, &random).array));
    return batch;
  };
  const auto sound = batch_of(1000), damaged = batch_of(10);
  ASSERT_TRUE(WriteColumn(context_, Path("none.lance"), schema.fields[0], batch_of(0).get(), {}));
  auto none = open(context_, Path("none.lance"));
  ASSERT_TRUE(none) << none.error().describe();
  auto writer = create(context_, Path("t.lance"), {});
  ASSERT_TRUE(writer->write(&sound->c(), &*c_schema));
  damaged->c().children[0]->n_buffers = 1;
  ASSERT_FALSE(writer->write(&damaged->c(), &*c_schema));
  ArrowArrayStream stream;
  ASSERT_TRUE(none->scan().export_stream(&stream));
  EXPECT_FALSE(writer->write(&stream));
  EXPECT_EQ(stream.release, nullptr);
  EXPECT_FALSE(writer->commit());
}

TEST_F(TableTest, AWriterMayGoWhileItsPagesAreMade) {
  std::mt19937 random(11);
  const DataType type{.id = TypeId::kInt64};
  Schema schema;
  HandArray batch(20'000, 0, 0);
  batch.AddNullBuffer();
  for (int i = 0; i < 8; ++i) {
    schema.fields.push_back(testing::MakeField(fmt::format("c{}", i), type));
    batch.AddChild(std::move(testing::MakeArray(type, 20'000, {}, &random).array));
  }
  OwnedSchema c_schema(schema);
  const Context context(ContextOptions{.threads = 4});
  for (int i = 0; i < 10; ++i) {
    auto writer = create(context, Path("gone.lance"), {.max_rows_per_file = 3000, .page_bytes = 4000});
    ArrowArray part = batch.c();
    part.release = [](ArrowArray* array) { array->release = nullptr; };
    ASSERT_TRUE(writer->write(&part, &*c_schema));
  }
  EXPECT_EQ(NumFiles(), 0u);
}

TEST_F(TableTest, NothingIsCommittedOnceCancelled) {
  for (const bool single_file : {true, false}) {
    Context context(ContextOptions{.threads = 2});
    const DataType type{.id = TypeId::kInt64};
    std::mt19937 random(12);
    auto made = testing::MakeArray(type, 100, {}, &random);
    HandArray batch(100, 0, 0);
    batch.AddNullBuffer().AddChild(std::move(made.array));
    Schema schema;
    schema.fields.push_back(testing::MakeField("c", type));
    OwnedSchema c_schema(schema);
    {
      auto writer = create(context, Path("c.lance"), {.single_file = single_file});
      ASSERT_TRUE(writer->write(&batch.c(), &*c_schema));
      context.cancel();
      auto summary = writer->commit();
      ASSERT_FALSE(summary);
      EXPECT_EQ(summary.error().code, ErrorCode::kCancelled);
    }
    EXPECT_EQ(NumFiles(), 0u);
  }
}

TEST_F(TableTest, BlobsComeBackAsValuesAndByRange) {
  const std::string data = "abcdefghij";
  const DataType type{.id = TypeId::kLargeBinary};
  Field field = testing::MakeField("c", type);
  field.metadata = {{"lance-encoding:blob", "true"}};
  for (const char* version : {"2.1", "2.2"}) {
    for (const bool single_file : {true, false}) {
      // "abcd", null, "", "efghij"
      auto column = std::make_unique<HandArray>(4);
      column->AddBytes("\x0D", 1).AddBuffer<std::int64_t>({0, 4, 4, 4, 10}).AddBytes(data.data(), data.size());
      HandArray batch(4, 0, 0);
      batch.AddNullBuffer().AddChild(std::move(column));
      const WriteOptions options{.version = version, .single_file = single_file, .overwrite = true, .page_bytes = 40};
      const std::string path = Path(std::string(version) + (single_file ? ".lance" : ""));
      ASSERT_TRUE(WriteColumn(context_, path, field, &batch, options));
      auto table = open(context_, path);
      ASSERT_TRUE(table) << table.error().describe();
      EXPECT_EQ(table->schema().fields[0].metadata, field.metadata);
      EXPECT_EQ(RenderScan(table->scan()), (std::vector<std::string>{"x61626364", "null", "x", "x65666768696a"}));
      auto blob = table->blob(3, "c");
      ASSERT_TRUE(blob) << blob.error().describe();
      char part[4] = {};
      ASSERT_EQ(*blob->read(3, part, 4), 3u);
      EXPECT_STREQ(part, "hij");
      EXPECT_TRUE(table->blob(1, "c")->is_null());
      EXPECT_EQ(table->blob(2, "c")->size(), 0u);
    }
  }
}

TEST_F(TableTest, NothingIsVisibleBeforeCommit) {
  std::mt19937 random(10);
  const DataType type{.id = TypeId::kInt32};
  Schema schema;
  schema.fields.push_back(testing::MakeField("c", type));
  OwnedSchema c_schema(schema);
  for (const bool single_file : {true, false}) {
    auto made = testing::MakeArray(type, 100, {}, &random);
    HandArray batch(100, 0, 0);
    batch.AddNullBuffer().AddChild(std::move(made.array));
    {
      auto writer = create(context_, Path("x.lance"), {.single_file = single_file});
      ASSERT_TRUE(writer);
      ASSERT_TRUE(writer->write(&batch.c(), &*c_schema));
      EXPECT_FALSE(fs::exists(Path("x.lance")));
    }
    EXPECT_EQ(NumFiles(), 0u);
  }
}

TEST_F(TableTest, ExistingOutputIsKept) {
  std::ofstream(Path("keep.lance")) << "mine";
  auto writer = create(context_, Path("keep.lance"), {});
  ASSERT_FALSE(writer);
  EXPECT_EQ(writer.error().code, ErrorCode::kOutput);
  EXPECT_EQ(fs::file_size(Path("keep.lance")), 4u);
}

TEST_F(TableTest, OverwriteReplacesADatasetInOneStep) {
  std::mt19937 random(11);
  const DataType type{.id = TypeId::kInt64};
  for (const std::int64_t length : {10, 20}) {
    auto made = testing::MakeArray(type, length, {}, &random);
    HandArray batch(length, 0, 0);
    batch.AddNullBuffer().AddChild(std::move(made.array));
    ASSERT_TRUE(WriteColumn(context_, Path("o.lance"), testing::MakeField("c", type), &batch, {.overwrite = true}));
    auto table = open(context_, Path("o.lance"));
    ASSERT_TRUE(table);
    EXPECT_EQ(RenderScan(table->scan()), made.expected);
    EXPECT_EQ(NumFiles(), 1u);
  }
}

TEST_F(TableTest, EveryFlatTypeIsAppended) {
  if (std::getenv("LANCEKIT_IO") != nullptr) GTEST_SKIP() << "writes do not depend on how files are read";
  std::mt19937 random(13);
  int num_types = 0;
  for (const DataType& type : testing::AllTypes()) {
    SCOPED_TRACE(type.to_string());
    const std::string path = Path(fmt::format("{}.lance", num_types++));
    std::vector<std::string> expected;
    for (const std::int64_t length : {7, 300}) {
      auto made = testing::MakeArray(type, length, {}, &random);
      HandArray batch(length, 0, 0);
      batch.AddNullBuffer().AddChild(std::move(made.array));
      // The dataset says what version its files are of.
      const WriteOptions options{.version = expected.empty() ? "2.1" : "2.2", .append = true};
      const Status status = WriteColumn(context_, path, testing::MakeField("c", type), &batch, options);
      if (!status && status.error().code == ErrorCode::kUnsupported) break;
      ASSERT_TRUE(status) << status.error().describe();
      std::ranges::move(made.expected, std::back_inserter(expected));
      auto table = open(context_, path);
      ASSERT_TRUE(table) << table.error().describe();
      EXPECT_EQ(RenderScan(table->scan()), expected);
    }
  }
}

TEST_F(TableTest, OverwriteCanKeepVersions) {
  std::mt19937 random(11);
  const std::vector<DataType> types{{.id = TypeId::kInt64}, {.id = TypeId::kString}};
  std::vector<std::vector<std::string>> expected;
  for (const DataType& type : types) {
    auto made = testing::MakeArray(type, 10, {}, &random);
    HandArray batch(10, 0, 0);
    batch.AddNullBuffer().AddChild(std::move(made.array));
    ASSERT_TRUE(WriteColumn(context_, Path("o.lance"), testing::MakeField("c", type), &batch,
                            {.overwrite = true, .keep_versions = true}));
    expected.push_back(std::move(made.expected));
    for (std::size_t version = 1; version <= expected.size(); ++version) {
      auto table = open(context_, Path("o.lance"), {.version = version});
      ASSERT_TRUE(table);
      EXPECT_EQ(RenderScan(table->scan()), expected[version - 1]);
    }
  }
  // Other columns than the newest version has.
  auto made = testing::MakeArray(types[0], 10, {}, &random);
  HandArray batch(10, 0, 0);
  batch.AddNullBuffer().AddChild(std::move(made.array));
  const Status status = WriteColumn(context_, Path("o.lance"), testing::MakeField("c", types[0]), &batch, {.append = true});
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, ErrorCode::kInvalidArgument);
  EXPECT_FALSE(create(context_, Path("p.lance"), {.overwrite = true, .append = true}));
  EXPECT_FALSE(create(context_, Path("p.lance"), {.single_file = true, .append = true}));
  EXPECT_FALSE(create(context_, Path("p.lance"), {.keep_versions = true}));
  EXPECT_EQ(NumFiles(), 1u);
}

TEST_F(TableTest, NullsInANonNullableColumnAreRefused) {
  const DataType type{.id = TypeId::kInt32};
  HandArray batch(2, 0, 0);
  auto child = std::make_unique<HandArray>(2, 0, 1);
  child->AddBuffer(std::vector<std::uint8_t>{1}).AddBuffer(std::vector<std::int32_t>{1, 2});
  batch.AddNullBuffer().AddChild(std::move(child));
  const Status status = WriteColumn(context_, Path("n.lance"), testing::MakeField("c", type, false), &batch, {});
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(status.error().column, "c");
  EXPECT_EQ(NumFiles(), 0u);
}

TEST_F(TableTest, BadColumnsAndRowsAreNamed) {
  std::mt19937 random(12);
  const DataType type{.id = TypeId::kInt32};
  auto made = testing::MakeArray(type, 10, {}, &random);
  HandArray batch(10, 0, 0);
  batch.AddNullBuffer().AddChild(std::move(made.array));
  ASSERT_TRUE(WriteColumn(context_, Path("t.lance"), testing::MakeField("c", type), &batch, {}));
  auto table = open(context_, Path("t.lance"));
  ASSERT_TRUE(table);
  auto missing = table->scan().select({"nope"}).next();
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, ErrorCode::kInvalidArgument);
  EXPECT_NE(missing.error().message.find("nope"), std::string::npos);
  for (const std::int64_t row : {std::int64_t{10}, std::int64_t{-11}}) {
    auto taken = table->take({row});
    ASSERT_FALSE(taken);
    EXPECT_EQ(taken.error().code, ErrorCode::kInvalidArgument);
  }
}

TEST_F(TableTest, CancelStopsAScan) {
  std::mt19937 random(13);
  const DataType type{.id = TypeId::kInt32};
  auto made = testing::MakeArray(type, 10, {}, &random);
  HandArray batch(10, 0, 0);
  batch.AddNullBuffer().AddChild(std::move(made.array));
  ASSERT_TRUE(WriteColumn(context_, Path("t.lance"), testing::MakeField("c", type), &batch, {}));
  Context other;
  auto table = open(other, Path("t.lance"));
  ASSERT_TRUE(table);
  other.cancel();
  auto next = table->scan().next();
  ASSERT_FALSE(next);
  EXPECT_EQ(next.error().code, ErrorCode::kCancelled);
}

}  // namespace
}  // namespace lancekit
