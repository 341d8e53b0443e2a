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
  __m512i totals[kRows];
#pragma GCC unroll 4
  for (std::size_t k = 0; k < kRows; ++k) totals[k] = _mm512_setzero_si512();
  for (std::size_t i = 0; i < row_bytes; i += kCodeRowUnit) {
    const __m512i wanted = _mm512_loadu_si512(query + i);
#pragma GCC unroll 4
    for (std::size_t k = 0; k < kRows; ++k) totals[k] = _mm512_dpbusd_epi32(totals[k], _mm512_loadu_si512(rows[k] + i), wanted);
  }
#pragma GCC unroll 4
  for (std::size_t k = 0; k < kRows; ++k) sums[k] = _mm512_reduce_add_epi32(totals[k]);
}

}  // namespace
}  // namespace lancekit::kernels::avx512

#define LANCEKIT_LEVEL avx512
#define LANCEKIT_FLOATS 16
#include "index/kernels/level_distances.h"
