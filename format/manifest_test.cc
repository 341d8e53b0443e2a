#include "format/manifest.h"

#include <gtest/gtest.h>

#include "format/schema.h"
#include "format/test_files.h"

namespace lancekit::format {
namespace {

/// Version 1 of a table with one column x: int32 and one data file, without Field.encoding.
const std::string kVector = FromHex(
    "4f 00 00 00 0a 17 12 01 78 20 ff ff ff ff ff ff ff ff ff 01 2a 05 69 6e 74 33 32 30 01 12 1a 12"
    "16 0a 07 61 2e 6c 61 6e 63 65 12 01 00 1a 01 00 20 02 28 01 30 d8 02 20 03 18 01 3a 06 08 80 e2"
    "cf aa 06 58 00 7a 0c 0a 05 6c 61 6e 63 65 12 03 32 2e 31 00 00 00 00 00 00 00 00 00 00 02 00 4c 41 4e 43");

/// The vector as it is written: with the obsolete Field.encoding.
std::string Canonical() {
  std::string file = kVector;
  file.insert(29, FromHex("38 01"));
  file[0] = 0x51;
  file[5] = 0x19;
  return file;
}

Manifest Full() {
  Manifest manifest;
  manifest.schema.fields = {{.name = "x", .type = {.id = TypeId::kInt32}}};
  manifest.schema.metadata = {{"made", "by a test"}, {"empty", ""}};
  AssignFieldIds(&manifest.schema);
  Fragment fragment;
  fragment.id = 7;
  fragment.physical_rows = 100;
  DataFile file;
  file.path = "a.lance";
  file.fields = {0, -2};
  file.column_indices = {0, -1};
  file.major_version = 2;
  file.minor_version = 2;
  file.base_id = 0;
  fragment.files = {file};
  fragment.deletion_file = DeletionFile{DeletionFile::Kind::kBitmap, 3, 99, 12, 4};
  manifest.fragments = {fragment, Fragment{}};
  manifest.version = 5;
  manifest.timestamp_seconds = -1;
  manifest.timestamp_nanos = 999999999;
  manifest.reader_flags = 17;
  manifest.writer_flags = 25;
  manifest.max_fragment_id = 7;
  manifest.transaction_file = "4-u.txn";
  manifest.writer_library = "lancekit";
  manifest.writer_version = "0.1.0";
  manifest.data_format_version = "2.2";
  manifest.config = {{"lance.auto_cleanup.interval", "20"}, {"z", ""}};
  manifest.table_metadata = {{"k", "v"}};
  manifest.base_paths = {{4, "other", true, "/data/other"}};
  manifest.branch = "dev";
  return manifest;
}

TEST(ManifestFile, VectorParses) {
  auto manifest = ParseManifestFile(BytesOf(kVector));
  ASSERT_TRUE(manifest) << manifest.error().describe();
  ASSERT_EQ(manifest->schema.fields.size(), 1u);
  EXPECT_EQ(manifest->schema.fields[0].name, "x");
  ASSERT_EQ(manifest->fragments.size(), 1u);
  const Fragment& fragment = manifest->fragments[0];
  EXPECT_EQ(fragment.id, 0u);
  EXPECT_EQ(fragment.physical_rows, 3u);
  EXPECT_FALSE(fragment.deletion_file);
  ASSERT_EQ(fragment.files.size(), 1u);
  EXPECT_EQ(fragment.files[0].path, "a.lance");
  EXPECT_EQ(fragment.files[0].fields, std::vector<std::int32_t>{0});
  EXPECT_EQ(fragment.files[0].column_indices, std::vector<std::int32_t>{0});
  EXPECT_EQ(fragment.files[0].major_version, 2u);
  EXPECT_EQ(fragment.files[0].minor_version, 1u);
  EXPECT_EQ(fragment.files[0].size_bytes, 344u);
  EXPECT_FALSE(fragment.files[0].base_id);
  EXPECT_EQ(manifest->version, 1u);
  EXPECT_EQ(manifest->timestamp_seconds, 1700000000);
  EXPECT_EQ(manifest->max_fragment_id, 0u);
  EXPECT_EQ(manifest->data_format_version, "2.1");
  EXPECT_EQ(manifest->branch, "");
  EXPECT_EQ(*SerializeManifestFile(*manifest, ""), Canonical());
}

TEST(ManifestFile, EveryFieldGoesThereAndBack) {
  const auto file = SerializeManifestFile(Full(), "transaction bytes");
  ASSERT_TRUE(file);
  auto manifest = ParseManifestFile(BytesOf(*file));
  ASSERT_TRUE(manifest) << manifest.error().describe();
  EXPECT_EQ(*SerializeManifestFile(*manifest, "transaction bytes"), *file);
  EXPECT_EQ(manifest->schema.metadata, Full().schema.metadata);
  const Fragment& fragment = manifest->fragments.at(0);
  EXPECT_EQ(fragment.id, 7u);
  EXPECT_EQ(fragment.files.at(0).fields, (std::vector<std::int32_t>{0, -2}));
  EXPECT_EQ(fragment.files[0].column_indices, (std::vector<std::int32_t>{0, -1}));
  EXPECT_EQ(fragment.files[0].base_id, 0u);
  ASSERT_TRUE(fragment.deletion_file);
  EXPECT_EQ(fragment.deletion_file->kind, DeletionFile::Kind::kBitmap);
  EXPECT_EQ(fragment.deletion_file->read_version, 3u);
  EXPECT_EQ(fragment.deletion_file->id, 99u);
  EXPECT_EQ(fragment.deletion_file->num_deleted_rows, 12u);
  EXPECT_EQ(fragment.deletion_file->base_id, 4u);
  EXPECT_EQ(manifest->fragments.at(1).files.size(), 0u);
  EXPECT_EQ(manifest->timestamp_seconds, -1);
  EXPECT_EQ(manifest->timestamp_nanos, 999999999);
  EXPECT_EQ(manifest->reader_flags, 17u);
  EXPECT_EQ(manifest->writer_flags, 25u);
  EXPECT_EQ(manifest->transaction_file, "4-u.txn");
  EXPECT_EQ(manifest->writer_library, "lancekit");
  EXPECT_EQ(manifest->writer_version, "0.1.0");
  EXPECT_EQ(manifest->config, Full().config);
  EXPECT_EQ(manifest->table_metadata, Full().table_metadata);
  ASSERT_EQ(manifest->base_paths.size(), 1u);
  EXPECT_EQ(manifest->base_paths[0].path, "/data/other");
  EXPECT_TRUE(manifest->base_paths[0].is_dataset_root);
  EXPECT_EQ(manifest->branch, "dev");
}

TEST(ManifestFile, TransactionStandsBeforeTheManifest) {
  auto manifest = ParseManifestFile(BytesOf(kVector));
  ASSERT_TRUE(manifest);
  const auto file = SerializeManifestFile(*manifest, "txn");
  ASSERT_TRUE(file);
  EXPECT_EQ(file->substr(0, 7), FromHex("03 00 00 00") + "txn");
  EXPECT_EQ(file->substr(file->size() - 16), FromHex("07 00 00 00 00 00 00 00 00 00 02 00 4c 41 4e 43"));
  EXPECT_EQ(file->substr(file->size() - 19, 3), FromHex("b8 01 00")) << "field 23 = 0 is written";
}

TEST(ManifestFile, RejectsDamagedContainers) {
  for (std::size_t size = 0; size < kVector.size(); ++size) {
    const std::string cut = kVector.substr(0, size);
    const auto manifest = ParseManifestFile(BytesOf(cut));
    ASSERT_FALSE(manifest) << size;
    EXPECT_EQ(manifest.error().code, ErrorCode::kCorruption);
  }
  for (const char* position : {"01 00 00 00 00 00 00 00", "53 00 00 00 00 00 00 00", "ff ff ff ff ff ff ff ff"}) {
    std::string moved = kVector;
    moved.replace(moved.size() - 16, 8, FromHex(position));
    EXPECT_FALSE(ParseManifestFile(BytesOf(moved))) << position;
  }
  std::string longer = kVector;
  longer[0] = 0x50;
  EXPECT_FALSE(ParseManifestFile(BytesOf(longer)));
}

TEST(ManifestFile, RejectsBadNumbers) {
  const auto code = [](const Manifest& manifest) {
    const std::string file = *SerializeManifestFile(manifest, "");
    auto parsed = ParseManifestFile(BytesOf(file));
    return parsed ? ErrorCode::kInternal : parsed.error().code;
  };
  EXPECT_EQ(code(Full()), ErrorCode::kInternal);
  Manifest manifest = Full();
  manifest.fragments[0].physical_rows = manifest.fragments[1].physical_rows = ~std::uint64_t{0} / 2 + 1;
  EXPECT_EQ(code(manifest), ErrorCode::kCorruption);
  manifest = Full();
  manifest.fragments[0].files[0].column_indices.pop_back();
  EXPECT_EQ(code(manifest), ErrorCode::kCorruption);
  manifest.fragments[0].files[0].major_version = 0;
  EXPECT_EQ(code(manifest), ErrorCode::kInternal) << "legacy files have no column indices";
  manifest.fragments[0].deletion_file->kind = static_cast<DeletionFile::Kind>(2);
  EXPECT_EQ(code(manifest), ErrorCode::kUnsupported);
}

TEST(ManifestFile, DamageNeverCrashes) {
  const std::string file = *SerializeManifestFile(Full(), "t");
  std::size_t num_refused = 0;
  for (std::size_t at = 0; at < file.size(); ++at) {
    for (int value = 0; value < 256; ++value) {
      std::string damaged = file;
      damaged[at] = static_cast<char>(value);
      num_refused += !ParseManifestFile(BytesOf(damaged)).has_value();
    }
  }
  EXPECT_GT(num_refused, 1000u);
}

TEST(CreateTransaction, IsAnOverwriteOfVersion0) {
  auto manifest = ParseManifestFile(BytesOf(kVector));
  ASSERT_TRUE(manifest);
  manifest->fragments[0].id = 3;
  const std::string field = Canonical().substr(6, 25);
  const std::string fragment = kVector.substr(31, 26);
  const auto transaction = SerializeTransaction(*manifest, Change::kOverwrite, "0123");
  ASSERT_TRUE(transaction);
  EXPECT_EQ(*transaction, FromHex("12 04") + "0123" + FromHex("b2 06 37 0a 1a") + fragment + FromHex("12 19") + field);
}

Manifest Parsed(const std::string& file) {
  auto manifest = ParseManifestFile(BytesOf(file));
  EXPECT_TRUE(manifest) << manifest.error().describe();
  return manifest ? *std::move(manifest) : Manifest{};
}

/// The manifest file of Full() with a section of indices and a field that is not known here.
std::string WithIndices() {
  const std::string transaction = "not read", indices = "indices of somebody";
  std::string file = FromHex("08 00 00 00") + transaction + FromHex("13 00 00 00") + indices;
  const std::string plain = *SerializeManifestFile(Full(), "");
  const std::string message = plain.substr(4, plain.size() - 20) + FromHex("30 0c b8 01 00 d2 02 02 6f 6b");
  const auto length = static_cast<std::uint32_t>(message.size());
  const auto position = static_cast<std::uint64_t>(file.size());
  file.append(static_cast<const char*>(static_cast<const void*>(&length)), 4);
  file += message;
  file.append(static_cast<const char*>(static_cast<const void*>(&position)), 8);
  return file + plain.substr(plain.size() - 8);
}

Manifest Next() {
  Manifest next;
  next.schema.fields = {{.name = "y", .type = {.id = TypeId::kString}}};
  AssignFieldIds(&next.schema);
  next.fragments = {Fragment{.id = 8, .physical_rows = 5}};
  next.version = 6;
  next.timestamp_seconds = 77;
  next.max_fragment_id = 8;
  next.transaction_file = "5-u.txn";
  next.writer_library = "lancekit";
  next.data_format_version = "2.1";
  return next;
}

TEST(NextManifestFile, AnAppendKeepsAllThatItDoesNotChange) {
  const std::string old = WithIndices();
  const std::string file = *SerializeNextManifestFile(BytesOf(old), Next(), Change::kAppend, "transaction");
  const Manifest manifest = Parsed(file), full = Full();
  EXPECT_EQ(manifest.version, 6u);
  EXPECT_EQ(manifest.timestamp_seconds, 77);
  EXPECT_EQ(manifest.timestamp_nanos, 0);
  EXPECT_EQ(manifest.max_fragment_id, 8u);
  EXPECT_EQ(manifest.transaction_file, "5-u.txn");
  EXPECT_EQ(manifest.writer_version, "");
  EXPECT_EQ(manifest.data_format_version, "2.2");
  EXPECT_EQ(manifest.schema.fields, full.schema.fields);
  EXPECT_EQ(manifest.schema.metadata, full.schema.metadata);
  EXPECT_EQ(manifest.config, full.config);
  EXPECT_EQ(manifest.table_metadata, full.table_metadata);
  EXPECT_EQ(manifest.branch, "dev");
  EXPECT_EQ(manifest.writer_flags, 25u);
  EXPECT_EQ(manifest.base_paths.size(), 1u);
  EXPECT_EQ(manifest.transaction_section, 0u);
  ASSERT_EQ(manifest.fragments.size(), 3u);
  EXPECT_EQ(manifest.fragments[0].deletion_file->num_deleted_rows, 12u);
  EXPECT_EQ(manifest.fragments[2].id, 8u);
  const std::string sections = FromHex("0b 00 00 00") + "transaction" + FromHex("13 00 00 00") + "indices of somebody";
  EXPECT_EQ(file.substr(0, sections.size()), sections);
  EXPECT_NE(file.find(FromHex("30 0f")), std::string::npos);           // where the indices are now
  EXPECT_NE(file.find(FromHex("d2 02 02 6f 6b")), std::string::npos);  // the field that is not known
}

TEST(NextManifestFile, AnOverwriteKeepsTheSettings) {
  const std::string old = WithIndices();
  const std::string file = *SerializeNextManifestFile(BytesOf(old), Next(), Change::kOverwrite, "t");
  const Manifest manifest = Parsed(file);
  ASSERT_EQ(manifest.schema.fields.size(), 1u);
  EXPECT_EQ(manifest.schema.fields[0].name, "y");
  EXPECT_TRUE(manifest.schema.metadata.empty());
  EXPECT_EQ(manifest.fragments.size(), 1u);
  EXPECT_EQ(manifest.data_format_version, "2.1");
  EXPECT_EQ(manifest.config, Full().config);
  EXPECT_EQ(file.find("indices"), std::string::npos);
}

TEST(NextManifestFile, ADamagedOneIsRefusedOrFollowed) {
  const std::string good = WithIndices();
  std::size_t num_refused = 0;
  for (std::size_t bit = 0; bit < good.size() * 8; ++bit) {
    std::string bad = good;
    bad[bit / 8] = static_cast<char>(bad[bit / 8] ^ (1 << bit % 8));
    const auto next = SerializeNextManifestFile(BytesOf(bad), Next(), Change::kAppend, "t");
    if (next) continue;
    EXPECT_EQ(next.error().code, ErrorCode::kCorruption);
    ++num_refused;
  }
  EXPECT_GT(num_refused, 100u);
  for (std::size_t size = 0; size < good.size(); ++size) {
    const std::string cut = good.substr(0, size);
    EXPECT_FALSE(SerializeNextManifestFile(BytesOf(cut), Next(), Change::kAppend, "t")) << size;
  }
}

TEST(AppendTransaction, NamesTheVersionThatItFollows) {
  const auto transaction = SerializeTransaction(Next(), Change::kAppend, "0123");
  ASSERT_TRUE(transaction);
  EXPECT_EQ(*transaction, FromHex("08 05 12 04") + "0123" + FromHex("a2 06 04 0a 02 20 05"));
}

TEST(ManifestName, BothSchemes) {
  EXPECT_EQ(ManifestName(1), "18446744073709551614.manifest");
  EXPECT_EQ(VersionOfManifestName("18446744073709551614.manifest"), 1u);
  EXPECT_EQ(VersionOfManifestName(ManifestName(123456)), 123456u);
  EXPECT_EQ(VersionOfManifestName("17.manifest"), 17u);
  for (const char* name : {"d18137526730252897237.manifest", ".tmp_7.manifest_0123", "7.manifest-0123",
                           "latest_version_hint.json", ".manifest", "-1.manifest", "+1.manifest", " 1.manifest", "1x.manifest",
                           "99999999999999999999.manifest", "184467440737095516150.manifest", "manifest", ""}) {
    EXPECT_FALSE(VersionOfManifestName(name)) << name;
  }
}

TEST(UnwritableFlags, NamesThem) {
  EXPECT_EQ(UnwritableFlags(1 | 4 | 8 | 16), "");
  EXPECT_EQ(UnwritableFlags(2 | 32), "2 (stable row ids), 32 (no transaction files)");
}

TEST(UnknownReaderFlags, NamesThem) {
  EXPECT_EQ(UnknownReaderFlags(0), "");
  EXPECT_EQ(UnknownReaderFlags(1 | 2 | 4 | 8 | 16 | 32 | 256), "");
  EXPECT_EQ(UnknownReaderFlags(64 | 1), "64 (data overlay files)");
  EXPECT_EQ(UnknownReaderFlags(2048 | (std::uint64_t{1} << 63)), "2048 (managed blobs), 9223372036854775808 (unknown)");
}

}  // namespace
}  // namespace lancekit::format
