#include "tools/common/value_text.h"

#include <fmt/format.h>

#include <array>
#include <iterator>

#include "base/endian.h"

namespace lancekit::tools {
namespace {

constexpr std::int64_t kSecondsPerDay = 86'400;

struct UnitScale {
  std::int64_t per_second;
  int digits;
};

UnitScale ScaleOf(TimeUnit unit) {
  constexpr UnitScale kScales[] = {{1, 0}, {1'000, 3}, {1'000'000, 6}, {1'000'000'000, 9}};
  return kScales[static_cast<std::size_t>(unit)];
}

struct Quotient {
  std::int64_t quotient;
  std::int64_t rest;  // 0 <= rest < divisor
};

Quotient FloorDivide(std::int64_t value, std::int64_t divisor) {
  const std::int64_t rest = value % divisor;
  return rest < 0 ? Quotient{value / divisor - 1, rest + divisor} : Quotient{value / divisor, rest};
}

void AppendClock(std::int64_t seconds, std::int64_t fraction, int digits, std::string* out) {
  fmt::format_to(std::back_inserter(*out), "{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
  if (digits > 0) fmt::format_to(std::back_inserter(*out), ".{:0{}}", fraction, digits);
}

}  // namespace

void AppendDate(std::int64_t days, std::string* out) {
  // Years are counted from March, so that the leap day is the last; an era is 400 years.
  constexpr std::int64_t kDaysTo1970 = 719'468;
  constexpr std::int64_t kDaysPerEra = 146'097;
  const auto [era, day_of_era] = FloorDivide(days + kDaysTo1970, kDaysPerEra);
  const std::int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36'524 - day_of_era / 146'096) / 365;
  const std::int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const std::int64_t march_month = (5 * day_of_year + 2) / 153;
  const std::int64_t day = day_of_year - (153 * march_month + 2) / 5 + 1;
  const std::int64_t month = march_month < 10 ? march_month + 3 : march_month - 9;
  const std::int64_t year = year_of_era + era * 400 + (month <= 2 ? 1 : 0);
  if (year >= 0 && year <= 9999) {
    fmt::format_to(std::back_inserter(*out), "{:04}-{:02}-{:02}", year, month, day);
  } else {
    fmt::format_to(std::back_inserter(*out), "{:+05}-{:02}-{:02}", year, month, day);
  }
}

void AppendTimestamp(std::int64_t value, TimeUnit unit, bool has_zone, std::string* out) {
  const auto [per_second, digits] = ScaleOf(unit);
  const auto [seconds, fraction] = FloorDivide(value, per_second);
  const auto [days, clock] = FloorDivide(seconds, kSecondsPerDay);
  AppendDate(days, out);
  out->push_back('T');
  AppendClock(clock, fraction, digits, out);
  if (has_zone) out->push_back('Z');
}

void AppendTime(std::int64_t value, TimeUnit unit, std::string* out) {
  const auto [per_second, digits] = ScaleOf(unit);
  const auto [seconds, fraction] = FloorDivide(value, per_second);
  if (seconds < 0 || seconds >= kSecondsPerDay) {
    *out += std::to_string(value);
  } else {
    AppendClock(seconds, fraction, digits, out);
  }
}

void AppendDuration(std::int64_t value, TimeUnit unit, std::string* out) {
  const auto [per_second, digits] = ScaleOf(unit);
  const auto scale = static_cast<std::uint64_t>(per_second);
  const std::uint64_t size = value < 0 ? 0 - static_cast<std::uint64_t>(value) : static_cast<std::uint64_t>(value);
  const std::uint64_t seconds = size / scale;
  const std::uint64_t days = seconds / kSecondsPerDay, hours = seconds / 3600 % 24, minutes = seconds / 60 % 60;
  *out += value < 0 ? "-P" : "P";
  if (days != 0) *out += fmt::format("{}D", days);
  if (size % (scale * kSecondsPerDay) == 0 && days != 0) return;
  out->push_back('T');
  if (hours != 0) *out += fmt::format("{}H", hours);
  if (minutes != 0) *out += fmt::format("{}M", minutes);
  std::string fraction;
  if (size % scale != 0) {
    fraction = fmt::format(".{:0{}}", size % scale, digits);
    fraction.erase(fraction.find_last_not_of('0') + 1);
  }
  if (seconds % 60 != 0 || !fraction.empty() || (hours == 0 && minutes == 0))
    *out += fmt::format("{}{}S", seconds % 60, fraction);
}

void AppendDecimal(std::span<const std::byte> bytes, int scale, std::string* out) {
  std::array<std::uint32_t, 8> words{};  // least significant first
  const std::size_t num_words = bytes.size() / 4;
  for (std::size_t i = 0; i < num_words; ++i) words[i] = LoadLe<std::uint32_t>(bytes.data() + 4 * i);
  const bool negative = (words[num_words - 1] >> 31) != 0;
  if (negative) {
    std::uint64_t carry = 1;
    for (std::size_t i = 0; i < num_words; ++i) {
      carry += static_cast<std::uint32_t>(~words[i]);
      words[i] = static_cast<std::uint32_t>(carry);
      carry >>= 32;
    }
  }
  std::string digits;  // least significant first
  for (bool more = true; more;) {
    more = false;
    std::uint64_t rest = 0;
    for (std::size_t i = num_words; i-- > 0;) {
      rest = rest << 32 | words[i];
      words[i] = static_cast<std::uint32_t>(rest / 10);
      rest %= 10;
      more = more || words[i] != 0;
    }
    digits.push_back(static_cast<char>('0' + rest));
  }
  const bool zero = digits == "0";
  if (scale < 0 && !zero) digits.insert(0, static_cast<std::size_t>(-static_cast<std::int64_t>(scale)), '0');
  const std::size_t decimals = scale > 0 ? static_cast<std::size_t>(scale) : 0;
  if (digits.size() <= decimals) digits.append(decimals + 1 - digits.size(), '0');
  if (negative) out->push_back('-');
  out->append(digits.rbegin(), digits.rend() - static_cast<std::ptrdiff_t>(decimals));
  if (decimals > 0) {
    out->push_back('.');
    out->append(digits.rend() - static_cast<std::ptrdiff_t>(decimals), digits.rend());
  }
}

void AppendBase64(std::span<const std::byte> bytes, std::string* out) {
  constexpr const char* kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::size_t count = std::min<std::size_t>(3, bytes.size() - i);
    unsigned group = 0;
    for (std::size_t j = 0; j < 3; ++j) group = group << 8 | (j < count ? static_cast<unsigned>(bytes[i + j]) : 0u);
    for (std::size_t j = 0; j < 4; ++j) out->push_back(j <= count ? kDigits[group >> (18 - 6 * j) & 0x3F] : '=');
  }
}

void AppendHex(std::span<const std::byte> bytes, std::string* out) {
  constexpr const char* kDigits = "0123456789abcdef";
  for (const std::byte byte : bytes) {
    out->push_back(kDigits[static_cast<unsigned>(byte) >> 4]);
    out->push_back(kDigits[static_cast<unsigned>(byte) & 0xF]);
  }
}

}  // namespace lancekit::tools
