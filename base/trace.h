// Traces: spans of work by thread, which Context::stop_trace() makes trace-event JSON of. While none is recorded, a span costs a
// load and two compares; spans are of pages and batches, never of values.
#pragma once

#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/context_impl.h"

namespace lancekit {

/// A span, or a sample of the context's counters.
struct TraceEvent {
  struct Number {
    const char* name = nullptr;  ///< null: none
    std::uint64_t value = 0;
  };

  const char* name = nullptr;     ///< null: a sample
  std::uint64_t begin = 0;        ///< nanoseconds of the steady clock
  std::uint64_t nanoseconds = 0;  ///< kOpen until it ends
  std::uint64_t bytes_read = 0;   ///< by its thread, asked of files as Metrics::bytes_read is; of a span that is open: before it
  std::int64_t page = -1;
  std::string column;
  std::string encoding;
  std::array<Number, 3> numbers;

  static constexpr std::uint64_t kOpen = ~std::uint64_t{0};
};

/// What the threads of one context record. Thread-safe, and there until the context ends, so that spans may outlive a trace. What
/// a thread has here is dropped by Start() and Stop() when it has ended.
class Tracer {
 public:
  /// What one thread recorded.
  struct Thread {
    std::mutex mutex;
    std::int64_t id = 0;  ///< of the system
    std::string name;
    std::uint64_t trace = 0;                            ///< that the rest belongs to
    std::vector<std::unique_ptr<TraceEvent>> events;    ///< in the order of their begins
    std::uint64_t left_bytes = 0;                       ///< for more of them
    std::atomic<std::uint64_t>* left_of_all = nullptr;  ///< the tracer's left_bytes_
    std::uint64_t num_dropped = 0;                      ///< spans
    std::uint64_t bytes_read = 0;                       ///< touched by the thread alone

    /// Whether there is room for so many bytes; then they are taken. With the mutex held.
    bool Take(std::uint64_t num_bytes) noexcept;
  };

  /// Forgets what was recorded before.
  void Start(const TraceOptions& options);
  Trace Stop();

  /// The calling thread's.
  Thread& Here();
  /// Adds an event of the calling thread, and tells to which trace. Null: there is no room.
  std::pair<TraceEvent*, std::uint64_t> Add(Thread* thread, const TraceEvent& event);
  /// Adds the counters as they are now, unless they were a moment ago.
  void Sample(const ContextImpl& context, std::uint64_t now) noexcept;

 private:
  static std::uint64_t NextNumber();

  const pid_t process_ = ::getpid();
  const std::uint64_t number_ = NextNumber();  // tells it from tracers that lay at the same address
  std::mutex mutex_;
  std::vector<std::unique_ptr<Thread>> threads_;
  std::atomic<std::uint64_t> trace_{0};  // counts the traces
  std::atomic<std::uint64_t> bytes_per_thread_{0};
  std::atomic<std::uint64_t> left_bytes_{0};  // for all threads
  std::atomic<std::uint64_t> next_sample_{0};
};

/// Records its lifetime, and ends on the thread where it began. The name must be a literal.
class TraceSpan {
 public:
  LANCEKIT_EXPORT static std::uint64_t Now() noexcept;

  /// `now`: as Now() tells it; 0: asks, where it is recorded.
  TraceSpan(ContextImpl* context, const char* name, std::uint64_t now = 0) noexcept {
    if (context != nullptr && context->tracer() != nullptr) Begin(*context, name, now);
  }
  TraceSpan(ContextImpl& context, const char* name, std::uint64_t now = 0) noexcept {
    if (context.tracer() != nullptr) Begin(context, name, now);
  }
  ~TraceSpan() {
    if (thread_ != nullptr) End();
  }
  TraceSpan(const TraceSpan&) = delete;
  TraceSpan& operator=(const TraceSpan&) = delete;

  /// Whether it is recorded: else nothing else needs to be done with it.
  explicit operator bool() const noexcept { return thread_ != nullptr; }
  /// Of three names, literals; more are ignored.
  LANCEKIT_EXPORT void Set(const char* name, std::uint64_t value) noexcept;
  /// Where the span works. `page` -1: no certain one.
  LANCEKIT_EXPORT void SetPlace(std::string_view column, std::int64_t page = -1) noexcept;
  LANCEKIT_EXPORT void SetEncoding(std::string_view encoding) noexcept;
  /// Ends it before its scope does. `now`: as Now() tells it; 0: asks.
  LANCEKIT_EXPORT void End(std::uint64_t now = 0) noexcept;

 private:
  LANCEKIT_EXPORT void Begin(ContextImpl& context, const char* name, std::uint64_t now) noexcept;
  /// Calls change(event) unless it is not recorded or the trace has ended meanwhile.
  template <class Change>
  void Update(Change change) noexcept;
  void SetText(std::string TraceEvent::* member, std::string_view text) noexcept;

  Tracer::Thread* thread_ = nullptr;  // null: not recorded
  TraceEvent* event_ = nullptr;       // there while the thread's trace is this one
  std::uint64_t trace_ = 0;
};

/// A span whose time a counter gets too. When it ends, counters are sampled.
class Stopwatch {
 public:
  Stopwatch(ContextImpl& context, Counter counter, const char* name) noexcept;
  ~Stopwatch();
  Stopwatch(const Stopwatch&) = delete;
  Stopwatch& operator=(const Stopwatch&) = delete;

  TraceSpan& span() noexcept { return span_; }

 private:
  ContextImpl& context_;
  Counter counter_;
  std::uint64_t begin_;
  TraceSpan span_;
};

}  // namespace lancekit
