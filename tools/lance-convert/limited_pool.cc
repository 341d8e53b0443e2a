#include "tools/lance-convert/limited_pool.h"

#include "tools/lance-convert/arrow_error.h"

namespace lancekit::convert {
namespace {

// Of the limit.
constexpr std::uint64_t kSmallShare = 16;
// A value is there as it was read, as it waits for its page, and as the page.
constexpr std::uint64_t kCopies = 4;

}  // namespace

Error OverLimit(std::uint64_t bytes, std::uint64_t limit) {
  const auto mebibytes = [](std::uint64_t size) { return (size >> 20) + 1; };
  return MakeError(ErrorCode::kResourceLimit, "needs {} MiB at once, of {} MiB that --memory-limit allows; {} MiB would do",
                   mebibytes(bytes), limit >> 20, mebibytes(kCopies * bytes));
}

bool LimitedPool::IsSmall(std::int64_t size) const { return static_cast<std::uint64_t>(size) < limit_ / kSmallShare; }

arrow::Status LimitedPool::Explained(const arrow::Status& status, std::int64_t more) const {
  return status.IsOutOfMemory() ? ToArrow(OverLimit(used() + static_cast<std::uint64_t>(more), limit_)) : status;
}

arrow::Status LimitedPool::Allocate(std::int64_t size, std::int64_t alignment, std::uint8_t** out) {
  if (IsSmall(size)) return arrow::default_memory_pool()->Allocate(size, alignment, out);
  return Explained(CappedMemoryPool::Allocate(size, alignment, out), size);
}

arrow::Status LimitedPool::Reallocate(std::int64_t old_size, std::int64_t new_size, std::int64_t alignment, std::uint8_t** data) {
  if (IsSmall(new_size)) return arrow::default_memory_pool()->Reallocate(old_size, new_size, alignment, data);
  return Explained(CappedMemoryPool::Reallocate(old_size, new_size, alignment, data), new_size - old_size);
}

}  // namespace lancekit::convert
