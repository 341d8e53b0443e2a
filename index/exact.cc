#include "index/exact.h"

#include <limits>

namespace lancekit::index {

float InverseLength(const float* values, std::size_t dimensions) {
  const float square = kernels::Distances().dot[0](values, reinterpret_cast<const std::byte*>(values), dimensions);
  return square > 0 ? 1 / std::sqrt(square) : 0;
}

ExactQuery::ExactQuery(const Vectors& vectors, Metric metric, const float* values)
    : vectors_(vectors),
      metric_(metric),
      values_(values),
      inverse_length_(InverseLength(values, vectors.dimensions())),
      loaded_(metric == Metric::kCosine ? vectors.dimensions() : 0),
      dot_(kernels::Distances().dot[static_cast<std::size_t>(vectors.element())]),
      square_of_difference_(kernels::Distances().square_of_difference[static_cast<std::size_t>(vectors.element())]) {}

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
  return 1 - product * inverse_length_ * InverseLength(loaded_.data(), loaded_.size());
}

}  // namespace lancekit::index
