// The distances that are compiled once per CPU level; included by level_*.cc only, which set LANCEKIT_LEVEL (the level's
// namespace), LANCEKIT_FLOATS (floats in a vector) and define LoadFloats<Element> and SumProducts<rows>. Everything has internal
// linkage and no inline function of a standard header is called: a shared inline function compiled for a newer CPU could replace
// the baseline copy at link.
#include <cstddef>
#include <cstdint>

#include "index/kernels/distance.h"

namespace lancekit::kernels::LANCEKIT_LEVEL {

extern const DistanceTable kDistances;

namespace {

float LoadOne(Element element, const std::byte* from) noexcept {
  switch (element) {
    case Element::kFloat32: {
      float value;
      __builtin_memcpy(&value, from, sizeof(value));
      return value;
    }
    case Element::kFloat16: {
      std::uint16_t half;
      __builtin_memcpy(&half, from, sizeof(half));
      return HalfToFloat(half);
    }
    case Element::kBFloat16: {
      std::uint16_t upper;
      __builtin_memcpy(&upper, from, sizeof(upper));
      const std::uint32_t bits = std::uint32_t{upper} << 16;
      float value;
      __builtin_memcpy(&value, &bits, sizeof(value));
      return value;
    }
    case Element::kInt8:
      return static_cast<float>(static_cast<std::int8_t>(*from));
  }
  return 0;
}

/// Four sums at a time hide how long an addition takes.
constexpr std::size_t kSums = 4;

template <Element kElement, bool kDifference>
float Combine(const float* query, const std::byte* vector, std::size_t size) noexcept {
  constexpr std::size_t kWidth = WidthOf(kElement);
  Floats sums[kSums] = {};
  std::size_t i = 0;
  for (; i + kSums * LANCEKIT_FLOATS <= size; i += kSums * LANCEKIT_FLOATS) {
#pragma GCC unroll 4
    for (std::size_t k = 0; k < kSums; ++k) {
      const std::size_t at = i + k * LANCEKIT_FLOATS;
      Floats wanted;
      __builtin_memcpy(&wanted, query + at, sizeof(wanted));
      const Floats stored = LoadFloats<kElement>(vector + at * kWidth);
      const Floats difference = wanted - stored;
      sums[k] += kDifference ? difference * difference : wanted * stored;
    }
  }
  for (; i + LANCEKIT_FLOATS <= size; i += LANCEKIT_FLOATS) {
    Floats wanted;
    __builtin_memcpy(&wanted, query + i, sizeof(wanted));
    const Floats stored = LoadFloats<kElement>(vector + i * kWidth);
    const Floats difference = wanted - stored;
    sums[0] += kDifference ? difference * difference : wanted * stored;
  }
  const Floats all = (sums[0] + sums[1]) + (sums[2] + sums[3]);
  float sum = 0;
  for (std::size_t k = 0; k < LANCEKIT_FLOATS; ++k) sum += all[k];
  for (; i < size; ++i) {
    const float stored = LoadOne(kElement, vector + i * kWidth);
    const float difference = query[i] - stored;
    sum += kDifference ? difference * difference : query[i] * stored;
  }
  return sum;
}

void DotCodes(const std::int8_t* query, const std::byte* const* rows, std::size_t count, std::size_t row_bytes,
              std::int32_t* sums) noexcept {
  std::size_t i = 0;
  for (; i + 4 <= count; i += 4) SumProducts<4>(query, rows + i, row_bytes, sums + i);
  for (; i < count; ++i) SumProducts<1>(query, rows + i, row_bytes, sums + i);
}

// Plain loops from here on: the compiler makes vectors of them.

Reach ReachOf(const float* values, const float* center, std::size_t size, float inverse) noexcept {
  constexpr std::size_t kLanes = 16;
  float most[kLanes] = {}, square[kLanes] = {}, cut[kLanes] = {};
  const auto add = [&](std::size_t d, std::size_t lane) {
    const float steps = (values[d] - center[d]) * inverse;
    const float length = steps < 0 ? -steps : steps;
    const float over = length > kMostCode ? length - kMostCode : 0;
    most[lane] = length > most[lane] ? length : most[lane];
    square[lane] += length * length;
    cut[lane] += over * over;
  };
  std::size_t d = 0;
  for (; d + kLanes <= size; d += kLanes) {
    for (std::size_t lane = 0; lane < kLanes; ++lane) add(d + lane, lane);
  }
  for (; d < size; ++d) add(d, 0);
  Reach reach;
  for (std::size_t lane = 0; lane < kLanes; ++lane) {
    reach.most = most[lane] > reach.most ? most[lane] : reach.most;
    reach.square += square[lane];
    reach.cut += cut[lane];
  }
  return reach;
}

// What is no number becomes the least code.
CodeSums Encode(const float* values, const float* center, std::size_t size, float step, float inverse, std::uint8_t flip,
                std::uint8_t* __restrict codes) noexcept {
  // Numbers below it have no fraction, so adding it rounds, to even.
  constexpr float kWhole = 12'582'912;
  std::int32_t norm = 0, sum = 0;
  std::uint32_t inexact = 0;
  for (std::size_t d = 0; d < size; ++d) {
    float code = (values[d] - center[d]) * inverse;
    code = code > kLeastCode ? code : kLeastCode;
    code = code < kMostCode ? code : kMostCode;
    code = (code + kWhole) - kWhole;
    const auto number = static_cast<std::int32_t>(code);
    const float restored = code * step + center[d];
    inexact |= static_cast<std::uint32_t>(restored != values[d]);
    norm += number * number;
    sum += number;
    codes[d] = static_cast<std::uint8_t>(static_cast<std::uint8_t>(number) ^ flip);
  }
  return {norm, sum, inexact == 0};
}

}  // namespace

constinit const DistanceTable kDistances{
    .square_of_difference = {&Combine<Element::kFloat32, true>, &Combine<Element::kFloat16, true>,
                             &Combine<Element::kBFloat16, true>, &Combine<Element::kInt8, true>},
    .dot = {&Combine<Element::kFloat32, false>, &Combine<Element::kFloat16, false>, &Combine<Element::kBFloat16, false>,
            &Combine<Element::kInt8, false>},
    .dot_codes = &DotCodes,
    .reach = &ReachOf,
    .encode = &Encode,
};

}  // namespace lancekit::kernels::LANCEKIT_LEVEL
