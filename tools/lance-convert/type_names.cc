#include "tools/lance-convert/type_names.h"

#include <charconv>
#include <map>

#include "tools/common/suggest.h"

namespace lancekit::convert {
namespace {

using TypePtr = std::shared_ptr<arrow::DataType>;

const std::map<std::string, TypePtr, std::less<>>& SimpleTypes() {
  static const std::map<std::string, TypePtr, std::less<>> types{{"bool", arrow::boolean()},
                                                                 {"int8", arrow::int8()},
                                                                 {"int16", arrow::int16()},
                                                                 {"int32", arrow::int32()},
                                                                 {"int64", arrow::int64()},
                                                                 {"uint8", arrow::uint8()},
                                                                 {"uint16", arrow::uint16()},
                                                                 {"uint32", arrow::uint32()},
                                                                 {"uint64", arrow::uint64()},
                                                                 {"float16", arrow::float16()},
                                                                 {"float32", arrow::float32()},
                                                                 {"float", arrow::float32()},
                                                                 {"float64", arrow::float64()},
                                                                 {"double", arrow::float64()},
                                                                 {"date", arrow::date32()},
                                                                 {"date32", arrow::date32()},
                                                                 {"timestamp", arrow::timestamp(arrow::TimeUnit::MICRO)},
                                                                 {"time", arrow::time64(arrow::TimeUnit::MICRO)},
                                                                 {"string", arrow::utf8()},
                                                                 {"large_string", arrow::large_utf8()},
                                                                 {"binary", arrow::binary()},
                                                                 {"large_binary", arrow::large_binary()}};
  return types;
}

std::string_view Trimmed(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

/// "timestamp[us, UTC]" without what is around the brackets.
TypePtr Timestamp(std::string_view text) {
  const std::size_t comma = text.find(',');
  const std::string_view unit = Trimmed(text.substr(0, comma));
  const std::string_view zone = comma == std::string_view::npos ? "" : Trimmed(text.substr(comma + 1));
  if (comma != std::string_view::npos && zone.empty()) return nullptr;
  const std::map<std::string_view, arrow::TimeUnit::type> units{{"s", arrow::TimeUnit::SECOND},
                                                                {"ms", arrow::TimeUnit::MILLI},
                                                                {"us", arrow::TimeUnit::MICRO},
                                                                {"ns", arrow::TimeUnit::NANO}};
  const auto found = units.find(unit);
  return found == units.end() ? nullptr : arrow::timestamp(found->second, std::string(zone));
}

std::optional<std::int32_t> Number(std::string_view text) {
  std::int32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

TypePtr Decimal(std::string_view text) {
  const std::size_t comma = text.find(',');
  const auto precision = Number(Trimmed(text.substr(0, comma)));
  const auto scale = comma == std::string_view::npos ? 0 : Number(Trimmed(text.substr(comma + 1)));
  if (!precision || !scale || *precision < 1 || *precision > 76 || *scale < 0 || *scale > *precision) return nullptr;
  return *precision <= 38 ? arrow::decimal128(*precision, *scale) : arrow::decimal256(*precision, *scale);
}

}  // namespace

Result<TypePtr> ParseTypeName(std::string_view name) {
  const auto& simple = SimpleTypes();
  if (const auto found = simple.find(name); found != simple.end()) return found->second;
  const auto inside = [&](std::string_view start, char end) {
    return name.starts_with(start) && name.ends_with(end) ? name.substr(start.size(), name.size() - start.size() - 1) : "";
  };
  TypePtr type;
  if (const auto text = inside("timestamp[", ']'); !text.empty()) type = Timestamp(text);
  if (const auto text = inside("decimal(", ')'); !text.empty()) type = Decimal(text);
  if (type != nullptr) return type;
  std::vector<std::string> names;
  for (const auto& [known, ignored] : simple) names.push_back(known);
  return Invalid(
      "\"{}\" is no type{}; there are int8 to uint64, float, double, bool, string, binary, date, time, timestamp[us], "
      "timestamp[us, UTC], decimal(10,2)",
      name, tools::DidYouMean(name, names));
}

Result<TypeWish> ParseTypeWish(const std::string& text) {
  const std::size_t at = text.rfind('=');
  if (at == 0 || at == std::string::npos || at + 1 == text.size())
    return Invalid("--type takes COL=TYPE or COL=TYPE?, not \"{}\"", text);
  TypeWish wish{.column = text.substr(0, at), .type = nullptr, .bad_is_null = text.back() == '?'};
  std::string_view name = std::string_view(text).substr(at + 1);
  if (wish.bad_is_null) name.remove_suffix(1);
  LANCEKIT_ASSIGN(wish.type, ParseTypeName(name));
  return wish;
}

}  // namespace lancekit::convert
