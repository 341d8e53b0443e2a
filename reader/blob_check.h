// The bytes of blobs, which lie outside the pages, and their hashes in the statistics.
#pragma once

#include <functional>
#include <span>
#include <vector>

#include "reader/field_reader.h"
#include "reader/file_reader.h"

namespace lancekit {

/// Rows of one page whose blobs have a hash together.
struct PlacedBlobRun {
  std::size_t page = 0;
  ValueRange rows;  ///< of the file
  std::uint64_t hash = 0;
};

/// All of a column, in row order; none without hashes of blobs. Errors: kCorruption when they do not fit the column's pages.
Result<std::vector<PlacedBlobRun>> FindBlobRuns(const FileReader& file, std::uint32_t column,
                                                const format::ColumnMetadata& metadata);
/// Those of one page.
std::span<const PlacedBlobRun> RunsOfPage(std::span<const PlacedBlobRun> runs, std::size_t page);

/// Finds the blobs of rows of a column.
using BlobFinder = std::function<Result<std::vector<BlobBytes>>(ValueRange rows)>;
/// In pages of blobs.
BlobFinder FinderOf(std::shared_ptr<const ColumnReader> column);
/// In whatever the field is made of.
BlobFinder FinderOf(std::shared_ptr<const FieldReader> field);

/// True when the bytes, one blob after the other, are as their hash says. Errors: kIo; kCorruption when they are more bytes than
/// a file has.
Result<bool> MatchesHash(std::span<const BlobBytes> blobs, std::uint64_t hash);

}  // namespace lancekit
