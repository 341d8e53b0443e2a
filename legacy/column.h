// One column of a Lance 2.0 file: the values of a leaf, or the offsets of lists. Structs have a column too, which says nothing.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "legacy/blob_array.h"
#include "legacy/offsets_page.h"
#include "legacy/page.h"

namespace lancekit::legacy {

/// Thread-safe. Errors carry file, column, page and position.
class Column {
 public:
  /// The values of a leaf, or lists when there is no leaf. Pages of values are opened on first use; those of lists at once, as
  /// each counts the items of the next. Errors: kCorruption, kUnsupported.
  static Result<std::shared_ptr<const Column>> Open(std::shared_ptr<const Source> source, format::ColumnMetadata metadata,
                                                    std::optional<LeafType> leaf, std::string name);

  /// Nothing for lists.
  const std::optional<LeafType>& leaf() const noexcept { return leaf_; }
  const std::string& name() const noexcept { return name_; }
  /// Values or lists of all pages.
  std::uint64_t length() const noexcept { return starts_.back(); }
  /// Lists: their items, the length of the columns below.
  std::uint64_t num_items() const noexcept { return item_starts_.back(); }
  /// First value behind the page that holds this one.
  std::uint64_t PageEnd(std::uint64_t value) const { return starts_[FindPage(value) + 1]; }
  /// Bytes of all page buffers; for blobs, whose place nothing tells as a whole, those of the file.
  std::uint64_t stored_bytes() const noexcept { return stored_bytes_; }

  /// Appends values. Pre: a leaf; they exist.
  Status ReadValues(ValueRange values, LeafSink* sink, PageScratch* scratch) const;
  /// Where a blob lies. Pre: it exists. Errors: kUnsupported when the column holds no blobs.
  Result<BlobPlace> FindBlob(std::uint64_t value) const;
  /// Appends the starts and validity of lists; returns their items, which are neighbours below. Pre: lists; they exist.
  Result<ValueRange> ReadLists(ValueRange lists, NodeSink* sink, PageScratch* scratch) const;
  /// Names the column.
  Status Locate(Status status, std::int64_t page = -1) const;

 private:
  struct LazyPage {
    std::once_flag once;
    std::unique_ptr<PageReader> reader;
    Status status;
  };
  Column(std::shared_ptr<const Source> source, format::ColumnMetadata metadata, std::optional<LeafType> leaf, std::string name);
  Status Load();
  Status LoadLists();
  std::size_t FindPage(std::uint64_t value) const;
  PageInput InputOf(std::size_t page) const;
  Result<std::unique_ptr<PageReader>> OpenPage(std::size_t page) const;
  Result<const PageReader*> Page(std::size_t page) const;
  /// Calls read(page, range within it) for the parts of a range, page after page.
  template <class Read>
  Status ForEachPage(ValueRange values, Read read) const;

  std::shared_ptr<const Source> source_;
  format::ColumnMetadata metadata_;
  std::optional<LeafType> leaf_;
  std::string name_;
  bool is_blob_ = false;
  std::vector<std::uint64_t> starts_;  // of the pages, and the end of the last
  std::uint64_t stored_bytes_ = 0;
  mutable RecentBuffers decompressed_;
  mutable std::vector<LazyPage> pages_;     // of values
  std::vector<OffsetsPage> offsets_pages_;  // of lists
  std::vector<std::uint64_t> item_starts_;  // of lists: items before each page, and of all
};

}  // namespace lancekit::legacy
