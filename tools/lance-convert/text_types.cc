#include "tools/lance-convert/text_types.h"

#include <arrow/builder.h>

#include <array>
#include <charconv>
#include <chrono>
#include <cmath>
#include <ctime>
#include <limits>

namespace lancekit::convert {
namespace {

constexpr std::int64_t kSecondsPerDay = 86400;

struct Instant {
  std::int64_t seconds = 0;
  std::int32_t nanos = 0;
  bool utc = false;
  bool fits_micros = true;
};

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

/// "007", "-00.5": digits that a number would not give back.
bool HasLeadingZero(std::string_view text) {
  if (!text.empty() && text[0] == '-') text.remove_prefix(1);
  return text.size() > 1 && text[0] == '0' && IsDigit(text[1]);
}

std::optional<bool> ParseBool(std::string_view text) {
  if (text == "true" || text == "True" || text == "TRUE") return true;
  if (text == "false" || text == "False" || text == "FALSE") return false;
  return std::nullopt;
}

std::optional<std::int64_t> ParseInt64(std::string_view text) {
  if (HasLeadingZero(text) || text == "-0") return std::nullopt;
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

/// Whether a double holds the number; from 2^53 on not each one.
bool IsDouble(std::int64_t value) {
  constexpr auto kMost = static_cast<std::uint64_t>(1) << std::numeric_limits<double>::digits;
  std::uint64_t size = value < 0 ? ~static_cast<std::uint64_t>(value) + 1 : static_cast<std::uint64_t>(value);
  while (size > kMost && size % 2 == 0) size /= 2;
  return size <= kMost;
}

std::optional<double> ParseDouble(std::string_view text) {
  if (text == "NaN" || text == "nan") return std::numeric_limits<double>::quiet_NaN();
  if (text == "Infinity" || text == "inf") return std::numeric_limits<double>::infinity();
  if (text == "-Infinity" || text == "-inf") return -std::numeric_limits<double>::infinity();
  const char last = text.empty() ? ' ' : text.back();
  if (HasLeadingZero(text) || !(IsDigit(last) || last == '.')) return std::nullopt;
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value)) return std::nullopt;
  // A whole number that a double does not hold would lose its last digits.
  if (text.find_first_not_of("-0123456789") == std::string_view::npos && text != "-0") {
    const auto whole = ParseInt64(text);
    if (!whole || !IsDouble(*whole)) return std::nullopt;
  }
  return value;
}

/// `width` digits off the front of `text`.
std::optional<int> TakeDigits(std::string_view& text, std::size_t width) {
  if (text.size() < width) return std::nullopt;
  int value = 0;
  for (std::size_t i = 0; i < width; ++i) {
    if (!IsDigit(text[i])) return std::nullopt;
    value = value * 10 + (text[i] - '0');
  }
  text.remove_prefix(width);
  return value;
}

bool TakeChar(std::string_view& text, std::string_view choices) {
  if (text.empty() || choices.find(text[0]) == std::string_view::npos) return false;
  text.remove_prefix(1);
  return true;
}

/// Days since 1970 of a YYYY-MM-DD off the front of `text`.
std::optional<std::int32_t> TakeDate(std::string_view& text) {
  const auto year = TakeDigits(text, 4);
  if (!year || !TakeChar(text, "-")) return std::nullopt;
  const auto month = TakeDigits(text, 2);
  if (!month || !TakeChar(text, "-")) return std::nullopt;
  const auto day = TakeDigits(text, 2);
  if (!day) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(*year), std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok()) return std::nullopt;
  return static_cast<std::int32_t>(std::chrono::sys_days(date).time_since_epoch().count());
}

std::optional<std::int32_t> ParseDate(std::string_view text) {
  const auto days = TakeDate(text);
  return text.empty() ? days : std::nullopt;
}

/// "Z", "+02:00", "+0200", "+02"; seconds east of Greenwich.
std::optional<int> TakeZone(std::string_view& text) {
  if (TakeChar(text, "Z")) return 0;
  const int sign = !text.empty() && text[0] == '-' ? -1 : 1;
  if (!TakeChar(text, "+-")) return std::nullopt;
  const auto hours = TakeDigits(text, 2);
  if (!hours || *hours > 23) return std::nullopt;
  if (text.empty()) return sign * *hours * 3600;
  TakeChar(text, ":");
  const auto minutes = TakeDigits(text, 2);
  if (!minutes || *minutes > 59) return std::nullopt;
  return sign * (*hours * 3600 + *minutes * 60);
}

std::optional<Instant> ParseInstant(std::string_view text) {
  const auto days = TakeDate(text);
  if (!days) return std::nullopt;
  Instant instant;
  instant.seconds = *days * kSecondsPerDay;
  if (text.empty()) return instant;
  if (!TakeChar(text, "T ")) return std::nullopt;
  const auto hours = TakeDigits(text, 2);
  if (!hours || *hours > 23 || !TakeChar(text, ":")) return std::nullopt;
  const auto minutes = TakeDigits(text, 2);
  if (!minutes || *minutes > 59) return std::nullopt;
  instant.seconds += *hours * 3600 + *minutes * 60;
  if (TakeChar(text, ":")) {
    const auto seconds = TakeDigits(text, 2);
    if (!seconds || *seconds > 59) return std::nullopt;
    instant.seconds += *seconds;
    if (TakeChar(text, ".")) {
      std::size_t digits = 0;
      while (digits < text.size() && IsDigit(text[digits])) ++digits;
      const auto fraction = digits >= 1 && digits <= 9 ? TakeDigits(text, digits) : std::nullopt;
      if (!fraction) return std::nullopt;
      instant.nanos = *fraction;
      for (std::size_t i = digits; i < 9; ++i) instant.nanos *= 10;
      instant.fits_micros = digits <= 6;
    }
  }
  if (text.empty()) return instant;
  const auto zone = TakeZone(text);
  if (!zone || !text.empty()) return std::nullopt;
  instant.utc = true;
  instant.seconds -= *zone;
  return instant;
}

/// The instant in units of 1/per_second; none when it overflows.
std::optional<std::int64_t> InUnits(const Instant& instant, std::int64_t per_second) {
  std::int64_t value = 0;
  if (__builtin_mul_overflow(instant.seconds, per_second, &value)) return std::nullopt;
  if (__builtin_add_overflow(value, instant.nanos / (1'000'000'000 / per_second), &value)) return std::nullopt;
  return value;
}

std::optional<Instant> ParseByFormat(std::string_view text, const TimestampFormats& formats) {
  if (formats.empty()) return std::nullopt;
  const std::string copy(text);  // ends with NUL
  for (const std::string& format : formats) {
    std::tm time{};
    time.tm_mday = 1;
    const char* const end = ::strptime(copy.c_str(), format.c_str(), &time);
    if (end == nullptr || end != copy.c_str() + copy.size() || time.tm_sec > 59) continue;
    const std::chrono::year_month_day date{std::chrono::year(time.tm_year + 1900),
                                           std::chrono::month(static_cast<unsigned>(time.tm_mon + 1)),
                                           std::chrono::day(static_cast<unsigned>(time.tm_mday))};
    if (!date.ok()) continue;
    Instant instant;
    instant.seconds = std::chrono::sys_days(date).time_since_epoch().count() * kSecondsPerDay + time.tm_hour * 3600 +
                      time.tm_min * 60 + time.tm_sec - time.tm_gmtoff;
    instant.utc = format.find("%z") != std::string::npos;
    return instant;
  }
  return std::nullopt;
}

std::optional<std::int64_t> ParseTimestamp(std::string_view text, bool micros, bool utc, const TimestampFormats& formats) {
  auto instant = ParseByFormat(text, formats);
  if (!instant) instant = ParseInstant(text);
  if (!instant || instant->utc != utc || (micros && !instant->fits_micros)) return std::nullopt;
  return InUnits(*instant, micros ? 1'000'000 : 1'000'000'000);
}

template <class Builder, class Parse>
arrow::Result<TextColumn> Build(const arrow::StringArray& values, Builder& builder, Parse parse) {
  ARROW_RETURN_NOT_OK(builder.Reserve(values.length()));
  for (std::int64_t i = 0; i < values.length(); ++i) {
    if (values.IsNull(i)) {
      builder.UnsafeAppendNull();
    } else if (const auto value = parse(values.GetView(i))) {
      builder.UnsafeAppend(*value);
    } else {
      return TextColumn{nullptr, i};
    }
  }
  TextColumn column;
  ARROW_ASSIGN_OR_RAISE(column.array, builder.Finish());
  return column;
}

bool IsTimestamp(TextKind kind) { return kind >= TextKind::kMicros && kind <= TextKind::kNanosUtc; }
bool IsUtc(TextKind kind) { return kind == TextKind::kMicrosUtc || kind == TextKind::kNanosUtc; }
bool IsMicros(TextKind kind) { return kind == TextKind::kMicros || kind == TextKind::kMicrosUtc; }

}  // namespace

TextKind KindOf(std::string_view text, const TimestampFormats& formats) {
  if (const auto instant = ParseByFormat(text, formats)) return instant->utc ? TextKind::kMicrosUtc : TextKind::kMicros;
  if (const auto value = ParseInt64(text)) return IsDouble(*value) ? TextKind::kInt64 : TextKind::kLongInt64;
  if (ParseDouble(text)) return TextKind::kDouble;
  if (ParseBool(text)) return TextKind::kBool;
  if (ParseDate(text)) return TextKind::kDate;
  if (const auto instant = ParseInstant(text)) {
    if (instant->fits_micros) return instant->utc ? TextKind::kMicrosUtc : TextKind::kMicros;
    if (InUnits(*instant, 1'000'000'000)) return instant->utc ? TextKind::kNanosUtc : TextKind::kNanos;
  }
  return TextKind::kText;
}

TextKind Join(TextKind a, TextKind b) {
  if (a == b) return a;
  if (a > b) std::swap(a, b);
  if (a == TextKind::kNull) return b;
  if (a == TextKind::kInt64 && (b == TextKind::kLongInt64 || b == TextKind::kDouble)) return b;
  if (a == TextKind::kDate && IsTimestamp(b) && !IsUtc(b)) return b;
  // Microseconds may lie outside the years that nanoseconds reach; then the conversion says so and the next try is text.
  if (IsTimestamp(a) && IsTimestamp(b) && IsUtc(a) == IsUtc(b)) return b;
  return TextKind::kText;
}

std::optional<std::int64_t> ParseTime(std::string_view text, const arrow::TimestampType& type, const TimestampFormats& formats) {
  constexpr std::int64_t kPerSecond[] = {1, 1'000, 1'000'000, 1'000'000'000};
  auto instant = ParseByFormat(text, formats);
  if (!instant) instant = ParseInstant(text);
  const std::int64_t per_second = kPerSecond[type.unit()];
  if (!instant || instant->utc == type.timezone().empty() || instant->nanos % (1'000'000'000 / per_second) != 0)
    return std::nullopt;
  return InUnits(*instant, per_second);
}

TextKind Join(TextKind kind, const arrow::StringArray& values, const TimestampFormats& formats) {
  for (std::int64_t i = 0; i < values.length() && kind != TextKind::kText; ++i) {
    if (values.IsValid(i)) kind = Join(kind, KindOf(values.GetView(i), formats));
  }
  return kind;
}

std::shared_ptr<arrow::DataType> TypeOf(TextKind kind) {
  switch (kind) {
    case TextKind::kNull:
      return arrow::null();
    case TextKind::kBool:
      return arrow::boolean();
    case TextKind::kInt64:
    case TextKind::kLongInt64:
      return arrow::int64();
    case TextKind::kDouble:
      return arrow::float64();
    case TextKind::kDate:
      return arrow::date32();
    case TextKind::kMicros:
      return arrow::timestamp(arrow::TimeUnit::MICRO);
    case TextKind::kNanos:
      return arrow::timestamp(arrow::TimeUnit::NANO);
    case TextKind::kMicrosUtc:
      return arrow::timestamp(arrow::TimeUnit::MICRO, "UTC");
    case TextKind::kNanosUtc:
      return arrow::timestamp(arrow::TimeUnit::NANO, "UTC");
    case TextKind::kText:
      return arrow::utf8();
  }
  return nullptr;
}

const char* NameOf(TextKind kind) {
  constexpr std::array kNames{"null",      "bool",      "int64",     "int64",     "double", "date",
                              "timestamp", "timestamp", "timestamp", "timestamp", "text"};
  return kNames[static_cast<std::size_t>(kind)];
}

arrow::Result<TextColumn> ConvertText(const arrow::StringArray& values, TextKind kind, arrow::MemoryPool* pool,
                                      const TimestampFormats& formats) {
  switch (kind) {
    case TextKind::kNull: {
      arrow::NullBuilder builder(pool);
      if (values.null_count() < values.length()) {
        std::int64_t row = 0;
        while (values.IsNull(row)) ++row;
        return TextColumn{nullptr, row};
      }
      ARROW_RETURN_NOT_OK(builder.AppendNulls(values.length()));
      TextColumn column;
      ARROW_ASSIGN_OR_RAISE(column.array, builder.Finish());
      return column;
    }
    case TextKind::kBool: {
      arrow::BooleanBuilder builder(pool);
      return Build(values, builder, ParseBool);
    }
    case TextKind::kInt64:
    case TextKind::kLongInt64: {
      arrow::Int64Builder builder(pool);
      return Build(values, builder, ParseInt64);
    }
    case TextKind::kDouble: {
      arrow::DoubleBuilder builder(pool);
      return Build(values, builder, ParseDouble);
    }
    case TextKind::kDate: {
      arrow::Date32Builder builder(pool);
      return Build(values, builder, ParseDate);
    }
    case TextKind::kText:
      return TextColumn{std::make_shared<arrow::StringArray>(values.data())};
    default: {
      arrow::TimestampBuilder builder(TypeOf(kind), pool);
      return Build(values, builder,
                   [&](std::string_view text) { return ParseTimestamp(text, IsMicros(kind), IsUtc(kind), formats); });
    }
  }
}

}  // namespace lancekit::convert
