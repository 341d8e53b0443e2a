// Blobs of one column on their way into a file: bytes that wait to be written, then places that wait for their page.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/hash.h"
#include "structural/leaf.h"
#include "structural/page_writer.h"
#include "writer/file_writer.h"
#include "writer/page_zones.h"
#include "writer/shredder.h"

namespace lancekit {

class BlobBuffer {
 public:
  /// The leaf is that of the data file: large_binary (blob pages), or a packed struct (descriptors of blob v2). A page is full
  /// once its descriptors take `page_bytes`. `with_hashes`: of the bytes. Borrows leaf and path.
  /// Errors: kUnsupported for blobs in lists.
  static Result<BlobBuffer> Make(const LeafType& leaf, const LeafPath& path, std::uint64_t page_bytes,
                                 format::FileVersion version, bool with_hashes);

  /// Rows [first, first + count) of the top-level field wait; their bytes are borrowed until they are written.
  /// Errors: kInvalidArgument for nulls where there must be none; kUnsupported for blobs that are only referred to.
  Status Append(const ArrayView& top, std::uint64_t first, std::uint64_t count);

  bool has_waiting() const noexcept { return next_ < waiting_.size(); }
  /// Writes the bytes of the next row, as one value that no table names; returns how many. Pre: has_waiting().
  Result<std::uint64_t> WriteNext(FileWriter* file);

  /// Rows that wait for their page.
  std::uint64_t num_rows() const noexcept { return places_.size(); }
  bool full() const noexcept;
  /// What is known of these rows: which are null. Pre: num_rows() != 0.
  PageZones Zones() const;
  /// `only_page`: as for LeafPath::Layers. Pre: num_rows() != 0.
  Result<EncodedPage> TakePage(bool only_page);
  /// The hashes of the page's blobs; to be called for each page.
  std::vector<format::BlobRun> TakeRuns();

 private:
  BlobBuffer(const LeafType& leaf, const LeafPath& path, std::uint64_t page_bytes, format::FileVersion version, bool with_hashes)
      : leaf_(&leaf), path_(&path), page_bytes_(page_bytes), version_(version), shredder_(path) {
    if (with_hashes) hasher_.emplace();
  }
  void AddToRun(Bytes bytes);
  void EndRun();
  EncodedPage DescriptorPage() const;

  struct Value {
    Bytes bytes;
    std::uint16_t level = 0;  ///< definition level when everything may be null
  };
  const LeafType* leaf_;
  const LeafPath* path_;
  std::uint64_t page_bytes_;
  format::FileVersion version_;
  Shredder shredder_;
  std::vector<Value> waiting_;
  std::size_t next_ = 0;
  std::vector<BlobPlace> places_;
  std::optional<Hasher> hasher_;
  std::vector<format::BlobRun> runs_;  // of the page, without the last one
  std::uint64_t run_rows_ = 0;
  std::uint64_t run_bytes_ = 0;
};

}  // namespace lancekit
