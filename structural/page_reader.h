// Reading one page: the structural encodings behind one interface.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "encodings/encoding.h"
#include "format/file_metadata.h"
#include "io/source.h"
#include "structural/blob.h"
#include "structural/leaf.h"
#include "structural/levels.h"

namespace lancekit {

/// Bytes that were read of the file, and where they lie in it.
struct ReadBytes {
  std::uint64_t offset = 0;
  Bytes bytes;
};

/// Looks at the bytes of a page's data buffer once they are decoded: then they are in the cache, and waiting for the memory was
/// hidden by decoding. Nothing of what was decoded may be handed out before Finish.
class DataCheck {
 public:
  virtual ~DataCheck() = default;
  /// `part`: in the file; parts of one read follow each other. Errors: kCorruption when something is wrong with it, kIo.
  Status OnDecoded(const format::FileRange& part, const ReadBytes& read) {
    if (begin_ == end_) begin_ = part.offset;
    end_ = part.offset + part.size;
    return end_ < next_ ? Status() : Compare(read, false);
  }
  /// After the last part of the read. Errors: the same.
  Status Finish(const ReadBytes& read) { return begin_ == end_ ? Status() : Compare(read, true); }

 protected:
  /// Looks at bytes from begin_ on, moving it; at all to end_ in the end. Sets next_.
  virtual Status Compare(const ReadBytes& read, bool is_end) = 0;

  // Positions in the file: what is decoded and was not looked at, and from where on Compare wants to know.
  std::uint64_t begin_ = 0;
  std::uint64_t end_ = 0;
  std::uint64_t next_ = 0;
};

/// Memory that page readers reuse; one per thread of work.
struct PageScratch {
  Scratch decode;
  ValueSink repetition{FixedShape(16)};
  ValueSink definition{FixedShape(16)};
  MutableBuffer visible;
  ValueSink indices8{FixedShape(8)};
  ValueSink indices16{FixedShape(16)};
  ValueSink indices32{FixedShape(32)};
  ValueSink indices64{FixedShape(64)};
  /// Of 8, 16, 32 or 64 bits.
  ValueSink* Indices(std::uint64_t bits) {
    return bits == 8 ? &indices8 : bits == 16 ? &indices16 : bits == 32 ? &indices32 : &indices64;
  }
  MutableBuffer ends;
  std::span<const ValueRange> whole_rows;  // rows that are read completely, sooner or later
  DataCheck* check = nullptr;              // of the page that is read
  std::vector<ValueRange> page_rows;       // of several ranges, those in one page
  std::vector<ValueRange> page_chunks;     // the chunks that hold them
  std::vector<ValueRange> chunk_parts;     // and in one chunk of it: entries, then values
};

/// One page of a leaf column, its tables parsed and checked. Immutable; thread-safe.
class PageReader {
 public:
  virtual ~PageReader() = default;
  /// Appends rows [rows.first, rows.first + rows.count) of the page. Pre: they are in the page. Below a fixed-size list of
  /// structs rows are slots, as PageMetadata::length counts them.
  /// Errors: kCorruption, kIo, kResourceLimit; offsets in errors are file positions where they are known.
  virtual Status Read(ValueRange rows, LeafSink* sink, PageScratch* scratch) const = 0;
  /// The same for several ranges, which ascend without overlap: what they share is read and decoded once. Pre: none is empty.
  virtual Status ReadRanges(std::span<const ValueRange> rows, LeafSink* sink, PageScratch* scratch) const;
  /// Appends the ranges of the file that ReadRanges takes, as far as the page alone tells. Pre: as ReadRanges.
  virtual void AddReads(std::span<const ValueRange>, std::vector<FileRange>*) const {}
  /// The buffer that Read takes parts of, telling the scratch's check of each; all others were read at opening.
  virtual std::optional<std::size_t> data_buffer() const { return {}; }
  /// Items of the page's dictionary, whose keys Read gives to a sink of a dictionary type with 32-bit keys; 0 without one.
  virtual std::uint64_t NumDictionaryItems() const { return 0; }
  /// Rows for each value of its runs of equal values, about; then Read takes a sink that collects runs too. 0: it has no runs.
  virtual std::uint64_t RowsPerRun() const { return 0; }
  /// Blob pages: where the bytes of rows lie. Pre and errors: as ReadRanges; kUnsupported for other pages.
  virtual Result<std::vector<BlobPlace>> FindBlobs(std::span<const ValueRange> rows, PageScratch* scratch) const;
};

/// What every structural encoding starts from. The source must outlive the page.
struct PageInput {
  const Source* source = nullptr;
  const format::PageMetadata* page = nullptr;
  const format::PageLayout* layout = nullptr;
  const LeafType* leaf = nullptr;
};

/// Reads what is needed once per page (chunk table, repetition index); values are read by Read().
/// Errors: kCorruption, kIo, kUnsupported (naming the structural or compressive encoding).
Result<std::unique_ptr<PageReader>> OpenPage(const Source& source, const format::PageMetadata& page, const LeafType& leaf);

Result<std::unique_ptr<PageReader>> OpenMiniBlockPage(const PageInput& input);
Result<std::unique_ptr<PageReader>> OpenFullZipPage(const PageInput& input);
Result<std::unique_ptr<PageReader>> OpenConstantPage(const PageInput& input);
Result<std::unique_ptr<PageReader>> OpenBlobPage(const PageInput& input);

/// Reads a whole buffer of the page. Errors: kCorruption when the page has too few buffers.
Result<Buffer> ReadPageBuffer(const PageInput& input, std::size_t buffer);
}  // namespace lancekit
