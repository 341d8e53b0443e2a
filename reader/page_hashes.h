// The hashes of a column's page buffers, piece by piece, and what was compared with them already.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "format/file_metadata.h"
#include "io/source.h"
#include "reader/file_statistics.h"
#include "structural/page_reader.h"

namespace lancekit {

/// Thread-safe. Without statistics nothing differs.
class PageHashes {
 public:
  PageHashes(std::shared_ptr<const Source> source, std::shared_ptr<const FileStatistics> statistics, std::uint32_t column,
             const format::ColumnMetadata& metadata);

  /// Bytes of a page buffer, neighbouring pieces as one.
  struct DamagedBytes {
    std::size_t buffer = 0;
    format::FileRange bytes;
  };
  /// What of a page differs. Errors: kIo; kCorruption when there is another number of hashes.
  Result<std::vector<DamagedBytes>> FindDamage(std::size_t page) const;

  /// Compares the buffers of a page. Errors: kCorruption, kIo.
  Status CheckPage(std::size_t page) const { return CheckBuffers(page, {}); }
  /// Those that it is opened with: all but the one of its data, once. Errors: as above.
  Status CheckOpened(std::size_t page, std::optional<std::size_t> data_buffer) const;
  /// Compares the pieces that hold a part of a buffer, each once. `read`: what was read of the file already. Errors: as above.
  Status CheckPart(std::size_t page, std::size_t buffer, const format::FileRange& part, const ReadBytes& read) const;

  /// Where the piece ends that holds a byte of the buffer; without hashes, the end of all.
  std::uint64_t PieceEnd(std::size_t page, std::size_t buffer, std::uint64_t offset) const;

 private:
  struct Pieces {
    std::once_flag once;
    Status status;
    bool known = false;  // there are hashes
    PieceHashes hashes;
    std::vector<std::uint64_t> first;          // of each buffer
    std::vector<std::atomic<bool>> opened;     // of each page: what it is opened with is sound
    std::vector<std::atomic<bool>> are_sound;  // compared, and the same
  };
  /// Null without statistics.
  Result<Pieces*> Load() const;
  Status CountPieces() const;
  Status CheckBuffers(std::size_t page, std::optional<std::size_t> except) const;
  format::FileRange PieceAt(std::size_t buffer, std::uint64_t index) const;
  Status CheckPiece(std::size_t buffer, std::uint64_t index, const ReadBytes& read) const;

  std::shared_ptr<const Source> source_;
  std::shared_ptr<const FileStatistics> statistics_;
  std::uint32_t column_;
  std::vector<format::FileRange> buffers_;  // of all pages
  std::vector<std::size_t> first_buffers_;  // of each page, and the number of all
  std::unique_ptr<Pieces> pieces_;
};

/// Compares the data buffer of a page while it is read. A piece is looked at when the last part in it is decoded.
class BufferCheck final : public DataCheck {
 public:
  BufferCheck(const PageHashes& hashes, std::size_t page, std::size_t buffer) : hashes_(hashes), page_(page), buffer_(buffer) {}

 private:
  Status Compare(const ReadBytes& read, bool is_end) override;

  const PageHashes& hashes_;
  std::size_t page_;
  std::size_t buffer_;
};

}  // namespace lancekit
