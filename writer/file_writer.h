// One Lance file being written: pages in the order they come, then the metadata; published whole or not at all.
#pragma once

#include <string>
#include <vector>

#include "format/file_metadata.h"
#include "format/statistics.h"
#include "io/atomic_file.h"
#include "lancekit/types.hpp"
#include "structural/page_writer.h"
#include "writer/page_zones.h"

namespace lancekit {

class FileWriter {
 public:
  static Result<FileWriter> Create(const std::string& path, std::size_t num_columns, format::FileVersion version);

  /// Appends a page to a column. Pages of one column come in row order.
  Status WritePage(std::size_t column, const EncodedPage& page);
  /// Appends a value of a blob column, which only the page that is to come names.
  Result<format::FileRange> WriteBlob(Bytes value);
  /// Makes this a file with statistics; for each column once, before its pages.
  void StartStatistics(std::size_t column, const DataType& type);
  /// Those of the page just written: its zones and Bloom filter, and the hashes of its buffers and of its blobs.
  void AddStatistics(std::size_t column, const PageZones& zones, const std::vector<std::uint64_t>& buffer_hashes,
                     const std::vector<format::BlobRun>& blob_runs);
  /// Writes schema, statistics, metadata and footer, and publishes the file. `replace` as in AtomicFile::Publish.
  Status Finish(const Schema& schema, std::uint64_t num_rows, bool replace);
  std::uint64_t size() const noexcept { return file_.size(); }

 private:
  FileWriter(AtomicFile file, std::size_t num_columns, format::FileVersion version)
      : file_(std::move(file)), version_(version), columns_(num_columns), rows_(num_columns) {}
  Status AppendAligned(Bytes bytes, format::FileRange* range);
  MutableBuffer MakeTail(const Schema& schema, const std::string& descriptor);

  AtomicFile file_;
  format::FileVersion version_;
  std::vector<format::ColumnMetadata> columns_;
  std::vector<std::uint64_t> rows_;
  std::vector<format::ColumnStatistics> statistics_;  // empty: none
  std::uint64_t bloom_bytes_ = 0;
};

}  // namespace lancekit
