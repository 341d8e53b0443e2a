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

struct Hasher::State {
  State() noexcept { XXH3_64bits_reset(&xxh); }
  XXH3_state_t xxh;
};

Hasher::Hasher() : state_(std::make_unique<State>()) {}
Hasher::Hasher(Hasher&&) noexcept = default;
Hasher& Hasher::operator=(Hasher&&) noexcept = default;
Hasher::~Hasher() = default;

void Hasher::Add(Bytes bytes) noexcept { XXH3_64bits_update(&state_->xxh, bytes.data(), bytes.size()); }

std::uint64_t Hasher::Finish() noexcept {
  const std::uint64_t hash = XXH3_64bits_digest(&state_->xxh);
  XXH3_64bits_reset(&state_->xxh);
  return hash;
}

}  // namespace lancekit
