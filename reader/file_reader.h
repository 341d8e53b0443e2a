// One Lance file: its container, opened from the tail, and its columns, opened on first use.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <shared_mutex>
#include <string>

#include "format/file_metadata.h"
#include "format/name_index.h"
#include "format/schema.h"
#include "io/source.h"
#include "legacy/column.h"
#include "reader/column_reader.h"
#include "reader/file_statistics.h"

namespace lancekit {

/// Some top-level fields of a file.
struct SomeFields {
  Schema schema;
  std::vector<std::uint32_t> first_columns;  ///< of each, of a file of 2.1 or newer
};

/// Thread-safe. Errors carry the path.
class FileReader {
 public:
  /// Reads the tail once and checks footer, tables and schema; column metadata is not touched. Without the schema, that is left
  /// for LoadSchema and FindFields.
  static Result<std::shared_ptr<const FileReader>> Open(std::shared_ptr<const Source> source, bool with_schema = true);

  const Source& source() const noexcept { return *source_; }
  const std::shared_ptr<const Source>& shared_source() const noexcept { return source_; }
  const format::Footer& footer() const noexcept { return footer_; }
  std::uint64_t num_rows() const noexcept { return num_rows_; }
  /// The whole schema. Pre: the file was opened with it, or LoadSchema gave no error.
  const Schema& schema() const noexcept { return schema_; }
  /// Parses it, once. Errors: kCorruption, kIo, kUnsupported.
  Status LoadSchema() const;
  /// The top-level fields that the names name, or fields below; others perhaps too. By the name index, where the file has one, in
  /// a time that does not depend on how many other fields there are. Errors: kCorruption, kIo, kUnsupported.
  Result<SomeFields> FindFields(const std::vector<std::string>& names) const;

  /// Zones and hashes.
  const FileStatistics& statistics() const noexcept { return *statistics_; }

  /// Position of a column's metadata. Errors: kInvalidArgument, kCorruption.
  Result<format::FileRange> ColumnMetadataRange(std::uint32_t column) const;
  Result<format::FileRange> GlobalBufferRange(std::uint32_t buffer) const;
  /// Few of many columns will be read: their hashes are taken from the statistics as they stand, where reading and checking those
  /// as a whole would take longer than reading the columns.
  void UseHashesUnverified() const {
    if (footer_.num_columns >= format::kMinIndexedFields) statistics_->UseHashesUnverified();
  }
  /// Parses a column's metadata anew.
  Result<format::ColumnMetadata> ReadColumnMetadata(std::uint32_t column) const;
  /// Of a column with this metadata.
  PageHashes HashesOf(std::uint32_t column, const format::ColumnMetadata& metadata) const {
    return {source_, statistics_, column, metadata};
  }
  /// The column as values of this leaf, opened on first use and then kept.
  Result<std::shared_ptr<const ColumnReader>> Column(std::uint32_t column, const FieldLeaf& leaf) const;
  /// The same in a file of version 2.0: as values of the leaf, or as lists when it is null.
  Result<std::shared_ptr<const legacy::Column>> LegacyColumn(std::uint32_t column, const LeafType* leaf,
                                                             const std::string& name) const;

 private:
  explicit FileReader(std::shared_ptr<const Source> source) : source_(std::move(source)) {}
  Status Load();
  Status ParseSchema() const;
  Result<Buffer> ReadNearTail(std::uint64_t offset, std::uint64_t size) const;
  /// Where the name index is, if the file has a sound one.
  std::optional<std::pair<format::NameIndex, FileRange>> FindNameIndex() const;
  Result<SomeFields> LookUpAll(const format::NameIndex& index, const FileRange& place,
                               const std::vector<std::string>& names) const;
  /// Appends the field of a name and returns where it begins in the schema. No value: there is none. Errors: kCorruption.
  Result<std::optional<std::uint32_t>> LookUp(const format::NameIndex& index, const FileRange& place, std::string_view name,
                                              SomeFields* found) const;
  Result<SomeFields> WalkFields(const std::vector<std::string>& names) const;

  std::shared_ptr<const Source> source_;
  Buffer tail_;
  std::uint64_t tail_offset_ = 0;
  format::Footer footer_;
  Buffer gbo_;
  FileRange descriptor_;
  std::optional<FileRange> schema_place_;  // in the descriptor; none: its parts are in an unusual order
  std::uint64_t num_rows_ = 0;
  mutable std::once_flag schema_parsed_;
  mutable Status schema_status_;
  mutable Schema schema_;
  std::shared_ptr<const FileStatistics> statistics_;
  mutable std::shared_mutex mutex_;
  mutable std::map<std::uint32_t, std::shared_ptr<const ColumnReader>> columns_;
  mutable std::map<std::uint32_t, std::shared_ptr<const legacy::Column>> legacy_columns_;
};

}  // namespace lancekit
