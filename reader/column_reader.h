// One column of a file: its pages, opened on first use, and the reading of any rows of it.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "base/checked_math.h"
#include "format/file_metadata.h"
#include "io/source.h"
#include "reader/page_hashes.h"
#include "structural/page_reader.h"

namespace lancekit {

class TraceSpan;

/// How far the source of a column has been told what a scan will read. Threads that come at once may tell it twice.
class ReadAheadMark {
 public:
  /// What it should be told of before it reads rows before row `limit`: these and some that follow, so many bytes each. None when
  /// it knows enough.
  std::optional<ValueRange> Advance(const ValueRange& rows, std::uint64_t row_bytes, std::uint64_t limit);

 private:
  std::atomic<std::uint64_t> end_row_{0};
  std::atomic<std::uint64_t> bytes_{0};  // that it was told of ahead, about
};

/// Thread-safe. Errors carry column, page and file position.
class ColumnReader {
 public:
  /// The pages must hold `num_rows` rows. Errors: kCorruption otherwise.
  static Result<std::shared_ptr<const ColumnReader>> Open(std::shared_ptr<const Source> source, format::ColumnMetadata metadata,
                                                          LeafType leaf, std::string name, std::uint64_t num_rows,
                                                          PageHashes hashes);

  const std::string& name() const noexcept { return name_; }
  const LeafType& leaf() const noexcept { return leaf_; }
  const format::ColumnMetadata& metadata() const noexcept { return metadata_; }
  const PageHashes& hashes() const noexcept { return hashes_; }
  std::uint64_t num_rows() const noexcept { return slot_starts_.back() / slots_per_row_; }
  /// First row behind the page that holds `row`.
  std::uint64_t PageEnd(std::uint64_t row) const {
    return CeilDiv(slot_starts_[FindPage(row * slots_per_row_) + 1], slots_per_row_);
  }
  /// The rows that have slots in the page; neighbours can share a row where pages count items.
  ValueRange RowsOfPage(std::size_t page) const {
    const std::uint64_t first = slot_starts_[page] / slots_per_row_;
    return {first, CeilDiv(slot_starts_[page + 1], slots_per_row_) - first};
  }
  /// Bytes of all page buffers.
  std::uint64_t stored_bytes() const noexcept { return stored_bytes_; }

  const std::shared_ptr<const Source>& source() const noexcept { return source_; }
  /// As PageReader::FindBlobs. Pre: the rows exist.
  Result<std::vector<BlobPlace>> FindBlobs(std::span<const ValueRange> rows) const;

  /// Items of the dictionaries of all pages that hold these rows; 0 when one of them has none.
  Result<std::uint64_t> CountDictionaryItems(std::span<const ValueRange> rows) const;

  /// The least PageReader::RowsPerRun of all pages that hold these rows.
  Result<std::uint64_t> RowsPerRun(std::span<const ValueRange> rows) const;

  /// Fetches what Read will take of the pages for these rows, all at once, unless it is in memory. Pre: as Read.
  void Prefetch(std::span<const ValueRange> rows, PageScratch* scratch) const;
  /// Tells that Read will take these rows, and that those behind them follow; nothing while `mark` says that this is known.
  void ReadAhead(const ValueRange& rows, ReadAheadMark* mark, PageScratch* scratch) const;

  /// Appends the rows of ranges that ascend without overlap. Pre: the rows exist.
  Status Read(std::span<const ValueRange> rows, LeafSink* sink, PageScratch* scratch) const;

 private:
  struct LazyPage {
    std::once_flag once;
    std::unique_ptr<PageReader> reader;
    Status status;
  };
  ColumnReader(std::shared_ptr<const Source> source, format::ColumnMetadata metadata, LeafType leaf, std::string name,
               PageHashes hashes)
      : source_(std::move(source)),
        metadata_(std::move(metadata)),
        leaf_(std::move(leaf)),
        name_(std::move(name)),
        hashes_(std::move(hashes)),
        pages_(metadata_.pages.size()) {}
  std::size_t FindPage(std::uint64_t slot) const;
  /// What Read takes of the pages for the rows.
  Result<std::vector<FileRange>> Reads(std::span<const ValueRange> rows, PageScratch* scratch) const;
  Result<const PageReader*> Page(std::size_t page) const;
  /// Calls read(page, ranges of slots within it) page after page.
  template <class ReadPage>
  Status ForEachPage(std::span<const ValueRange> rows, PageScratch* scratch, ReadPage read) const;
  bool HoldPage(std::span<const ValueRange> rows, std::size_t page) const;
  /// For a span that reads these slots of the page.
  void Describe(std::size_t page, std::span<const ValueRange> slots, TraceSpan* span) const;
  /// A page whose buffers are as their hashes say, but for the one that is read in parts.
  Result<const PageReader*> SoundPage(std::size_t page) const;
  Status Locate(Status status, std::size_t page) const;

  std::shared_ptr<const Source> source_;
  format::ColumnMetadata metadata_;
  LeafType leaf_;
  std::string name_;
  PageHashes hashes_;
  // Pages count slots: rows, or items of fixed-size lists of structs.
  std::uint64_t slots_per_row_ = 1;
  std::vector<std::uint64_t> slot_starts_;
  std::uint64_t stored_bytes_ = 0;
  mutable std::vector<LazyPage> pages_;
};

}  // namespace lancekit
