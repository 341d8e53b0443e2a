// Single-pass facts about value arrays, and the byte order of byte-stream split. Pure functions: no allocation, no checks.
// Any thread may call.
#pragma once

#include <cstddef>
#include <cstdint>

#include "encodings/kernels/dispatch.h"

namespace lancekit::kernels {

/// Number of runs of equal neighbours among `count` values; 0 when there are none.
template <class T>
std::size_t CountRuns(const T* in, std::size_t count) noexcept {
  return count == 0 ? 0 : 1 + ActiveTable().Typed<T>().count_changes(in, count);
}

/// The largest of `count` values; 0 when there are none.
template <class T>
T MaxValue(const T* in, std::size_t count) noexcept {
  return ActiveTable().Typed<T>().max(in, count);
}

/// Byte j of value i goes to out[j * count + i]. Pre: value_bytes is 4 or 8; in and out hold count * value_bytes bytes.
inline void ByteStreamSplit(const std::byte* in, int value_bytes, std::size_t count, std::byte* out) noexcept {
  (value_bytes == 4 ? ActiveTable().split4 : ActiveTable().split8)(in, count, out);
}

/// The inverse of ByteStreamSplit.
inline void ByteStreamMerge(const std::byte* in, int value_bytes, std::size_t count, std::byte* out) noexcept {
  (value_bytes == 4 ? ActiveTable().merge4 : ActiveTable().merge8)(in, count, out);
}

}  // namespace lancekit::kernels
