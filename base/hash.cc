#include "base/hash.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace lancekit {

std::uint64_t HashBytes(Bytes bytes) noexcept {
#if defined(__x86_64__)
  static const bool has_avx2 = __builtin_cpu_supports("avx2");
  if (has_avx2) return HashBytesAvx2(bytes.data(), bytes.size());
#endif
  return XXH3_64bits(bytes.data(), bytes.size());
}

}  // namespace lancekit
