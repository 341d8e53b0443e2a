// Distances between vectors: of 8-bit codes, which walks compare, and of the values themselves. A table of functions per CPU
// level.
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

/// Codes are stored as value + 128 in rows of whole 64 bytes; a query is the values themselves, with zeros up to the end of a
/// row.
inline constexpr std::size_t kCodeRowUnit = 64;

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
  /// sums[i] = the sum of query[j] * rows[i][j], without regard to the 128, for `count` rows of `row_bytes` bytes.
  void (*dot_codes)(const std::int8_t* query, const std::byte* const* rows, std::size_t count, std::size_t row_bytes,
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
