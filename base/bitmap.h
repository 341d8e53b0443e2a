// LSB-first bitmaps: value i lives in byte i / 8, bit i % 8 (Arrow and Lance agree).
#pragma once

#include <cstddef>
#include <cstdint>

namespace lancekit {

inline bool GetBit(const std::byte* bits, std::uint64_t i) noexcept {
  return (static_cast<unsigned>(bits[i / 8]) >> (i % 8) & 1u) != 0;
}
inline void SetBitTo(std::byte* bits, std::uint64_t i, bool value) noexcept {
  const std::byte mask = static_cast<std::byte>(1u << (i % 8));
  bits[i / 8] = value ? (bits[i / 8] | mask) : (bits[i / 8] & ~mask);
}

constexpr std::uint64_t BitmapBytes(std::uint64_t num_bits) noexcept { return num_bits / 8 + (num_bits % 8 != 0); }

/// Up to 64 bits starting at any bit. Pre: count > 0. Reads no byte but those that hold one of them.
std::uint64_t LoadBits(const std::byte* bits, std::uint64_t first, unsigned count) noexcept;
/// Copies bits; other bits of the target stay. The ranges must not overlap.
void CopyBits(const std::byte* from, std::uint64_t from_bit, std::byte* to, std::uint64_t to_bit, std::uint64_t count) noexcept;
void FillBits(std::byte* to, std::uint64_t to_bit, std::uint64_t count, bool value) noexcept;
std::uint64_t CountSetBits(const std::byte* bits, std::uint64_t first, std::uint64_t count) noexcept;

}  // namespace lancekit
