// One field of one fragment: the columns that hold it, wherever they lie, and the reading of any rows of it.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "reader/column_reader.h"
#include "structural/leaf.h"

namespace lancekit {

struct TableFragment;

/// Where the bytes of one blob are.
struct BlobBytes {
  std::shared_ptr<const Source> source;  ///< null when size is 0
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
  bool is_null = false;

  /// Part of it. Pre: the range fits.
  Result<Buffer> Read(std::uint64_t first, std::uint64_t count) const;
};

/// The blobs of rows, as ColumnReader::FindBlobs takes them.
Result<std::vector<BlobBytes>> BlobsOf(const ColumnReader& column, std::span<const ValueRange> rows);

/// Thread-safe. Errors carry file, column, page and position.
class FieldReader {
 public:
  virtual ~FieldReader() = default;
  /// The shape must outlive the reader. Errors: as FileReader::Column.
  static Result<std::shared_ptr<const FieldReader>> Open(const TableFragment& fragment, const FieldShape& shape,
                                                         ContextImpl& context);

  /// Appends rows of the fragment's files. The ranges ascend without overlap; what they share is read and decoded once.
  /// Pre: the rows exist.
  virtual Status Read(std::span<const ValueRange> rows, FieldSink* sink, PageScratch* scratch) const = 0;
  /// Fetches what Read will take, all at once, unless it is in memory. Pre: as Read; there are at least two ranges.
  virtual void Prefetch(std::span<const ValueRange>, PageScratch*) const {}
  /// Tells that Read will take rows, and that those behind them follow: for the one scan that has opened this reader.
  virtual void ReadAhead(const ValueRange&, PageScratch*) const {}
  /// Strings: as ColumnReader::CountDictionaryItems; Read then takes a sink of a dictionary type too. 0 for others.
  virtual Result<std::uint64_t> CountDictionaryItems(std::span<const ValueRange>) const { return 0; }
  /// A single leaf that filters compare, in no list: as ColumnReader::RowsPerRun; unless it is 0, Read takes a sink that collects
  /// runs too. 0 for others.
  virtual Result<std::uint64_t> RowsPerRun(std::span<const ValueRange>) const { return 0; }
  /// First row behind the page that holds `row`, where a batch had better end; no limit for most fields.
  virtual std::uint64_t PageEnd(std::uint64_t row) const = 0;
  /// Bytes of a row in memory, guessed.
  virtual std::uint64_t EstimateRowBytes() const = 0;
  /// The blobs of rows, as Read takes them. Errors: kUnsupported when the field holds none that lie by themselves.
  virtual Result<std::vector<BlobBytes>> FindBlobs(std::span<const ValueRange> rows) const;
  /// Their bytes, from their descriptors alone. Errors: as FindBlobs.
  virtual Result<std::vector<std::uint64_t>> BlobSizes(std::span<const ValueRange> rows) const;
};

}  // namespace lancekit
