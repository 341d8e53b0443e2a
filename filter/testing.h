// For tests: columns made of single values.
#pragma once

#include <optional>
#include <vector>

#include "types/array.h"
#include "types/scalar.h"

namespace lancekit::filter::testing {

using Value = std::optional<Scalar>;

/// An array of an ordered type, of a dictionary of one, or of a struct with one such field. Nulls of dictionaries and structs lie
/// in either level by turns.
ArrayData MakeColumn(const DataType& type, const std::vector<Value>& values);
/// The same, with a value for each run of equal ones; nulls belong to the run before them. Pre: neither dictionary nor struct.
ArrayData MakeRuns(const DataType& type, const std::vector<Value>& values);

}  // namespace lancekit::filter::testing
