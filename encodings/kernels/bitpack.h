// FastLanes bit packing of blocks of 1024 unsigned values (layout: level_kernels.h). Pure functions: no allocation, no checks;
// the callers have validated widths and sizes. Any thread may call.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "encodings/kernels/dispatch.h"

namespace lancekit::kernels {

inline constexpr std::size_t kBlockValues = 1024;

/// Size in bytes of a packed block.
constexpr std::size_t PackedBlockSize(int width) noexcept { return 128 * static_cast<std::size_t>(width); }

/// Writes PackedBlockSize(width) bytes. Pre: width <= bits of T, every one of the 1024 values is below 2^width.
template <class T>
void PackBlock(const T* in, int width, std::byte* out) noexcept {
  ActiveTable().Typed<T>().pack[width](in, out);
}

/// Reads exactly PackedBlockSize(width) bytes at any address, writes 1024 values. Pre: width <= bits of T.
template <class T>
void UnpackBlock(const std::byte* in, int width, T* out) noexcept {
  ActiveTable().Typed<T>().unpack[width](in, out);
}

/// Where value `index` (below 1024) begins in a packed block: its lane, and its first bit in that.
template <class T>
struct PlaceInBlock {
  static constexpr unsigned kBits = 8 * sizeof(T);
  static constexpr unsigned kLanes = 1024 / kBits;

  PlaceInBlock(int width, unsigned index) noexcept {
    constexpr std::uint8_t kRowGroupOrder[8] = {0, 4, 2, 6, 1, 5, 3, 7};  // its own inverse
    lane = index % kLanes;
    const unsigned row = kRowGroupOrder[(index % 128 - lane) / 16] * 8 + index / 128;
    bit = row * static_cast<unsigned>(width);
  }
  /// Of the word that holds the first bit.
  std::size_t offset() const noexcept { return (bit / kBits * kLanes + lane) * sizeof(T); }

  unsigned lane;
  unsigned bit;
};

/// Asks the processor for the memory of one value of a packed block, which need not be there.
template <class T>
void PrefetchOne(const std::byte* in, int width, unsigned index) noexcept {
  const PlaceInBlock<T> place(width, index);
  __builtin_prefetch(in + place.offset());
  if (place.bit % place.kBits + static_cast<unsigned>(width) > place.kBits)
    __builtin_prefetch(in + place.offset() + place.kLanes * sizeof(T));
}

/// Value `index` (below 1024) of a packed block, without unpacking the block.
template <class T>
T UnpackOne(const std::byte* in, int width, unsigned index) noexcept {
  if (width == 0) return 0;
  constexpr unsigned kBits = 8 * sizeof(T);
  constexpr unsigned kLanes = 1024 / kBits;
  const PlaceInBlock<T> place(width, index);
  const unsigned shift = place.bit % kBits;
  const std::byte* from = in + place.offset();
  T value;
  std::memcpy(&value, from, sizeof(T));
  value = static_cast<T>(value >> shift);
  if (shift + static_cast<unsigned>(width) > kBits) {
    T next;
    std::memcpy(&next, from + kLanes * sizeof(T), sizeof(T));
    value = static_cast<T>(value | static_cast<T>(next << (kBits - shift)));
  }
  return static_cast<T>(value & static_cast<T>(static_cast<T>(~T{0}) >> (kBits - static_cast<unsigned>(width))));
}

/// Bits that the largest of `count` values needs; 0 when all are 0.
template <class T>
int BlockWidth(const T* in, std::size_t count) noexcept {
  return static_cast<int>(std::bit_width(ActiveTable().Typed<T>().or_all(in, count)));
}

}  // namespace lancekit::kernels
