// Reading: open a Lance file or dataset folder, scan it, take rows from it.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lancekit/arrow_abi.h"
#include "lancekit/context.hpp"
#include "lancekit/export.h"
#include "lancekit/filter.hpp"
#include "lancekit/result.hpp"
#include "lancekit/types.hpp"

namespace lancekit {

/// A borrowed run of values (std::span for C++17).
template <class T>
class Span {
 public:
  Span() = default;
  Span(T* data, std::size_t size) : data_(data), size_(size) {}
  T* data() const noexcept { return data_; }
  std::size_t size() const noexcept { return size_; }
  bool empty() const noexcept { return size_ == 0; }
  T* begin() const noexcept { return data_; }
  T* end() const noexcept { return data_ + size_; }
  T& operator[](std::size_t i) const noexcept { return data_[i]; }

 private:
  T* data_ = nullptr;
  std::size_t size_ = 0;
};

/// What a scan has done so far. Pages and zones are those of the filter's columns that have zone maps.
struct ScanReport {
  std::uint64_t fragments = 0;  ///< that the filter looked at
  std::uint64_t fragments_skipped = 0;
  std::uint64_t pages = 0;
  std::uint64_t pages_kept = 0;              ///< that may hold matching rows
  std::uint64_t pages_skipped_by_bloom = 0;  ///< that zone maps alone would have kept
  std::uint64_t zones = 0;
  std::uint64_t zones_kept = 0;
  std::uint64_t rows_filtered = 0;  ///< whose values the filter was compared with
  std::uint64_t rows_encoded = 0;   ///< of these, rows for which all values were compared as stored: once per run, key or page
  std::uint64_t rows_matched = 0;
  std::uint64_t bytes_read = 0;  ///< from files, by everything that used the scan's Context meanwhile
};

/// A fact about all rows of a scan: of a column, or with kCount and no column, how many rows there are.
struct Aggregate {
  /// What is asked.
  enum class Kind : std::uint8_t {
    kCount,  ///< values that are not null
    kMin,    ///< the least, NaN left out; texts byte by byte
    kMax,
    kSum,  ///< of numbers; of integers exactly
  };
  Kind kind = Kind::kCount;
  std::string column;  ///< a leaf that is in no list, dotted

  /// "count(*)", "min(a.b)", ...
  std::string name() const;
};

class BatchImpl;
class ScanImpl;
class TableImpl;

/// Rows of some columns in Arrow layout. Owns its memory; spans and texts live as long as the batch.
class LANCEKIT_EXPORT Batch {
 public:
  Batch() noexcept;
  explicit Batch(std::shared_ptr<const BatchImpl> impl) noexcept;
  ~Batch();
  Batch(const Batch&);
  Batch& operator=(const Batch&);
  Batch(Batch&&) noexcept;
  Batch& operator=(Batch&&) noexcept;

  std::int64_t num_rows() const noexcept;
  const Schema& schema() const noexcept;

  /// Values of a fixed-width column, null slots included (their content is unspecified); empty when the column does
  /// not exist or sizeof(T) is not its width.
  template <class T>
  Span<const T> values(const std::string& column) const {
    return {static_cast<const T*>(raw_values(column, sizeof(T))), raw_length(column, sizeof(T))};
  }
  /// False for a null, an unknown column or a row out of range.
  bool valid(const std::string& column, std::int64_t row) const noexcept;
  /// Text or bytes of a string or binary column; empty for nulls and for other types.
  std::string_view text(const std::string& column, std::int64_t row) const noexcept;

  /// Hands the batch out as a struct array with one child per column. The memory is shared, not copied, and freed when
  /// the last owner releases it.
  Status export_array(ArrowArray* array, ArrowSchema* schema) const;

 private:
  const void* raw_values(const std::string& column, std::size_t width) const noexcept;
  std::size_t raw_length(const std::string& column, std::size_t width) const noexcept;
  std::shared_ptr<const BatchImpl> impl_;
};

/// A scan in the making, then running: set it up, then iterate, call next(), or export it as an Arrow stream.
/// Not thread-safe; several scans of one Table may run at once.
class LANCEKIT_EXPORT Scan {
 public:
  explicit Scan(std::shared_ptr<ScanImpl> impl) noexcept;
  ~Scan();
  Scan(Scan&&) noexcept;
  Scan& operator=(Scan&&) noexcept;

  /// Columns in the order wanted; without a call all columns are read.
  Scan select(std::vector<std::string> columns) &&;
  Scan& select(std::vector<std::string> columns) &;
  /// Rows for which the filter is true; offset and limit count these. Zone maps of files that lancekit wrote tell which pages
  /// need not be read; other columns are read where rows match. Several calls: all filters must be true.
  Scan where(Filter filter) &&;
  Scan& where(Filter filter) &;
  /// Skips the first rows.
  Scan offset(std::uint64_t rows) &&;
  Scan& offset(std::uint64_t rows) &;
  /// Ends after this many rows.
  Scan limit(std::uint64_t rows) &&;
  Scan& limit(std::uint64_t rows) &;
  /// Upper bound of rows in a batch (default 65,536).
  Scan batch_rows(std::uint64_t rows) &&;
  Scan& batch_rows(std::uint64_t rows) &;
  /// Aim for the size of a batch in Arrow bytes; a single larger row makes a larger batch. Default: what a core's cache holds,
  /// 2 MiB or 64 KiB for each column if that is more; 16 MiB at most, and for blobs and where batch_rows() was called or rows are
  /// filtered.
  Scan batch_bytes(std::uint64_t bytes) &&;
  Scan& batch_bytes(std::uint64_t bytes) &;

  /// Instead of columns, the numbers of the rows, as Table::take wants them: one column, "row", of uint64.
  Scan row_numbers() &&;
  Scan& row_numbers() &;

  /// The next batch in row order; no value at the end. After an error the scan is over.
  Result<std::optional<Batch>> next();
  /// The schema of the batches; an unknown column is reported here and by next().
  Result<Schema> schema();
  /// Runs the scan to its end for the number of its rows; reads the filter's columns at most.
  Result<std::uint64_t> count();
  /// Runs the scan, which must not have begun, to its end for facts about its rows, whatever columns were selected: a batch of
  /// one row with a column for each, null where there is no value. Without filter, offset and limit, pages whose statistics say
  /// enough are not read, and runs of equal values are looked at once. Types: count uint64; min and max that of the column, of a
  /// dictionary that of its values; sum int64, uint64, float64 or decimal256 of the column's scale. Errors: kInvalidArgument for
  /// a column that does not exist or has no such fact (blobs are counted only); kUnsupported for a sum that does not fit its
  /// type; those of next().
  Result<Batch> aggregate(const std::vector<Aggregate>& wanted);
  ScanReport report() const;
  /// Moves the scan into an Arrow C stream.
  Status export_stream(ArrowArrayStream* stream);

  /// Single-pass iteration: `for (auto& batch : scan)` gives Result<Batch>&; the loop ends after the first error.
  class LANCEKIT_EXPORT Iterator {
   public:
    Iterator() = default;
    explicit Iterator(Scan* scan) : scan_(scan) { advance(); }
    Result<Batch>& operator*() { return *current_; }
    Iterator& operator++() {
      advance();
      return *this;
    }
    bool operator!=(const Iterator& other) const { return scan_ != other.scan_; }

   private:
    void advance();
    Scan* scan_ = nullptr;
    std::optional<Result<Batch>> current_;
  };
  Iterator begin() { return Iterator(this); }
  Iterator end() { return Iterator(); }

 private:
  std::shared_ptr<ScanImpl> impl_;
};

struct BlobImpl;

/// The bytes of one row of a blob column, read on demand. Cheap to copy; thread-safe.
class LANCEKIT_EXPORT Blob {
 public:
  explicit Blob(std::shared_ptr<const BlobImpl> impl) noexcept;
  bool is_null() const noexcept;
  /// In bytes.
  std::uint64_t size() const noexcept;
  /// Copies up to `size` bytes from `offset` on to `to`; returns how many, fewer only at the end. Errors: kIo.
  Result<std::size_t> read(std::uint64_t offset, void* to, std::size_t size) const;

 private:
  std::shared_ptr<const BlobImpl> impl_;
};

/// An open Lance file or one version of a dataset. Cheap to copy; thread-safe to read from.
class LANCEKIT_EXPORT Table {
 public:
  explicit Table(std::shared_ptr<const TableImpl> impl) noexcept;
  ~Table();
  Table(const Table&);
  Table& operator=(const Table&);
  Table(Table&&) noexcept;
  Table& operator=(Table&&) noexcept;

  const Schema& schema() const noexcept;
  std::uint64_t row_count() const noexcept;
  /// "2.1", "2.2", ...: the version of the data files.
  const std::string& format_version() const noexcept;
  Scan scan() const;
  /// Rows by number in any order, duplicates allowed; a negative number counts from the end. No columns = all columns.
  /// Errors: kInvalidArgument for a row out of range or an unknown column.
  Result<Batch> take(Span<const std::int64_t> rows, const std::vector<std::string>& columns = {}) const;
  /// The same.
  Result<Batch> take(std::initializer_list<std::int64_t> rows, const std::vector<std::string>& columns = {}) const {
    return take(Span<const std::int64_t>(rows.begin(), rows.size()), columns);
  }

  /// The blob in a row of a blob column; nothing of it is read yet. (Scans and takes give the bytes of blobs as large_binary.)
  /// Errors: kInvalidArgument; kUnsupported for a column whose values lie in pages.
  Result<Blob> blob(std::int64_t row, const std::string& column) const;

  const TableImpl& impl() const noexcept { return *impl_; }

 private:
  std::shared_ptr<const TableImpl> impl_;
};

/// When pages are compared with the hashes that lancekit writes beside them, each once per open file. Files without hashes, those
/// that other writers made, are read the same way.
enum class Checksums : std::uint8_t {
  kNever,
  kScans,   ///< pages that a scan reads completely
  kAlways,  ///< pieces of 64 KiB that hold what is read, which costs when single rows are taken; not blobs
};

/// How to open a table, and which version of a dataset: at most one of version, tag and time. Without any, the newest.
struct OpenOptions {
  std::optional<std::uint64_t> version;
  std::string tag;                                             ///< names a version, on a branch perhaps
  std::string branch;                                          ///< empty = main
  std::optional<std::chrono::system_clock::time_point> as_of;  ///< the newest version that is not younger
  Checksums checksums = Checksums::kScans;
  bool zone_maps = true;  ///< false: filters are compared with all rows
  /// Not empty: the table has these columns alone, in this order, named as Scan::select takes them. Mapped files of 256
  /// columns and more that lancekit wrote are opened by their name index then, in a time that does not depend on how many others
  /// there are (files that are not mapped: but for their statistics, which are read once when a page is compared with its
  /// hashes); in other files the schema is walked over once, and in datasets the manifest. What is not asked for is not checked.
  std::vector<std::string> columns;
};

/// Opens one .lance file or a version of a dataset folder. Reads the tail of each file once; no data.
/// Errors: kIo, kCorruption, kUnsupported (the version or feature is named), kInvalidArgument (there is no such version, tag or
/// branch; those that exist are named).
LANCEKIT_EXPORT Result<Table> open(const Context& context, const std::string& path, const OpenOptions& options = {});

}  // namespace lancekit
