#include "index/bit_codes.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "base/endian.h"
#include "index/codes.h"
#include "index/random.h"

namespace lancekit::index {
namespace {

/// Of sums of squares of float vectors, even of many dimensions, in range.
constexpr float kMostSteps = 1e15f;

void FlipSigns(std::span<float> values, std::uint64_t* state) {
  constexpr std::uint32_t kSign = 0x80000000;
  for (std::size_t i = 0; i < values.size(); i += 64) {
    const std::uint64_t random = NextRandom(state);
    for (std::size_t k = 0; k < 64; ++k) {
      std::uint32_t bits = std::bit_cast<std::uint32_t>(values[i + k]);
      bits ^= (random >> k & 1) != 0 ? kSign : 0;
      values[i + k] = std::bit_cast<float>(bits);
    }
  }
}

/// The Walsh-Hadamard transform of a power of two of values, of unchanged length.
void Transform(std::span<float> values) {
  for (std::size_t half = 1; half < values.size(); half *= 2) {
    for (std::size_t at = 0; at < values.size(); at += 2 * half) {
      float* __restrict const first = values.data() + at;
      float* __restrict const second = first + half;
      for (std::size_t i = 0; i < half; ++i) {
        const float sum = first[i] + second[i], difference = first[i] - second[i];
        first[i] = sum;
        second[i] = difference;
      }
    }
  }
  const float scale = 1 / std::sqrt(static_cast<float>(values.size()));
  for (float& value : values) value *= scale;
}

/// r before the rotation.
void Center(const BitQuantizer& quantizer, const float* values, std::vector<float>* to) {
  const float inverse = 1 / quantizer.step;
  for (std::size_t d = 0; d < quantizer.center.size(); ++d)
    (*to)[d] = std::clamp((values[d] - quantizer.center[d]) * inverse, -kMostSteps, kMostSteps);
  std::fill(to->begin() + static_cast<std::ptrdiff_t>(quantizer.center.size()), to->end(), 0.0f);
}

}  // namespace

void Rotate(std::span<float> values) {
  // Each round spreads over a power of two of the values, those at the beginning or those at the end, by turns, so that all come
  // together.
  const std::size_t part = std::bit_floor(values.size());
  std::uint64_t state = 0;
  for (int round = 0; round < 4; ++round) {
    FlipSigns(values, &state);
    Transform(round % 2 != 0 ? values.last(part) : values.first(part));
  }
}

BitQuantizer BitQuantizer::Train(const Vectors& vectors, Metric metric, float step, std::span<const std::uint32_t> rows) {
  BitQuantizer quantizer{metric, step, std::vector<float>(vectors.dimensions(), 0.0f)};
  if (metric != Metric::kInnerProduct) quantizer.center = CenterOf(vectors, metric, rows);
  return quantizer;
}

void BitWriter::Encode(const Vectors& vectors, std::uint64_t vector, std::byte* row) {
  const std::size_t dimensions = quantizer_.center.size();
  LoadFor(quantizer_.metric, vectors, vector, values_.data());
  Center(quantizer_, values_.data(), &values_);
  Rotate(values_);
  double square = 0, length = 0;
  for (std::size_t i = 0; i < values_.size(); i += 64) {
    std::uint64_t bits = 0;
    for (std::size_t k = 0; k < 64; ++k) {
      const float value = values_[i + k];
      bits |= std::uint64_t{value >= 0} << k;
      square += static_cast<double>(value) * static_cast<double>(value);
      length += std::abs(static_cast<double>(value));
    }
    StoreLe(row + i / 8, bits);
  }
  std::byte* const last = row + BitRows::RowBytes(dimensions) - 2 * sizeof(float);
  StoreLe(last, quantizer_.metric == Metric::kInnerProduct ? 0.0f : static_cast<float>(square));
  StoreLe(last + sizeof(float), length > 0 ? static_cast<float>(square / length) : 0.0f);
}

void BitQuery::Set(const BitQuantizer& quantizer, const float* values) {
  Center(quantizer, values, &values_);
  Rotate(values_);
  float most = 0;
  for (const float value : values_) most = std::max(most, std::abs(value));
  step_ = most / kernels::kMostCode;
  const float inverse = most > 0 ? kernels::kMostCode / most : 0;
  sum_ = 0;
  for (std::size_t i = 0; i < values_.size(); ++i) {
    const auto code = static_cast<std::int8_t>(std::lrint(values_[i] * inverse));
    codes_[kernels::BitPlace(i)] = code;
    sum_ += code;
  }
}

void BitQuery::Distances(const BitRows& rows, const std::uint32_t* nodes, std::size_t count, float* distances) const noexcept {
  const auto dot = kernels::Distances().dot_bits;
  ForFours(
      count, [&](std::size_t i) { rows.Prefetch(nodes[i]); },
      [&](std::size_t i, std::size_t some) {
        const std::byte* at[4];
        std::int32_t sums[4];
        for (std::size_t k = 0; k < some; ++k) at[k] = rows.Row(nodes[i + k]);
        dot(codes_.data(), at, some, values_.size() / 8, sums);
        for (std::size_t k = 0; k < some; ++k) {
          const auto signed_sum = static_cast<float>(2 * sums[k] - sum_) * step_;
          distances[i + k] = rows.Norm(nodes[i + k]) - 2 * rows.Factor(nodes[i + k]) * signed_sum;
        }
      });
}

}  // namespace lancekit::index
