// Arrow's memory, up to the memory limit.
#pragma once

#include <arrow/memory_pool.h>

#include <cstdint>

#include "base/status.h"

namespace lancekit::convert {

/// So many bytes at once are more than the limit; tells how much would do.
Error OverLimit(std::uint64_t bytes, std::uint64_t limit);

/// Refuses what would go over the limit, as OutOfMemory with that error. Small requests are granted all the same: Arrow's own
/// vectors throw when they get nothing, which ends the process where it happens on a thread of Arrow. Who uses the pool looks
/// at used() from time to time.
class LimitedPool : public arrow::CappedMemoryPool {
 public:
  explicit LimitedPool(std::uint64_t limit)
      : CappedMemoryPool(arrow::default_memory_pool(), static_cast<std::int64_t>(limit)), limit_(limit) {}

  using CappedMemoryPool::Allocate;
  using CappedMemoryPool::Reallocate;
  arrow::Status Allocate(std::int64_t size, std::int64_t alignment, std::uint8_t** out) override;
  arrow::Status Reallocate(std::int64_t old_size, std::int64_t new_size, std::int64_t alignment, std::uint8_t** data) override;

  /// Also by Arrow's parts that know of no pool.
  std::uint64_t used() const { return static_cast<std::uint64_t>(bytes_allocated()); }

 private:
  bool IsSmall(std::int64_t size) const;
  arrow::Status Explained(const arrow::Status& status, std::int64_t more) const;

  std::uint64_t limit_;
};

}  // namespace lancekit::convert
