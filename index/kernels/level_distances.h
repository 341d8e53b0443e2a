// The distances that are compiled once per CPU level; included by level_*.cc only, which set LANCEKIT_LEVEL (the level's
// namespace), LANCEKIT_FLOATS (floats in a vector) and define LoadFloats<Element>, SumProducts<rows> and SumBits<rows>.
// Everything has internal linkage and no inline function of a standard header is called: a shared inline function compiled for a
// newer CPU could replace the baseline copy at link.
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

void DotBits(const std::int8_t* query, const std::byte* const* rows, std::size_t count, std::size_t row_bytes,
             std::int32_t* sums) noexcept {
  std::size_t i = 0;
  for (; i + 4 <= count; i += 4) SumBits<4>(query, rows + i, row_bytes, sums + i);
  for (; i < count; ++i) SumBits<1>(query, rows + i, row_bytes, sums + i);
}

void JoinCodes(const std::byte* upper_bytes, const std::byte* lower_bytes, std::size_t size, std::int8_t* __restrict first,
               std::int8_t* __restrict second) noexcept {
  constexpr std::uint8_t kSign = 0x80;
  const auto* const upper = reinterpret_cast<const std::uint8_t*>(upper_bytes);
  const auto* const lower = reinterpret_cast<const std::uint8_t*>(lower_bytes);
  for (std::size_t i = 0; i < size; ++i) {
    first[i] = static_cast<std::int8_t>((upper[i] << 4 | (lower[i] & 0x0f)) ^ kSign);
    second[i] = static_cast<std::int8_t>(((upper[i] & 0xf0) | lower[i] >> 4) ^ kSign);
  }
}

typedef std::int32_t Ints __attribute__((vector_size(sizeof(Floats))));

/// A whole vector, or what is left of the values with zeros behind.
Floats LoadSome(const float* from, std::size_t count) noexcept {
  Floats values{};
  if (count >= LANCEKIT_FLOATS) {
    __builtin_memcpy(&values, from, sizeof(values));
  } else {
    __builtin_memcpy(&values, from, count * sizeof(float));
  }
  return values;
}

Reach ReachOf(const float* values, const float* center, std::size_t size, float inverse) noexcept {
  Floats most{}, square{}, cut{};
  const auto add = [&](Floats value, Floats middle) {
    const Floats steps = (value - middle) * inverse;
    const Floats length = steps < 0 ? -steps : steps;
    const Floats over = length > kMostCode ? length - kMostCode : Floats{};
    most = length > most ? length : most;
    square += length * length;
    cut += over * over;
  };
  std::size_t d = 0;
  for (; d + LANCEKIT_FLOATS <= size; d += LANCEKIT_FLOATS)
    add(LoadSome(values + d, LANCEKIT_FLOATS), LoadSome(center + d, LANCEKIT_FLOATS));
  if (d < size) add(LoadSome(values + d, size - d), LoadSome(center + d, size - d));
  Reach reach;
  for (std::size_t lane = 0; lane < LANCEKIT_FLOATS; ++lane) {
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
  Ints norm{}, sum{}, inexact{};
  const auto encode = [&](Floats value, Floats middle) {
    Floats code = (value - middle) * inverse;
    code = code > kLeastCode ? code : Floats{} + kLeastCode;
    code = code < kMostCode ? code : Floats{} + kMostCode;
    code = (code + kWhole) - kWhole;
    const Ints number = __builtin_convertvector(code, Ints);
    inexact |= code * step + middle != value;
    norm += number * number;
    sum += number;
    return number;
  };
  constexpr std::size_t kBlock = 64;
  for (std::size_t d = 0; d < size; d += kBlock) {
    const std::size_t count = size - d < kBlock ? size - d : kBlock;
    std::int32_t numbers[kBlock];
    for (std::size_t i = 0; i < count; i += LANCEKIT_FLOATS) {  // zeros behind the values become codes of 0
      const Ints some = encode(LoadSome(values + d + i, count - i), LoadSome(center + d + i, count - i));
      __builtin_memcpy(numbers + i, &some, sizeof(some));
    }
    if (count == kBlock) {
      for (std::size_t i = 0; i < kBlock; ++i) codes[d + i] = static_cast<std::uint8_t>(numbers[i] ^ flip);
    } else {
      for (std::size_t i = 0; i < count; ++i) codes[d + i] = static_cast<std::uint8_t>(numbers[i] ^ flip);
    }
  }
  CodeSums sums{0, 0, true};
  for (std::size_t lane = 0; lane < LANCEKIT_FLOATS; ++lane) {
    sums.norm += norm[lane];
    sums.sum += sum[lane];
    sums.exact = sums.exact && inexact[lane] == 0;
  }
  return sums;
}

}  // namespace

constinit const DistanceTable kDistances{
    .square_of_difference = {&Combine<Element::kFloat32, true>, &Combine<Element::kFloat16, true>,
                             &Combine<Element::kBFloat16, true>, &Combine<Element::kInt8, true>},
    .dot = {&Combine<Element::kFloat32, false>, &Combine<Element::kFloat16, false>, &Combine<Element::kBFloat16, false>,
            &Combine<Element::kInt8, false>},
    .dot_codes = &DotCodes,
    .join_codes = &JoinCodes,
    .dot_bits = &DotBits,
    .reach = &ReachOf,
    .encode = &Encode,
};

}  // namespace lancekit::kernels::LANCEKIT_LEVEL
