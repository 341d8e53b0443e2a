// The statistics buffer of an open file, looked up and checked when it is first asked for.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "format/file_metadata.h"
#include "format/statistics.h"
#include "io/source.h"

namespace lancekit {

/// True when the bytes are as their hash says. Errors: as Source::Read.
Result<bool> MatchesHash(const Source& source, const format::FileRange& range, std::uint64_t hash);

/// Thread-safe.
class FileStatistics {
 public:
  /// `global_buffers`: all of the file. `num_columns`: as its footer says.
  FileStatistics(std::shared_ptr<const Source> source, std::vector<format::FileRange> global_buffers, format::Footer footer)
      : source_(std::move(source)), global_buffers_(std::move(global_buffers)), footer_(footer) {}

  /// Null when the file has none, or damaged ones: it reads the same without.
  const format::Statistics* Get() const;
  /// The number of the global buffer that holds them, whole or damaged.
  std::optional<std::size_t> global_buffer() const;
  /// What is wrong with them. Ok when they are sound or missing.
  Status Damage() const;
  /// Compares global buffers, tables and metadata with their hashes, once. Ok without statistics. Errors: kCorruption, kIo.
  Status CheckTail() const;

 private:
  void Load() const;
  Status CompareTail() const;

  std::shared_ptr<const Source> source_;
  std::vector<format::FileRange> global_buffers_;
  format::Footer footer_;
  mutable std::once_flag loaded_;
  mutable std::optional<format::Statistics> statistics_;
  mutable std::optional<std::size_t> global_buffer_;
  mutable Status damage_;
  mutable std::once_flag compared_;
  mutable Status tail_;
};

}  // namespace lancekit
