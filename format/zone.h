// What is known of the values in a run of rows, without reading them.
#pragma once

#include <cstdint>
#include <optional>

#include "types/scalar.h"

namespace lancekit::format {

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

  /// True: there is neither a number nor a text, nulls and NaNs alone.
  bool HasNoBounds() const noexcept { return num_nulls + num_nans == num_values; }
};

}  // namespace lancekit::format
