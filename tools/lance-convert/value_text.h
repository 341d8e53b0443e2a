// Arrow values as text: bare for delimited files, JSON for JSON lines and for nested values anywhere.
#pragma once

#include <arrow/array.h>
#include <arrow/type.h>

#include <cstdint>
#include <functional>
#include <string>

#include "base/status.h"

namespace lancekit::convert {

/// Appends the text of value `row`, which is not null.
using AppendValue = std::function<void(const arrow::Array& values, std::int64_t row, std::string& out)>;

/// Bare text: numbers with the digits that read back the same, ISO 8601 dates and times, bytes in base64; nested values are
/// JSON. Errors: kUnsupported.
Result<AppendValue> BareText(const arrow::DataType& type);
/// JSON: decimals, times and bytes are strings, and so are NaN and the infinities. Also appends nulls, as null.
Result<AppendValue> JsonText(const arrow::DataType& type);

/// The beginning of the bare text of a value, for messages; empty for a null and for types without one.
std::string ShortText(const arrow::Array& values, std::int64_t row);

}  // namespace lancekit::convert
