// Distances between vectors: of codes of 8 bits and of one, which walks compare, and of the values themselves. A table of
// functions per CPU level.
#pragma once

#include <cstddef>
#include <cstdint>

namespace lancekit::kernels {

/// What vectors are stored as. The numbers stand in sidecar files (spec/index.md).
enum class Element : std::uint8_t { kFloat32, kFloat16, kBFloat16, kInt8 };
inline constexpr std::size_t kNumElements = 4;

constexpr std::size_t WidthOf(Element element) noexcept {
  constexpr std::size_t kWidths[kNumElements] = {4, 2, 2, 1};
  return kWidths[static_cast<std::size_t>(element)];
}

/// Halves of codes, 4 bits each, are stored in rows of whole 64 bytes: those of the first dimensions in the lower halves of the
/// bytes, those of the others in the upper ones.
inline constexpr std::size_t kCodeRowUnit = 64;

/// Rows of bits are looked at in blocks of so many bytes, and of these the highest bits of all bytes first.
inline constexpr std::size_t kBitBlock = 32;
/// Where a query has the code for bit i of a row.
constexpr std::size_t BitPlace(std::size_t i) noexcept {
  return i / (8 * kBitBlock) * 8 * kBitBlock + (7 - i % 8) * kBitBlock + i / 8 % kBitBlock;
}

inline constexpr float kLeastCode = -128;
inline constexpr float kMostCode = 127;

/// How far values are from the center, in steps.
struct Reach {
  float most = 0;
  float square = 0;  ///< the sum of squares
  float cut = 0;     ///< of what is beyond the range of codes
};

/// Of codes.
struct CodeSums {
  std::int32_t norm = 0;  ///< the sum of squares
  std::int32_t sum = 0;
  bool exact = true;  ///< each stands for its value: code * step + center
};

using DistanceFunction = float (*)(const float* query, const std::byte* vector, std::size_t size) noexcept;

struct DistanceTable {
  /// Squared Euclidean distance, and inner product, of `size` values; by Element.
  DistanceFunction square_of_difference[kNumElements];
  DistanceFunction dot[kNumElements];
  /// sums[i] = the sum of query[j] * (rows[i][j] & 15) + query[row_bytes + j] * (rows[i][j] >> 4), for `count` rows of
  /// `row_bytes` bytes.
  void (*dot_codes)(const std::int8_t* query, const std::byte* const* rows, std::size_t count, std::size_t row_bytes,
                    std::int32_t* sums) noexcept;
  /// Codes from their halves: those of the first dimensions, and those of the others, `size` bytes each.
  void (*join_codes)(const std::byte* upper, const std::byte* lower, std::size_t size, std::int8_t* first,
                     std::int8_t* second) noexcept;
  /// sums[i] = the sum of those query[BitPlace(j)] for which bit j of rows[i] is set, for `count` rows of `row_bytes` bytes, a
  /// multiple of 8. The query goes on to the end of the last block.
  void (*dot_bits)(const std::int8_t* query, const std::byte* const* rows, std::size_t count, std::size_t row_bytes,
                   std::int32_t* sums) noexcept;
  /// inverse: 1 / step.
  Reach (*reach)(const float* values, const float* center, std::size_t size, float inverse) noexcept;
  /// codes[i] = the code of values[i], (value - center) * inverse in whole numbers of its range, xor `flip`.
  CodeSums (*encode)(const float* values, const float* center, std::size_t size, float step, float inverse, std::uint8_t flip,
                     std::uint8_t* codes) noexcept;
};

enum class DistanceLevel : std::uint8_t { kBaseline, kAvx2, kAvx512 };
inline constexpr DistanceLevel kAllDistanceLevels[] = {DistanceLevel::kBaseline, DistanceLevel::kAvx2, DistanceLevel::kAvx512};

/// Null where this CPU lacks the level.
const DistanceTable* DistancesFor(DistanceLevel level) noexcept;
/// The best one of this CPU.
const DistanceTable& Distances() noexcept;

}  // namespace lancekit::kernels
