// Logical type strings. Source: lance rust/lance-core/src/datatypes.rs and files of pylance.
#include <array>
#include <charconv>
#include <limits>
#include <optional>

#include "base/checked_math.h"
#include "base/limits.h"
#include "format/schema.h"

namespace lancekit::format {

namespace {

struct PlainType {
  std::string_view text;
  TypeId id;
  TimeUnit unit = TimeUnit::kSecond;
};

/// Types whose string has no parameters beside a unit.
constexpr PlainType kPlainTypes[] = {
    {"null", TypeId::kNull},
    {"bool", TypeId::kBool},
    {"int8", TypeId::kInt8},
    {"int16", TypeId::kInt16},
    {"int32", TypeId::kInt32},
    {"int64", TypeId::kInt64},
    {"uint8", TypeId::kUInt8},
    {"uint16", TypeId::kUInt16},
    {"uint32", TypeId::kUInt32},
    {"uint64", TypeId::kUInt64},
    {"halffloat", TypeId::kFloat16},
    {"float", TypeId::kFloat32},
    {"double", TypeId::kFloat64},
    {"string", TypeId::kString},
    {"large_string", TypeId::kLargeString},
    {"binary", TypeId::kBinary},
    {"large_binary", TypeId::kLargeBinary},
    {"date32:day", TypeId::kDate32},
    {"date64:ms", TypeId::kDate64},
    {"time32:s", TypeId::kTime32, TimeUnit::kSecond},
    {"time32:ms", TypeId::kTime32, TimeUnit::kMilli},
    {"time64:us", TypeId::kTime64, TimeUnit::kMicro},
    {"time64:ns", TypeId::kTime64, TimeUnit::kNano},
    {"duration:s", TypeId::kDuration, TimeUnit::kSecond},
    {"duration:ms", TypeId::kDuration, TimeUnit::kMilli},
    {"duration:us", TypeId::kDuration, TimeUnit::kMicro},
    {"duration:ns", TypeId::kDuration, TimeUnit::kNano},
    {"struct", TypeId::kStruct},
    {"list", TypeId::kList},
    {"large_list", TypeId::kLargeList},
    {"map", TypeId::kMap},
};
constexpr std::array<std::string_view, 4> kUnits = {"s", "ms", "us", "ns"};

bool HasUnit(TypeId id) { return id == TypeId::kTime32 || id == TypeId::kTime64 || id == TypeId::kDuration; }

Error UnknownType(std::string_view text) { return Unsupported("unknown logical type \"{}\"", text); }

bool IsDictionaryKey(TypeId id) { return id >= TypeId::kInt8 && id <= TypeId::kUInt64; }

/// Types that Lance takes as dictionary values: those whose string has no ':'.
bool IsDictionaryValue(TypeId id) {
  return (id >= TypeId::kBool && id <= TypeId::kFloat64) || (id >= TypeId::kString && id <= TypeId::kLargeBinary);
}

/// Items that a fixed-size list may have: fixed-width types, and structs.
bool IsListItem(TypeId id) {
  return (id >= TypeId::kBool && id <= TypeId::kDuration) || id == TypeId::kFixedSizeBinary || id == TypeId::kStruct;
}

/// Consumes the text up to the next ':' or the end.
std::string_view TakePart(std::string_view* text) {
  const std::size_t colon = text->find(':');
  const std::string_view part = text->substr(0, colon);
  text->remove_prefix(colon == std::string_view::npos ? text->size() : colon + 1);
  return part;
}

/// Consumes ':' and what follows the last one.
std::string_view TakeLastPart(std::string_view* text) {
  const std::size_t colon = text->rfind(':');
  if (colon == std::string_view::npos) return std::exchange(*text, {});
  const std::string_view part = text->substr(colon + 1);
  *text = text->substr(0, colon);
  return part;
}

template <class T>
bool ParseNumber(std::string_view text, T min, T max, T* out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *out);
  return error == std::errc{} && end == text.data() + text.size() && *out >= min && *out <= max;
}

std::optional<DataType> ParsePlain(std::string_view text) {
  if (text == "list.struct") text = "list";
  if (text == "large_list.struct") text = "large_list";
  if (text == "json") text = "large_binary";
  for (const PlainType& plain : kPlainTypes) {
    if (plain.text == text) return DataType{.id = plain.id, .unit = plain.unit};
  }
  return std::nullopt;
}

bool ParseDecimal(std::string_view rest, DataType* type) {
  const std::string_view bits = TakePart(&rest);
  if (bits != "128" && bits != "256") return false;
  type->id = bits == "128" ? TypeId::kDecimal128 : TypeId::kDecimal256;
  return ParseNumber<std::int32_t>(TakePart(&rest), 1, bits == "128" ? 38 : 76, &type->precision) &&
         ParseNumber<std::int32_t>(rest, std::numeric_limits<std::int8_t>::min(), std::numeric_limits<std::int8_t>::max(),
                                   &type->scale);
}

bool ParseTimestamp(std::string_view rest, DataType* type) {
  type->id = TypeId::kTimestamp;
  const std::string_view unit = TakePart(&rest);
  for (std::size_t i = 0; i < kUnits.size(); ++i) {
    if (unit != kUnits[i] || rest.empty()) continue;
    type->unit = static_cast<TimeUnit>(i);
    if (rest != "-") type->timezone = rest;  // may itself hold ':', as +05:30 does
    return true;
  }
  return false;
}

bool ParseDictionary(std::string_view rest, DataType* type) {
  const std::string_view ordered = TakeLastPart(&rest);
  if (ordered != "true" && ordered != "false") return false;
  const std::optional<DataType> key = ParsePlain(TakeLastPart(&rest));
  std::optional<DataType> value = ParsePlain(rest);
  if (!key || !IsDictionaryKey(key->id) || !value || !IsDictionaryValue(value->id) || rest == "json") return false;
  type->id = TypeId::kDictionary;
  type->key_id = key->id;
  type->ordered = ordered == "true";
  type->children.push_back(Field{.name = "", .type = *std::move(value)});
  return true;
}

/// Smallest values in one value of the type, bytes for fixed-size binary; keeps nested sizes from overflowing.
std::uint64_t UnitsPerValue(const DataType& type) {
  if (type.id == TypeId::kFixedSizeBinary) return static_cast<std::uint64_t>(type.size);
  if (type.id != TypeId::kFixedSizeList) return 1;
  return static_cast<std::uint64_t>(type.size) * UnitsPerValue(type.children[0].type);
}

Result<DataType> ParseType(std::string_view text, int depth);

constexpr std::string_view kBFloat16 = "lance.bfloat16";
constexpr const char* kExtensionName = "ARROW:extension:name";
constexpr const char* kExtensionMetadata = "ARROW:extension:metadata";

Result<DataType> ParseFixedSizeList(std::string_view text, std::string_view rest, int depth) {
  DataType type{.id = TypeId::kFixedSizeList};
  const std::string_view size = TakeLastPart(&rest);
  if (rest.empty() || !ParseNumber<std::int64_t>(size, 1, std::numeric_limits<std::int32_t>::max(), &type.size))
    return UnknownType(text);
  const bool is_bfloat16 = rest == kBFloat16;
  LANCEKIT_ASSIGN(DataType item, ParseType(is_bfloat16 ? "fixed_size_binary:2" : rest, depth + 1));
  const bool is_nested_struct =
      item.id == TypeId::kFixedSizeList && !item.children.empty() && item.children[0].type.id == TypeId::kStruct;
  if ((!IsListItem(item.id) && item.id != TypeId::kFixedSizeList) || is_nested_struct) return UnknownType(text);
  std::uint64_t units = 0;
  if (!CheckedMul(static_cast<std::uint64_t>(type.size), UnitsPerValue(item), &units) || units > kMaxValueBytes) {
    return Unsupported("one value of logical type \"{}\" is too large", text);
  }
  type.children.push_back(Field{.name = "item", .type = std::move(item)});
  if (is_bfloat16) type.children[0].metadata = {{kExtensionName, std::string(kBFloat16)}, {kExtensionMetadata, ""}};
  return type;
}

Result<DataType> ParseType(std::string_view text, int depth) {
  if (depth > kMaxSchemaDepth)
    return Unsupported("logical type \"{}...\" nests deeper than {}", text.substr(0, 80), kMaxSchemaDepth);
  if (std::optional<DataType> plain = ParsePlain(text)) return *std::move(plain);
  std::string_view rest = text;
  const std::string_view kind = TakePart(&rest);
  if (kind == "fixed_size_list") return ParseFixedSizeList(text, rest, depth);
  DataType type;
  bool parsed = false;
  if (kind == "timestamp") parsed = ParseTimestamp(rest, &type);
  if (kind == "decimal") parsed = ParseDecimal(rest, &type);
  if (kind == "dict") parsed = ParseDictionary(rest, &type);
  if (kind == "fixed_size_binary") {
    type.id = TypeId::kFixedSizeBinary;
    parsed = ParseNumber<std::int64_t>(rest, 0, std::numeric_limits<std::int32_t>::max(), &type.size);
  }
  if (!parsed) return UnknownType(text);
  return type;
}

std::string_view PlainText(const DataType& type) {
  for (const PlainType& plain : kPlainTypes) {
    if (plain.id == type.id && (!HasUnit(type.id) || plain.unit == type.unit)) return plain.text;
  }
  return {};
}

Error CannotHold(const DataType& type) { return Unsupported("Lance cannot hold the type {}", type.to_string()); }

Result<std::string> FixedSizeListText(const DataType& type) {
  if (type.children.size() != 1 || type.size < 1 || type.size > std::numeric_limits<std::int32_t>::max()) return CannotHold(type);
  const DataType& item = type.children[0].type;
  const bool is_list_of_lists = item.id == TypeId::kFixedSizeList;
  if (!IsListItem(item.id) && !is_list_of_lists) return CannotHold(type);
  LANCEKIT_ASSIGN(std::string item_text, LogicalType(item));
  if (IsBFloat16(type.children[0])) item_text = kBFloat16;
  if (is_list_of_lists && item.children[0].type.id == TypeId::kStruct) return CannotHold(type);
  return fmt::format("fixed_size_list:{}:{}", item_text, type.size);
}

Result<std::string> DictionaryText(const DataType& type) {
  if (type.children.size() != 1 || !IsDictionaryKey(type.key_id) || !IsDictionaryValue(type.children[0].type.id)) {
    return CannotHold(type);
  }
  // Lance has no ordered dictionaries: the order of the values is lost, their meaning is not.
  return fmt::format("dict:{}:{}:false", PlainText(type.children[0].type), PlainText(DataType{.id = type.key_id}));
}

}  // namespace

Result<DataType> ParseLogicalType(std::string_view text) { return ParseType(text, 0); }

Result<std::string> LogicalType(const DataType& type) {
  switch (type.id) {
    case TypeId::kDecimal128:
      return fmt::format("decimal:128:{}:{}", type.precision, type.scale);
    case TypeId::kDecimal256:
      return fmt::format("decimal:256:{}:{}", type.precision, type.scale);
    case TypeId::kTimestamp:
      return fmt::format("timestamp:{}:{}", kUnits[static_cast<std::size_t>(type.unit)],
                         type.timezone.empty() ? "-" : type.timezone);
    case TypeId::kFixedSizeBinary:
      return fmt::format("fixed_size_binary:{}", type.size);
    case TypeId::kFixedSizeList:
      return FixedSizeListText(type);
    case TypeId::kDictionary:
      return DictionaryText(type);
    case TypeId::kList:
    case TypeId::kLargeList: {
      const bool of_structs = !type.children.empty() && type.children[0].type.id == TypeId::kStruct;
      return std::string(PlainText(type)) + (of_structs ? ".struct" : "");
    }
    default: {
      const std::string_view text = PlainText(type);
      if (text.empty()) return CannotHold(type);  // a time type with a unit that does not fit
      return std::string(text);
    }
  }
}

}  // namespace lancekit::format
