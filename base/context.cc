#include "lancekit/context.hpp"

#include <unistd.h>

#include <algorithm>
#include <thread>

#include "base/buffer.h"
#include "base/context_impl.h"

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
  SetBufferCacheLimit(std::min<std::uint64_t>(256u << 20, options_.memory_budget / 8));
}

ThreadPool& ContextImpl::pool() {
  std::call_once(pool_started_, [this] { pool_.emplace(options_.threads); });
  return *pool_;
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
IoCounters Context::io_counters() const noexcept { return impl_->counters(); }
void Context::cancel() noexcept { impl_->Cancel(); }

}  // namespace lancekit
