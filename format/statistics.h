// The statistics buffer of a data file: zones and hashes, in a FlatBuffers message (statistics.fbs) that official readers pass
// over as one more global buffer. Layout and rules: spec/statistics.md.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/buffer.h"
#include "base/status.h"
#include "format/bloom.h"
#include "format/zone.h"

namespace lancekit::format {

namespace fbs {
struct Column;
struct Statistics;
struct Zones;
}  // namespace fbs

/// Our files have a hash for so many bytes of a page buffer: they are still in the second cache when they were decoded.
inline constexpr std::uint64_t kHashPieceBytes = 65536;

/// Pieces of `piece_bytes` bytes, the last one shorter, that a page buffer is hashed in. An empty one is a piece too.
inline std::uint64_t NumHashPieces(std::uint64_t buffer_bytes, std::uint64_t piece_bytes) noexcept {
  return buffer_bytes == 0 ? 1 : (buffer_bytes - 1) / piece_bytes + 1;
}
/// Appends the hashes of a page buffer's pieces.
void AppendPieceHashes(Bytes buffer, std::vector<std::uint64_t>* hashes);

/// Rows of a page whose blobs have a hash together.
struct BlobRun {
  std::uint64_t num_rows = 0;
  std::uint64_t hash = 0;  ///< of their bytes, one blob after the other
};

/// What the buffer holds of one column, on its way there.
struct ColumnStatistics {
  Domain domain = Domain::kNone;
  std::uint8_t width = 0;  ///< BoundWidth of the column's type
  std::vector<Zone> pages;
  std::vector<Zone> zones;  ///< of all pages
  std::vector<std::uint32_t> zones_per_page;
  std::vector<std::uint64_t> buffer_hashes;  ///< of all pages, piece by piece
  std::uint64_t metadata_hash = 0;
  std::vector<BlobRun> blob_runs;         ///< of all pages; none but for blobs
  std::vector<std::uint32_t> bloom_ends;  ///< of each page's filter in `blooms`, in blocks
  std::vector<std::byte> blooms;          ///< of all pages; empty: none
};

/// Hashes of what lies behind the buffer.
struct TailHashes {
  std::uint64_t column_table = 0;
  std::uint64_t global_buffer_table = 0;
  std::uint64_t tail = 0;  ///< from the first column metadata to the end of the file
};

/// Bytes of a bound of values of this type; 0 for texts and what is not ordered.
std::uint8_t BoundWidth(const DataType& type) noexcept;

/// The message, as long as it will be; SealStatistics completes it once the place of what follows is known.
MutableBuffer SerializeStatistics(const std::vector<ColumnStatistics>& columns,
                                  const std::vector<std::uint64_t>& global_buffer_hashes);
void SealStatistics(const TailHashes& hashes, std::span<std::byte> message);

/// Zones of a column, or its pages. Borrowed from Statistics.
class ZoneList {
 public:
  ZoneList() = default;
  ZoneList(const fbs::Zones* zones, Domain domain, std::size_t width) : zones_(zones), domain_(domain), width_(width) {}
  std::uint64_t size() const noexcept;
  std::uint64_t NumRows(std::uint64_t i) const noexcept;
  Zone operator[](std::uint64_t i) const;
  /// True when they have so many rows together, and each has some.
  bool CoverRows(std::uint64_t num_rows) const noexcept;

 private:
  const fbs::Zones* zones_ = nullptr;
  Domain domain_ = Domain::kNone;
  std::size_t width_ = 0;
};

/// A statistics buffer that was verified: its hash is right, and so is every length in it. What it says of the values is the
/// writer's word.
class Statistics {
 public:
  /// Fields of statistics.fbs that are read without the rest.
  static constexpr std::uint16_t kColumnsField = 1, kPieceBytesField = 6, kBufferHashesField = 5, kMetadataHashField = 6;

  /// True when the bytes bear the identifier of such a buffer.
  static bool Matches(Bytes message) noexcept;
  /// True when it would be a sound one if it bore the identifier.
  static bool MatchesButForIdentifier(Bytes message);
  /// Errors: kCorruption.
  static Result<Statistics> Parse(Buffer message);

  std::uint64_t num_columns() const noexcept;
  Domain domain(std::uint64_t column) const noexcept;
  ZoneList Pages(std::uint64_t column) const noexcept;
  ZoneList Zones(std::uint64_t column) const noexcept;
  /// Zones of the page. Pre: page < Pages(column).size().
  std::uint32_t ZonesInPage(std::uint64_t column, std::uint64_t page) const noexcept;
  /// Bytes of the Bloom filters of all pages; 0: there are none.
  std::uint64_t BloomBytes(std::uint64_t column) const noexcept;
  /// Of the page, perhaps empty. Borrowed. Pre: page < Pages(column).size().
  BloomFilter Bloom(std::uint64_t column, std::uint64_t page) const noexcept;
  /// Of the pieces of all page buffers of the column, 8 bytes each.
  Bytes BufferHashes(std::uint64_t column) const noexcept;
  /// Bytes of a piece, at least 1; more than any buffer has where each buffer is one piece.
  std::uint64_t piece_bytes() const noexcept;
  std::uint64_t MetadataHash(std::uint64_t column) const noexcept;
  /// In row order; none for other columns, and when blobs were not hashed.
  std::vector<BlobRun> BlobRuns(std::uint64_t column) const;
  /// Of the global buffers before this one.
  std::vector<std::uint64_t> GlobalBufferHashes() const;
  TailHashes tail_hashes() const noexcept;
  std::size_t size_in_bytes() const noexcept { return message_.size(); }

 private:
  explicit Statistics(Buffer message);
  const fbs::Column* ColumnAt(std::uint64_t column) const noexcept;

  Buffer message_;
  const fbs::Statistics* root_;
};

}  // namespace lancekit::format
