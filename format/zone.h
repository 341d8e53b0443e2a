// What is known of the values in a run of rows, without reading them.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "types/scalar.h"

namespace lancekit::format {

/// Rows of a zone; the last one of a page may have fewer, and zones that would say the same are one.
inline constexpr std::uint64_t kZoneRows = 8192;
/// Longer texts are cut for a bound.
inline constexpr std::size_t kMaxBoundBytes = 64;

/// Facts about one leaf in a run of rows. Bounds may be wider than the values, never narrower.
struct Zone {
  std::uint64_t num_rows = 0;
  std::uint64_t num_values = 0;  ///< slots of the leaf, nulls included; rows, unless lists lie above it
  std::uint64_t num_nulls = 0;   ///< slots without a value, for whatever reason
  std::uint64_t num_nans = 0;
  std::optional<Scalar> min;  ///< of what is neither null nor NaN; none: unknown, or there is no such value
  std::optional<Scalar> max;
  bool min_is_exact = false;
  bool max_is_exact = false;

  /// True: there are nulls and NaNs alone.
  bool HasNoBounds() const noexcept { return num_nulls + num_nans == num_values; }

  /// Sets bounds from the least and the greatest text, cutting them to kMaxBoundBytes: a cut minimum sorts before the text, a
  /// cut maximum behind it. A maximum that starts with that many 0xFF stays unknown.
  void SetTexts(std::string_view least, std::string_view greatest);
  /// Takes in the rows that follow.
  void Append(const Zone& next);
};

}  // namespace lancekit::format
