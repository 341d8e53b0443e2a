// Files of every kind that is written: any changed byte is found at its place, and salvage gives back all that lies elsewhere.
#include <array>
#include <map>
#include <random>
#include <set>

#include "reader/blob_check.h"
#include "reader/blob_columns.h"
#include "reader/table_impl.h"
#include "tests/damage_testing.h"

namespace lancekit {
namespace {

using testing::Covers;
using testing::Flip;
using testing::MakeField;

/// A table to be written: `num_batches` random batches, or the same one again and again.
struct Kind {
  const char* name;
  std::vector<Field> fields;
  std::int64_t batch_rows = 20;
  int num_batches = 4;
  bool repeat = false;
  WriteOptions options;
};

// Names the case instead of printing its bytes.
[[maybe_unused]] void PrintTo(const Kind& kind, std::ostream* out) { *out << kind.name; }

Field WithHint(Field field, const char* key, const char* value) {
  field.metadata.emplace_back(std::string("lance-encoding:") + key, value);
  return field;
}
Field Blobs(const char* name, bool nullable) {
  return WithHint(MakeField(name, {.id = TypeId::kLargeBinary}, nullable), "blob", "true");
}
WriteOptions File(const char* version, std::uint64_t page_bytes) {
  return {.version = version, .single_file = true, .page_bytes = page_bytes};
}

std::vector<Field> NestedFields() {
  const DataType pair{.id = TypeId::kStruct,
                      .children = {MakeField("a", {.id = TypeId::kInt16}, false), MakeField("b", {.id = TypeId::kString})}};
  return {
      MakeField("pair", pair), MakeField("list", {.id = TypeId::kList, .children = {MakeField("item", {.id = TypeId::kInt32})}}),
      MakeField("pairs", {.id = TypeId::kLargeList, .children = {MakeField("item", pair)}}),
      MakeField("vector", {.id = TypeId::kFixedSizeList, .size = 3, .children = {MakeField("item", {.id = TypeId::kFloat32})}}),
      MakeField("empty", {.id = TypeId::kStruct}, false)};
}

/// Wide values, and those that are asked to be full-zip.
std::vector<Field> WideFields() {
  const Field item = MakeField("item", {.id = TypeId::kFloat32}, false);
  return {MakeField("vector", {.id = TypeId::kFixedSizeList, .size = 80, .children = {item}}),
          WithHint(MakeField("text", {.id = TypeId::kString}), "structural-encoding", "fullzip"),
          WithHint(MakeField("lists", {.id = TypeId::kList, .children = {MakeField("item", {.id = TypeId::kInt64})}}),
                   "structural-encoding", "fullzip")};
}

std::vector<Field> PackedFields() {
  const DataType fixed{
      .id = TypeId::kStruct,
      .children = {MakeField("a", {.id = TypeId::kInt32}, false), MakeField("b", {.id = TypeId::kInt64}, false)}};
  return {WithHint(MakeField("packed", fixed, false), "packed", "true")};
}

std::vector<Field> CodecFields() {
  return {WithHint(MakeField("zstd", {.id = TypeId::kString}), "compression", "zstd"),
          WithHint(MakeField("lz4", {.id = TypeId::kInt64}), "compression", "lz4"),
          WithHint(MakeField("symbols", {.id = TypeId::kString}), "compression", "fsst"),
          WithHint(MakeField("split", {.id = TypeId::kFloat64}, false), "bss", "on"),
          MakeField("flag", {.id = TypeId::kBool}),
          MakeField("small", {.id = TypeId::kUInt8}, false)};
}

std::vector<Field> PlainFields() {
  return {MakeField("id", {.id = TypeId::kInt64}, false), MakeField("text", {.id = TypeId::kString}),
          MakeField("key", {.id = TypeId::kDictionary, .children = {MakeField("", {.id = TypeId::kString})}}),
          MakeField("null", {.id = TypeId::kNull}), MakeField("day", {.id = TypeId::kDate32})};
}

std::vector<Kind> AllKinds() {
  const Field in_struct =
      MakeField("in", {.id = TypeId::kStruct, .children = {Blobs("x", true), MakeField("n", {.id = TypeId::kInt32})}});
  std::vector<Kind> kinds;
  for (const char* version : {"2.1", "2.2"}) {
    const bool newer = version[2] == '2';
    kinds.push_back({newer ? "plain 2.2" : "plain 2.1", PlainFields(), 20, 4, false, File(version, 300)});
    kinds.push_back({newer ? "constant 2.2" : "constant 2.1", PlainFields(), 1, 60, true, File(version, 300)});
    kinds.push_back({newer ? "nested 2.2" : "nested 2.1", NestedFields(), 20, 3, false, File(version, 300)});
    kinds.push_back({newer ? "wide 2.2" : "wide 2.1", WideFields(), 6, 3, false, File(version, 1500)});
    kinds.push_back({newer ? "packed 2.2" : "packed 2.1", PackedFields(), 20, 4, false, File(version, 500)});
    kinds.push_back({newer ? "no rows 2.2" : "no rows 2.1", NestedFields(), 0, 0, false, File(version, 300)});
    kinds.push_back({newer ? "blobs 2.2" : "blobs 2.1",
                     {Blobs("x", true), MakeField("n", {.id = TypeId::kInt32}), Blobs("y", false), in_struct},
                     10,
                     3,
                     false,
                     File(version, 160)});
  }
  kinds.push_back({"repeated codecs", CodecFields(), 7, 120, true, File("2.2", 1 << 20)});
  kinds.push_back({"repeated", PlainFields(), 5, 60, true, File("2.2", 1 << 20)});
  const DataType entries{
      .id = TypeId::kStruct,
      .children = {MakeField("key", {.id = TypeId::kString}, false), MakeField("value", {.id = TypeId::kInt8})}};
  kinds.push_back({"maps",
                   {MakeField("map", {.id = TypeId::kMap, .children = {MakeField("entries", entries, false)}})},
                   20,
                   3,
                   false,
                   File("2.2", 300)});
  Field packed = PackedFields()[0];
  packed.type.children.push_back(MakeField("c", {.id = TypeId::kString}, false));
  kinds.push_back({"packed texts", {packed}, 20, 3, false, File("2.2", 500)});
  kinds.push_back({"dataset", PlainFields(), 20, 2, false, {.version = "2.2", .page_bytes = 300}});
  kinds.push_back({"dataset of blobs",
                   {Blobs("x", true), MakeField("n", {.id = TypeId::kInt32}), Blobs("y", false)},
                   10,
                   3,
                   false,
                   {.version = "2.2", .page_bytes = 250}});
  return kinds;
}

void AddNames(const EncodingNode& node, std::set<std::string>* names) {
  names->insert({node.name, node.role});
  for (const EncodingNode& child : node.children) AddNames(child, names);
}

/// Bytes of one blob.
struct BlobOwner {
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
  std::string column;
  std::int64_t page = -1;
  std::uint64_t row = 0;
};

class FlipTest : public testing::DamageTest {
 protected:
  void Write(const Kind& kind) {
    const DataType rows{.id = TypeId::kStruct, .children = kind.fields};
    std::vector<std::unique_ptr<testing::HandArray>> batches;
    std::mt19937 random(7);
    for (int i = 0; i < kind.num_batches; ++i) {
      if (kind.repeat) random.seed(7);
      batches.push_back(testing::MakeArray(rows, kind.batch_rows, {.offsets = false, .nulls = false}, &random).array);
    }
    WriteBatches(kind.fields, batches, kind.options);
  }
  void WriteBatches(const std::vector<Field>& fields, const std::vector<std::unique_ptr<testing::HandArray>>& batches,
                    const WriteOptions& options) {
    std::filesystem::remove_all(path_);
    Schema schema;
    schema.fields = fields;
    testing::OwnedSchema c_schema(schema);
    auto writer = create(context_, path_, options);
    ASSERT_TRUE(writer) << writer.error().describe();
    ASSERT_TRUE(writer->set_schema(&*c_schema));
    for (const auto& batch : batches) {
      const Status status = writer->write(&batch->c(), &*c_schema);
      ASSERT_TRUE(status.ok()) << status.error().describe();
    }
    const auto summary = writer->commit();
    ASSERT_TRUE(summary) << summary.error().describe();
    file_ = options.single_file ? path_ : DataFiles()[0];
    const auto inspected = inspect_file(context_, file_);
    ASSERT_TRUE(inspected) << inspected.error().describe();
    inspected_ = *inspected;
    const auto map = byte_map(context_, inspected_);
    ASSERT_TRUE(map) << map.error().describe();
    map_ = *map;
    FindOwners();
  }

  /// Where the blobs of the file lie.
  void FindOwners() {
    owners_.clear();
    const auto table = open(context_, path_, {.checksums = Checksums::kNever});
    ASSERT_TRUE(table) << table.error().describe();
    const TableImpl& impl = table->impl();
    for (const Field& field : impl.schema_.fields) {
      const auto shape = FieldShape::Make(field);
      for (const FieldLeaf& leaf : (*shape)->leaves()) {
        if (!MayHoldBlobs(*leaf.field) || impl.fragments_.empty()) continue;
        const TableFragment& fragment = impl.fragments_[0];
        const ColumnPlace& place = *fragment.Place(leaf.field->id);
        const FileReader& file = *fragment.files[0];
        BlobFinder finder;
        if (HoldsBlobDescriptors(file, place.column, *leaf.field)) {
          finder = FinderOf(*FieldReader::Open(fragment, **shape, impl.context()));
        } else {
          finder = FinderOf(*file.Column(place.column, leaf));
        }
        AddOwners(finder, inspected_.columns[place.column]);
      }
    }
  }
  void AddOwners(const BlobFinder& finder, const InspectedColumn& column) {
    for (std::size_t page = 0; page < column.pages.size(); ++page) {
      const std::uint64_t first = column.pages[page].first_row;
      const auto blobs = finder({first, column.pages[page].num_rows});
      ASSERT_TRUE(blobs) << blobs.error().describe();
      for (std::size_t i = 0; i < blobs->size(); ++i)
        owners_.push_back({(*blobs)[i].offset, (*blobs)[i].size, column.path, static_cast<std::int64_t>(page), first + i});
    }
  }
  const BlobOwner* OwnerOf(std::uint64_t byte) const {
    const auto it = std::ranges::find_if(
        owners_, [byte](const BlobOwner& owner) { return byte >= owner.offset && byte - owner.offset < owner.size; });
    return it == owners_.end() ? nullptr : &*it;
  }

  /// What is wrong with the findings about one changed byte in the part; empty when they are right.
  std::string Judge(const std::vector<Finding>& findings, const FilePart& part, std::uint64_t byte) const {
    if (findings.empty()) return "silent";
    const Finding& first = findings[0];
    const BlobOwner* const owner = part.kind == PartKind::kBlobs ? OwnerOf(byte) : nullptr;
    if (part.kind == PartKind::kPadding || (part.kind == PartKind::kBlobs && owner == nullptr)) {
      return findings.size() == 1 && first.severity == Severity::kHarmless && Covers(first, byte) ? ""
                                                                                                  : "padding, but something else";
    }
    if (first.path != file_) return "another file";
    if (owner != nullptr || part.kind == PartKind::kPageBuffer) {
      const std::string& column =
          owner != nullptr ? owner->column : inspected_.columns[static_cast<std::size_t>(part.column)].path;
      const std::int64_t page = owner != nullptr ? owner->page : part.page;
      const bool right = findings.size() == 1 && first.severity == Severity::kDamage && Covers(first, byte) &&
                         first.page == page && first.buffer == part.buffer && first.column == column;
      return right ? "" : "page, but something else";
    }
    // Another version in the footer is one that this library cannot read, damaged or not.
    const auto told = [&](const Finding& finding) {
      return finding.severity == Severity::kDamage ||
             (part.kind == PartKind::kFooter && finding.severity == Severity::kUnsupported);
    };
    if (std::ranges::none_of(findings, told)) return "tail, but no damage";
    const auto names_page = [](const Finding& finding) { return finding.page >= 0; };
    return std::ranges::all_of(findings, names_page) ? "tail, but a page is named" : "";
  }

  /// Takes the two fields from the table of the first column, and sets the hash of the statistics anew.
  void ForgetBlobHashes() {
    testing::ChangeStatistics(
        file_, inspected_.global_buffers[1], [](format::fbs::Statistics* root, std::vector<std::byte>* message) {
          const std::uint8_t* const fields = reinterpret_cast<const flatbuffers::Table*>(root->columns()->Get(0))->GetVTable();
          for (const auto field : {format::fbs::Column::VT_BLOB_RUN_ROWS, format::fbs::Column::VT_BLOB_RUN_HASHES})
            std::fill_n(message->data() + (reinterpret_cast<const std::byte*>(fields) - message->data()) + field, 2,
                        std::byte{0});
        });
  }

  /// Salvages the damaged table in both ways: the page's rows [first, first + count) of the column are lost, and nothing else.
  void ExpectLoss(const testing::Rows& sound, const std::string& column, std::int64_t page, std::uint64_t first,
                  std::uint64_t count) {
    for (const Salvage mode : {Salvage::kNulls, Salvage::kDrop}) {
      std::vector<Loss> losses;
      const auto damaged = open(context_, path_, {.checksums = Checksums::kNever});
      ASSERT_TRUE(damaged) << damaged.error().describe();
      const auto table = salvage(*damaged, mode, {}, [&](const Loss& loss) { losses.push_back(loss); });
      ASSERT_TRUE(table) << table.error().describe();
      ASSERT_EQ(losses.size(), 1u) << column;
      EXPECT_EQ(losses[0].column, column);
      EXPECT_EQ(losses[0].page, page);
      EXPECT_EQ(losses[0].first_row, first);
      EXPECT_EQ(losses[0].num_rows, count);
      testing::ExpectSalvaged(sound, *table, mode, column, first, count);
    }
  }

  std::string file_;  // that is damaged
  InspectedFile inspected_;
  std::vector<FilePart> map_;
  std::vector<BlobOwner> owners_;
};

// Every byte; some of them where a sanitizer makes that take minutes.
constexpr std::uint64_t kFlipStep = testing::kSanitized ? 23 : 1;

TEST_F(FlipTest, AnyChangedByteOfAnyKindOfFileIsFound) {
  std::set<std::string> encodings;
  for (const Kind& kind : AllKinds()) {
    SCOPED_TRACE(kind.name);
    Write(kind);
    if (HasFatalFailure()) return;
    ASSERT_TRUE(Verify().empty()) << Verify()[0].column << ": " << Verify()[0].message;
    for (const InspectedColumn& column : inspected_.columns) {
      for (const InspectedPage& page : column.pages) AddNames(page.encoding, &encodings);
    }
    std::mt19937 random(3);
    std::map<std::string, std::uint64_t> counts;
    std::uint64_t flips = 0;
    for (const FilePart& part : map_) {
      for (std::uint64_t byte = part.offset; byte < part.offset + part.size; byte += kFlipStep) {
        for (const unsigned mask : {0xFFu, 1u << random() % 8}) {
          if (mask != 0xFF && byte % 16 != 0) continue;
          const Flip flip(file_, byte, static_cast<unsigned char>(mask));
          const std::vector<Finding> findings = Verify();
          const std::string wrong = Judge(findings, part, byte);
          EXPECT_EQ(wrong, "") << part_kind_name(part.kind) << " byte " << byte << " mask " << mask << ": column " << part.column
                               << " page " << part.page << " buffer " << part.buffer
                               << (findings.empty() ? "" : ": " + findings[0].message);
          ++flips;
          const bool harmless = findings.size() == 1 && findings[0].severity == Severity::kHarmless;
          ++counts[!wrong.empty() ? wrong : harmless ? "harmless" : "reported"];
        }
      }
    }
    fmt::print("{:<18}{:>7} bytes {:>6} flips:", kind.name, inspected_.size, flips);
    for (const auto& [what, count] : counts) fmt::print(" {} {},", count, what);
    fmt::print("\n");
  }
  for (const char* name : {"mini_block", "full_zip", "constant", "blob", "packed_struct", "general", "dictionary"})
    EXPECT_TRUE(encodings.contains(name)) << name << " is not among " << fmt::format("{}", fmt::join(encodings, " "));
}

TEST_F(FlipTest, SalvageLosesNoMoreThanThePage) {
  for (const Kind& kind : AllKinds()) {
    SCOPED_TRACE(kind.name);
    Write(kind);
    const auto table = open(context_, path_);
    ASSERT_TRUE(table);
    const testing::Rows sound = testing::ReadTable(*table);
    for (const FilePart& part : map_) {
      if (part.kind != PartKind::kPageBuffer) continue;
      const InspectedColumn& column = inspected_.columns[static_cast<std::size_t>(part.column)];
      const InspectedPage& page = column.pages[static_cast<std::size_t>(part.page)];
      const Flip flip(file_, part.offset + part.size / 2, 0x10);
      ExpectLoss(sound, column.path, part.page, page.first_row, page.num_rows);
      if (HasFailure()) return;
    }
    for (const BlobOwner& owner : owners_) {
      if (owner.size == 0) continue;
      const Flip flip(file_, owner.offset + owner.size / 2, 0x10);
      const auto column = std::ranges::find(inspected_.columns, owner.column, &InspectedColumn::path);
      const InspectedPage& page = column->pages[static_cast<std::size_t>(owner.page)];
      ExpectLoss(sound, owner.column, owner.page, page.first_row, page.num_rows);
      if (HasFailure()) return;
    }
  }
}

// Blobs of 20,000 bytes: four of them have a hash together.
TEST_F(FlipTest, SalvageLosesNoMoreThanARunOfBlobs) {
  constexpr std::int64_t kRows = 22, kBytes = 20'000;
  std::vector<std::int64_t> offsets{0};
  for (std::int64_t i = 1; i <= kRows; ++i) offsets.push_back(i * kBytes);
  std::vector<std::byte> bytes(kRows * kBytes);
  std::mt19937 random(2);
  for (std::byte& byte : bytes) byte = static_cast<std::byte>(random());
  for (const WriteOptions& options : {File("2.1", 1 << 20), WriteOptions{}}) {
    auto blobs = std::make_unique<testing::HandArray>(kRows);
    blobs->AddNullBuffer().AddBuffer(offsets).AddBuffer(bytes);
    std::vector<std::unique_ptr<testing::HandArray>> batches;
    batches.push_back(std::make_unique<testing::HandArray>(kRows));
    batches[0]->AddNullBuffer().AddChild(std::move(blobs));
    WriteBatches({Blobs("x", true)}, batches, options);
    const auto table = open(context_, path_);
    ASSERT_TRUE(table);
    const testing::Rows sound = testing::ReadTable(*table);
    for (const auto& [row, first, count] : {std::array{9u, 8u, 4u}, std::array{21u, 20u, 2u}}) {
      const Flip flip(file_, owners_[row].offset + kBytes - 1, 1);
      ExpectLoss(sound, "x", 0, first, count);
      const std::vector<Finding> findings = Verify();
      ASSERT_EQ(findings.size(), 1u);
      EXPECT_NE(findings[0].message.find(fmt::format("rows {} to {}", first, first + count - 1)), std::string::npos)
          << findings[0].message;
    }
  }
}

// As files that were written before blobs had hashes.
TEST_F(FlipTest, BlobsWithoutHashesAreToldAsNotCovered) {
  for (const WriteOptions& options : {File("2.1", 1 << 20), WriteOptions{}}) {
    Write({"blobs", {Blobs("x", true)}, 10, 2, false, options});
    ForgetBlobHashes();
    const std::vector<Finding> findings = Verify();
    ASSERT_EQ(findings.size(), 1u);
    EXPECT_EQ(findings[0].severity, Severity::kNote);
    EXPECT_EQ(findings[0].column, "x");
    EXPECT_EQ(findings[0].message, "no hash covers the blobs");
    EXPECT_TRUE(Verify(VerifyLevel::kQuick).empty());
  }
}

}  // namespace
}  // namespace lancekit
