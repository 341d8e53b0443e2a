// Arithmetic on numbers that come from a file.
#pragma once

#include <cstdint>

namespace lancekit {

/// False on overflow; *out is then unspecified.
template <class T>
[[nodiscard]] bool CheckedAdd(T a, T b, T* out) noexcept {
  return !__builtin_add_overflow(a, b, out);
}
template <class T>
[[nodiscard]] bool CheckedMul(T a, T b, T* out) noexcept {
  return !__builtin_mul_overflow(a, b, out);
}

/// True when [offset, offset + length) lies within [0, size).
[[nodiscard]] constexpr bool RangeFits(std::uint64_t offset, std::uint64_t length, std::uint64_t size) noexcept {
  return offset <= size && length <= size - offset;
}

constexpr std::uint64_t CeilDiv(std::uint64_t a, std::uint64_t b) noexcept { return a / b + (a % b != 0); }

/// Pre: unit is a power of two and value + unit does not overflow.
constexpr std::uint64_t AlignUp(std::uint64_t value, std::uint64_t unit) noexcept { return (value + unit - 1) & ~(unit - 1); }

/// Bits needed for a value: 0 for 0, 1 for 1, 2 for 2..3, ...
constexpr int BitLength(std::uint64_t value) noexcept { return value == 0 ? 0 : 64 - __builtin_clzll(value); }

}  // namespace lancekit
