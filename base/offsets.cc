#include "base/offsets.h"

#include <algorithm>
#include <type_traits>

#include "base/endian.h"

namespace lancekit {

template <class Offset>
bool Ascend(const std::byte* offsets, std::uint64_t count) noexcept {
  using Bits = std::make_unsigned_t<Offset>;
  Bits any = LoadLe<Bits>(offsets);  // its sign: whether one is negative, or less than the one before
  for (std::uint64_t i = 0; i < count; ++i) {
    const auto next = LoadLe<Bits>(offsets + (i + 1) * sizeof(Bits));
    any |= next | static_cast<Bits>(next - LoadLe<Bits>(offsets + i * sizeof(Bits)));
  }
  return static_cast<Offset>(any) >= 0;
}

template <class Offset>
std::uint64_t LongestStep(const std::byte* offsets, std::uint64_t count) noexcept {
  Offset longest = 0;
  for (std::uint64_t i = 0; i < count; ++i) {
    const auto step =
        static_cast<Offset>(LoadLe<Offset>(offsets + (i + 1) * sizeof(Offset)) - LoadLe<Offset>(offsets + i * sizeof(Offset)));
    longest = std::max(longest, step);
  }
  return static_cast<std::uint64_t>(longest);
}

template bool Ascend<std::int32_t>(const std::byte*, std::uint64_t) noexcept;
template bool Ascend<std::int64_t>(const std::byte*, std::uint64_t) noexcept;
template std::uint64_t LongestStep<std::int32_t>(const std::byte*, std::uint64_t) noexcept;
template std::uint64_t LongestStep<std::int64_t>(const std::byte*, std::uint64_t) noexcept;

}  // namespace lancekit
