// What the texts of literals stand for, exactly: numbers of any length, points in time, bytes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "lancekit/types.hpp"
#include "types/scalar.h"

namespace lancekit::filter {

/// digits * 10^exponent, perhaps negative.
struct Number {
  bool is_negative = false;
  std::string digits;  ///< neither the first nor the last is 0; empty for zero
  std::int64_t exponent = 0;
};

/// Sign, digits with or without a point, exponent; nothing else. None: it is no number.
std::optional<Number> ParseNumber(std::string_view text);

/// The number of the type that is nearest to the text; infinite when there is none so large. Also "NaN", "inf", "infinity" in any
/// case. Pre: a floating-point type.
std::optional<double> ParseFloat(std::string_view text, TypeId type);

/// A point in time: whole seconds (of a day, or since 1970 in UTC) and the digits of their fraction.
struct Instant {
  std::int64_t seconds = 0;
  std::string fraction;
};

/// "2026-01-31", years from -32767 to 32767.
std::optional<Instant> ParseDate(std::string_view text);
/// A date, perhaps with a time after a space or T, and with Z, UTC or an offset after that.
std::optional<Instant> ParseTimestamp(std::string_view text);
/// "12:00", "12:00:00.5"
std::optional<Instant> ParseTime(std::string_view text);

/// A number among the integers.
struct Scaled {
  Int256 floor;  ///< the greatest integer that is not greater
  bool is_exact = true;
  int beyond = 0;  ///< -1: less than any Int256; 1: greater. Then the rest has no meaning.
};

/// number * 10^scale
Scaled Scale(const Number& number, std::int32_t scale);
/// In units of 10^-digits seconds.
Scaled Scale(const Instant& instant, int digits);
/// In days.
Scaled ScaleToDays(const Instant& instant);

/// Pre: the result is an Int256.
Int256 Next(const Int256& value) noexcept;
Int256 Previous(const Int256& value) noexcept;

}  // namespace lancekit::filter
