// Vectors as 8-bit codes, which walks compare instead of the values: a quarter of the bytes of floats.
//
// A code is round((x - center) / step), from -128 to 127; x is divided by the length of the vector when the metric is the cosine.
// Codes of one column share the step, so that sums of products of codes order vectors as the metric does:
//
//   distance(a, b) = norm(a) + norm(b) - 2 * sum(a[i] * b[i])
//
// in whole numbers, with norm(a) = sum(a[i] * a[i]); for the inner product center and norms are 0.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

#include "index/memory.h"
#include "index/vectors.h"

namespace lancekit::index {

/// Above it sums of products do not fit into 32 bits.
inline constexpr std::size_t kMaxDimensions = 32'768;

/// How values become codes.
struct Quantizer {
  Metric metric = Metric::kL2;
  float step = 1;
  std::vector<float> center;  ///< one for each dimension

  /// From a sample of the vectors. Without a finite one all codes are 0.
  static Quantizer Train(const Vectors& vectors, Metric metric, std::span<const std::uint32_t> nodes);
};

/// Rows of codes: a byte each of code + 128, unused bytes, and in the last eight the norm, and the norm and 256 times the sum of
/// the codes.
class CodeRows {
 public:
  static std::size_t RowBytes(std::size_t dimensions) {
    return (dimensions + 2 * sizeof(std::int32_t) + kernels::kCodeRowUnit - 1) / kernels::kCodeRowUnit * kernels::kCodeRowUnit;
  }
  CodeRows(const std::byte* rows, std::size_t dimensions) : rows_(rows), row_bytes_(RowBytes(dimensions)) {}

  std::size_t row_bytes() const noexcept { return row_bytes_; }
  const std::byte* Row(std::uint32_t node) const noexcept { return rows_ + node * row_bytes_; }
  std::int32_t Norm(std::uint32_t node) const noexcept { return Number(node, 2); }
  /// What is added to the distances from the node: sums of products are of its codes with those of others and 128.
  std::int32_t Base(std::uint32_t node) const noexcept { return Number(node, 1); }

 private:
  std::int32_t Number(std::uint32_t node, std::size_t from_end) const noexcept {
    std::int32_t number;
    std::memcpy(&number, Row(node) + row_bytes_ - from_end * sizeof(number), sizeof(number));
    return number;
  }

  const std::byte* rows_;
  std::size_t row_bytes_;
};

/// Encodes vectors; one for each thread.
class CodeWriter {
 public:
  explicit CodeWriter(const Quantizer& quantizer) : quantizer_(quantizer), values_(quantizer.center.size()) {}
  /// Whether the codes stand for the values exactly.
  bool Encode(const Vectors& vectors, std::uint64_t vector, std::byte* row);

 private:
  const Quantizer& quantizer_;
  std::vector<float> values_;
};

/// What is compared with codes.
class CodeQuery {
 public:
  explicit CodeQuery(std::size_t dimensions) : codes_(CodeRows::RowBytes(dimensions)) {}
  /// A stored vector.
  void Set(const CodeRows& rows, std::uint32_t node, std::size_t dimensions);
  /// Values; of length 1 when the metric is the cosine. Returns whether the codes stand for them exactly.
  bool Set(const Quantizer& quantizer, const float* values);
  /// The distances from some nodes.
  void Distances(const CodeRows& rows, const std::uint32_t* nodes, std::size_t count, std::int32_t* distances) const noexcept;

 private:
  std::vector<std::int8_t> codes_;
  std::int32_t base_ = 0;
  int shift_ = 0;  ///< of the norms of rows, where the query is in larger steps
};

}  // namespace lancekit::index
