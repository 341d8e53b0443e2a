// The state behind a Context.
#pragma once

#include <atomic>
#include <mutex>
#include <optional>

#include "base/status.h"
#include "base/thread_pool.h"
#include "lancekit/context.hpp"

namespace lancekit {

class ContextImpl {
 public:
  explicit ContextImpl(const ContextOptions& options);

  const ContextOptions& options() const noexcept { return options_; }
  LANCEKIT_EXPORT ThreadPool& pool();
  bool cancelled() const noexcept { return cancelled_.load(std::memory_order_relaxed); }
  void Cancel() noexcept { cancelled_.store(true, std::memory_order_relaxed); }
  LANCEKIT_EXPORT Status CheckCancelled() const;
  void CountRead(std::uint64_t bytes) noexcept {
    reads_.fetch_add(1, std::memory_order_relaxed);
    bytes_read_.fetch_add(bytes, std::memory_order_relaxed);
  }
  IoCounters counters() const noexcept { return {reads_.load(), bytes_read_.load()}; }

 private:
  ContextOptions options_;
  std::atomic<bool> cancelled_{false};
  std::atomic<std::uint64_t> reads_{0};
  std::atomic<std::uint64_t> bytes_read_{0};
  std::once_flag pool_started_;
  std::optional<ThreadPool> pool_;
};

}  // namespace lancekit
