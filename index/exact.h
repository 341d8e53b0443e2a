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
  /// Of length 1 when the metric is the cosine, as codes want them.
  const float* values() const noexcept { return values_; }

 private:
  float Compute(std::uint64_t row);

  const Vectors& vectors_;
  Metric metric_;
  const float* values_;
  std::vector<float> unit_;    // for the cosine
  std::vector<float> loaded_;  // the same
  kernels::DistanceFunction dot_;
  kernels::DistanceFunction square_of_difference_;
};

double LengthOf(const float* values, std::size_t dimensions);
/// To length 1; a vector without a length stays.
void Normalise(const float* values, std::size_t dimensions, float* to);

}  // namespace lancekit::index
