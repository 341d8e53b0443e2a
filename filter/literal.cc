#include "filter/literal.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cmath>
#include <limits>

namespace lancekit::filter {
namespace {

constexpr std::int64_t kSecondsPerDay = 86'400;
constexpr std::int64_t kMaxExponent = 1'000'000;
/// 10^77 is greater than any Int256.
constexpr std::int64_t kMaxDigits = 77;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

/// Takes parts of a text from its front.
class Cursor {
 public:
  explicit Cursor(std::string_view text) : left_(text) {}

  bool AtEnd() const { return left_.empty(); }
  bool Skip(char c) {
    if (left_.empty() || left_[0] != c) return false;
    left_.remove_prefix(1);
    return true;
  }
  std::string_view Digits() {
    const auto end = std::ranges::find_if_not(left_, IsDigit);
    const std::string_view digits = left_.substr(0, static_cast<std::size_t>(end - left_.begin()));
    left_.remove_prefix(digits.size());
    return digits;
  }
  /// False unless there are min_digits to max_digits of them, 9 at most.
  bool Integer(std::size_t min_digits, std::size_t max_digits, int* out) {
    const std::string_view digits = Digits();
    if (digits.size() < min_digits || digits.size() > max_digits) return false;
    *out = 0;
    for (const char c : digits) *out = *out * 10 + (c - '0');
    return true;
  }

 private:
  std::string_view left_;
};

bool EqualsIgnoringCase(std::string_view text, std::string_view lower) {
  return std::ranges::equal(text, lower, [](char c, char want) { return (c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c) == want; });
}

/// value * 10 + digit, modulo 2^256; false when that loses something of a number without a sign.
bool AppendDigit(unsigned digit, Int256* value) {
  std::uint64_t carry = digit;
  for (std::uint64_t& word : value->words) {
    // Halves, so that products fit.
    const std::uint64_t low = (word & 0xFFFF'FFFF) * 10 + carry;
    const std::uint64_t high = (word >> 32) * 10 + (low >> 32);
    word = high << 32 | (low & 0xFFFF'FFFF);
    carry = high >> 32;
  }
  return carry == 0;
}

Int256 Negate(Int256 value) {
  for (std::uint64_t& word : value.words) word = ~word;
  return Next(value);
}

bool ParseDatePart(Cursor* cursor, std::int64_t* days) {
  const bool is_negative = cursor->Skip('-');
  int year = 0, month = 0, day = 0;
  const bool has_form = cursor->Integer(1, 5, &year) && cursor->Skip('-') && cursor->Integer(1, 2, &month) && cursor->Skip('-') &&
                        cursor->Integer(1, 2, &day);
  if (!has_form || year > 32'767) return false;
  const std::chrono::year_month_day date{std::chrono::year(is_negative ? -year : year),
                                         std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok()) return false;
  *days = std::chrono::sys_days(date).time_since_epoch().count();
  return true;
}

bool ParseTimePart(Cursor* cursor, Instant* time) {
  int hour = 0, minute = 0, second = 0;
  if (!cursor->Integer(1, 2, &hour) || !cursor->Skip(':') || !cursor->Integer(2, 2, &minute)) return false;
  if (cursor->Skip(':')) {
    if (!cursor->Integer(2, 2, &second)) return false;
    if (cursor->Skip('.')) {
      time->fraction = cursor->Digits();
      if (time->fraction.empty()) return false;
    }
  }
  if (hour > 23 || minute > 59 || second > 59) return false;
  time->seconds = (hour * 60 + minute) * 60 + second;
  return true;
}

/// "Z", "UTC" or an offset to the east: "+02", "+02:00", "+0200".
bool ParseZone(Cursor* cursor, std::int64_t* offset_seconds) {
  if (cursor->Skip('Z') || cursor->Skip('z')) return true;
  if (cursor->Skip('U')) return cursor->Skip('T') && cursor->Skip('C');
  const bool is_west = cursor->Skip('-');
  if (!is_west && !cursor->Skip('+')) return false;
  const std::string_view digits = cursor->Digits();
  Cursor hours(digits.substr(0, 2)), joined_minutes(digits.substr(std::min<std::size_t>(2, digits.size())));
  int hour = 0, minute = 0;
  if (!hours.Integer(2, 2, &hour)) return false;
  if (digits.size() > 2 ? !joined_minutes.Integer(2, 2, &minute) : cursor->Skip(':') && !cursor->Integer(2, 2, &minute))
    return false;
  if (hour > 23 || minute > 59) return false;
  const std::int64_t seconds = std::int64_t{3600} * hour + std::int64_t{60} * minute;
  *offset_seconds = is_west ? -seconds : seconds;
  return true;
}

/// The half-precision number that is nearest, ties to even.
double RoundToHalf(double value) {
  if (value == 0 || !std::isfinite(value)) return value;
  const int unit = std::max(std::ilogb(value) - 10, -24);  // exponent of the last bit of the fraction
  const double rounded = std::ldexp(std::nearbyint(std::ldexp(value, -unit)), unit);
  return std::abs(rounded) > 65504 ? std::copysign(std::numeric_limits<double>::infinity(), value) : rounded;
}

template <class T>
double NearestFloat(std::string_view text, const Number& number) {
  T value = 0;
  if (text.starts_with('+')) text.remove_prefix(1);
  if (std::from_chars(text.data(), text.data() + text.size(), value).ec != std::errc()) {
    const bool is_large = static_cast<std::int64_t>(number.digits.size()) + number.exponent > 0;
    value = is_large ? std::numeric_limits<T>::infinity() : T{0};
    if (number.is_negative) value = -value;
  }
  return value;
}

}  // namespace

std::optional<Number> ParseNumber(std::string_view text) {
  Cursor cursor(text);
  Number number;
  number.is_negative = cursor.Skip('-');
  if (!number.is_negative) cursor.Skip('+');
  number.digits = cursor.Digits();
  if (cursor.Skip('.')) {
    const std::string_view fraction = cursor.Digits();
    number.digits += fraction;
    number.exponent = -static_cast<std::int64_t>(fraction.size());
  }
  if (number.digits.empty()) return std::nullopt;
  if (cursor.Skip('e') || cursor.Skip('E')) {
    const bool is_negative = cursor.Skip('-');
    if (!is_negative) cursor.Skip('+');
    const std::string_view digits = cursor.Digits();
    if (digits.empty()) return std::nullopt;
    std::int64_t exponent = 0;
    for (const char c : digits) exponent = std::min(exponent * 10 + (c - '0'), kMaxExponent);
    number.exponent += is_negative ? -exponent : exponent;
  }
  if (!cursor.AtEnd()) return std::nullopt;
  number.digits.erase(0, std::min(number.digits.find_first_not_of('0'), number.digits.size()));
  const std::size_t kept = number.digits.find_last_not_of('0') + 1;
  number.exponent += static_cast<std::int64_t>(number.digits.size() - kept);
  number.digits.resize(kept);
  return number;
}

std::optional<double> ParseFloat(std::string_view text, TypeId type) {
  const std::optional<Number> number = ParseNumber(text);
  if (!number) {
    const bool is_negative = text.starts_with('-');
    if (is_negative || text.starts_with('+')) text.remove_prefix(1);
    if (EqualsIgnoringCase(text, "nan")) return std::numeric_limits<double>::quiet_NaN();
    if (!EqualsIgnoringCase(text, "inf") && !EqualsIgnoringCase(text, "infinity")) return std::nullopt;
    return is_negative ? -std::numeric_limits<double>::infinity() : std::numeric_limits<double>::infinity();
  }
  if (type == TypeId::kFloat32) return NearestFloat<float>(text, *number);
  const double value = NearestFloat<double>(text, *number);
  return type == TypeId::kFloat16 ? RoundToHalf(value) : value;
}

std::optional<Instant> ParseDate(std::string_view text) {
  Cursor cursor(text);
  Instant instant;
  if (!ParseDatePart(&cursor, &instant.seconds) || !cursor.AtEnd()) return std::nullopt;
  instant.seconds *= kSecondsPerDay;
  return instant;
}

std::optional<Instant> ParseTimestamp(std::string_view text) {
  Cursor cursor(text);
  Instant instant;
  std::int64_t days = 0, offset_seconds = 0;
  if (!ParseDatePart(&cursor, &days)) return std::nullopt;
  if (cursor.Skip('T') || cursor.Skip(' ')) {
    if (!ParseTimePart(&cursor, &instant)) return std::nullopt;
    cursor.Skip(' ');
    if (!cursor.AtEnd() && !ParseZone(&cursor, &offset_seconds)) return std::nullopt;
  }
  if (!cursor.AtEnd()) return std::nullopt;
  instant.seconds += days * kSecondsPerDay - offset_seconds;
  return instant;
}

std::optional<Instant> ParseTime(std::string_view text) {
  Cursor cursor(text);
  Instant instant;
  if (!ParseTimePart(&cursor, &instant) || !cursor.AtEnd()) return std::nullopt;
  return instant;
}

Scaled Scale(const Number& number, std::int32_t scale) {
  Scaled scaled;
  const auto num_given = static_cast<std::int64_t>(number.digits.size());
  const std::int64_t num_digits = num_given + number.exponent + scale;  // before the point
  const int sign = number.is_negative ? -1 : 1;
  scaled.is_exact = num_given <= std::max<std::int64_t>(num_digits, 0);
  if (number.digits.empty()) return scaled;
  bool fits = num_digits <= kMaxDigits;
  for (std::int64_t i = 0; fits && i < num_digits; ++i) {
    fits =
        AppendDigit(i < num_given ? static_cast<unsigned>(number.digits[static_cast<std::size_t>(i)] - '0') : 0, &scaled.floor);
  }
  if (!fits || scaled.floor.negative()) return {.floor = {}, .is_exact = false, .beyond = sign};
  if (number.is_negative) scaled.floor = scaled.is_exact ? Negate(scaled.floor) : Previous(Negate(scaled.floor));
  return scaled;
}

Scaled Scale(const Instant& instant, int digits) {
  // Modulo 2^256, so that digits are appended to negative seconds too: the fraction counts upwards from them.
  Scaled scaled{.floor = Int256::From(instant.seconds)};
  const auto num_digits = static_cast<std::size_t>(digits);
  for (std::size_t i = 0; i < num_digits; ++i) {
    AppendDigit(i < instant.fraction.size() ? static_cast<unsigned>(instant.fraction[i] - '0') : 0, &scaled.floor);
  }
  scaled.is_exact = instant.fraction.find_first_not_of('0', num_digits) == std::string::npos;
  return scaled;
}

Scaled ScaleToDays(const Instant& instant) {
  const std::int64_t rest = (instant.seconds % kSecondsPerDay + kSecondsPerDay) % kSecondsPerDay;
  Scaled scaled{.floor = Int256::From((instant.seconds - rest) / kSecondsPerDay)};
  scaled.is_exact = rest == 0 && instant.fraction.find_first_not_of('0') == std::string::npos;
  return scaled;
}

Int256 Next(const Int256& value) noexcept {
  Int256 next = value;
  for (std::uint64_t& word : next.words) {
    if (++word != 0) break;
  }
  return next;
}

Int256 Previous(const Int256& value) noexcept {
  Int256 previous = value;
  for (std::uint64_t& word : previous.words) {
    if (word-- != 0) break;
  }
  return previous;
}

}  // namespace lancekit::filter
