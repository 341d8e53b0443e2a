// The hash of the statistics buffer: XXH3, 64 bits, seed 0, of bytes that lie together or come in parts.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "base/byte_reader.h"
#include "lancekit/export.h"

namespace lancekit {

LANCEKIT_EXPORT std::uint64_t HashBytes(Bytes bytes) noexcept;

class LANCEKIT_EXPORT Hasher {
 public:
  Hasher();
  Hasher(Hasher&&) noexcept;
  Hasher& operator=(Hasher&&) noexcept;
  ~Hasher();

  void Add(Bytes bytes) noexcept;
  /// The hash of all that was added; what comes next begins another.
  std::uint64_t Finish() noexcept;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

#if defined(__x86_64__)
/// The same, for CPUs with AVX2: twice as fast on bytes in the cache.
std::uint64_t HashBytesAvx2(const void* bytes, std::size_t size) noexcept;
#endif

}  // namespace lancekit
