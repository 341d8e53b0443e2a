// Vectors as 8-bit codes, which walks compare instead of the values, in two planes: the upper four bits of each code, by which
// walks go, and the lower four, which are looked at where walks end. So an eighth of the bytes of floats is read on the way.
//
// A code c is round((x - center) / step), from -128 to 127; x is divided by the length of the vector when the metric is the
// cosine. Codes of one column share the step, so that sums of products of codes order vectors as the metric does:
//
//   distance(a, b) = norm(a) + norm(b) - 2 * sum(a[i] * b[i])
//
// in whole numbers, with norm(a) = sum(a[i] * a[i]); for the inner product center and norms are 0. By the upper bits u of c + 128
// = 16 * u + l alone a code is taken for the middle of what it may be, 16 * u - 120.
#pragma once

#include <algorithm>
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

/// A vector as codes are made of it: of length 1 when the metric is the cosine and it has one. `to` has room for all dimensions.
void LoadFor(Metric metric, const Vectors& vectors, std::uint64_t vector, float* to);
/// The mean of a sample of such vectors.
std::vector<float> CenterOf(const Vectors& vectors, Metric metric, std::span<const std::uint32_t> rows);

/// How values become codes.
struct Quantizer {
  Metric metric = Metric::kL2;
  float step = 1;
  std::vector<float> center;  ///< one for each dimension

  /// From a sample of the vectors. Without a finite one all codes are 0.
  static Quantizer Train(const Vectors& vectors, Metric metric, std::span<const std::uint32_t> nodes);
};

/// The codes of vectors: a row for each in both planes. A plane holds the halves of the first (dimensions + 1) / 2 codes in the
/// lower bits of its bytes and those of the others in the upper bits, unused bytes, and in the last eight numbers: 0 and the norm
/// by the upper bits, or the norm and 256 times the sum of the codes.
class CodeRows {
 public:
  static std::size_t RowBytes(std::size_t dimensions) {
    return ((dimensions + 1) / 2 + 2 * sizeof(std::int32_t) + kernels::kCodeRowUnit - 1) / kernels::kCodeRowUnit *
           kernels::kCodeRowUnit;
  }
  /// All rows of the upper plane and then those of the lower one, for walks that go by halves; else the two of each vector.
  CodeRows(const std::byte* rows, std::size_t dimensions, std::uint32_t num_nodes, bool by_halves)
      : rows_(rows),
        row_bytes_(RowBytes(dimensions)),
        stride_(by_halves ? row_bytes_ : 2 * row_bytes_),
        to_lower_(by_halves ? num_nodes * row_bytes_ : row_bytes_),
        by_halves_(by_halves) {}
  static std::uint64_t Bytes(std::size_t dimensions, std::uint32_t num_nodes) { return 2 * num_nodes * RowBytes(dimensions); }

  bool by_halves() const noexcept { return by_halves_; }

  std::size_t row_bytes() const noexcept { return row_bytes_; }
  const std::byte* Upper(std::uint32_t node) const noexcept { return rows_ + node * stride_; }
  const std::byte* Lower(std::uint32_t node) const noexcept { return Upper(node) + to_lower_; }
  void PrefetchUpper(std::uint32_t node) const noexcept { PrefetchBytes(Upper(node), row_bytes_); }
  void PrefetchLower(std::uint32_t node) const noexcept { PrefetchBytes(Lower(node), row_bytes_); }
  std::int32_t UpperNorm(std::uint32_t node) const noexcept { return Number(Upper(node), 1); }
  std::int32_t Norm(std::uint32_t node) const noexcept { return Number(Lower(node), 2); }
  std::int32_t Sum256(std::uint32_t node) const noexcept { return Number(Lower(node), 1); }

 private:
  std::int32_t Number(const std::byte* row, std::size_t from_end) const noexcept {
    std::int32_t number;
    std::memcpy(&number, row + row_bytes_ - from_end * sizeof(number), sizeof(number));
    return number;
  }

  const std::byte* rows_;
  std::size_t row_bytes_;
  std::size_t stride_;
  std::size_t to_lower_;
  bool by_halves_;
};

/// Encodes vectors; one for each thread.
class CodeWriter {
 public:
  explicit CodeWriter(const Quantizer& quantizer)
      : quantizer_(quantizer), values_(quantizer.center.size()), codes_(quantizer.center.size()) {}
  /// Whether the codes stand for the values exactly.
  bool Encode(const Vectors& vectors, std::uint64_t vector, std::byte* upper, std::byte* lower);

 private:
  const Quantizer& quantizer_;
  std::vector<float> values_;
  std::vector<std::uint8_t> codes_;
};

/// Calls prefetch(i) for each i below `count` some time before use(i, some), which is called for four of them at a time.
template <class Prefetch, class Use>
void ForFours(std::size_t count, const Prefetch& prefetch, const Use& use) {
  constexpr std::size_t kAtOnce = 4;
  constexpr std::size_t kAhead = 16;
  for (std::size_t i = 0; i < std::min(kAhead, count); ++i) prefetch(i);
  for (std::size_t i = 0; i < count; i += kAtOnce) {
    for (std::size_t k = i + kAhead; k < std::min(i + kAhead + kAtOnce, count); ++k) prefetch(k);
    use(i, std::min(kAtOnce, count - i));
  }
}

/// What is compared with codes.
class CodeQuery {
 public:
  explicit CodeQuery(std::size_t dimensions) : codes_(2 * CodeRows::RowBytes(dimensions)), whole_(dimensions) {}
  /// A stored vector.
  void Set(const CodeRows& rows, std::uint32_t node, std::size_t dimensions);
  /// Values; of length 1 when the metric is the cosine. Returns whether the codes stand for them exactly.
  bool Set(const Quantizer& quantizer, const float* values);
  /// The distances from some nodes, and about these by the upper bits.
  void Distances(const CodeRows& rows, const std::uint32_t* nodes, std::size_t count, std::int32_t* distances) const noexcept;
  void Estimate(const CodeRows& rows, const std::uint32_t* nodes, std::size_t count, std::int32_t* distances) const noexcept;
  /// What walks go by.
  void Measure(const CodeRows& rows, const std::uint32_t* nodes, std::size_t count, std::int32_t* distances) const noexcept {
    if (rows.by_halves()) return Estimate(rows, nodes, count, distances);
    Distances(rows, nodes, count, distances);
  }

 private:
  std::vector<std::int8_t> codes_;   // as dot_codes wants them
  std::vector<std::uint8_t> whole_;  // of a vector that was given
  std::int32_t norm_ = 0;
  std::int32_t sum_ = 0;
  int shift_ = 0;  // of the norms of rows, where the query is in larger steps
};

/// Whether walks can go by the upper bits: a trial with some of the vectors, whether the nearest by whole codes are among the
/// nearest by these.
bool HalvesTellApart(const Quantizer& quantizer, const Vectors& vectors, std::span<const std::uint32_t> rows);

}  // namespace lancekit::index
