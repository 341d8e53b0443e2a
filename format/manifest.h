// Dataset manifests: which data files make up one version of a table.
// Field numbers: rust lance protos/table.proto and protos/transaction.proto; container: lancekit spec/dataset.md.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/buffer.h"
#include "base/status.h"
#include "lancekit/types.hpp"

namespace lancekit::format {

struct DataFile {
  std::string path;                          ///< below data/ (or below the base path)
  std::vector<std::int32_t> fields;          ///< field ids; -2 = no longer valid here
  std::vector<std::int32_t> column_indices;  ///< one per field; -1 = no column of its own
  std::uint32_t major_version = 0;
  std::uint32_t minor_version = 0;
  std::uint64_t size_bytes = 0;  ///< 0 = unknown
  std::optional<std::uint32_t> base_id;
};

struct DeletionFile {
  enum class Kind : std::uint32_t { kArrowArray = 0, kBitmap = 1 };
  Kind kind = Kind::kArrowArray;
  std::uint64_t read_version = 0;
  std::uint64_t id = 0;
  std::uint64_t num_deleted_rows = 0;
  std::optional<std::uint32_t> base_id;
};

struct Fragment {
  std::uint64_t id = 0;
  std::vector<DataFile> files;
  std::optional<DeletionFile> deletion_file;
  std::uint64_t physical_rows = 0;
};

struct BasePath {
  std::uint32_t id = 0;
  std::string name;
  bool is_dataset_root = false;
  std::string path;
};

struct Manifest {
  Schema schema;
  std::vector<Fragment> fragments;
  std::uint64_t version = 0;
  std::int64_t timestamp_seconds = 0;
  std::int32_t timestamp_nanos = 0;
  std::uint64_t reader_flags = 0;
  std::uint64_t writer_flags = 0;
  std::optional<std::uint32_t> max_fragment_id;
  std::string transaction_file;
  std::string writer_library;
  std::string writer_version;
  std::string data_format_version;  ///< "2.1"; empty when the manifest names none
  std::map<std::string, std::string> config;
  std::map<std::string, std::string> table_metadata;
  std::vector<BasePath> base_paths;
  std::string branch;  ///< empty = main
  /// Read only: position of the transaction's length in the file. The writer puts it first.
  std::optional<std::uint64_t> transaction_section;
};

/// Parses a whole manifest file (sections, length prefix, footer). Errors: kCorruption, kUnsupported (legacy data format
/// "0.1" and newer ones are named by the caller, not here). `columns`: unless there are none, of the schema only the top-level
/// fields that they lead into.
Result<Manifest> ParseManifestFile(Bytes file, std::span<const std::string> columns = {});
/// A whole manifest file with the embedded Transaction section (field 23 of the manifest) when `transaction` is not empty.
/// Errors: those of SerializeFields.
Result<std::string> SerializeManifestFile(const Manifest& manifest, const std::string& transaction);

/// What a new version does with the rows of the one before.
enum class Change : std::uint8_t { kOverwrite, kAppend };

/// The manifest file of a version that follows `previous`, a whole manifest file. All of that stays, indices too, but for what
/// `next` has: of a kOverwrite schema, fragments and data format, of a kAppend the fragments that are added.
/// Errors: kCorruption, those of SerializeFields.
Result<std::string> SerializeNextManifestFile(Bytes previous, const Manifest& next, Change change,
                                              const std::string& transaction);

/// The Transaction message of the commit of `manifest`, whose fragments are the new ones; a table's creation is a kOverwrite.
/// Errors: those of SerializeFields.
Result<std::string> SerializeTransaction(const Manifest& manifest, Change change, const std::string& uuid);

/// "18446744073709551614.manifest" for version 1.
std::string ManifestName(std::uint64_t version);
/// Version of a manifest file's name in either naming scheme; nothing for other names and detached versions.
std::optional<std::uint64_t> VersionOfManifestName(const std::string& name);

/// Reader flags that lancekit does not know, as text for an error; empty = none.
std::string UnknownReaderFlags(std::uint64_t flags);
/// Flags of datasets that lancekit does not add versions to, likewise.
std::string UnwritableFlags(std::uint64_t flags);
/// What each set bit stands for, lowest first.
std::vector<std::string> FlagNames(std::uint64_t flags);

}  // namespace lancekit::format
