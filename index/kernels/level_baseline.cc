#include "index/kernels/distance.h"

namespace lancekit::kernels::baseline {
namespace {

typedef float Floats __attribute__((vector_size(16)));

float HalfToFloat(std::uint16_t half) noexcept {
  const std::uint32_t sign = std::uint32_t{half & 0x8000u} << 16;
  const std::uint32_t magnitude = half & 0x7fffu;
  float value;
  if (magnitude >= 0x7c00) {  // infinite or not a number
    const std::uint32_t bits = 0x7f800000u | (magnitude & 0x3ffu) << 13;
    __builtin_memcpy(&value, &bits, sizeof(value));
  } else {
    // The exponent of a half is 112 less; what is below the normal ones becomes right by the multiplication.
    const std::uint32_t bits = magnitude << 13;
    __builtin_memcpy(&value, &bits, sizeof(value));
    value *= 0x1p112f;
  }
  std::uint32_t bits;
  __builtin_memcpy(&bits, &value, sizeof(bits));
  bits |= sign;
  __builtin_memcpy(&value, &bits, sizeof(value));
  return value;
}

template <Element kElement>
Floats LoadFloats(const std::byte* from) noexcept;

template <std::size_t kRows>
void SumProducts(const std::int8_t* query, const std::byte* const* rows, std::size_t row_bytes, std::int32_t* sums) noexcept {
  for (std::size_t k = 0; k < kRows; ++k) {
    const std::byte* const row = rows[k];
    std::int32_t total = 0;
    for (std::size_t i = 0; i < row_bytes; ++i) {
      const auto both = static_cast<std::int32_t>(row[i]);
      total += query[i] * (both & 15) + query[row_bytes + i] * (both >> 4);
    }
    sums[k] = total;
  }
}

template <std::size_t kRows>
void SumBits(const std::int8_t* query, const std::byte* const* rows, std::size_t row_bytes, std::int32_t* sums) noexcept {
  for (std::size_t k = 0; k < kRows; ++k) {
    const std::byte* const row = rows[k];
    std::int32_t total = 0;
    for (std::size_t i = 0; i < 8 * row_bytes; ++i)
      total += query[BitPlace(i)] * (static_cast<std::int32_t>(row[i / 8]) >> (i % 8) & 1);
    sums[k] = total;
  }
}

}  // namespace
}  // namespace lancekit::kernels::baseline

#define LANCEKIT_LEVEL baseline
#define LANCEKIT_FLOATS 4
#include "index/kernels/level_distances.h"

namespace lancekit::kernels::baseline {
namespace {

template <Element kElement>
Floats LoadFloats(const std::byte* from) noexcept {
  Floats values;
  for (std::size_t i = 0; i < LANCEKIT_FLOATS; ++i) values[i] = LoadOne(kElement, from + i * WidthOf(kElement));
  return values;
}

}  // namespace
}  // namespace lancekit::kernels::baseline
