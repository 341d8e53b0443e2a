// The statistics buffer of an open file, looked up and checked when it is first asked for.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "format/file_metadata.h"
#include "format/flatbuffer.h"
#include "format/statistics.h"
#include "io/source.h"

namespace lancekit {

/// True when the bytes are as their hash says. Errors: as Source::Read.
Result<bool> MatchesHash(const Source& source, const format::FileRange& range, std::uint64_t hash);

/// The hashes of a column's pieces. Borrowed from the file's statistics.
struct PieceHashes {
  std::uint64_t piece_bytes = 0;
  std::uint64_t count = 0;
  const std::byte* hashes = nullptr;

  std::uint64_t operator[](std::uint64_t piece) const { return LoadLe<std::uint64_t>(hashes + 8 * piece); }
};

/// Thread-safe.
class FileStatistics {
 public:
  /// `global_buffers`: all of the file. `num_columns`: as its footer says.
  FileStatistics(std::shared_ptr<const Source> source, std::vector<format::FileRange> global_buffers, format::Footer footer)
      : source_(std::move(source)), global_buffers_(std::move(global_buffers)), footer_(footer) {}

  /// Null when the file has none, or damaged ones: it reads the same without.
  const format::Statistics* Get() const;
  /// From now on hashes are taken as they stand, without a look at the rest of the message: few columns of many are read.
  /// Whatever differs from such a hash is damaged, or the statistics are, which Get then tells.
  void UseHashesUnverified() const noexcept { unverified_.store(true, std::memory_order_relaxed); }
  /// Compares the metadata of a column with its hash, if hashes are taken unverified. Errors: kCorruption.
  Status CheckMetadata(std::uint32_t column, Bytes metadata) const;
  /// No value: the file has none.
  std::optional<PieceHashes> HashesOf(std::uint32_t column) const;
  /// The number of the global buffer that holds them, whole or damaged.
  std::optional<std::size_t> global_buffer() const;
  /// What is wrong with them. Ok when they are sound or missing.
  Status Damage() const;
  /// Compares global buffers, tables and metadata with their hashes, once. Ok without statistics. Errors: kCorruption, kIo.
  Status CheckTail() const;

 private:
  void Load() const;
  /// The entry of a column in the message as it stands.
  std::optional<format::FlatTable> UnverifiedEntry(std::uint32_t column) const;
  /// The message as it stands, found by its identifier; empty: there is none.
  Buffer Find(std::size_t* global_buffer) const;
  Status CompareTail() const;

  std::shared_ptr<const Source> source_;
  std::vector<format::FileRange> global_buffers_;
  format::Footer footer_;
  mutable std::atomic<bool> unverified_{false};
  mutable std::once_flag found_;
  mutable Buffer message_;  // unverified
  mutable std::once_flag loaded_;
  mutable std::optional<format::Statistics> statistics_;
  mutable std::optional<std::size_t> global_buffer_;
  mutable Status damage_;
  mutable std::once_flag compared_;
  mutable Status tail_;
};

}  // namespace lancekit
