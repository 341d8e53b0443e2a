// Whether values of two Arrow arrays are the same.
#pragma once

#include <cstdint>
#include <vector>

#include "tools/common/cells.h"

namespace lancekit::tools {

/// Floats a and b are the same when |a - b| <= absolute + relative * |b|.
struct Tolerance {
  double relative = 0;
  double absolute = 0;
};

/// True when values of the types mean the same kind of thing, however they are stored: integers of any width, floats of any
/// width, texts, bytes, and lists, structs and maps of such; dictionaries count as their values.
bool AreComparable(const DataType& a, const DataType& b);

/// Nulls are the same as each other, NaNs are, and 0.0 and -0.0. Pre: AreComparable().
bool AreEqual(const ArrayView& a, std::int64_t i, const ArrayView& b, std::int64_t j, const Tolerance& tolerance);

/// Which of the values i + k and j + k differ, k < count, ascending. Pre: as AreEqual().
std::vector<std::int64_t> FindDifferent(const ArrayView& a, std::int64_t i, const ArrayView& b, std::int64_t j,
                                        std::int64_t count, const Tolerance& tolerance);

}  // namespace lancekit::tools
