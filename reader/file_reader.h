// One Lance file: its container, opened from the tail, and its columns, opened on first use.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <shared_mutex>
#include <string>

#include "format/file_metadata.h"
#include "format/schema.h"
#include "io/source.h"
#include "legacy/column.h"
#include "reader/column_reader.h"
#include "reader/file_statistics.h"

namespace lancekit {

/// Thread-safe. Errors carry the path.
class FileReader {
 public:
  /// Reads the tail once and checks footer, tables and schema; column metadata is not touched.
  static Result<std::shared_ptr<const FileReader>> Open(std::shared_ptr<const Source> source);

  const Source& source() const noexcept { return *source_; }
  const std::shared_ptr<const Source>& shared_source() const noexcept { return source_; }
  const format::Footer& footer() const noexcept { return footer_; }
  /// Schema and number of rows.
  const format::FileDescriptor& descriptor() const noexcept { return descriptor_; }

  /// Zones and hashes.
  const FileStatistics& statistics() const noexcept { return *statistics_; }

  /// Position of a column's metadata. Errors: kInvalidArgument, kCorruption.
  Result<format::FileRange> ColumnMetadataRange(std::uint32_t column) const;
  Result<format::FileRange> GlobalBufferRange(std::uint32_t buffer) const;
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
  Result<Buffer> ReadNearTail(std::uint64_t offset, std::uint64_t size) const;

  std::shared_ptr<const Source> source_;
  Buffer tail_;
  std::uint64_t tail_offset_ = 0;
  format::Footer footer_;
  Buffer cmo_;
  Buffer gbo_;
  format::FileDescriptor descriptor_;
  std::shared_ptr<const FileStatistics> statistics_;
  mutable std::shared_mutex mutex_;
  mutable std::map<std::uint32_t, std::shared_ptr<const ColumnReader>> columns_;
  mutable std::map<std::uint32_t, std::shared_ptr<const legacy::Column>> legacy_columns_;
};

}  // namespace lancekit
