// Compiled for AVX2. Includes no header with inline functions of ours or of the standard library: such a function compiled for a
// newer CPU could replace the baseline copy at link. What xxhash.h brings is local to this file.
#include <stddef.h>
#include <stdint.h>

#define XXH_INLINE_ALL
#define XXH_NO_PREFETCH  // the CPU does as well, and what was just decoded is in the cache
#include <xxhash.h>

namespace lancekit {

uint64_t HashBytesAvx2(const void* bytes, size_t size) noexcept { return XXH3_64bits(bytes, size); }

}  // namespace lancekit
