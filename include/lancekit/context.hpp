// Context: threads, memory budget, limits and counters shared by everything opened with it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "lancekit/export.h"
#include "lancekit/result.hpp"

namespace lancekit {

/// How local files are read.
enum class IoMode : std::uint8_t {
  kDefault,  ///< what the environment variable LANCEKIT_IO says (map, read or uring); kMap without it
  kMap,      ///< map local files; a file that shrinks while it is read ends the process (SIGBUS), as with any mapping
  kRead,     ///< pread into buffers of our own; many small reads at once on the context's threads
  kUring,    ///< as kRead, but many reads at once by io_uring; kRead where the system has none (Context::io_note says so)
};

/// What a Context is made with.
struct ContextOptions {
  int threads = 0;                  ///< that decode and encode at once, the caller's among them; 0 = number of cores
  std::uint64_t memory_budget = 0;  ///< bytes in flight; 0 = the smaller of 2 GiB and a quarter of the memory
  IoMode io_mode = IoMode::kDefault;
};

/// What was done so far through one Context, by all its threads together.
struct Metrics {
  std::uint64_t reads = 0;       ///< asked of files; of mapped ones too
  std::uint64_t bytes_read = 0;  ///< by these
  std::uint64_t io_calls = 0;    ///< reads that went to the system; none for mapped files
  std::uint64_t io_bytes = 0;
  std::uint64_t reads_joined = 0;  ///< reads that were spared because a neighbour was read with them
  std::uint64_t prefetches = 0;    ///< ranges that were asked for ahead
  std::uint64_t cache_hits = 0;    ///< blocks of files that are not mapped
  std::uint64_t cache_misses = 0;  ///< reads that lacked a block
  std::uint64_t cache_evictions = 0;
  std::uint64_t cache_bytes = 0;  ///< held now
  std::uint64_t pages_opened = 0;
  std::uint64_t pages_considered = 0;  ///< by filters and aggregates
  std::uint64_t pages_pruned = 0;      ///< of these, not read, as statistics say enough
  std::uint64_t rows_scanned = 0;
  std::uint64_t rows_taken = 0;
  std::uint64_t decode_nanoseconds = 0;  ///< of scans and takes, waiting for files included
  std::uint64_t encode_nanoseconds = 0;  ///< of pages that were written
  std::uint64_t pages_written = 0;
  std::uint64_t bytes_written = 0;
};

/// The metrics in the text format that Prometheus scrapes (version 0.0.4): names begin with "lancekit_", times are in seconds.
LANCEKIT_EXPORT std::string prometheus_text(const Metrics& metrics);

/// How a trace is taken.
struct TraceOptions {
  /// Of memory; all threads together take at most 16 times as much. Spans that begin when there is no room are counted, not kept.
  std::uint64_t bytes_per_thread = 16 << 20;
};

/// What the threads of a context did, and when.
struct Trace {
  /// Trace-event JSON, as Perfetto and chrome://tracing open it: complete events ("X") of opening, reading, decoding, filtering,
  /// encoding and writing, with columns, pages, rows and bytes; counters ("C"); names of threads ("M"). Times are microseconds of
  /// the steady clock, so that it can be put beside traces of others. docs/tracing.md lists the events.
  std::string json;
  std::uint64_t num_spans = 0;
  std::uint64_t num_dropped = 0;  ///< spans that there was no room for
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
  Metrics metrics() const;
  /// How local files are read; never kDefault. Finds out whether there is io_uring.
  IoMode io_mode() const;
  /// Why io_mode() is not what was asked for; empty when it is.
  std::string io_note() const;

  /// Records spans from now on, and forgets what was recorded before. Errors: kResourceLimit.
  Status start_trace(const TraceOptions& options = {});
  /// Ends the recording and gives the spans that ended until now; none where it was not started. Errors: kResourceLimit.
  Result<Trace> stop_trace();

  /// Makes every running and later call with this Context end with kCancelled. Async-signal-safe.
  void cancel() noexcept;

  ContextImpl& impl() const noexcept { return *impl_; }

 private:
  std::shared_ptr<ContextImpl> impl_;
};

}  // namespace lancekit
