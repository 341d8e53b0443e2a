// Distances of vectors themselves, in the metric's own numbers.
#pragma once

#include <cmath>
#include <vector>

#include "index/vectors.h"

namespace lancekit::index {

/// A query that is compared with vectors. One for each thread.
class ExactQuery {
 public:
  /// Borrows everything.
  ExactQuery(const Vectors& vectors, Metric metric, const float* values);
  /// Pre: row < vectors.size().
  float Distance(std::uint64_t row);

 private:
  float Compute(std::uint64_t row);

  const Vectors& vectors_;
  Metric metric_;
  const float* values_;
  float inverse_length_ = 0;
  std::vector<float> loaded_;
  kernels::DistanceFunction dot_;
  kernels::DistanceFunction square_of_difference_;
};

/// 0 for a vector without a length.
float InverseLength(const float* values, std::size_t dimensions);

}  // namespace lancekit::index
