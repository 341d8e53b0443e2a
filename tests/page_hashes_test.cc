// What a scan compares with hashes, and when: pieces of a page's data once they are decoded.
#include <random>

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
  void SetPieceBytes(std::uint64_t bytes) {
    testing::ChangeStatistics(path_, statistics_, [bytes](format::fbs::Statistics* root, std::vector<std::byte>*) {
      EXPECT_TRUE(root->mutate_piece_bytes(bytes));
    });
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
        if (all.error.has_value()) {
          EXPECT_EQ(all.error->message.find("hash"), std::string::npos);
        } else {
          EXPECT_EQ(all.rows, static_cast<std::uint64_t>(kRows));
        }
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
  const Rows expected = testing::ReadTable(*open(context_, path_, {.checksums = Checksums::kNever}));
  for (const std::uint64_t rows : {std::uint64_t{9}, std::uint64_t{777}, std::uint64_t{20'000}}) {
    const auto table = open(context, path_, {.checksums = Checksums::kAlways});
    ASSERT_TRUE(table);
    for (const char* const name : {"number", "vector"}) {
      const Outcome outcome = ScanColumn(*table, name, rows);
      EXPECT_FALSE(outcome.error.has_value()) << outcome.error->describe();
      EXPECT_EQ(outcome.rows, static_cast<std::uint64_t>(kRows));
    }
    EXPECT_EQ(testing::ReadTable(*table), expected);
  }
}

TEST_F(PageHashesTest, TakesSeeTheirPiecesAlone) {
  const std::uint64_t piece = data_[0].size / format::kHashPieceBytes / 2;
  const Flip flip(path_, data_[0].offset + piece * format::kHashPieceBytes + 5, 1);
  const auto row = static_cast<std::uint64_t>(kRows) * piece * format::kHashPieceBytes / data_[0].size;
  const auto take = [&](Checksums checksums, std::uint64_t at) {
    const auto table = open(context_, path_, {.checksums = checksums});
    return table->take({static_cast<std::int64_t>(at)}, {"number"}).has_value();
  };
  EXPECT_FALSE(take(Checksums::kAlways, row + 4096));
  EXPECT_TRUE(take(Checksums::kAlways, 0));
  EXPECT_TRUE(take(Checksums::kScans, row + 4096));
}

/// Small pages of many kinds: chunk tables, levels, dictionaries, row indices, blobs.
class SmallPagesTest : public PageHashesTest {
 protected:
  void SetUp() override {
    DamageTest::SetUp();
    Schema schema;
    const Field item = MakeField("item", {.id = TypeId::kInt32});
    schema.fields = {MakeField("text", {.id = TypeId::kString}), MakeField("list", {.id = TypeId::kList, .children = {item}}),
                     MakeField("key", {.id = TypeId::kDictionary, .children = {MakeField("", {.id = TypeId::kString})}}),
                     MakeField("flag", {.id = TypeId::kBool}), MakeField("blob", {.id = TypeId::kLargeBinary})};
    schema.fields[1].metadata.emplace_back("lance-encoding:structural-encoding", "fullzip");
    schema.fields[4].metadata.emplace_back("lance-encoding:blob", "true");
    std::mt19937 random(6);
    OwnedSchema c_schema(schema);
    auto writer = create(context_, path_, {.version = "2.1", .single_file = true, .page_bytes = 4096});
    ASSERT_TRUE(writer) << writer.error().describe();
    const DataType rows{.id = TypeId::kStruct, .children = schema.fields};
    testing::MadeArray batch = testing::MakeArray(rows, 2000, {.offsets = false, .nulls = false}, &random);
    ASSERT_TRUE(writer->write(&batch.array->c(), &*c_schema));
    ASSERT_TRUE(writer->commit());
    const auto file = inspect_file(context_, path_);
    ASSERT_TRUE(file);
    columns_ = file->columns;
    statistics_ = file->global_buffers[1];
  }
  /// Every buffer of every page: a scan of the column fails where it is damaged, and names the page.
  void ExpectDamageIsFound() {
    std::size_t tried = 0;
    for (const InspectedColumn& column : columns_) {
      const std::string top = column.path.substr(0, column.path.find('.'));
      for (std::size_t page = 0; page < column.pages.size(); ++page) {
        for (const InspectedBuffer& buffer : column.pages[page].buffers) {
          if (buffer.size == 0) continue;
          SCOPED_TRACE(fmt::format("{} page {} {}", column.path, page, buffer.role));
          const Flip flip(path_, buffer.offset + buffer.size / 2, 0x40);
          const auto table = open(context_, path_);
          ASSERT_TRUE(table);
          const Outcome outcome = ScanColumn(*table, top.c_str(), 100);
          ASSERT_TRUE(outcome.error.has_value());
          EXPECT_EQ(outcome.error->code, ErrorCode::kCorruption);
          EXPECT_EQ(outcome.error->page, static_cast<std::int64_t>(page));
          EXPECT_NE(outcome.error->message.find("differ from their hash"), std::string::npos) << outcome.error->message;
          ++tried;
        }
      }
    }
    EXPECT_GT(tried, 30u);
  }

  std::vector<InspectedColumn> columns_;
};

TEST_F(SmallPagesTest, DamageOfAnyBufferIsFound) { ExpectDamageIsFound(); }

// As files were written before there were pieces: each buffer is one.
TEST_F(SmallPagesTest, DamageIsFoundWithoutPieces) {
  SetPieceBytes(0);
  EXPECT_TRUE(Verify().empty());
  ExpectDamageIsFound();
}

TEST_F(SmallPagesTest, AnySizeOfPiecesIsSurvived) {
  for (const std::uint64_t bytes : {std::uint64_t{1}, std::uint64_t{64}, ~std::uint64_t{0}, std::uint64_t{1} << 63}) {
    SCOPED_TRACE(bytes);
    SetPieceBytes(bytes);
    const auto table = open(context_, path_);
    ASSERT_TRUE(table);
    for (const InspectedColumn& column : columns_) {
      const Outcome outcome = ScanColumn(*table, column.path.substr(0, column.path.find('.')).c_str());
      EXPECT_EQ(outcome.error.has_value(), bytes <= 64);
    }
  }
}

TEST_F(PageHashesTest, AnotherNumberOfPiecesIsAnError) {
  SetPieceBytes(format::kHashPieceBytes / 2);
  const auto table = open(context_, path_);
  ASSERT_TRUE(table);
  EXPECT_TRUE(ScanColumn(*table, "number").error.has_value());
  const std::vector<Finding> findings = Verify();
  ASSERT_FALSE(findings.empty());
  EXPECT_EQ(findings[0].severity, Severity::kDamage);
}

}  // namespace
}  // namespace lancekit
