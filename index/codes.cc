#include "index/codes.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

namespace lancekit::index {
namespace {

using kernels::kLeastCode;
using kernels::kMostCode;
constexpr std::byte kSign{0x80};
constexpr std::int32_t kSumFactor = 2 * 128;

/// The same on every CPU, as codes depend on it.
float LengthOf(const std::vector<float>& values) {
  double square = 0;
  for (const float value : values) square += static_cast<double>(value) * static_cast<double>(value);
  return static_cast<float>(std::sqrt(square));
}

/// To length 1; a vector without a length stays.
void Normalise(std::vector<float>* values) {
  const float length = LengthOf(*values);
  if (length > 0)
    for (float& value : *values) value /= length;
}

/// The distance from the center that few values exceed.
class Widths {
 public:
  void Add(float width) {
    if (!(width > 0)) return;
    ++total_;
    // A bucket for each eighth of a power of two.
    const int bucket = static_cast<int>(std::floor(std::log2(width) * kPerPower)) + kBuckets / 2;
    ++counts_[static_cast<std::size_t>(std::clamp(bucket, 0, kBuckets - 1))];
  }
  float Bound() const {
    constexpr double kFew = 0.0005;
    double left = kFew * static_cast<double>(total_);
    for (int bucket = kBuckets - 1; bucket >= 0; --bucket) {
      left -= static_cast<double>(counts_[static_cast<std::size_t>(bucket)]);
      if (left < 0) return std::exp2(static_cast<float>(bucket + 1 - kBuckets / 2) / kPerPower);
    }
    return 0;
  }

 private:
  static constexpr int kPerPower = 8;
  static constexpr int kBuckets = 2048;
  std::array<std::uint64_t, kBuckets> counts_{};
  std::uint64_t total_ = 0;
};

}  // namespace

void Vectors::Load(std::uint64_t i, float* to) const noexcept {
  const std::byte* const from = At(i);
  if (element_ == Element::kFloat32) {
    std::memcpy(to, from, bytes());
    return;
  }
  const std::size_t width = kernels::WidthOf(element_);
  const float one = 1;
  const auto load = kernels::Distances().dot[static_cast<std::size_t>(element_)];
  for (std::size_t d = 0; d < dimensions_; ++d) to[d] = load(&one, from + d * width, 1);
}

Quantizer Quantizer::Train(const Vectors& vectors, Metric metric, std::span<const std::uint32_t> nodes) {
  constexpr std::size_t kSample = 10'000;
  Quantizer quantizer{metric, 1, std::vector<float>(vectors.dimensions(), 0.0f)};
  std::vector<float> values(vectors.dimensions());
  const std::size_t step = std::max<std::size_t>(1, nodes.size() / kSample);
  const auto for_each = [&](auto use) {
    for (std::size_t i = 0; i < nodes.size(); i += step) {
      vectors.Load(nodes[i], values.data());
      if (metric == Metric::kCosine) Normalise(&values);
      use();
    }
  };
  float least = std::numeric_limits<float>::infinity(), most = -least;
  bool whole = metric != Metric::kCosine;
  std::vector<double> sums(vectors.dimensions(), 0.0);
  std::size_t count = 0;
  for_each([&] {
    ++count;
    for (std::size_t d = 0; d < values.size(); ++d) {
      least = std::min(least, values[d]);
      most = std::max(most, values[d]);
      whole = whole && values[d] == std::nearbyint(values[d]);
      sums[d] += values[d];
    }
  });
  if (count == 0 || !(most >= least)) return quantizer;
  const bool has_center = metric != Metric::kInnerProduct;
  // Whole numbers of one byte are their own codes.
  if (whole && (has_center ? most - least <= kMostCode - kLeastCode : least >= kLeastCode && most <= kMostCode)) {
    if (has_center) std::ranges::fill(quantizer.center, least - kLeastCode);
    return quantizer;
  }
  if (has_center)
    for (std::size_t d = 0; d < values.size(); ++d)
      quantizer.center[d] = static_cast<float>(sums[d] / static_cast<double>(count));
  Widths widths;
  for_each([&] {
    for (std::size_t d = 0; d < values.size(); ++d) widths.Add(std::abs(values[d] - quantizer.center[d]));
  });
  if (const float bound = widths.Bound(); bound > 0) quantizer.step = bound / kMostCode;
  return quantizer;
}

bool CodeWriter::Encode(const Vectors& vectors, std::uint64_t vector, std::byte* row) {
  vectors.Load(vector, values_.data());
  if (quantizer_.metric == Metric::kCosine) Normalise(&values_);
  auto* const codes = reinterpret_cast<std::uint8_t*>(row);
  kernels::CodeSums sums = kernels::Distances().encode(values_.data(), quantizer_.center.data(), values_.size(), quantizer_.step,
                                                       1 / quantizer_.step, static_cast<std::uint8_t>(kSign), codes);
  if (quantizer_.metric == Metric::kInnerProduct) sums.norm = 0;
  const std::int32_t last[2] = {sums.norm, sums.norm + kSumFactor * sums.sum};
  std::memcpy(row + CodeRows::RowBytes(values_.size()) - sizeof(last), last, sizeof(last));
  return sums.exact;
}

void CodeQuery::Set(const CodeRows& rows, std::uint32_t node, std::size_t dimensions) {
  // The compiler cannot know that bytes are no pointers.
  const std::byte* __restrict row = rows.Row(node);
  std::int8_t* __restrict codes = codes_.data();
  for (std::size_t d = 0; d < dimensions; ++d) codes[d] = static_cast<std::int8_t>(row[d] ^ kSign);
  base_ = rows.Base(node);
  shift_ = 0;
}

bool CodeQuery::Set(const Quantizer& quantizer, const float* values) {
  // Beyond it what is cut off changes the order.
  constexpr float kMostCut = 0.01f;
  const bool is_product = quantizer.metric == Metric::kInnerProduct;
  float inverse = 1 / quantizer.step;
  kernels::Reach reach = kernels::Distances().reach(values, quantizer.center.data(), quantizer.center.size(), inverse);
  shift_ = 0;
  if (is_product) {  // its scale does not change the order
    inverse = reach.most > 0 ? inverse * kMostCode / reach.most : 0;
  } else if (reach.cut > kMostCut * reach.square) {
    // Far from the codes: in larger steps, for which norms count less.
    while (reach.most > kMostCode && shift_ < 30) reach.most /= 2, inverse /= 2, ++shift_;
  }
  auto* const codes = reinterpret_cast<std::uint8_t*>(codes_.data());
  const kernels::CodeSums sums =
      kernels::Distances().encode(values, quantizer.center.data(), quantizer.center.size(), quantizer.step, inverse, 0, codes);
  base_ = (is_product ? 0 : sums.norm) + kSumFactor * sums.sum;
  return sums.exact && shift_ == 0 && !is_product;
}

void CodeQuery::Distances(const CodeRows& rows, const std::uint32_t* nodes, std::size_t count,
                          std::int32_t* distances) const noexcept {
  constexpr std::size_t kAtOnce = 4;
  // So many rows are on their way while others are compared.
  constexpr std::size_t kAhead = 16;
  const auto dot = kernels::Distances().dot_codes;
  const std::size_t row_bytes = rows.row_bytes();
  const auto prefetch = [&](std::size_t first, std::size_t end) {
    for (std::size_t i = first; i < std::min(end, count); ++i) {
      const std::byte* const row = rows.Row(nodes[i]);
      for (std::size_t byte = 0; byte < row_bytes; byte += 64) __builtin_prefetch(row + byte);
    }
  };
  prefetch(0, kAhead);
  for (std::size_t i = 0; i < count; i += kAtOnce) {
    prefetch(i + kAhead, i + kAhead + kAtOnce);
    const std::size_t some = std::min(kAtOnce, count - i);
    const std::byte* at[kAtOnce];
    for (std::size_t k = 0; k < some; ++k) at[k] = rows.Row(nodes[i + k]);
    dot(codes_.data(), at, some, row_bytes, distances + i);
    // The norms of a damaged file may be anything: they wrap around.
    for (std::size_t k = 0; k < some; ++k) {
      const auto product = static_cast<std::uint32_t>(distances[i + k]);
      const auto norms = static_cast<std::uint32_t>(base_) + static_cast<std::uint32_t>(rows.Norm(nodes[i + k]) >> shift_);
      distances[i + k] = static_cast<std::int32_t>(norms - 2 * product);
    }
  }
}

}  // namespace lancekit::index
