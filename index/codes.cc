#include "index/codes.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>
#include <limits>
#include <numeric>
#include <utility>

#include "index/random.h"

namespace lancekit::index {
namespace {

using kernels::kLeastCode;
using kernels::kMostCode;
constexpr std::uint8_t kSign = 0x80;
constexpr std::int32_t kSumFactor = 2 * 128;
/// 16 * u - 120 is the middle of the codes with these upper bits.
constexpr std::int32_t kMiddle = 120;

/// Calls use(values) for some of the vectors.
template <class Use>
void ForSampled(const Vectors& vectors, Metric metric, std::span<const std::uint32_t> rows, Use use) {
  constexpr std::uint64_t kSample = 10'000;
  std::vector<float> values(vectors.dimensions());
  ForSample(rows.size(), kSample, [&](std::uint64_t i) {
    LoadFor(metric, vectors, rows[i], values.data());
    use(values);
  });
}

/// The distance from the center that few values exceed.
class Widths {
 public:
  void Add(float width) {
    if (!(width > 0) || !std::isfinite(width)) return;
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

void LoadFor(Metric metric, const Vectors& vectors, std::uint64_t vector, float* to) {
  vectors.Load(vector, to);
  if (metric != Metric::kCosine) return;
  // The same on every CPU, as codes depend on it.
  double square = 0;
  for (std::size_t d = 0; d < vectors.dimensions(); ++d) square += static_cast<double>(to[d]) * static_cast<double>(to[d]);
  const auto length = static_cast<float>(std::sqrt(square));
  for (std::size_t d = 0; length > 0 && d < vectors.dimensions(); ++d) to[d] /= length;
}

std::vector<float> CenterOf(const Vectors& vectors, Metric metric, std::span<const std::uint32_t> rows) {
  std::vector<double> sums(vectors.dimensions(), 0.0);
  std::size_t count = 0;
  ForSampled(vectors, metric, rows, [&](const std::vector<float>& values) {
    ++count;
    for (std::size_t d = 0; d < values.size(); ++d) sums[d] += static_cast<double>(values[d]);
  });
  std::vector<float> center(vectors.dimensions(), 0.0f);
  for (std::size_t d = 0; count != 0 && d < center.size(); ++d)
    center[d] = static_cast<float>(sums[d] / static_cast<double>(count));
  return center;
}

Quantizer Quantizer::Train(const Vectors& vectors, Metric metric, std::span<const std::uint32_t> nodes) {
  Quantizer quantizer{metric, 1, std::vector<float>(vectors.dimensions(), 0.0f)};
  float least = std::numeric_limits<float>::infinity(), most = -least;
  bool whole = metric != Metric::kCosine;
  ForSampled(vectors, metric, nodes, [&](const std::vector<float>& values) {
    for (const float value : values) {
      least = std::min(least, value);
      most = std::max(most, value);
      whole = whole && value == std::nearbyint(value);
    }
  });
  if (!(most >= least)) return quantizer;
  const bool has_center = metric != Metric::kInnerProduct;
  // Whole numbers of one byte are their own codes.
  if (whole && (has_center ? most - least <= kMostCode - kLeastCode : least >= kLeastCode && most <= kMostCode)) {
    if (has_center) std::ranges::fill(quantizer.center, least - kLeastCode);
    return quantizer;
  }
  if (has_center) quantizer.center = CenterOf(vectors, metric, nodes);
  Widths widths;
  ForSampled(vectors, metric, nodes, [&](const std::vector<float>& values) {
    for (std::size_t d = 0; d < values.size(); ++d) widths.Add(std::abs(values[d] - quantizer.center[d]));
  });
  // 1 / step is a number, too.
  constexpr float kLeastStep = 1e-37f;
  if (const float bound = widths.Bound(); bound > 0) quantizer.step = std::max(bound / kMostCode, kLeastStep);
  return quantizer;
}

bool CodeWriter::Encode(const Vectors& vectors, std::uint64_t vector, std::byte* upper, std::byte* lower) {
  LoadFor(quantizer_.metric, vectors, vector, values_.data());
  const kernels::CodeSums sums = kernels::Distances().encode(values_.data(), quantizer_.center.data(), values_.size(),
                                                             quantizer_.step, 1 / quantizer_.step, kSign, codes_.data());
  const std::size_t dimensions = codes_.size(), half = (dimensions + 1) / 2, row_bytes = CodeRows::RowBytes(dimensions);
  // The compiler cannot know that bytes are no pointers.
  const std::uint8_t* __restrict codes = codes_.data();
  auto* const __restrict upper_to = reinterpret_cast<std::uint8_t*>(upper);
  auto* const __restrict lower_to = reinterpret_cast<std::uint8_t*>(lower);
  std::int32_t upper_norm = 0;
  for (std::size_t d = 0; d < dimensions; ++d) {
    const std::int32_t middle = (codes[d] & 0xf0) - kMiddle;
    upper_norm += middle * middle;
  }
  for (std::size_t i = 0; i + half < dimensions; ++i) {
    upper_to[i] = static_cast<std::uint8_t>(codes[i] >> 4 | (codes[half + i] & 0xf0));
    lower_to[i] = static_cast<std::uint8_t>((codes[i] & 0x0f) | codes[half + i] << 4);
  }
  if (dimensions % 2 != 0) {
    upper_to[half - 1] = static_cast<std::uint8_t>(codes[half - 1] >> 4);
    lower_to[half - 1] = static_cast<std::uint8_t>(codes[half - 1] & 0x0f);
  }
  const bool has_norms = quantizer_.metric != Metric::kInnerProduct;
  const std::int32_t last_upper[2] = {0, has_norms ? upper_norm : 0};
  const std::int32_t last_lower[2] = {has_norms ? sums.norm : 0, kSumFactor * sums.sum};
  std::memset(upper + half, 0, row_bytes - sizeof(last_upper) - half);
  std::memset(lower + half, 0, row_bytes - sizeof(last_lower) - half);
  std::memcpy(upper + row_bytes - sizeof(last_upper), last_upper, sizeof(last_upper));
  std::memcpy(lower + row_bytes - sizeof(last_lower), last_lower, sizeof(last_lower));
  return sums.exact;
}

void CodeQuery::Set(const CodeRows& rows, std::uint32_t node, std::size_t dimensions) {
  const std::size_t half = (dimensions + 1) / 2;
  std::int8_t* const second = codes_.data() + rows.row_bytes();
  kernels::Distances().join_codes(rows.Upper(node), rows.Lower(node), half, codes_.data(), second);
  if (dimensions % 2 != 0) second[half - 1] = 0;
  norm_ = rows.Norm(node);
  sum_ = rows.Sum256(node) / kSumFactor;
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
  const kernels::CodeSums sums =
      kernels::Distances().encode(values, quantizer.center.data(), whole_.size(), quantizer.step, inverse, 0, whole_.data());
  const std::size_t half = (whole_.size() + 1) / 2;
  std::memcpy(codes_.data(), whole_.data(), half);
  std::memcpy(codes_.data() + codes_.size() / 2, whole_.data() + half, whole_.size() - half);
  norm_ = is_product ? 0 : sums.norm;
  sum_ = sums.sum;
  return sums.exact && shift_ == 0 && !is_product;
}

namespace {

/// The norms of a damaged file may be anything: they wrap around.
std::int32_t DistanceOf(std::uint32_t base, std::int32_t norm, std::int32_t product, std::uint32_t factor) {
  return static_cast<std::int32_t>(base + static_cast<std::uint32_t>(norm) - factor * static_cast<std::uint32_t>(product));
}

}  // namespace

void CodeQuery::Estimate(const CodeRows& rows, const std::uint32_t* nodes, std::size_t count,
                         std::int32_t* distances) const noexcept {
  const auto dot = kernels::Distances().dot_codes;
  const std::size_t row_bytes = rows.row_bytes();
  const std::uint32_t base = static_cast<std::uint32_t>(norm_) + static_cast<std::uint32_t>(2 * kMiddle * sum_);
  ForFours(
      count, [&](std::size_t i) { rows.PrefetchUpper(nodes[i]); },
      [&](std::size_t i, std::size_t some) {
        const std::byte* at[4];
        for (std::size_t k = 0; k < some; ++k) at[k] = rows.Upper(nodes[i + k]);
        dot(codes_.data(), at, some, row_bytes, distances + i);
        for (std::size_t k = 0; k < some; ++k)
          distances[i + k] = DistanceOf(base, rows.UpperNorm(nodes[i + k]) >> shift_, distances[i + k], 2 * 16);
      });
}

void CodeQuery::Distances(const CodeRows& rows, const std::uint32_t* nodes, std::size_t count,
                          std::int32_t* distances) const noexcept {
  const auto dot = kernels::Distances().dot_codes;
  const std::size_t row_bytes = rows.row_bytes();
  const std::uint32_t base = static_cast<std::uint32_t>(norm_) + static_cast<std::uint32_t>(kSumFactor * sum_);
  ForFours(
      count,
      [&](std::size_t i) {
        rows.PrefetchUpper(nodes[i]);
        rows.PrefetchLower(nodes[i]);
      },
      [&](std::size_t i, std::size_t some) {
        const std::byte* at[4];
        std::int32_t lower[4];
        for (std::size_t k = 0; k < some; ++k) at[k] = rows.Upper(nodes[i + k]);
        dot(codes_.data(), at, some, row_bytes, distances + i);
        for (std::size_t k = 0; k < some; ++k) at[k] = rows.Lower(nodes[i + k]);
        dot(codes_.data(), at, some, row_bytes, lower);
        for (std::size_t k = 0; k < some; ++k)
          distances[i + k] = DistanceOf(base, rows.Norm(nodes[i + k]) >> shift_, 16 * distances[i + k] + lower[k], 2);
      });
}

bool HalvesTellApart(const Quantizer& quantizer, const Vectors& vectors, std::span<const std::uint32_t> all) {
  // Rows of fewer halves are no shorter than those of whole codes would be.
  constexpr std::size_t kLeastDimensions = 57;
  constexpr std::uint64_t kSample = 4096, kQueries = 64;
  constexpr std::size_t kNearest = 10, kAmong = 20;
  constexpr double kEnough = 0.94;
  const std::size_t dimensions = vectors.dimensions(), row_bytes = CodeRows::RowBytes(dimensions);
  if (dimensions < kLeastDimensions || all.size() < kNearest * kAmong) return false;
  std::vector<std::byte> bytes(2 * kSample * row_bytes);
  std::vector<std::uint32_t> nodes;
  CodeWriter writer(quantizer);
  ForSample(all.size(), kSample, [&](std::uint64_t i) {
    std::byte* const row = bytes.data() + 2 * nodes.size() * row_bytes;
    writer.Encode(vectors, all[i], row, row + row_bytes);
    nodes.push_back(static_cast<std::uint32_t>(nodes.size()));
  });
  const CodeRows rows(bytes.data(), dimensions, static_cast<std::uint32_t>(nodes.size()), false);
  CodeQuery query(dimensions);
  std::vector<std::int32_t> distances(nodes.size()), estimates(nodes.size());
  std::vector<std::size_t> order(nodes.size());
  const auto nearest = [&](const std::vector<std::int32_t>& by, std::size_t count) {
    std::iota(order.begin(), order.end(), std::size_t{0});
    const auto at = order.begin() + static_cast<std::ptrdiff_t>(count);
    std::ranges::nth_element(order, at, {}, [&](std::size_t i) { return std::pair(by[i], i); });
    std::vector<std::size_t> found(order.begin(), at);
    std::ranges::sort(found);
    return found;
  };
  std::size_t wanted = 0, found = 0;
  ForSample(nodes.size(), kQueries, [&](std::uint64_t i) {
    query.Set(rows, nodes[i], dimensions);
    query.Distances(rows, nodes.data(), nodes.size(), distances.data());
    query.Estimate(rows, nodes.data(), nodes.size(), estimates.data());
    const std::vector<std::size_t> by_codes = nearest(distances, kNearest), by_halves = nearest(estimates, kAmong);
    std::vector<std::size_t> both;
    std::ranges::set_intersection(by_codes, by_halves, std::back_inserter(both));
    wanted += by_codes.size();
    found += both.size();
  });
  return static_cast<double>(found) >= kEnough * static_cast<double>(wanted);
}

}  // namespace lancekit::index
