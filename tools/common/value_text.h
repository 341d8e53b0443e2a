// Single values as text: times as ISO 8601, decimals exactly, bytes as base64 or hex.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "lancekit/types.hpp"

namespace lancekit::tools {

/// "2024-02-29"; years outside 0 to 9999 have a sign and as many digits as they need.
void AppendDate(std::int64_t days, std::string* out);
/// "2024-02-29T13:14:15.000123", as many decimals as the unit has; with a zone the time is UTC and ends with Z.
void AppendTimestamp(std::int64_t value, TimeUnit unit, bool has_zone, std::string* out);
/// "13:14:15.123". A number outside the day is printed as it is.
void AppendTime(std::int64_t value, TimeUnit unit, std::string* out);
/// ISO 8601: "P1DT2H3M4.5S", "-PT0.001S", "PT0S".
void AppendDuration(std::int64_t value, TimeUnit unit, std::string* out);
/// A little-endian two's complement number of 16 or 32 bytes with `scale` decimals.
void AppendDecimal(std::span<const std::byte> bytes, int scale, std::string* out);
void AppendBase64(std::span<const std::byte> bytes, std::string* out);
void AppendHex(std::span<const std::byte> bytes, std::string* out);

}  // namespace lancekit::tools
