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

template <std::size_t kRows>
[[gnu::always_inline]] inline void SumProducts(const std::int8_t* query, const std::byte* const* rows, std::size_t row_bytes,
                                               std::int32_t* sums) noexcept {
  __m256i totals[kRows];
#pragma GCC unroll 4
  for (std::size_t k = 0; k < kRows; ++k) totals[k] = _mm256_setzero_si256();
  for (std::size_t i = 0; i < row_bytes; i += 16) {
    const void* const at = query + i;
    const __m256i wanted = _mm256_cvtepi8_epi16(_mm_loadu_si128(static_cast<const __m128i*>(at)));
#pragma GCC unroll 4
    for (std::size_t k = 0; k < kRows; ++k) {
      const void* const row = rows[k] + i;
      const __m256i stored = _mm256_cvtepu8_epi16(_mm_loadu_si128(static_cast<const __m128i*>(row)));
      totals[k] = _mm256_add_epi32(totals[k], _mm256_madd_epi16(stored, wanted));
    }
  }
#pragma GCC unroll 4
  for (std::size_t k = 0; k < kRows; ++k) {
    __m128i half = _mm_add_epi32(_mm256_castsi256_si128(totals[k]), _mm256_extracti128_si256(totals[k], 1));
    half = _mm_add_epi32(half, _mm_shuffle_epi32(half, 0x4e));
    half = _mm_add_epi32(half, _mm_shuffle_epi32(half, 0xb1));
    sums[k] = _mm_cvtsi128_si32(half);
  }
}

}  // namespace
}  // namespace lancekit::kernels::avx2

#define LANCEKIT_LEVEL avx2
#define LANCEKIT_FLOATS 8
#include "index/kernels/level_distances.h"
