// A pipe that can be read more than once: what came out of it is kept in a nameless temporary file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/status.h"

namespace lancekit::convert {

/// Waits until the descriptor has something to say, however long, and reads until `size` bytes are there or it ends; -1 with
/// errno on an error, which is ECANCELED after Ctrl-C.
std::int64_t ReadFully(int fd, char* data, std::size_t size);

/// Thread-safe: a stream that was given up may still be read by a thread of its own.
class SpooledPipe {
 public:
  /// Takes over `fd`, of which `head` was read before. Errors: kOutput when no temporary file can be made; `fd` stays the
  /// caller's.
  static Result<std::shared_ptr<SpooledPipe>> Make(int fd, const std::string& head);
  ~SpooledPipe();
  SpooledPipe(const SpooledPipe&) = delete;
  SpooledPipe& operator=(const SpooledPipe&) = delete;

  /// Reads like ReadFully() from a position that is not behind what was read so far. Where the temporary file could not grow,
  /// only what has not been read yet can be read; then errno is ENOSPC.
  std::int64_t ReadAt(std::uint64_t position, char* data, std::size_t size);
  /// All of the pipe is in the temporary file, or will be.
  bool complete() const;
  /// Of the temporary file.
  int fd() const noexcept { return spool_; }
  std::uint64_t size() const;

 private:
  SpooledPipe(int pipe, int spool) : pipe_(pipe), spool_(spool) {}

  int pipe_;
  int spool_;
  mutable std::mutex mutex_;
  std::uint64_t size_ = 0;  // that came out of the pipe
  bool complete_ = true;
};

}  // namespace lancekit::convert
