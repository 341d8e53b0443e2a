// Work in parts by the threads of a context.
#pragma once

#include <atomic>
#include <cstddef>
#include <mutex>
#include <utility>

#include "base/context_impl.h"
#include "base/without_throwing.h"

namespace lancekit::index {

/// Calls body(part) -> Status for each part; after the first failure no other begins. Errors: kCancelled; kResourceLimit where
/// one runs out of memory; those of body.
template <class Body>
Status ForEachPart(ContextImpl& context, std::size_t count, const Body& body) {
  std::atomic<bool> failed{false};
  std::mutex mutex;
  Status status;
  context.pool().ParallelFor(count, [&](std::size_t part) {
    if (failed.load(std::memory_order_relaxed)) return;
    Status own = context.CheckCancelled();
    if (own.ok()) own = WithoutThrowing([&]() -> Status { return body(part); });
    if (own.ok()) return;
    failed.store(true, std::memory_order_relaxed);
    const std::lock_guard<std::mutex> lock(mutex);
    status = std::move(own);
  });
  return status;
}

}  // namespace lancekit::index
