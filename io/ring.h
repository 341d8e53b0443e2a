// Many reads of a file at once by io_uring (liburing), where the kernel and the build have it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "base/status.h"

namespace lancekit {

struct ReadRequest {
  std::uint64_t offset = 0;
  std::size_t size = 0;
  std::byte* to = nullptr;
};

/// One submission queue. Not thread-safe.
class Ring {
 public:
  virtual ~Ring() = default;
  /// Completes all requests, as many at a time as the queue holds. Counts to `calls` what was asked of the kernel.
  /// Errors: kIo, also for a file that is too short.
  virtual Status Read(int fd, std::span<const ReadRequest> requests, std::uint64_t* calls) = 0;
  /// True after an error of the queue itself: another ring may do better.
  virtual bool is_broken() const noexcept = 0;
  /// True when a failed Read could not wait for all that the kernel still writes: the buffers must never be freed.
  virtual bool has_outstanding() const noexcept = 0;
  /// Null, with the reason, where there is no io_uring.
  static std::unique_ptr<Ring> Make(std::string* why_not);
};

/// Rings that are not in use. Thread-safe.
class RingPool {
 public:
  /// Null when another cannot be made.
  std::unique_ptr<Ring> Take();
  void Return(std::unique_ptr<Ring> ring);

 private:
  std::mutex mutex_;
  std::vector<std::unique_ptr<Ring>> rings_;
};

}  // namespace lancekit
