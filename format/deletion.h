// Deletion files: which rows of a fragment are gone. Row numbers count the fragment's physical rows.
// Sources: Arrow's IPC format (format/File.fbs, Message.fbs, Schema.fbs); RoaringFormatSpec of the Roaring bitmap project.
#pragma once

#include <cstdint>
#include <vector>

#include "base/byte_reader.h"
#include "base/status.h"
#include "format/manifest.h"

namespace lancekit::format {

/// Rows [begin, end).
struct RowRange {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
};

/// Ascending ranges with at least one row between them.
using RowRanges = std::vector<RowRange>;

std::uint64_t CountRows(const RowRanges& ranges) noexcept;

/// The deleted rows that a whole file names. Errors: kCorruption (rows beyond `num_rows`, rows named twice in a bitmap),
/// kUnsupported, kResourceLimit.
Result<RowRanges> ParseDeletionFile(DeletionFile::Kind kind, Bytes file, std::uint64_t num_rows);

/// The portable serialization of a 32-bit Roaring bitmap.
Result<RowRanges> ParseDeletionBitmap(Bytes file, std::uint64_t num_rows);
/// An Arrow IPC file with one column of 32-bit integers, in any order.
Result<RowRanges> ParseDeletionArray(Bytes file, std::uint64_t num_rows);

}  // namespace lancekit::format
