// Context: threads, memory budget, limits and counters shared by everything opened with it.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

#include "lancekit/export.h"

namespace lancekit {

enum class IoMode : std::uint8_t {
  kMap,   ///< map local files; a file that shrinks while it is read ends the process (SIGBUS), as with any mapping
  kRead,  ///< pread into buffers of our own
};

struct ContextOptions {
  int threads = 0;                  ///< threads for decoding and encoding; 0 = number of cores
  std::uint64_t memory_budget = 0;  ///< bytes in flight; 0 = the smaller of 2 GiB and a quarter of the memory
  IoMode io_mode = IoMode::kMap;
};

/// What has been read so far through one Context.
struct IoCounters {
  std::uint64_t reads = 0;
  std::uint64_t bytes_read = 0;
};

class ContextImpl;

/// Cheap to copy; copies share one state. Thread-safe.
class LANCEKIT_EXPORT Context {
 public:
  Context();
  explicit Context(const ContextOptions& options);
  ~Context();
  Context(const Context&);
  Context& operator=(const Context&);
  Context(Context&&) noexcept;
  Context& operator=(Context&&) noexcept;

  int threads() const noexcept;
  std::uint64_t memory_budget() const noexcept;
  IoCounters io_counters() const noexcept;

  /// Makes every running and later call with this Context end with kCancelled. Async-signal-safe.
  void cancel() noexcept;

  ContextImpl& impl() const noexcept { return *impl_; }

 private:
  std::shared_ptr<ContextImpl> impl_;
};

}  // namespace lancekit
