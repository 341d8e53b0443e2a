#include <immintrin.h>

#include "index/kernels/distance.h"

namespace lancekit::kernels::avx512 {
namespace {

typedef float Floats __attribute__((vector_size(64)));

float HalfToFloat(std::uint16_t half) noexcept { return _mm_cvtss_f32(_mm_cvtph_ps(_mm_cvtsi32_si128(half))); }

template <Element kElement>
[[gnu::always_inline]] inline Floats LoadFloats(const std::byte* from) noexcept {
  const void* const at = from;
  if constexpr (kElement == Element::kFloat32) return reinterpret_cast<Floats>(_mm512_loadu_ps(at));
  if constexpr (kElement == Element::kFloat16)
    return reinterpret_cast<Floats>(_mm512_cvtph_ps(_mm256_loadu_si256(static_cast<const __m256i*>(at))));
  if constexpr (kElement == Element::kBFloat16) {
    const __m512i wide = _mm512_cvtepu16_epi32(_mm256_loadu_si256(static_cast<const __m256i*>(at)));
    return reinterpret_cast<Floats>(_mm512_slli_epi32(wide, 16));
  }
  if constexpr (kElement == Element::kInt8)
    return reinterpret_cast<Floats>(_mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(_mm_loadu_si128(static_cast<const __m128i*>(at)))));
}

template <std::size_t kRows>
[[gnu::always_inline]] inline void SumProducts(const std::int8_t* query, const std::byte* const* rows, std::size_t row_bytes,
                                               std::int32_t* sums) noexcept {
  const __m512i half = _mm512_set1_epi8(15);
  __m512i totals[kRows];
#pragma GCC unroll 4
  for (std::size_t k = 0; k < kRows; ++k) totals[k] = _mm512_setzero_si512();
  for (std::size_t i = 0; i < row_bytes; i += kCodeRowUnit) {
    const __m512i first = _mm512_loadu_si512(query + i), second = _mm512_loadu_si512(query + row_bytes + i);
#pragma GCC unroll 4
    for (std::size_t k = 0; k < kRows; ++k) {
      const __m512i both = _mm512_loadu_si512(rows[k] + i);
      totals[k] = _mm512_dpbusd_epi32(totals[k], _mm512_and_si512(both, half), first);
      totals[k] = _mm512_dpbusd_epi32(totals[k], _mm512_and_si512(_mm512_srli_epi16(both, 4), half), second);
    }
  }
#pragma GCC unroll 4
  for (std::size_t k = 0; k < kRows; ++k) sums[k] = _mm512_reduce_add_epi32(totals[k]);
}

template <std::size_t kRows>
[[gnu::always_inline]] inline void SumBits(const std::int8_t* query, const std::byte* const* rows, std::size_t row_bytes,
                                           std::int32_t* sums) noexcept {
  const __m512i ones = _mm512_set1_epi8(1);
  __m512i totals[kRows];
#pragma GCC unroll 4
  for (std::size_t k = 0; k < kRows; ++k) totals[k] = _mm512_setzero_si512();
  for (std::size_t i = 0; i < row_bytes; i += kBitBlock) {
    const auto used = static_cast<__mmask8>((1u << (row_bytes - i < kBitBlock ? (row_bytes - i) / 8 : 4)) - 1);
    __m512i bits[kRows];  // of two planes: the second half is shifted by one
#pragma GCC unroll 4
    for (std::size_t k = 0; k < kRows; ++k) {
      const __m256i row = _mm512_castsi512_si256(_mm512_maskz_loadu_epi64(used, rows[k] + i));
      bits[k] = _mm512_inserti64x4(_mm512_castsi256_si512(row), _mm256_add_epi8(row, row), 1);
    }
#pragma GCC unroll 4
    for (std::size_t pair = 0; pair < 4; ++pair) {
      const __m512i wanted = _mm512_loadu_si512(query + 8 * i + 2 * kBitBlock * pair);
#pragma GCC unroll 4
      for (std::size_t k = 0; k < kRows; ++k) {
        totals[k] = _mm512_dpbusd_epi32(totals[k], ones, _mm512_maskz_mov_epi8(_mm512_movepi8_mask(bits[k]), wanted));
        bits[k] = _mm512_slli_epi16(bits[k], 2);  // what comes from the byte below is not looked at
      }
    }
  }
#pragma GCC unroll 4
  for (std::size_t k = 0; k < kRows; ++k) sums[k] = _mm512_reduce_add_epi32(totals[k]);
}

}  // namespace
}  // namespace lancekit::kernels::avx512

#define LANCEKIT_LEVEL avx512
#define LANCEKIT_FLOATS 16
#include "index/kernels/level_distances.h"
