#include "index/exact.h"

#include <limits>

namespace lancekit::index {

double LengthOf(const float* values, std::size_t dimensions) {
  const float square = kernels::Distances().dot[0](values, reinterpret_cast<const std::byte*>(values), dimensions);
  // Beyond them squares are lost, or the sum is none.
  constexpr float kLeast = 1e-30f, kMost = 1e37f;
  if (square > kLeast && square < kMost) return std::sqrt(static_cast<double>(square));
  double sum = 0;
  for (std::size_t d = 0; d < dimensions; ++d) sum += static_cast<double>(values[d]) * static_cast<double>(values[d]);
  return std::sqrt(sum);
}

void Normalise(const float* values, std::size_t dimensions, float* to) {
  const double length = LengthOf(values, dimensions);
  for (std::size_t d = 0; d < dimensions; ++d)
    to[d] = length > 0 ? static_cast<float>(static_cast<double>(values[d]) / length) : values[d];
}

ExactQuery::ExactQuery(const Vectors& vectors, Metric metric, const float* values)
    : vectors_(vectors),
      metric_(metric),
      values_(values),
      unit_(metric == Metric::kCosine ? vectors.dimensions() : 0),
      loaded_(unit_.size()),
      dot_(kernels::Distances().dot[static_cast<std::size_t>(vectors.element())]),
      square_of_difference_(kernels::Distances().square_of_difference[static_cast<std::size_t>(vectors.element())]) {
  if (unit_.empty()) return;
  Normalise(values, unit_.size(), unit_.data());
  values_ = unit_.data();
}

float ExactQuery::Distance(std::uint64_t row) {
  const float distance = Compute(row);
  // Of numbers that are too large; nothing is farther, and order needs numbers.
  return distance == distance ? distance : std::numeric_limits<float>::infinity();
}

float ExactQuery::Compute(std::uint64_t row) {
  const std::byte* const vector = vectors_.At(row);
  if (metric_ == Metric::kL2) return square_of_difference_(values_, vector, vectors_.dimensions());
  const float product = dot_(values_, vector, vectors_.dimensions());
  if (metric_ == Metric::kInnerProduct) return 1 - product;
  vectors_.Load(row, loaded_.data());
  const double length = LengthOf(loaded_.data(), loaded_.size());
  return length > 0 ? static_cast<float>(1 - static_cast<double>(product) / length) : 1;
}

}  // namespace lancekit::index
