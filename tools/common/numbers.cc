#include "tools/common/numbers.h"

#include <fmt/format.h>

#include <cctype>
#include <charconv>

#include "base/status.h"

namespace lancekit::tools {

std::string GroupDigits(std::uint64_t value) {
  const std::string digits = std::to_string(value);
  std::string text;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    if (i > 0 && (digits.size() - i) % 3 == 0) text.push_back(',');
    text.push_back(digits[i]);
  }
  return text;
}

std::string Counted(std::uint64_t count, std::string_view what) {
  return fmt::format("{} {}{}", GroupDigits(count), what, count == 1 ? "" : "s");
}

std::string FormatBytes(std::uint64_t bytes) {
  constexpr std::uint64_t kExactBelow = 10'000'000;
  constexpr const char* kUnits[] = {"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  if (bytes < kExactBelow) return GroupDigits(bytes) + (bytes == 1 ? " byte" : " bytes");
  double value = static_cast<double>(bytes) / 1024;
  std::size_t unit = 0;
  while (value >= 1000 && unit + 1 < std::size(kUnits)) {
    value /= 1024;
    ++unit;
  }
  return fmt::format("{:.{}f} {}", value, value < 10 ? 2 : value < 100 ? 1 : 0, kUnits[unit]);
}

std::string FormatShare(double share) { return fmt::format("{:.{}f}%", share * 100, share < 0.0995 ? 1 : 0); }

std::string FormatRatio(double ratio) { return fmt::format("{:.{}f}x", ratio, ratio < 1.995 ? 2 : ratio < 99.5 ? 1 : 0); }

std::string FormatSeconds(double seconds) {
  if (seconds < 1) return fmt::format("{:.2f} s", seconds);
  if (seconds < 60) return fmt::format("{:.1f} s", seconds);
  const auto whole = static_cast<std::uint64_t>(seconds + 0.5);
  if (whole < 3600) return fmt::format("{}:{:02} min", whole / 60, whole % 60);
  return fmt::format("{}:{:02}:{:02} h", whole / 3600, whole / 60 % 60, whole % 60);
}

Result<std::uint64_t> ParseBytes(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed);
  std::string suffix;
  for (const char* at = end; at != text.data() + text.size(); ++at) {
    if (*at != ' ') suffix.push_back(static_cast<char>(std::tolower(static_cast<unsigned char>(*at))));
  }
  constexpr std::string_view kLetters = "kmgt";
  double unit = 1;
  bool known = suffix.empty() || suffix == "b";
  if (const std::size_t power = suffix.empty() ? std::string_view::npos : kLetters.find(suffix[0]);
      power != std::string_view::npos) {
    const std::string rest = suffix.substr(1);
    known = rest.empty() || rest == "b" || rest == "ib";
    for (std::size_t i = 0; i <= power; ++i) unit *= rest == "b" ? 1000 : 1024;
  }
  constexpr double kMost = 1e18;
  if (error != std::errc() || !known || !(value > 0) || value * unit > kMost) {
    return Invalid("\"{}\" is not a size in bytes; write it as 512MiB or 2GB", text);
  }
  return static_cast<std::uint64_t>(value * unit);
}

}  // namespace lancekit::tools
