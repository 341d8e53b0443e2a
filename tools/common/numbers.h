// Numbers for people: digit groups, byte sizes, durations, and reading a byte size back.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "lancekit/result.hpp"

namespace lancekit::tools {

/// 1234567 -> "1,234,567".
std::string GroupDigits(std::uint64_t value);
/// "1 row", "2,000 rows".
std::string Counted(std::uint64_t count, std::string_view what);
/// Exact with digit groups up to 7 digits, then KiB, MiB, GiB, TiB with three significant digits.
std::string FormatBytes(std::uint64_t bytes);
/// A share of a whole: "41%", "4.1%".
std::string FormatShare(double share);
/// A factor: "6.2x", "0.95x", "113x".
std::string FormatRatio(double ratio);
/// "0.31 s", "6.1 s", "2:05 min", "1:02:05 h".
std::string FormatSeconds(double seconds);
/// "1000", "512MiB", "1.5GB", "64k": KB/MB/GB count in thousands, KiB/MiB/GiB and the bare letters in 1,024s.
/// Errors: kInvalidArgument.
Result<std::uint64_t> ParseBytes(std::string_view text);

}  // namespace lancekit::tools
