#include "index/memory.h"

#include <sys/mman.h>

#include <algorithm>

namespace lancekit::index {

Result<HugeMemory> HugeMemory::Make(std::uint64_t bytes) {
  HugeMemory memory;
  const std::uint64_t size = std::max<std::uint64_t>(1, bytes);
  void* const at = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (at == MAP_FAILED) return MakeError(ErrorCode::kResourceLimit, "no memory of {} bytes", bytes);
  ::madvise(at, size, MADV_HUGEPAGE);  // or not: it is a wish
  memory.data_ = {static_cast<std::byte*>(at), Unmap{size}};
  return memory;
}

void HugeMemory::Unmap::operator()(std::byte* data) const noexcept { ::munmap(data, bytes); }

}  // namespace lancekit::index
