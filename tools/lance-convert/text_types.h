// Types of columns of delimited text: what a value looks like, the narrowest type for all values of a column, and the
// conversion to it. A value fits a number only when nothing but its spelling is lost: "00501" stays text.
#pragma once

#include <arrow/array.h>
#include <arrow/type.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lancekit::convert {

enum class TextKind : std::uint8_t {
  kNull,       ///< no value seen
  kBool,       ///< true, false
  kInt64,      ///< whole numbers that a double holds too
  kLongInt64,  ///< and others
  kDouble,
  kDate,       ///< 2026-11-21
  kMicros,     ///< 2026-11-21T10:00:00, up to six digits of a second
  kNanos,      ///< the same with up to nine digits
  kMicrosUtc,  ///< with Z or an offset
  kNanosUtc,
  kText,
};

/// Formats of strptime that timestamps have, before ISO 8601 is tried. One with %z makes them UTC.
using TimestampFormats = std::vector<std::string>;

/// The narrowest kind of one value.
TextKind KindOf(std::string_view text, const TimestampFormats& formats = {});
/// The narrowest kind that holds all values of both: int64 and double make double, what does not go together is text.
TextKind Join(TextKind a, TextKind b);
std::shared_ptr<arrow::DataType> TypeOf(TextKind kind);
const char* NameOf(TextKind kind);

/// The kind of all values of a column and of `kind`.
TextKind Join(TextKind kind, const arrow::StringArray& values, const TimestampFormats& formats = {});

struct TextColumn {
  std::shared_ptr<arrow::Array> array;
  std::int64_t misfit = -1;  ///< the first row whose value does not fit the kind; then there is no array
};
arrow::Result<TextColumn> ConvertText(const arrow::StringArray& values, TextKind kind, arrow::MemoryPool* pool,
                                      const TimestampFormats& formats = {});

/// A time in the unit of the type, by a format or as ISO 8601; it tells its offset from UTC if and only if the type has a time
/// zone.
std::optional<std::int64_t> ParseTime(std::string_view text, const arrow::TimestampType& type, const TimestampFormats& formats);

}  // namespace lancekit::convert
