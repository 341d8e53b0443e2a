// Single-pass facts about value arrays, and the byte order of byte-stream split. Pure functions: no allocation, no checks.
// Any thread may call.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <type_traits>

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

/// The bits that any of `count` values has.
template <class T>
T OrAll(const T* in, std::size_t count) noexcept {
  return ActiveTable().Typed<T>().or_all(in, count);
}

/// The least and the greatest of `count` values. Pre: count > 0.
template <class T>
void MinMax(const T* in, std::size_t count, T* min, T* max) noexcept {
  using U = std::make_unsigned_t<T>;
  constexpr U kFlip = std::is_signed_v<T> ? static_cast<U>(U{1} << (8 * sizeof(T) - 1)) : U{0};
  U low = 0, high = 0;
  ActiveTable().Typed<U>().min_max(reinterpret_cast<const U*>(in), count, kFlip, &low, &high);
  *min = static_cast<T>(low ^ kFlip);
  *max = static_cast<T>(high ^ kFlip);
}

/// The exact sum of fewer than 2^32 values.
template <class T>
__int128 Total(const T* in, std::size_t count) noexcept {
  using U = std::make_unsigned_t<T>;
  constexpr U kFlip = std::is_signed_v<T> ? static_cast<U>(U{1} << (8 * sizeof(T) - 1)) : U{0};
  const auto sum = static_cast<__int128>(ActiveTable().Typed<U>().total(reinterpret_cast<const U*>(in), count, kFlip));
  return sum - static_cast<__int128>(kFlip) * static_cast<__int128>(count);
}

/// The values below 64, as bits. Pre: all are.
template <class T>
std::uint64_t SetOf(const T* in, std::size_t count) noexcept {
  return ActiveTable().Typed<T>().set_of(in, count);
}

/// out[i] = table[lowest 32 bits of value i - least], for values of 4, 8 or 16 bytes at any address.
template <std::size_t kValueBytes>
void LookUp(const std::byte* values, std::size_t count, std::uint32_t least, const std::uint32_t* table,
            std::uint32_t* out) noexcept {
  static_assert(kValueBytes == 4 || kValueBytes == 8 || kValueBytes == 16);
  ActiveTable().look_up[std::countr_zero(kValueBytes) - 2](values, count, least, table, out);
}

/// The least and the greatest of `count` signed numbers of 128 bits; false when one of them does not fit into 64, and then
/// neither is known. Pre: count > 0.
inline bool MinMax16(const std::byte* in, std::size_t count, std::int64_t* min, std::int64_t* max) noexcept {
  return ActiveTable().min_max16(reinterpret_cast<const std::uint64_t*>(in), count, min, max);
}

/// The same of floating-point numbers, NaNs left out and counted; false when there is nothing else. -0.0 sorts before 0.0.
template <class T>
bool FloatMinMax(const T* in, std::size_t count, T* min, T* max, std::size_t* num_nans) noexcept {
  using U = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;
  constexpr U kSign = U{1} << (8 * sizeof(T) - 1);
  U low = 0, high = 0;
  if constexpr (sizeof(T) == 4) {
    *num_nans = ActiveTable().float_min_max4(reinterpret_cast<const U*>(in), count, &low, &high);
  } else {
    *num_nans = ActiveTable().float_min_max8(reinterpret_cast<const U*>(in), count, &low, &high);
  }
  const auto value = [](U key) { return std::bit_cast<T>((key & kSign) != 0 ? key ^ kSign : ~key); };
  *min = value(low);
  *max = value(high);
  return *num_nans < count;
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
