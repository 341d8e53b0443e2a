// The state behind a Context.
#pragma once

#include <array>
#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "base/core.h"
#include "base/status.h"
#include "base/thread_pool.h"
#include "lancekit/context.hpp"

namespace lancekit {

/// Counters of Metrics that grow; the rest is known to those who keep it.
enum class Counter : std::uint8_t {
  kReads,
  kBytesRead,
  kIoCalls,
  kIoBytes,
  kReadsJoined,
  kPrefetches,
  kPagesOpened,
  kPagesConsidered,
  kPagesPruned,
  kRowsScanned,
  kRowsTaken,
  kDecodeNanoseconds,
  kEncodeNanoseconds,
  kPagesWritten,
  kBytesWritten,
  kNumCounters
};

/// What the io layer keeps with a context: its cache, and how files are read.
class IoState {
 public:
  virtual ~IoState() = default;
  virtual IoMode mode() const noexcept = 0;
  virtual const std::string& note() const noexcept = 0;
  virtual void AddTo(Metrics* metrics) const = 0;
};
/// Defined by the io layer, the lowest that knows how.
std::unique_ptr<IoState> MakeIoState(const ContextOptions& options);

class Tracer;

class ContextImpl {
 public:
  explicit ContextImpl(const ContextOptions& options);
  ~ContextImpl();

  const ContextOptions& options() const noexcept { return options_; }
  LANCEKIT_EXPORT ThreadPool& pool();
  IoState& io() { return *shared_io(); }
  /// For what may outlive the context.
  LANCEKIT_EXPORT const std::shared_ptr<IoState>& shared_io();
  bool cancelled() const noexcept { return cancelled_.load(std::memory_order_relaxed); }
  void Cancel() noexcept { cancelled_.store(true, std::memory_order_relaxed); }
  LANCEKIT_EXPORT Status CheckCancelled() const;
  void Count(Counter counter, std::uint64_t amount = 1) noexcept {
    counters_[CoreShard()].values[static_cast<std::size_t>(counter)].fetch_add(amount, std::memory_order_relaxed);
  }
  std::uint64_t counted(Counter counter) const noexcept {
    std::uint64_t sum = 0;
    for (const Counters& of_core : counters_)
      sum += of_core.values[static_cast<std::size_t>(counter)].load(std::memory_order_relaxed);
    return sum;
  }
  /// Counts reads of files, also for the spans of the calling thread.
  void CountReads(std::uint64_t num_reads, std::uint64_t num_bytes) noexcept {
    Count(Counter::kReads, num_reads);
    Count(Counter::kBytesRead, num_bytes);
    if (tracer() != nullptr) TraceBytesRead(num_bytes);
  }
  Metrics metrics();

  /// Null unless a trace is recorded.
  Tracer* tracer() const noexcept { return active_tracer_.load(std::memory_order_acquire); }
  void StartTrace(const TraceOptions& options);
  Trace StopTrace();

 private:
  void TraceBytesRead(std::uint64_t num_bytes) noexcept;

  ContextOptions options_;
  std::atomic<bool> cancelled_{false};
  struct alignas(kShardAlignment) Counters {
    std::array<std::atomic<std::uint64_t>, static_cast<std::size_t>(Counter::kNumCounters)> values{};
  };
  std::array<Counters, kCoreShards> counters_;
  std::mutex trace_mutex_;
  std::unique_ptr<Tracer> tracer_;  // made with the first trace
  std::atomic<Tracer*> active_tracer_{nullptr};
  std::once_flag io_made_;
  std::shared_ptr<IoState> io_;
  std::once_flag pool_started_;
  std::optional<ThreadPool> pool_;  // last: its threads end before the rest goes
};

}  // namespace lancekit
