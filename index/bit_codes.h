// Vectors as a bit for each dimension, an eighth of the 8-bit codes, which walks compare before the vectors that are nearest.
//
// r is the vector (of length 1 when the metric is the cosine) less the center, in steps, turned by a rotation that spreads every
// direction over all dimensions. Its bits are the signs of r. With b[i] = +1 or -1 by them, the inner product of r with another
// vector q is about
//
//   factor * sum(b[i] * q[i]),  factor = sum(r[i] * r[i]) / sum(|r[i]|)
//
// Source of the estimate: J. Gao, C. Long, "RaBitQ: Quantizing High-Dimensional Vectors with a Theoretical Error Bound for
// Approximate Nearest Neighbor Search", section 3.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

#include "index/memory.h"
#include "index/vectors.h"

namespace lancekit::index {

/// How values become bits.
struct BitQuantizer {
  Metric metric = Metric::kL2;
  float step = 1;             ///< that of the 8-bit codes: keeps sums of squares in range
  std::vector<float> center;  ///< one for each dimension

  /// From a sample of the vectors.
  static BitQuantizer Train(const Vectors& vectors, Metric metric, float step, std::span<const std::uint32_t> rows);
};

/// Rows of bits: one for each dimension, zeros up to a multiple of 64, the sum of squares of r (0 for the inner product) and the
/// factor.
class BitRows {
 public:
  static constexpr std::size_t Turned(std::size_t dimensions) { return (dimensions + 63) / 64 * 64; }
  static constexpr std::size_t RowBytes(std::size_t dimensions) { return Turned(dimensions) / 8 + 2 * sizeof(float); }
  BitRows(const std::byte* rows, std::size_t dimensions) : rows_(rows), row_bytes_(RowBytes(dimensions)) {}

  std::size_t row_bytes() const noexcept { return row_bytes_; }
  const std::byte* Row(std::uint32_t node) const noexcept { return rows_ + node * row_bytes_; }
  void Prefetch(std::uint32_t node) const noexcept {
    PrefetchBytes(Row(node), row_bytes_);
    PrefetchBytes(Row(node) + row_bytes_ - 1, 1);  // rows begin anywhere in a line
  }
  float Norm(std::uint32_t node) const noexcept { return Number(node, 2); }
  float Factor(std::uint32_t node) const noexcept { return Number(node, 1); }

 private:
  float Number(std::uint32_t node, std::size_t from_end) const noexcept {
    float number;
    std::memcpy(&number, Row(node) + row_bytes_ - from_end * sizeof(number), sizeof(number));
    return number;
  }

  const std::byte* rows_;
  std::size_t row_bytes_;
};

/// Turns `values`, as many as BitRows::Turned() of some dimensions, in place: the same on every CPU.
void Rotate(std::span<float> values);

/// Makes bits; one for each thread.
class BitWriter {
 public:
  explicit BitWriter(const BitQuantizer& quantizer) : quantizer_(quantizer), values_(BitRows::Turned(quantizer.center.size())) {}
  void Encode(const Vectors& vectors, std::uint64_t vector, std::byte* row);

 private:
  const BitQuantizer& quantizer_;
  std::vector<float> values_;
};

/// What is compared with bits.
class BitQuery {
 public:
  explicit BitQuery(std::size_t dimensions)
      : values_(BitRows::Turned(dimensions)), codes_((values_.size() / (8 * kernels::kBitBlock) + 1) * 8 * kernels::kBitBlock) {}
  /// Values; of length 1 when the metric is the cosine.
  void Set(const BitQuantizer& quantizer, const float* values);
  /// About the distances from some nodes, in steps, less what is the same for all.
  void Distances(const BitRows& rows, const std::uint32_t* nodes, std::size_t count, float* distances) const noexcept;

 private:
  std::vector<float> values_;
  std::vector<std::int8_t> codes_;
  float step_ = 0;  ///< of the codes
  std::int32_t sum_ = 0;
};

}  // namespace lancekit::index
