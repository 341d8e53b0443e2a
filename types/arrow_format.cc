#include "types/arrow_format.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <optional>

namespace lancekit {
namespace {

// Types whose format is one fixed string.
struct PlainFormat {
  TypeId id;
  std::string_view format;
};
constexpr auto kPlainFormats = std::to_array<PlainFormat>({
    {TypeId::kNull, "n"},        {TypeId::kBool, "b"},       {TypeId::kInt8, "c"},        {TypeId::kUInt8, "C"},
    {TypeId::kInt16, "s"},       {TypeId::kUInt16, "S"},     {TypeId::kInt32, "i"},       {TypeId::kUInt32, "I"},
    {TypeId::kInt64, "l"},       {TypeId::kUInt64, "L"},     {TypeId::kFloat16, "e"},     {TypeId::kFloat32, "f"},
    {TypeId::kFloat64, "g"},     {TypeId::kBinary, "z"},     {TypeId::kLargeBinary, "Z"}, {TypeId::kString, "u"},
    {TypeId::kLargeString, "U"}, {TypeId::kDate32, "tdD"},   {TypeId::kDate64, "tdm"},    {TypeId::kStruct, "+s"},
    {TypeId::kList, "+l"},       {TypeId::kLargeList, "+L"}, {TypeId::kMap, "+m"},
});

// Arrow types outside Lance; matched by prefix, after all others failed.
struct ForeignFormat {
  std::string_view prefix;
  const char* name;
};
constexpr auto kForeignFormats = std::to_array<ForeignFormat>({
    {"+r", "run_end_encoded"},
    {"+ud:", "dense_union"},
    {"+us:", "sparse_union"},
    {"+vl", "list_view"},
    {"+vL", "large_list_view"},
    {"tiM", "month_interval"},
    {"tiD", "day_time_interval"},
    {"tin", "month_day_nano_interval"},
});

constexpr std::string_view kUnits = "smun";  // in the order of TimeUnit
constexpr std::int32_t kMaxPrecision128 = 38;
constexpr std::int32_t kMaxPrecision256 = 76;

std::optional<std::int32_t> ParseNumber(std::string_view text) {
  std::int32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

Error BadFormat(std::string_view format) { return Invalid("unknown Arrow format \"{}\"", format); }

Result<ParsedFormat> ParseSized(TypeId id, std::string_view format, std::string_view number) {
  const auto size = ParseNumber(number);
  if (!size || *size < 0) return BadFormat(format);
  return ParsedFormat{.type = {.id = id, .size = *size}};
}

// d:precision,scale[,bits]
Result<ParsedFormat> ParseDecimal(std::string_view format) {
  std::string_view rest = format.substr(2);
  std::array<std::int32_t, 3> numbers{0, 0, 128};
  std::size_t count = 0;
  for (bool more = true; more; ++count) {
    const std::size_t comma = rest.find(',');
    const auto number = ParseNumber(rest.substr(0, comma));
    if (count == numbers.size() || !number) return BadFormat(format);
    numbers[count] = *number;
    more = comma != std::string_view::npos;
    if (more) rest.remove_prefix(comma + 1);
  }
  if (count < 2) return BadFormat(format);
  const auto [precision, scale, bits] = numbers;
  if (bits == 32 || bits == 64) return Unsupported("Lance has no type for decimal{}({}, {})", bits, precision, scale);
  if (bits != 128 && bits != 256) return BadFormat(format);
  if (precision < 1 || precision > (bits == 128 ? kMaxPrecision128 : kMaxPrecision256)) return BadFormat(format);
  return ParsedFormat{
      .type = {.id = bits == 128 ? TypeId::kDecimal128 : TypeId::kDecimal256, .precision = precision, .scale = scale}};
}

// ttU (time), tDU (duration), tsU:zone (timestamp), U being the unit
Result<ParsedFormat> ParseTemporal(std::string_view format) {
  const std::size_t unit_index = kUnits.find(format[2]);
  if (unit_index == std::string_view::npos) return BadFormat(format);
  const auto unit = static_cast<TimeUnit>(unit_index);
  if (format[1] == 's' && format.size() >= 4 && format[3] == ':') {
    return ParsedFormat{.type = {.id = TypeId::kTimestamp, .unit = unit, .timezone = std::string(format.substr(4))}};
  }
  if (format.size() != 3 || format[1] == 's') return BadFormat(format);
  if (format[1] == 'D') return ParsedFormat{.type = {.id = TypeId::kDuration, .unit = unit}};
  const bool small = unit == TimeUnit::kSecond || unit == TimeUnit::kMilli;
  return ParsedFormat{.type = {.id = small ? TypeId::kTime32 : TypeId::kTime64, .unit = unit}};
}

}  // namespace

std::string ArrowFormat(const DataType& type) {
  for (const PlainFormat& plain : kPlainFormats) {
    if (plain.id == type.id) return std::string(plain.format);
  }
  const char unit = kUnits[static_cast<std::size_t>(type.unit)];
  switch (type.id) {
    case TypeId::kDecimal128:
      return fmt::format("d:{},{}", type.precision, type.scale);
    case TypeId::kDecimal256:
      return fmt::format("d:{},{},256", type.precision, type.scale);
    case TypeId::kTime32:
    case TypeId::kTime64:
      return fmt::format("tt{}", unit);
    case TypeId::kDuration:
      return fmt::format("tD{}", unit);
    case TypeId::kTimestamp:
      return fmt::format("ts{}:{}", unit, type.timezone);
    case TypeId::kFixedSizeBinary:
      return fmt::format("w:{}", type.size);
    case TypeId::kFixedSizeList:
      return fmt::format("+w:{}", type.size);
    default:
      return {};
  }
}

Result<ParsedFormat> ParseArrowFormat(std::string_view format) {
  for (const PlainFormat& plain : kPlainFormats) {
    if (plain.format == format) return ParsedFormat{.type = {.id = plain.id}};
  }
  if (format == "vu") return ParsedFormat{.type = {.id = TypeId::kString}, .storage = Storage::kView};
  if (format == "vz") return ParsedFormat{.type = {.id = TypeId::kBinary}, .storage = Storage::kView};
  if (format.starts_with("w:")) return ParseSized(TypeId::kFixedSizeBinary, format, format.substr(2));
  if (format.starts_with("+w:")) return ParseSized(TypeId::kFixedSizeList, format, format.substr(3));
  if (format.starts_with("d:")) return ParseDecimal(format);
  const std::string_view family = format.substr(0, 2);
  if (format.size() >= 3 && (family == "tt" || family == "tD" || family == "ts")) return ParseTemporal(format);
  for (const ForeignFormat& foreign : kForeignFormats) {
    if (format.starts_with(foreign.prefix)) return Unsupported("Lance has no type for {}", foreign.name);
  }
  return BadFormat(format);
}

Status WithinField(const std::string& name, Status status) {
  if (!status.ok() && !name.empty()) {
    std::string& column = status.error().column;
    column = column.empty() ? name : name + "." + column;
  }
  return status;
}

}  // namespace lancekit
