#include "lancekit/context.hpp"

#include <unistd.h>

#include <algorithm>
#include <thread>

#include "base/buffer.h"
#include "base/context_impl.h"
#include "base/trace.h"
#include "base/without_throwing.h"

namespace lancekit {

ContextImpl::ContextImpl(const ContextOptions& options) : options_(options) {
  if (options_.threads <= 0) options_.threads = static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
  if (options_.memory_budget == 0) {
    const long pages = sysconf(_SC_PHYS_PAGES);
    const long page_bytes = sysconf(_SC_PAGESIZE);
    const std::uint64_t memory =
        pages > 0 && page_bytes > 0 ? static_cast<std::uint64_t>(pages) * static_cast<std::uint64_t>(page_bytes) : 4ull << 30;
    options_.memory_budget = std::min<std::uint64_t>(2ull << 30, memory / 4);
  }
  // Released buffers that are kept for reuse are part of the budget; the last context made sets the limit of the process.
  SetBufferCacheLimit(std::min<std::uint64_t>(512u << 20, options_.memory_budget / 4));
}

ContextImpl::~ContextImpl() = default;

void ContextImpl::StartTrace(const TraceOptions& options) {
  std::lock_guard lock(trace_mutex_);
  if (tracer_ == nullptr) tracer_ = std::make_unique<Tracer>();
  tracer_->Start(options);
  active_tracer_.store(tracer_.get(), std::memory_order_release);
}

Trace ContextImpl::StopTrace() {
  std::lock_guard lock(trace_mutex_);
  active_tracer_.store(nullptr, std::memory_order_release);
  return tracer_ == nullptr ? Tracer().Stop() : tracer_->Stop();
}

ThreadPool& ContextImpl::pool() {
  std::call_once(pool_started_, [this] { pool_.emplace(options_.threads); });
  return *pool_;
}

const std::shared_ptr<IoState>& ContextImpl::shared_io() {
  std::call_once(io_made_, [this] { io_ = MakeIoState(options_); });
  return io_;
}

Metrics ContextImpl::metrics() {
  Metrics metrics;
  metrics.reads = counted(Counter::kReads);
  metrics.bytes_read = counted(Counter::kBytesRead);
  metrics.io_calls = counted(Counter::kIoCalls);
  metrics.io_bytes = counted(Counter::kIoBytes);
  metrics.reads_joined = counted(Counter::kReadsJoined);
  metrics.prefetches = counted(Counter::kPrefetches);
  metrics.pages_opened = counted(Counter::kPagesOpened);
  metrics.pages_considered = counted(Counter::kPagesConsidered);
  metrics.pages_pruned = counted(Counter::kPagesPruned);
  metrics.rows_scanned = counted(Counter::kRowsScanned);
  metrics.rows_taken = counted(Counter::kRowsTaken);
  metrics.decode_nanoseconds = counted(Counter::kDecodeNanoseconds);
  metrics.encode_nanoseconds = counted(Counter::kEncodeNanoseconds);
  metrics.pages_written = counted(Counter::kPagesWritten);
  metrics.bytes_written = counted(Counter::kBytesWritten);
  io().AddTo(&metrics);
  return metrics;
}

std::string prometheus_text(const Metrics& metrics) {
  struct Line {
    const char* name;
    const char* help;
    std::uint64_t Metrics::* value;
  };
  static constexpr Line kCounters[] = {
      {"reads_total", "Reads asked of files.", &Metrics::reads},
      {"read_bytes_total", "Bytes asked of files.", &Metrics::bytes_read},
      {"io_calls_total", "Reads that went to the system.", &Metrics::io_calls},
      {"io_bytes_total", "Bytes that the system read.", &Metrics::io_bytes},
      {"reads_joined_total", "Reads spared by reading neighbours together.", &Metrics::reads_joined},
      {"prefetches_total", "Ranges asked for ahead.", &Metrics::prefetches},
      {"cache_hits_total", "Blocks found in the cache.", &Metrics::cache_hits},
      {"cache_misses_total", "Blocks missing in the cache.", &Metrics::cache_misses},
      {"cache_evictions_total", "Blocks that left the cache for others.", &Metrics::cache_evictions},
      {"pages_opened_total", "Pages opened.", &Metrics::pages_opened},
      {"pages_considered_total", "Pages that filters and aggregates looked at.", &Metrics::pages_considered},
      {"pages_pruned_total", "Of these, pages not read as statistics say enough.", &Metrics::pages_pruned},
      {"rows_scanned_total", "Rows that scans gave.", &Metrics::rows_scanned},
      {"rows_taken_total", "Rows that takes gave.", &Metrics::rows_taken},
      {"pages_written_total", "Pages written.", &Metrics::pages_written},
      {"written_bytes_total", "Bytes of pages written.", &Metrics::bytes_written},
  };
  static constexpr Line kTimes[] = {
      {"decode_seconds_total", "Time of reading and decoding, all threads together.", &Metrics::decode_nanoseconds},
      {"encode_seconds_total", "Time of encoding, all threads together.", &Metrics::encode_nanoseconds},
  };
  std::string text;
  const auto add = [&](const char* name, const char* help, const char* type, const std::string& value) {
    text += fmt::format("# HELP lancekit_{0} {1}\n# TYPE lancekit_{0} {2}\nlancekit_{0} {3}\n", name, help, type, value);
  };
  for (const Line& line : kCounters) add(line.name, line.help, "counter", std::to_string(metrics.*line.value));
  for (const Line& line : kTimes)
    add(line.name, line.help, "counter", fmt::format("{:.9f}", static_cast<double>(metrics.*line.value) * 1e-9));
  add("cache_bytes", "Bytes of blocks in the cache.", "gauge", std::to_string(metrics.cache_bytes));
  return text;
}

Status ContextImpl::CheckCancelled() const {
  if (cancelled()) return MakeError(ErrorCode::kCancelled, "cancelled");
  return {};
}

Context::Context() : Context(ContextOptions{}) {}
Context::Context(const ContextOptions& options) : impl_(std::make_shared<ContextImpl>(options)) {}
Context::~Context() = default;
Context::Context(const Context&) = default;
Context& Context::operator=(const Context&) = default;
Context::Context(Context&&) noexcept = default;
Context& Context::operator=(Context&&) noexcept = default;

int Context::threads() const noexcept { return impl_->options().threads; }
std::uint64_t Context::memory_budget() const noexcept { return impl_->options().memory_budget; }
Metrics Context::metrics() const { return impl_->metrics(); }
IoMode Context::io_mode() const { return impl_->io().mode(); }
std::string Context::io_note() const { return impl_->io().note(); }
Status Context::start_trace(const TraceOptions& options) {
  return WithoutThrowing([&]() -> Status {
    impl_->StartTrace(options);
    return {};
  });
}
Result<Trace> Context::stop_trace() {
  return WithoutThrowing([&]() -> Result<Trace> { return impl_->StopTrace(); });
}
void Context::cancel() noexcept { impl_->Cancel(); }

}  // namespace lancekit
