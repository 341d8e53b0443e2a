// What a scan compares with hashes, and when: pieces of a page's data once they are decoded.
#include <fstream>
#include <random>

#include "format/statistics.h"
#include "format/statistics_generated.h"
#include "tests/damage_testing.h"

namespace lancekit {
namespace {

using testing::Flip;
using testing::MakeField;
using testing::OwnedSchema;
using testing::Rows;

/// One page of random numbers, and one of wide values: what is stored is as large as what was written.
class PageHashesTest : public testing::DamageTest {
 protected:
  static constexpr std::int64_t kRows = 40'000;

  void SetUp() override {
    DamageTest::SetUp();
    const DataType vector{
        .id = TypeId::kFixedSizeList, .size = 64, .children = {MakeField("item", {.id = TypeId::kInt8}, false)}};
    Schema schema;
    schema.fields = {MakeField("number", {.id = TypeId::kInt64}, false), MakeField("vector", vector, false)};
    schema.fields[1].metadata.emplace_back("lance-encoding:structural-encoding", "fullzip");
    std::mt19937 random(5);
    OwnedSchema c_schema(schema);
    auto writer = create(context_, path_, {.single_file = true});
    ASSERT_TRUE(writer) << writer.error().describe();
    testing::MadeArray batch = testing::MakeArray({.id = TypeId::kStruct, .children = schema.fields}, kRows,
                                                  {.offsets = false, .nulls = false}, &random);
    ASSERT_TRUE(writer->write(&batch.array->c(), &*c_schema));
    ASSERT_TRUE(writer->commit());
    const auto file = inspect_file(context_, path_);
    ASSERT_TRUE(file);
    for (std::size_t i = 0; i < 2; ++i) {
      ASSERT_EQ(file->columns[i].pages.size(), 1u);
      data_.push_back(file->columns[i].pages[0].buffers[1 - i]);
      ASSERT_GT(data_[i].size, 4 * format::kHashPieceBytes);
    }
    statistics_ = file->global_buffers[1];
  }

  struct Outcome {
    std::uint64_t rows = 0;  ///< that came before the error
    std::optional<Error> error;
  };
  Outcome ScanColumn(const Table& table, const char* column, std::uint64_t batch_rows = 1024) {
    Outcome outcome;
    Scan scan = table.scan().select({column}).batch_rows(batch_rows);
    for (const auto& batch : scan) {
      if (!batch) {
        outcome.error = batch.error();
        break;
      }
      outcome.rows += static_cast<std::uint64_t>(batch->num_rows());
    }
    return outcome;
  }
  /// Changes the message of the statistics and sets its own hash anew.
  template <class Change>
  void ChangeStatistics(Change change) {
    std::vector<std::byte> message(statistics_.size);
    std::fstream stream(path_, std::ios::binary | std::ios::in | std::ios::out);
    stream.seekg(static_cast<std::streamoff>(statistics_.offset))
        .read(reinterpret_cast<char*>(message.data()), static_cast<std::streamsize>(message.size()));
    auto* const root = flatbuffers::GetMutableRoot<format::fbs::Statistics>(message.data());
    const format::TailHashes hashes{root->column_table_hash(), root->global_buffer_table_hash(), root->tail_hash()};
    change(root);
    format::SealStatistics(hashes, message);
    stream.seekp(static_cast<std::streamoff>(statistics_.offset))
        .write(reinterpret_cast<const char*>(message.data()), static_cast<std::streamsize>(message.size()));
  }

  std::vector<InspectedBuffer> data_;  // of each column
  InspectedBuffer statistics_;
};

TEST_F(PageHashesTest, AScanStopsAtTheDamagedPiece) {
  constexpr std::uint64_t kPiece = format::kHashPieceBytes;
  for (std::size_t column = 0; column < 2; ++column) {
    const char* const name = column == 0 ? "number" : "vector";
    const InspectedBuffer& data = data_[column];
    const std::uint64_t last = (data.size - 1) / kPiece;
    for (const std::uint64_t byte : {std::uint64_t{0}, kPiece - 1, kPiece, 2 * kPiece + 7, data.size - 1}) {
      SCOPED_TRACE(fmt::format("{} byte {}", name, byte));
      const std::uint64_t piece = byte / kPiece;
      const std::uint64_t size = piece == last ? data.size - piece * kPiece : kPiece;
      const Flip flip(path_, data.offset + byte, 0x20);
      for (const IoMode io : {IoMode::kMap, IoMode::kRead}) {
        const Context context(ContextOptions{.threads = 1, .io_mode = io});
        const auto table = open(context, path_);
        ASSERT_TRUE(table);
        const Outcome outcome = ScanColumn(*table, name);
        ASSERT_TRUE(outcome.error.has_value());
        EXPECT_EQ(outcome.error->code, ErrorCode::kCorruption);
        EXPECT_EQ(outcome.error->offset, data.offset + piece * kPiece);
        EXPECT_EQ(outcome.error->column, name);
        EXPECT_EQ(outcome.error->page, 0);
        // What lies whole in the pieces before it came; a batch may end where the next piece begins.
        const std::uint64_t rows_before = static_cast<std::uint64_t>(kRows) * piece * kPiece / data.size;
        EXPECT_LE(outcome.rows, rows_before + 8192);
        EXPECT_GE(outcome.rows + 8192, rows_before);
        const auto unchecked = open(context, path_, {.checksums = Checksums::kNever});
        ASSERT_TRUE(unchecked);
        const Outcome all = ScanColumn(*unchecked, name);
        EXPECT_TRUE(!all.error.has_value() || all.error->message.find("hash") == std::string::npos);
      }
      const std::vector<Finding> findings = Verify();
      ASSERT_EQ(findings.size(), 1u);
      EXPECT_EQ(findings[0].offset, data.offset + piece * kPiece);
      EXPECT_EQ(findings[0].size, size);
      EXPECT_EQ(findings[0].buffer, column == 0 ? 1 : 0);
    }
  }
}

TEST_F(PageHashesTest, NeighboursAreOneFinding) {
  constexpr std::uint64_t kPiece = format::kHashPieceBytes;
  const Flip first(path_, data_[0].offset + 1, 1), second(path_, data_[0].offset + kPiece, 1);
  const Flip other(path_, data_[0].offset + 3 * kPiece, 1);
  const std::vector<Finding> findings = Verify();
  ASSERT_EQ(findings.size(), 2u);
  EXPECT_EQ(findings[0].offset, data_[0].offset);
  EXPECT_EQ(findings[0].size, 2 * kPiece);
  EXPECT_EQ(findings[1].offset, data_[0].offset + 3 * kPiece);
  EXPECT_EQ(findings[1].size, kPiece);
}

// Batches that begin and end anywhere in pieces, on several threads.
TEST_F(PageHashesTest, AnyBatchesOfSoundPagesCanBeRead) {
  const Context context(ContextOptions{.threads = 3});
  for (const std::uint64_t rows : {std::uint64_t{9}, std::uint64_t{777}, std::uint64_t{20'000}}) {
    const auto table = open(context, path_, {.checksums = Checksums::kAlways});
    ASSERT_TRUE(table);
    for (const char* const name : {"number", "vector"}) {
      const Outcome outcome = ScanColumn(*table, name, rows);
      EXPECT_FALSE(outcome.error.has_value()) << outcome.error->describe();
      EXPECT_EQ(outcome.rows, static_cast<std::uint64_t>(kRows));
    }
  }
}

TEST_F(PageHashesTest, AnotherNumberOfPiecesIsAnError) {
  ChangeStatistics([](format::fbs::Statistics* root) { EXPECT_TRUE(root->mutate_piece_bytes(format::kHashPieceBytes / 2)); });
  const auto table = open(context_, path_);
  ASSERT_TRUE(table);
  EXPECT_TRUE(ScanColumn(*table, "number").error.has_value());
  const std::vector<Finding> findings = Verify();
  ASSERT_FALSE(findings.empty());
  EXPECT_EQ(findings[0].severity, Severity::kDamage);
}

}  // namespace
}  // namespace lancekit
