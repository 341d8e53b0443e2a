// Damage of any byte is found at its place, and salvage gives back all that lies elsewhere.
// LANCEKIT_LONG_FLIPS=1 takes a file of some 200 KB instead of the small one.
#include "lancekit/verify.hpp"

#include <cstdlib>
#include <map>
#include <optional>
#include <random>
#include <set>

#include "reader/table_impl.h"
#include "tests/damage_testing.h"

namespace lancekit {
namespace {

namespace fs = std::filesystem;
using testing::Covers;
using testing::Flip;
using testing::MakeField;
using testing::OwnedSchema;
using testing::ReadTable;
using testing::Rows;

/// Integers, texts, nulls, lists, structs and lists of structs.
Schema TestSchema() {
  const DataType pair{.id = TypeId::kStruct,
                      .children = {MakeField("a", {.id = TypeId::kInt32}), MakeField("b", {.id = TypeId::kString})}};
  Schema schema;
  schema.fields = {MakeField("id", {.id = TypeId::kInt64}, false),
                   MakeField("text", {.id = TypeId::kString}),
                   MakeField("number", {.id = TypeId::kFloat64}),
                   MakeField("flag", {.id = TypeId::kBool}),
                   MakeField("pair", pair),
                   MakeField("list", {.id = TypeId::kList, .children = {MakeField("item", {.id = TypeId::kInt32})}}),
                   MakeField("pairs", {.id = TypeId::kList, .children = {MakeField("item", pair)}})};
  return schema;
}

bool IsLong() { return std::getenv("LANCEKIT_LONG_FLIPS") != nullptr; }

class VerifyTest : public testing::DamageTest {
 protected:
  void Write(std::int64_t num_rows, const WriteOptions& options) { Write(TestSchema(), num_rows, options); }
  /// The file that every byte of is changed. The long form has some wide values too, for its size.
  void WriteForFlips() {
    Schema schema = TestSchema();
    if (IsLong()) schema.fields.push_back(MakeField("bytes", {.id = TypeId::kFixedSizeBinary, .size = 320}));
    Write(schema, IsLong() ? 500 : 200, {.single_file = true, .page_bytes = IsLong() ? 16384u : 2048u, .bloom = {{"id"}}});
  }
  void Write(const Schema& schema, std::int64_t num_rows, const WriteOptions& options) {
    std::mt19937 random(11);
    const DataType rows{.id = TypeId::kStruct, .children = schema.fields};
    OwnedSchema c_schema(schema);
    auto writer = create(context_, path_, options);
    ASSERT_TRUE(writer) << writer.error().describe();
    for (std::int64_t row = 0; row < num_rows; row += 100) {
      testing::MadeArray batch = testing::MakeArray(rows, 100, {.offsets = false, .nulls = false}, &random);
      ASSERT_TRUE(writer->write(&batch.array->c(), &*c_schema));
    }
    ASSERT_TRUE(writer->commit());
  }

  /// Overwrites what `choose` finds in the statistics of the file, and sets the hash anew.
  template <class Choose>
  void Forge(Choose choose) {
    const auto file = inspect_file(context_, path_);
    ASSERT_TRUE(file);
    testing::ChangeStatistics(path_, file->global_buffers[1],
                              [&](format::fbs::Statistics* root, std::vector<std::byte>* message) {
                                const std::span<const std::uint8_t> chosen = choose(*root);
                                const auto at = chosen.data() - reinterpret_cast<const std::uint8_t*>(message->data());
                                std::fill_n(message->begin() + at, chosen.size(), std::byte{0x81});
                              });
  }
};

/// What is wrong with the findings about one changed byte in the part; empty when they are right.
std::string Judge(const std::vector<Finding>& findings, const FilePart& part, std::uint64_t byte, const InspectedFile& file) {
  if (findings.empty()) return "silent";
  const auto damages = std::ranges::count(findings, Severity::kDamage, &Finding::severity);
  const Finding& first = findings[0];
  if (part.kind == PartKind::kPadding) {
    if (findings.size() == 1 && first.severity == Severity::kHarmless && Covers(first, byte)) return "";
    return "padding, but " + first.message;
  }
  if (part.kind == PartKind::kPageBuffer) {
    const bool right = findings.size() == 1 && damages == 1 && Covers(first, byte) && first.page == part.page &&
                       first.buffer == part.buffer && first.column == file.columns[static_cast<std::size_t>(part.column)].path;
    return right ? "" : fmt::format("page, but {} findings: {}", findings.size(), first.message);
  }
  // Another version in the footer is one that this library cannot read, damaged or not.
  const bool told = damages != 0 || (part.kind == PartKind::kFooter && first.severity == Severity::kUnsupported);
  if (!told) return "tail, but " + first.message;
  return std::ranges::all_of(findings, [](const Finding& finding) { return finding.page >= 0; }) ? "tail, but a page is named"
                                                                                                 : "";
}

TEST_F(VerifyTest, AnyChangedByteIsFoundAtItsPlace) {
  WriteForFlips();
  ASSERT_TRUE(Verify().empty()) << Verify()[0].column << ": " << Verify()[0].message;
  const auto file = inspect_file(context_, path_);
  ASSERT_TRUE(file);
  const auto map = byte_map(context_, *file);
  ASSERT_TRUE(map);
  std::mt19937 random(3);
  std::map<std::string, std::uint64_t> counts;
  constexpr std::uint64_t kStep = testing::kSanitized ? 3 : 1;
  for (const FilePart& part : *map) {
    for (std::uint64_t byte = part.offset; byte < part.offset + part.size; byte += kStep) {
      for (const unsigned mask : {0xFFu, 1u << random() % 8}) {
        if (mask != 0xFF && byte % 8 != 0) continue;
        const Flip flip(path_, byte, static_cast<unsigned char>(mask));
        const std::vector<Finding> findings = Verify();
        const std::string wrong = Judge(findings, part, byte, *file);
        EXPECT_EQ(wrong, "") << part_kind_name(part.kind) << " byte " << byte << " mask " << mask << ": column " << part.column
                             << " page " << part.page << " buffer " << part.buffer;
        ++counts[wrong.empty() ? part_kind_name(part.kind) : "WRONG"];
      }
    }
  }
  fmt::print("{} bytes:", file->size);
  for (const auto& [what, count] : counts) fmt::print(" {} {},", what, count);
  fmt::print("\n");
  EXPECT_TRUE(Verify().empty());
}

/// The rows that are lost, first and behind the last.
std::pair<std::uint64_t, std::uint64_t> Range(const Loss& loss) { return {loss.first_row, loss.first_row + loss.num_rows}; }

TEST_F(VerifyTest, SalvageGivesBackWhatLiesElsewhere) {
  Write(600, {.single_file = true, .page_bytes = 2048});
  const auto file = inspect_file(context_, path_);
  const auto sound = open(context_, path_);
  ASSERT_TRUE(file && sound);
  const Rows expected = ReadTable(*sound);
  const auto map = byte_map(context_, *file);
  ASSERT_TRUE(map);
  std::size_t tried = 0;
  for (const FilePart& part : *map) {
    if (part.kind != PartKind::kPageBuffer && part.kind != PartKind::kColumnMetadata) continue;
    const InspectedColumn& column = file->columns[static_cast<std::size_t>(part.column)];
    const bool in_page = part.kind == PartKind::kPageBuffer;
    const Flip flip(path_, part.offset + part.size / 2, 0x10);
    ++tried;
    for (const Salvage mode : {Salvage::kNulls, Salvage::kDrop}) {
      std::vector<Loss> losses;
      const auto damaged = open(context_, path_, {.checksums = Checksums::kNever});
      ASSERT_TRUE(damaged) << damaged.error().describe();
      const auto table = salvage(*damaged, mode, {}, [&](const Loss& loss) { losses.push_back(loss); });
      ASSERT_TRUE(table) << table.error().describe();
      ASSERT_EQ(losses.size(), 1u) << column.path;
      EXPECT_EQ(losses[0].column, column.path);
      EXPECT_EQ(losses[0].page, part.page);
      const auto [first, end] = Range(losses[0]);
      const InspectedPage* const page = in_page ? &column.pages[static_cast<std::size_t>(part.page)] : nullptr;
      EXPECT_EQ(first, in_page ? page->first_row : 0);
      EXPECT_EQ(end - first, in_page ? page->num_rows : file->num_rows);
      testing::ExpectSalvaged(expected, *table, mode, column.path, first, end - first);
      if (HasFailure()) return;
    }
  }
  EXPECT_GT(tried, 20u);
}

/// What one changed byte in the part may cost.
struct Cost {
  std::string column;  ///< none: nothing
  std::int64_t page = -1;
  std::uint64_t first_row = 0;
  std::uint64_t num_rows = 0;
};
Cost CostOf(const FilePart& part, const InspectedFile& file, std::uint64_t byte) {
  if (part.kind == PartKind::kPageBuffer) {
    const InspectedColumn& column = file.columns[static_cast<std::size_t>(part.column)];
    const InspectedPage& page = column.pages[static_cast<std::size_t>(part.page)];
    return {column.path, part.page, page.first_row, page.num_rows};
  }
  std::optional<std::size_t> lost;
  if (part.kind == PartKind::kColumnMetadata) lost = static_cast<std::size_t>(part.column);
  if (part.kind == PartKind::kColumnTable) lost = (byte - part.offset) / 16;  // of an entry
  return lost.has_value() ? Cost{file.columns[*lost].path, -1, 0, file.num_rows} : Cost{};
}

// Nothing can stand in for the schema, the table that says where it is, and the footer: such files are refused.
bool MayBeRefused(const FilePart& part) {
  return part.kind == PartKind::kFooter || part.kind == PartKind::kGlobalBufferTable ||
         (part.kind == PartKind::kGlobalBuffer && part.buffer == 0);
}

/// The parameter: which quarter of the bytes, so that the long form can run on several cores.
class QuarterTest : public VerifyTest, public ::testing::WithParamInterface<std::uint64_t> {};
INSTANTIATE_TEST_SUITE_P(Quarters, QuarterTest, ::testing::Range<std::uint64_t>(0, 4));

TEST_P(QuarterTest, AnyChangedByteCostsSalvageNoMoreThanItsPage) {
  WriteForFlips();
  const auto file = inspect_file(context_, path_);
  const auto sound = open(context_, path_);
  ASSERT_TRUE(file && sound);
  const Rows expected = ReadTable(*sound);
  const auto map = byte_map(context_, *file);
  ASSERT_TRUE(map);
  std::map<std::string, std::uint64_t> counts;
  for (const FilePart& part : *map) {
    const bool is_sampled = !IsLong() && part.kind != PartKind::kColumnTable && !MayBeRefused(part);
    for (std::uint64_t byte = part.offset + GetParam(); byte < part.offset + part.size; byte += is_sampled            ? 148
                                                                                                : testing::kSanitized ? 12
                                                                                                                      : 4) {
      const Salvage mode = byte / 4 % 2 == 0 ? Salvage::kNulls : Salvage::kDrop;
      const Flip flip(path_, byte, 0xFF);
      std::vector<Loss> losses;
      auto table = open(context_, path_, {.checksums = Checksums::kNever});
      if (table) table = salvage(*table, mode, {}, [&](const Loss& loss) { losses.push_back(loss); });
      SCOPED_TRACE(fmt::format("{} byte {}", part_kind_name(part.kind), byte));
      if (!table) {
        EXPECT_TRUE(MayBeRefused(part)) << table.error().describe();
        ++counts[fmt::format("{} refused", part_kind_name(part.kind))];
        continue;
      }
      const Cost cost = CostOf(part, *file, byte);
      ASSERT_EQ(losses.size(), cost.column.empty() ? 0u : 1u);
      if (!losses.empty()) {
        EXPECT_EQ(losses[0].column, cost.column);
        EXPECT_EQ(losses[0].page, cost.page);
        EXPECT_EQ(losses[0].first_row, cost.first_row);
        EXPECT_EQ(losses[0].num_rows, cost.num_rows);
      }
      testing::ExpectSalvaged(expected, *table, mode, cost.column, cost.first_row, cost.num_rows);
      if (HasFailure()) return;
      ++counts[part_kind_name(part.kind)];
    }
  }
  fmt::print("{} bytes:", file->size);
  for (const auto& [what, count] : counts) fmt::print(" {} {},", what, count);
  fmt::print("\n");
}

TEST_F(VerifyTest, SalvageNeedsTheSchemaAndThePlaceOfTheColumns) {
  Write(100, {.single_file = true});
  const auto file = inspect_file(context_, path_);
  ASSERT_TRUE(file);
  const std::uint64_t schema_end = file->global_buffers[0].offset + file->global_buffers[0].size;
  for (const auto& [byte, mask] : {std::pair(schema_end - 1, 1), std::pair(file->size - 32, 16)}) {
    const Flip flip(path_, byte, static_cast<unsigned char>(mask));
    auto table = open(context_, path_, {.checksums = Checksums::kNever});
    if (table) table = salvage(*table, Salvage::kDrop, {}, [](const Loss&) {});
    ASSERT_FALSE(table) << byte;
    EXPECT_EQ(table.error().code, ErrorCode::kCorruption);
  }
}

bool CanBeRead(const Table& table) {
  Scan scan = table.scan();
  for (const auto& batch : scan) {
    if (!batch) return false;
  }
  return true;
}

// The second of three data files cannot be used: its rows are lost, and no others.
TEST_F(VerifyTest, SalvageLosesTheRowsOfAFileThatIsLost) {
  Write(600, {.max_rows_per_file = 200});
  const auto sound = open(context_, path_);
  ASSERT_TRUE(sound);
  const Rows expected = ReadTable(*sound);
  const FileReader& file = *sound->impl().fragments_[1].files[0];
  const std::string name = file.source().path();
  fs::copy_file(name, folder_ / "kept");
  const auto schema = file.GlobalBufferRange(0);
  for (int way = 0; way < 3; ++way) {
    SCOPED_TRACE(way);
    std::optional<Flip> flip;
    if (way == 0) fs::resize_file(name, fs::file_size(name) - 1);
    if (way == 1) fs::remove(name);
    if (way == 2) flip.emplace(name, schema->offset + 20, 1);
    const auto damaged = open_damaged(context_, path_);
    ASSERT_TRUE(damaged) << damaged.error().describe();
    if (way < 2) {
      EXPECT_FALSE(open(context_, path_));
      EXPECT_FALSE(CanBeRead(*damaged));
    }
    for (const Salvage mode : {Salvage::kNulls, Salvage::kDrop}) {
      std::vector<Loss> losses;
      const auto table = salvage(*damaged, mode, {}, [&](const Loss& loss) { losses.push_back(loss); });
      ASSERT_TRUE(table) << table.error().describe();
      EXPECT_EQ(losses.size(), 9u);  // one for each leaf
      for (const Loss& loss : losses) {
        EXPECT_EQ(loss.path, name);
        EXPECT_EQ(loss.page, -1);
        EXPECT_EQ(Range(loss), std::pair(std::uint64_t{200}, std::uint64_t{400}));
      }
      const Rows rows = ReadTable(*table);
      for (std::size_t c = 0; c < rows.size(); ++c) {
        std::vector<std::string> wanted = expected[c];
        if (mode == Salvage::kNulls) {
          std::fill(wanted.begin() + 200, wanted.begin() + 400, "null");
        } else {
          wanted.erase(wanted.begin() + 200, wanted.begin() + 400);
        }
        EXPECT_EQ(rows[c], wanted) << c;
      }
    }
    flip.reset();
    fs::copy_file(folder_ / "kept", name, fs::copy_options::overwrite_existing);
  }
}

TEST_F(VerifyTest, SalvageNeedsOneSoundFile) {
  Write(600, {.max_rows_per_file = 200});
  for (const std::string& file : DataFiles()) fs::resize_file(file, fs::file_size(file) - 1);
  const auto table = open_damaged(context_, path_);
  ASSERT_TRUE(table) << table.error().describe();
  const auto salvaged = salvage(*table, Salvage::kDrop, {}, [](const Loss&) {});
  ASSERT_FALSE(salvaged);
  EXPECT_EQ(salvaged.error().code, ErrorCode::kCorruption);
}

/// Copies a dataset that Lance wrote; false when there is none.
bool CopyDataset(const std::string& name, const std::string& to) {
  const fs::path from = fs::path("../shared/corpus/datasets") / name;
  if (!fs::exists(from)) return false;
  fs::copy(from, to, fs::copy_options::recursive);
  return true;
}

// A fragment of two files, of which one is lost: only what it holds is.
TEST_F(VerifyTest, SalvageKeepsTheOtherColumnsOfAFragment) {
  if (!CopyDataset("evolve.lance", path_)) GTEST_SKIP();
  const auto sound = open(context_, path_);
  ASSERT_TRUE(sound) << sound.error().describe();
  const Rows expected = ReadTable(*sound);
  const TableFragment& fragment = sound->impl().fragments_[0];
  ASSERT_GT(fragment.files.size(), 1u);
  std::set<std::int32_t> lost_fields;
  for (const ColumnPlace& place : fragment.places) {
    if (place.file == 1) lost_fields.insert(place.field_id);
  }
  fs::remove(fragment.files[1]->source().path());
  const auto damaged = open_damaged(context_, path_);
  ASSERT_TRUE(damaged) << damaged.error().describe();
  std::vector<Loss> losses;
  const auto table = salvage(*damaged, Salvage::kNulls, {}, [&](const Loss& loss) { losses.push_back(loss); });
  ASSERT_TRUE(table) << table.error().describe();
  EXPECT_FALSE(losses.empty());
  const Rows rows = ReadTable(*table);
  std::size_t num_lost = 0;
  for (std::size_t c = 0; c < rows.size(); ++c) {
    std::vector<std::string> wanted = expected[c];
    const bool is_lost = lost_fields.contains(sound->schema().fields[c].id);
    if (is_lost) std::fill_n(wanted.begin(), fragment.num_rows, "null");
    num_lost += is_lost ? 1 : 0;
    EXPECT_EQ(rows[c], wanted) << sound->schema().fields[c].name;
  }
  EXPECT_GT(num_lost, 0u);
  EXPECT_LT(num_lost, rows.size());
}

TEST_F(VerifyTest, SalvageTellsWhereDeletedRowsAreBack) {
  if (!CopyDataset("deletes_array.lance", path_)) GTEST_SKIP();
  const auto sound = open(context_, path_);
  ASSERT_TRUE(sound) << sound.error().describe();
  const auto fragment =
      std::ranges::find_if(sound->impl().fragments_, [](const TableFragment& f) { return f.num_rows != f.NumPhysicalRows(); });
  ASSERT_NE(fragment, sound->impl().fragments_.end());
  const std::uint64_t deleted = fragment->NumPhysicalRows() - fragment->num_rows;
  std::string lost;
  for (const auto& entry : fs::directory_iterator(fs::path(path_) / "_deletions")) {
    lost = entry.path().string();
    fs::resize_file(entry.path(), 0);
  }
  EXPECT_FALSE(open(context_, path_));
  const auto damaged = open_damaged(context_, path_);
  ASSERT_TRUE(damaged) << damaged.error().describe();
  EXPECT_FALSE(CanBeRead(*damaged));
  std::vector<Loss> losses;
  const auto table = salvage(*damaged, Salvage::kDrop, {}, [&](const Loss& loss) { losses.push_back(loss); });
  ASSERT_TRUE(table) << table.error().describe();
  ASSERT_FALSE(losses.empty());
  EXPECT_EQ(losses[0].column, "");
  EXPECT_NE(losses[0].message.find(fmt::format("{} deleted rows are back", deleted)), std::string::npos) << losses[0].message;
  EXPECT_GE(table->row_count(), sound->row_count() + deleted);
  EXPECT_EQ(ReadTable(*table)[0].size(), table->row_count());
}

// Sound hashes, but a maximum below a value, as a hostile writer could leave them.
TEST_F(VerifyTest, ZoneMapsThatLieAreFound) {
  Write(300, {.single_file = true});
  Forge([](const format::fbs::Statistics& statistics) {
    const auto* const bounds = statistics.columns()->Get(0)->zones()->max();
    return std::span(bounds->data(), 8);
  });
  EXPECT_TRUE(Verify(VerifyLevel::kQuick).empty());
  const std::vector<Finding> findings = Verify();
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_EQ(findings[0].column, "id");
  EXPECT_EQ(findings[0].page, 0);
  EXPECT_NE(findings[0].message.find("maximum"), std::string::npos) << findings[0].message;
}

TEST_F(VerifyTest, BloomFiltersThatLieAreFound) {
  Write(300, {.single_file = true, .bloom = {{"text"}, {"pairs.item.a"}}});
  EXPECT_TRUE(Verify().empty());
  Forge([](const format::fbs::Statistics& statistics) {
    const auto* const blooms = statistics.columns()->Get(1)->blooms();
    return std::span(blooms->data(), blooms->size());
  });
  EXPECT_TRUE(Verify(VerifyLevel::kQuick).empty());
  const std::vector<Finding> findings = Verify();
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_EQ(findings[0].column, "text");
  EXPECT_EQ(findings[0].page, 0);
  EXPECT_NE(findings[0].message.find("Bloom filter"), std::string::npos) << findings[0].message;
}

TEST_F(VerifyTest, SumsFindDamageOfFilesWithoutHashes) {
  Write(300, {.single_file = true, .statistics = false});
  EXPECT_TRUE(Verify().empty());
  const std::string sums = path_ + ".sums";
  ASSERT_TRUE(write_sums(context_, path_, {}, sums, false));
  EXPECT_EQ(write_sums(context_, path_, {}, sums, false).error().code, ErrorCode::kOutput);
  ASSERT_TRUE(write_sums(context_, path_, {}, sums, true));
  EXPECT_TRUE(Verify(VerifyLevel::kQuick, sums).empty());
  const auto file = inspect_file(context_, path_);
  ASSERT_TRUE(file);
  for (std::size_t c = 0; c < file->columns.size(); ++c) {
    const InspectedBuffer& buffer = file->columns[c].pages[0].buffers.back();
    const Flip flip(path_, buffer.offset + buffer.size / 2, 0x01);
    const std::vector<Finding> findings = Verify(VerifyLevel::kQuick, sums);
    ASSERT_EQ(findings.size(), 1u);
    EXPECT_EQ(findings[0].column, file->columns[c].path);
    EXPECT_EQ(findings[0].page, 0);
    EXPECT_EQ(findings[0].offset, buffer.offset);
    EXPECT_EQ(findings[0].size, buffer.size);
  }
}

// Blobs that Lance wrote into files of their own.
TEST_F(VerifyTest, SumsCoverSidecars) {
  if (!CopyDataset("blobs_v2.lance", path_)) GTEST_SKIP();
  const std::string sums = (folder_ / "a.sums").string();
  ASSERT_TRUE(write_sums(context_, path_, {}, sums, false));
  EXPECT_TRUE(Verify(VerifyLevel::kQuick, sums).empty());
  std::size_t tried = 0;
  for (const auto& entry : fs::recursive_directory_iterator(fs::path(path_) / "data")) {
    if (entry.path().extension() != ".blob") continue;
    ++tried;
    {
      const Flip flip(entry.path().string(), entry.file_size() / 2, 1);
      const std::vector<Finding> findings = Verify(VerifyLevel::kQuick, sums);
      ASSERT_EQ(findings.size(), 1u);
      EXPECT_EQ(findings[0].severity, Severity::kDamage);
      EXPECT_EQ(findings[0].path, entry.path().string());
    }
    const fs::path aside = folder_ / "aside";
    fs::rename(entry.path(), aside);
    EXPECT_EQ(Verify(VerifyLevel::kQuick, sums).size(), 1u);
    fs::rename(aside, entry.path());
  }
  EXPECT_GT(tried, 0u);
}

TEST_F(VerifyTest, DatasetsTellMissingOrphanedAndCutFiles) {
  Write(600, {.max_rows_per_file = 200});
  EXPECT_TRUE(Verify().empty());
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(fs::path(path_) / "data")) files.push_back(entry.path());
  ASSERT_EQ(files.size(), 3u);
  fs::copy_file(files[0], fs::path(path_) / "data" / "orphan.lance");
  fs::remove(files[0]);
  fs::resize_file(files[1], fs::file_size(files[1]) - 1);
  std::vector<Finding> findings;
  const auto summary = verify(context_, path_, {}, [&](const Finding& finding) {
    findings.push_back(finding);
    return true;
  });
  ASSERT_TRUE(summary);
  ASSERT_EQ(summary->files.size(), 3u);
  for (const VerifiedFile& file : summary->files) {
    EXPECT_EQ(file.is_missing, file.path == files[0]);
    EXPECT_EQ(file.damages, file.path == files[0] ? 1u : file.path == files[1] ? 2u : 0u);
  }
  EXPECT_EQ(findings.back().severity, Severity::kNote);
  EXPECT_EQ(findings.back().path, (fs::path(path_) / "data" / "orphan.lance").string());
  // The callback ends it.
  std::size_t calls = 0;
  const auto stopped = verify(context_, path_, {}, [&](const Finding&) { return ++calls > 1; });
  ASSERT_TRUE(stopped);
  EXPECT_TRUE(stopped->stopped);
  EXPECT_EQ(calls, 1u);
}

}  // namespace
}  // namespace lancekit
