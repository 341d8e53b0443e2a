#include "base/hash.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace lancekit {

std::uint64_t HashBytes(Bytes bytes) noexcept { return XXH3_64bits(bytes.data(), bytes.size()); }

}  // namespace lancekit
