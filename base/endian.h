// Loads and stores of little-endian numbers at any address. The only place that looks at bytes as numbers.
#pragma once

#include <bit>
#include <cstddef>
#include <cstring>
#include <type_traits>

namespace lancekit {

static_assert(std::endian::native == std::endian::little, "lancekit is written for little-endian machines");

template <class T>
T LoadLe(const std::byte* from) noexcept {
  static_assert(std::is_trivially_copyable_v<T>);
  T value;
  std::memcpy(&value, from, sizeof(T));
  return value;
}

template <class T>
void StoreLe(std::byte* to, T value) noexcept {
  static_assert(std::is_trivially_copyable_v<T>);
  std::memcpy(to, &value, sizeof(T));
}

}  // namespace lancekit
