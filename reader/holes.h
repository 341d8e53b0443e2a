// What of a fragment cannot be read back: pages that differ from their hashes or cannot be decoded, blobs, whole columns.
#pragma once

#include <string>
#include <vector>

#include "reader/blob_check.h"
#include "reader/page_check.h"
#include "reader/table_impl.h"

namespace lancekit {

/// Rows of a leaf, or of a field, that cannot be read, and why.
struct Hole {
  std::int64_t page = -1;
  ValueRange rows;  ///< of the fragment's files
  std::string message;
};

/// Looks at all bytes of the fields that it is asked for.
class HoleFinder {
 public:
  /// Borrows both.
  HoleFinder(const TableImpl& table, const TableFragment& fragment) : table_(table), fragment_(fragment) {}

  /// That what a file says of itself as a whole can be trusted. Errors: kCorruption, kIo.
  static Status CheckFile(const FileReader& file);
  /// The holes of a leaf of a plain field. Errors: other than damage.
  Result<std::vector<Hole>> OfLeaf(const FieldShape& shape, std::size_t leaf) const;
  /// The holes of a field that is read as a whole: descriptors of blobs, and fields of version 2.0. Errors: other than damage.
  Result<std::vector<Hole>> OfField(const FieldShape& shape) const;

 private:
  /// Where there is no telling one page from another, all is lost.
  Result<std::vector<Hole>> OrAllRows(Status status, std::vector<Hole> holes) const;
  Status SearchLeaf(const FieldShape& shape, std::size_t leaf, std::vector<Hole>* holes) const;
  Status SearchBlobs(const FieldShape& shape, std::vector<Hole>* holes) const;
  Status SearchRows(const FieldShape& shape, std::vector<Hole>* holes) const;
  Status AddDamagedRows(const FieldShape& shape, const FieldReader& reader, ValueRange rows, std::int64_t page,
                        std::vector<Hole>* holes) const;
  Status AddDamagedRuns(std::span<const PlacedBlobRun> runs, const BlobFinder& finder, std::vector<Hole>* holes) const;

  const TableImpl& table_;
  const TableFragment& fragment_;
};

}  // namespace lancekit
