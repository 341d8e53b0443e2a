#include <immintrin.h>

#include "index/kernels/distance.h"

namespace lancekit::kernels::avx2 {
namespace {

typedef float Floats __attribute__((vector_size(32)));

float HalfToFloat(std::uint16_t half) noexcept { return _mm_cvtss_f32(_mm_cvtph_ps(_mm_cvtsi32_si128(half))); }

template <Element kElement>
[[gnu::always_inline]] inline Floats LoadFloats(const std::byte* from) noexcept {
  const void* const at = from;
  if constexpr (kElement == Element::kFloat32) return reinterpret_cast<Floats>(_mm256_loadu_ps(static_cast<const float*>(at)));
  if constexpr (kElement == Element::kFloat16)
    return reinterpret_cast<Floats>(_mm256_cvtph_ps(_mm_loadu_si128(static_cast<const __m128i*>(at))));
  if constexpr (kElement == Element::kBFloat16) {
    const __m256i wide = _mm256_cvtepu16_epi32(_mm_loadu_si128(static_cast<const __m128i*>(at)));
    return reinterpret_cast<Floats>(_mm256_slli_epi32(wide, 16));
  }
  if constexpr (kElement == Element::kInt8)
    return reinterpret_cast<Floats>(_mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(_mm_loadl_epi64(static_cast<const __m128i*>(at)))));
}

[[gnu::always_inline]] inline std::int32_t SumOf(__m256i numbers) noexcept {
  __m128i half = _mm_add_epi32(_mm256_castsi256_si128(numbers), _mm256_extracti128_si256(numbers, 1));
  half = _mm_add_epi32(half, _mm_shuffle_epi32(half, 0x4e));
  half = _mm_add_epi32(half, _mm_shuffle_epi32(half, 0xb1));
  return _mm_cvtsi128_si32(half);
}

template <std::size_t kRows>
[[gnu::always_inline]] inline void SumProducts(const std::int8_t* query, const std::byte* const* rows, std::size_t row_bytes,
                                               std::int32_t* sums) noexcept {
  const __m256i half = _mm256_set1_epi8(15), ones = _mm256_set1_epi16(1);
  const auto load = [](const void* from) { return _mm256_loadu_si256(static_cast<const __m256i*>(from)); };
  // Of 16 bits: the products of 64 bytes stay below 4 * 2 * 15 * 128.
  const auto sums_of = [&](__m256i both, __m256i first, __m256i second) {
    const __m256i lower = _mm256_and_si256(both, half), upper = _mm256_and_si256(_mm256_srli_epi16(both, 4), half);
    return _mm256_add_epi16(_mm256_maddubs_epi16(lower, first), _mm256_maddubs_epi16(upper, second));
  };
  __m256i totals[kRows];
#pragma GCC unroll 4
  for (std::size_t k = 0; k < kRows; ++k) totals[k] = _mm256_setzero_si256();
  for (std::size_t i = 0; i < row_bytes; i += kCodeRowUnit) {
    const __m256i first[2] = {load(query + i), load(query + i + 32)};
    const __m256i second[2] = {load(query + row_bytes + i), load(query + row_bytes + i + 32)};
#pragma GCC unroll 4
    for (std::size_t k = 0; k < kRows; ++k) {
      const std::byte* const row = rows[k] + i;
      const __m256i sums_of_row =
          _mm256_add_epi16(sums_of(load(row), first[0], second[0]), sums_of(load(row + 32), first[1], second[1]));
      totals[k] = _mm256_add_epi32(totals[k], _mm256_madd_epi16(sums_of_row, ones));
    }
  }
#pragma GCC unroll 4
  for (std::size_t k = 0; k < kRows; ++k) sums[k] = SumOf(totals[k]);
}

template <std::size_t kRows>
[[gnu::always_inline]] inline void SumBits(const std::int8_t* query, const std::byte* const* rows, std::size_t row_bytes,
                                           std::int32_t* sums) noexcept {
  const __m256i ones = _mm256_set1_epi8(1), zero = _mm256_setzero_si256();
  __m256i totals[kRows];
#pragma GCC unroll 4
  for (std::size_t k = 0; k < kRows; ++k) totals[k] = zero;
  for (std::size_t i = 0; i < row_bytes; i += kBitBlock) {
    const std::size_t words = (row_bytes - i) / 8;
    const __m256i used = _mm256_cmpgt_epi64(_mm256_set1_epi64x(static_cast<long long>(words)), _mm256_setr_epi64x(0, 1, 2, 3));
    __m256i bits[kRows], sums_of_block[kRows];  // of 16 bits
#pragma GCC unroll 4
    for (std::size_t k = 0; k < kRows; ++k) {
      sums_of_block[k] = zero;
      const void* const row = rows[k] + i;
      bits[k] = _mm256_maskload_epi64(static_cast<const long long*>(row), used);
    }
#pragma GCC unroll 8
    for (std::size_t bit = 0; bit < 8; ++bit) {
      const void* const at = query + 8 * i + kBitBlock * bit;
      const __m256i wanted = _mm256_loadu_si256(static_cast<const __m256i*>(at));
#pragma GCC unroll 4
      for (std::size_t k = 0; k < kRows; ++k) {
        const __m256i chosen = _mm256_blendv_epi8(zero, wanted, bits[k]);
        sums_of_block[k] = _mm256_add_epi16(sums_of_block[k], _mm256_maddubs_epi16(ones, chosen));
        bits[k] = _mm256_add_epi8(bits[k], bits[k]);  // the next bit is the highest
      }
    }
#pragma GCC unroll 4
    for (std::size_t k = 0; k < kRows; ++k)
      totals[k] = _mm256_add_epi32(totals[k], _mm256_madd_epi16(sums_of_block[k], _mm256_set1_epi16(1)));
  }
#pragma GCC unroll 4
  for (std::size_t k = 0; k < kRows; ++k) sums[k] = SumOf(totals[k]);
}

}  // namespace
}  // namespace lancekit::kernels::avx2

#define LANCEKIT_LEVEL avx2
#define LANCEKIT_FLOATS 8
#include "index/kernels/level_distances.h"
