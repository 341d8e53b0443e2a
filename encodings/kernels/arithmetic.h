// Arithmetic on arrays of values: what decoders do to numbers once they are unpacked. Pure functions: no allocation, no checks.
// Sums wrap. Any thread may call.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>

#include "encodings/kernels/dispatch.h"

namespace lancekit::kernels {

template <class T>
void AddToAll(T* values, std::size_t count, T base) noexcept {
  ActiveTable().Typed<T>().add(values, count, base);
}

/// values[i] = base + factor * values[i].
template <class T>
void ScaleAll(T* values, std::size_t count, T factor, T base) noexcept {
  ActiveTable().Typed<T>().scale(values, count, factor, base);
}

/// Stores runs of values that ascend by `step`, one behind the other, the last one as far as there is room: `most` values, and
/// kStairsOvershoot bytes more, which may be overwritten. Returns the number of values; 0 when a run is empty or begins behind
/// that. `out` may have any address.
inline constexpr std::size_t kStairsOvershoot = 64;
template <class T>
std::size_t StoreStairs(const T* firsts, const std::uint32_t* lengths, std::size_t num_runs, T step, std::size_t most,
                        std::byte* out) noexcept {
  return ActiveTable().Typed<T>().stairs(firsts, lengths, num_runs, step, most, out);
}

/// out[i] = first + in[0] + ... + in[i]. `in` may be `out`.
template <class T>
void PrefixSums(const T* in, std::size_t count, T first, T* out) noexcept {
  ActiveTable().Typed<T>().sum(in, count, first, out);
}

/// out[i] = base + in[i]: unsigned numbers of so many bytes each, at any address. Pre: 1, 2, 4 or 8, in_bytes < out_bytes.
inline void Widen(const std::byte* in, std::size_t in_bytes, std::size_t count, std::uint64_t base, std::byte* out,
                  std::size_t out_bytes) noexcept {
  ActiveTable().widen[std::countr_zero(in_bytes)][std::countr_zero(out_bytes)](in, count, base, out);
}

/// Replaces signed integers, as wide as Float, by integer * factor * inverse, rounded twice. Those of 64 bits of which the
/// magnitude is above 2^51 become some number, the same one always.
inline void AlpDecode(std::byte* values, std::size_t count, float factor, float inverse) noexcept {
  ActiveTable().alp4(values, count, factor, inverse);
}
inline void AlpDecode(std::byte* values, std::size_t count, double factor, double inverse) noexcept {
  ActiveTable().alp8(values, count, factor, inverse);
}

/// The same of a packed block (bitpack.h) of integers less `base`, if it can be done while they are unpacked; false if not.
inline bool UnpackAlp(const std::byte* in, int width, std::int64_t base, double factor, double inverse, double* out) noexcept {
  constexpr std::int64_t kLimit = std::int64_t{1} << 51;
  if (width < 1 || width > 51 || base < -kLimit || base > kLimit - (std::int64_t{1} << width)) return false;
  ActiveTable().unpack_alp8(in, width, static_cast<double>(base), factor, inverse, out);
  return true;
}

}  // namespace lancekit::kernels
