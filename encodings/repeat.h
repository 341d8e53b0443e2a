// What encodings of runs share.
#pragma once

#include <cstdint>
#include <cstring>

#include "base/buffer.h"

namespace lancekit {

// A run is written in stores of this size, which may overshoot into the padding that every buffer has.
inline constexpr std::size_t kStoreBytes = 32;
static_assert(kStoreBytes <= MutableBuffer::kPadding);

/// Stores a value `count` times. There is room for kStoreBytes more.
template <class T>
void Repeat(T value, std::uint64_t count, std::byte* to) {
  T repeated[kStoreBytes / sizeof(T)];
  for (T& slot : repeated) slot = value;
  for (std::uint64_t done = 0; done < count; done += kStoreBytes / sizeof(T))
    std::memcpy(to + done * sizeof(T), repeated, kStoreBytes);
}

}  // namespace lancekit
