// Single values in the domains in which columns are ordered: what filters compare with and what zone maps store.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <string>
#include <variant>

#include "base/endian.h"
#include "lancekit/types.hpp"

namespace lancekit {

/// Two's complement, least significant word first.
struct Int256 {
  std::array<std::uint64_t, 4> words{};

  /// Sign-extends.
  static Int256 From(std::int64_t value) noexcept;
  /// From little-endian two's complement of 16 or 32 bytes.
  static Int256 Load(const std::byte* bytes, std::size_t width) noexcept;
  void Store(std::byte* bytes, std::size_t width) const noexcept;

  bool negative() const noexcept { return (words[3] >> 63) != 0; }
  friend bool operator==(const Int256&, const Int256&) = default;
  friend std::strong_ordering operator<=>(const Int256& a, const Int256& b) noexcept;
};

/// How values are ordered. The numbers are those of the alternatives of Scalar and stand in files.
enum class Domain : std::uint8_t {
  kSigned = 0,    ///< integers, dates, times, timestamps, durations
  kUnsigned = 1,  ///< unsigned integers; false and true
  kFloating = 2,  ///< -0.0 equals 0.0; NaN equals itself and comes last
  kDecimal = 3,   ///< unscaled
  kBytes = 4,     ///< strings and binary, byte by byte
  kNone = 5,      ///< not ordered
};

/// A value that is not null.
using Scalar = std::variant<std::int64_t, std::uint64_t, double, Int256, std::string>;

/// Of a dictionary that of its values.
Domain DomainOf(const DataType& type) noexcept;

/// Values of different domains are ordered by the domain.
std::weak_ordering Compare(const Scalar& a, const Scalar& b) noexcept;
/// The order of kFloating.
std::weak_ordering CompareFloats(double a, double b) noexcept;

/// A half-precision float.
float HalfToFloat(std::uint16_t bits) noexcept;
/// A float of 2, 4 or 8 bytes.
double LoadFloat(const std::byte* at, std::size_t width) noexcept;
/// An integer of 1, 2, 4 or 8 bytes.
inline std::uint64_t LoadUnsigned(const std::byte* at, std::size_t width) noexcept {
  return width == 1   ? LoadLe<std::uint8_t>(at)
         : width == 2 ? LoadLe<std::uint16_t>(at)
         : width == 4 ? LoadLe<std::uint32_t>(at)
                      : LoadLe<std::uint64_t>(at);
}

inline std::int64_t LoadSigned(const std::byte* at, std::size_t width) noexcept {
  const auto shift = static_cast<int>(64 - 8 * width);
  return static_cast<std::int64_t>(LoadUnsigned(at, width) << shift) >> shift;
}

}  // namespace lancekit
