// Opening a few of many columns: by the name index or without it, as file and as dataset, and with damage.
#include <lancekit/lancekit.hpp>

#include "format/file_metadata.h"
#include "format/name_index.h"
#include "tests/damage_testing.h"

namespace lancekit {
namespace {

using testing::DamageTest;
using testing::Flip;
using testing::Rows;

class ProjectionTest : public DamageTest {
 protected:
  static constexpr std::int64_t kRows = 50;

  /// Columns 0, 1, ... of int64, every hundredth a struct of a list and a text, one named with a dot.
  void Write(int num_columns, const std::string& version = "2.2", bool single_file = true) {
    Schema schema;
    for (int i = 0; i < num_columns; ++i) {
      Field field = testing::MakeField(i == 7 ? "with.dot" : fmt::format("c{}", i), {.id = TypeId::kInt64});
      if (i % 100 == 50) {
        field.type = {.id = TypeId::kStruct,
                      .children = {testing::MakeField("list", {.id = TypeId::kList,
                                                               .children = {testing::MakeField("item", {.id = TypeId::kInt32})}}),
                                   testing::MakeField("text", {.id = TypeId::kString})}};
      }
      schema.fields.push_back(std::move(field));
    }
    schema.metadata = {{"key", "value"}};
    std::mt19937 random(3);
    testing::MadeArray batch = testing::MakeArray({.id = TypeId::kStruct, .children = schema.fields}, kRows,
                                                  {.offsets = false, .nulls = false}, &random);
    testing::OwnedSchema c_schema(schema);
    auto writer = create(context_, path_, {.version = version, .single_file = single_file, .overwrite = true});
    ASSERT_TRUE(writer) << writer.error().describe();
    ASSERT_TRUE(writer->write(&batch.array->c(), &*c_schema));
    const auto summary = writer->commit();
    ASSERT_TRUE(summary) << summary.error().describe();
  }
  Result<Table> Open(std::vector<std::string> columns, Checksums checksums = Checksums::kScans) {
    return open(context_, path_, {.checksums = checksums, .columns = std::move(columns)});
  }
  Rows ReadSelected(const std::vector<std::string>& columns) {
    const auto table = open(context_, path_);
    EXPECT_TRUE(table);
    Rows rows;
    for (const std::string& column : columns) {
      const auto selected = open(context_, path_);
      Scan scan = selected->scan().select({column});
      std::vector<std::string>& values = rows.emplace_back();
      for (auto& batch : scan) {
        ArrowArray array{};
        ArrowSchema schema{};
        EXPECT_TRUE(batch && batch->export_array(&array, &schema));
        auto view = ImportArray(batch->schema().fields[0], *schema.children[0], *array.children[0]);
        for (std::int64_t i = 0; view && i < view->length; ++i) values.push_back(testing::Render(*view, i));
        array.release(&array);
        schema.release(&schema);
      }
    }
    return rows;
  }

  const std::vector<std::string> some_{"c299", "with.dot", "c50.text", "c150", "c3"};
};

TEST_F(ProjectionTest, ReadsWhatTheWholeTableReads) {
  for (const bool single_file : {true, false}) {
    for (const int num_columns : {300, 200}) {  // with an index, and too few for one
      for (const char* version : {"2.1", "2.2", "x1"}) {
        SCOPED_TRACE(fmt::format("{} columns, {}, {}", num_columns, version, single_file ? "file" : "dataset"));
        std::filesystem::remove_all(path_);
        Write(num_columns, version, single_file);
        std::vector<std::string> names = some_;
        if (num_columns < 300) names[0] = "c199";
        const auto table = Open(names);
        ASSERT_TRUE(table) << table.error().describe();
        ASSERT_EQ(table->schema().fields.size(), names.size());
        EXPECT_EQ(table->schema().fields[1].name, "with.dot");
        EXPECT_EQ(table->schema().fields[2].name, "c50");
        ASSERT_EQ(table->schema().fields[2].type.children.size(), 1u);
        EXPECT_EQ(table->schema().metadata, (std::vector<std::pair<std::string, std::string>>{{"key", "value"}}));
        EXPECT_EQ(table->row_count(), static_cast<std::uint64_t>(kRows));
        EXPECT_EQ(testing::ReadTable(*table), ReadSelected(names));
        const auto taken = table->take({3, 1}, {"c150"});
        ASSERT_TRUE(taken) << taken.error().describe();
        EXPECT_FALSE(table->take({0}, {"c4"})) << "it was not asked for";
        auto filtered = table->scan().where(*Filter::parse("c3 IS NOT NULL")).count();
        ASSERT_TRUE(filtered) << filtered.error().describe();
        EXPECT_EQ(*filtered, static_cast<std::uint64_t>(kRows));
        for (const char* unknown : {"c99999", "with", "c3.x", "c50.nothing", ""}) {
          const auto refused = Open({"c3", unknown});
          ASSERT_FALSE(refused) << unknown;
          EXPECT_EQ(refused.error().code, ErrorCode::kInvalidArgument);
          EXPECT_EQ(refused.error().path, path_);
        }
      }
    }
  }
}

TEST_F(ProjectionTest, OpeningReadsAFewBytes) {
  Write(5000);
  const Context context(ContextOptions{.threads = 1});
  const auto table = open(context, path_, {.columns = {"c4999", "c17"}});
  ASSERT_TRUE(table);
  EXPECT_LT(context.metrics().bytes_read, format::kTailBytes + 4096);
  const auto in_cache =
      open(Context(ContextOptions{.threads = 1, .io_mode = IoMode::kRead}), path_, {.columns = {"c4999", "c17"}});
  ASSERT_TRUE(in_cache);
  EXPECT_EQ(testing::ReadTable(*in_cache), ReadSelected({"c4999", "c17"}));
}

TEST_F(ProjectionTest, DamageInWhatIsReadIsFound) {
  Write(300);
  const auto values_of = [&](const Batch& batch) {
    const auto values = batch.values<std::int64_t>("c3");
    return std::vector(values.begin(), values.end());
  };
  const auto first = Open({"c3"})->take({0, 49});
  const std::vector<std::int64_t> sound = values_of(*first);
  ASSERT_EQ(sound.size(), 2u);
  const auto file = inspect_file(context_, path_);
  ASSERT_TRUE(file);
  ASSERT_EQ(file->global_buffers.size(), 3u);  // schema, name index, statistics
  const InspectedColumn& column = file->columns[3];
  std::vector<std::uint64_t> bytes;
  for (const InspectedBuffer& buffer : column.pages[0].buffers) {
    for (std::uint64_t i = 0; i < buffer.size; i += 13) bytes.push_back(buffer.offset + i);
  }
  for (std::uint64_t i = 0; i < column.metadata.size; i += 5) bytes.push_back(column.metadata.offset + i);
  for (const std::uint64_t byte : bytes) {
    const Flip flip(path_, byte, 0x04);
    const auto table = Open({"c3"});
    if (!table) {
      EXPECT_EQ(table.error().code, ErrorCode::kCorruption) << table.error().describe();
      continue;
    }
    Scan scan = table->scan();
    const auto batch = scan.next();
    ASSERT_FALSE(batch) << "byte " << byte;
    EXPECT_EQ(batch.error().code, ErrorCode::kCorruption) << batch.error().describe();
  }
  // Elsewhere it does no harm: other values are never read.
  for (std::uint64_t byte = 0; byte < std::filesystem::file_size(path_); byte += 211) {
    const Flip flip(path_, byte, 0x04);
    const auto table = Open({"c3"});
    // The tail, the index and the statistics say where c3 is; values of other columns say nothing.
    const bool may_fail = byte >= file->global_buffers[0].offset;
    if (!table) {
      ASSERT_TRUE(may_fail) << "byte " << byte << ": " << table.error().describe();
      continue;
    }
    Scan scan = table->scan();
    const auto batch = scan.next();
    const bool is_own = std::ranges::any_of(column.pages[0].buffers, [&](const InspectedBuffer& buffer) {
      return byte >= buffer.offset && byte - buffer.offset < buffer.size;
    });
    if (!batch) {
      ASSERT_TRUE(may_fail || is_own) << "byte " << byte << ": " << batch.error().describe();
      continue;
    }
    ASSERT_TRUE(batch->has_value());
    ASSERT_EQ((*batch)->num_rows(), kRows);
    const std::vector<std::int64_t> values = values_of(**batch);
    ASSERT_EQ((std::vector{values.front(), values.back()}), sound) << "byte " << byte;
  }
}

TEST_F(ProjectionTest, DamagedStatisticsAndIndexesAreDoneWithout) {
  Write(300);
  const Rows sound = ReadSelected({"c3"});
  const auto file = inspect_file(context_, path_);
  ASSERT_TRUE(file);
  const InspectedBuffer& index = file->global_buffers[1];
  const InspectedBuffer& statistics = file->global_buffers[2];
  {
    const Flip flip(path_, index.offset + 9, 0x01);  // its header: no index
    const auto table = Open({"c3"}, Checksums::kNever);
    ASSERT_TRUE(table) << table.error().describe();
    EXPECT_EQ(testing::ReadTable(*table), sound);
    const std::vector<Finding> findings = Verify(VerifyLevel::kQuick);
    ASSERT_FALSE(findings.empty());
  }
  for (std::uint64_t i = format::NameIndex::kHeaderBytes; i < index.size; i += 131) {
    const Flip flip(path_, index.offset + i, 0x08);  // a bucket: the schema is walked over
    const auto table = Open({"c3"});
    ASSERT_TRUE(table) << i << " " << table.error().describe();
    Scan scan = table->scan();
    const auto batch = scan.next();
    ASSERT_TRUE(batch) << i << " " << batch.error().describe();
  }
  for (std::uint64_t i = 12; i < statistics.size; i += 97) {
    const Flip flip(path_, statistics.offset + i, 0x40);
    const auto table = Open({"c3"});
    ASSERT_TRUE(table) << table.error().describe();
    Scan scan = table->scan();
    const auto batch = scan.next();
    ASSERT_TRUE(batch) << i << " " << batch.error().describe();
  }
}

}  // namespace
}  // namespace lancekit
