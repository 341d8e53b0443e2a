// Values of Arrow arrays as text and as JSON.
#pragma once

#include <cstdint>
#include <string>

#include "tools/common/cells.h"
#include "types/array.h"

namespace lancekit::tools {

enum class BinaryStyle : std::uint8_t { kBase64, kHex, kNone };

struct ValueStyle {
  bool json = false;           ///< JSON text; else text without quotes, in which nested values are still JSON
  bool raw_values = false;     ///< dates and times as the numbers that are stored
  bool int64_strings = false;  ///< JSON: 64-bit integers as strings
  BinaryStyle binary = BinaryStyle::kBase64;
};

/// Value i of the view, i counted from 0. A null is "null".
void AppendValue(const ArrayView& view, std::int64_t i, const ValueStyle& style, std::string* out);
/// True for types whose values line up at the right.
bool IsNumeric(TypeId id);

}  // namespace lancekit::tools
