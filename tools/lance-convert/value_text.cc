#include "tools/lance-convert/value_text.h"

#include <arrow/array/array_dict.h>
#include <arrow/extension_type.h>
#include <arrow/util/base64.h>
#include <arrow/util/float16.h>
#include <fmt/format.h>

#include <chrono>
#include <cmath>
#include <concepts>
#include <iterator>
#include <vector>

#include "tools/common/json.h"

namespace lancekit::convert {
namespace {

using arrow::Array;
using arrow::Type;

template <class ArrayType>
const ArrayType& As(const Array& values) {
  return static_cast<const ArrayType&>(values);
}

std::int64_t UnitsPerSecond(arrow::TimeUnit::type unit) {
  constexpr std::int64_t kUnits[] = {1, 1'000, 1'000'000, 1'000'000'000};
  return kUnits[unit];
}

/// ".123456" with the digits of the unit; nothing for a whole second.
void AppendFraction(std::int64_t fraction, std::int64_t per_second, std::string& out) {
  if (fraction == 0) return;
  const int digits = per_second == 1'000 ? 3 : per_second == 1'000'000 ? 6 : 9;
  fmt::format_to(std::back_inserter(out), ".{:0{}}", fraction, digits);
}

void AppendDays(std::int64_t days, std::string& out) {
  // The calendar of <chrono> ends at year 32767; counting in 400-year cycles takes any 64-bit day.
  constexpr std::int64_t kCycleDays = 146097;
  std::int64_t cycle = days / kCycleDays;
  if (days % kCycleDays < 0) --cycle;
  const auto in_cycle = static_cast<int>(days - cycle * kCycleDays);
  const std::chrono::year_month_day date{std::chrono::sys_days(std::chrono::days(in_cycle))};
  fmt::format_to(std::back_inserter(out), "{:04}-{:02}-{:02}", static_cast<int>(date.year()) + cycle * 400,
                 static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
}

/// Seconds within a day; `value` is not negative.
void AppendTimeOfDay(std::int64_t value, std::int64_t per_second, std::string& out) {
  const std::int64_t seconds = value / per_second;
  fmt::format_to(std::back_inserter(out), "{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
  AppendFraction(value % per_second, per_second, out);
}

void AppendInstant(std::int64_t value, std::int64_t per_second, bool utc, std::string& out) {
  const std::int64_t per_day = 86400 * per_second;
  std::int64_t days = value / per_day;
  if (value % per_day < 0) --days;
  AppendDays(days, out);
  out.push_back('T');
  std::int64_t in_day = value % per_day;
  AppendTimeOfDay(in_day < 0 ? in_day + per_day : in_day, per_second, out);
  if (utc) out.push_back('Z');
}

/// ISO 8601 "PT12.5S".
void AppendDuration(std::int64_t value, std::int64_t per_second, std::string& out) {
  const bool negative = value < 0;
  const std::uint64_t size = negative ? 0 - static_cast<std::uint64_t>(value) : static_cast<std::uint64_t>(value);
  const auto unit = static_cast<std::uint64_t>(per_second);
  fmt::format_to(std::back_inserter(out), "{}PT{}", negative ? "-" : "", size / unit);
  AppendFraction(static_cast<std::int64_t>(size % unit), per_second, out);
  out.push_back('S');
}

template <std::floating_point T>
void AppendFloat(T value, std::string& out) {
  if (!std::isfinite(value)) {
    out += std::isnan(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity";
  } else {
    tools::AppendJsonNumber(value, out);
  }
}

template <class ArrayType>
AppendValue Integer() {
  return [](const Array& values, std::int64_t row, std::string& out) {
    const fmt::format_int text(As<ArrayType>(values).Value(row));
    out.append(text.data(), text.size());
  };
}

template <class ArrayType>
AppendValue Text() {
  return [](const Array& values, std::int64_t row, std::string& out) { out += As<ArrayType>(values).GetView(row); };
}

template <class ArrayType>
AppendValue Base64() {
  return [](const Array& values, std::int64_t row, std::string& out) {
    out += arrow::util::base64_encode(As<ArrayType>(values).GetView(row));
  };
}

template <class ArrayType>
AppendValue Decimal() {
  return [](const Array& values, std::int64_t row, std::string& out) { out += As<ArrayType>(values).FormatValue(row); };
}

Result<AppendValue> NumberText(const arrow::DataType& type) {
  switch (type.id()) {
    case Type::INT8:
      return Integer<arrow::Int8Array>();
    case Type::INT16:
      return Integer<arrow::Int16Array>();
    case Type::INT32:
      return Integer<arrow::Int32Array>();
    case Type::INT64:
      return Integer<arrow::Int64Array>();
    case Type::UINT8:
      return Integer<arrow::UInt8Array>();
    case Type::UINT16:
      return Integer<arrow::UInt16Array>();
    case Type::UINT32:
      return Integer<arrow::UInt32Array>();
    case Type::UINT64:
      return Integer<arrow::UInt64Array>();
    case Type::HALF_FLOAT:
      return AppendValue([](const Array& values, std::int64_t row, std::string& out) {
        AppendFloat(arrow::util::Float16::FromBits(As<arrow::HalfFloatArray>(values).Value(row)).ToFloat(), out);
      });
    case Type::FLOAT:
      return AppendValue([](const Array& values, std::int64_t row, std::string& out) {
        AppendFloat(As<arrow::FloatArray>(values).Value(row), out);
      });
    case Type::DOUBLE:
      return AppendValue([](const Array& values, std::int64_t row, std::string& out) {
        AppendFloat(As<arrow::DoubleArray>(values).Value(row), out);
      });
    default:
      return Unsupported("type {} has no text form", type.ToString());
  }
}

Result<AppendValue> TimeText(const arrow::DataType& type) {
  switch (type.id()) {
    case Type::DATE32:
      return AppendValue([](const Array& values, std::int64_t row, std::string& out) {
        AppendDays(As<arrow::Date32Array>(values).Value(row), out);
      });
    case Type::DATE64:
      return AppendValue([](const Array& values, std::int64_t row, std::string& out) {
        constexpr std::int64_t kMillisPerDay = 86'400'000;
        const std::int64_t millis = As<arrow::Date64Array>(values).Value(row);
        if (millis % kMillisPerDay != 0) return AppendInstant(millis, 1'000, false, out);
        AppendDays(millis / kMillisPerDay, out);
      });
    case Type::TIME32:
      return AppendValue([unit = UnitsPerSecond(static_cast<const arrow::Time32Type&>(type).unit())](
                             const Array& values, std::int64_t row, std::string& out) {
        AppendTimeOfDay(As<arrow::Time32Array>(values).Value(row), unit, out);
      });
    case Type::TIME64:
      return AppendValue([unit = UnitsPerSecond(static_cast<const arrow::Time64Type&>(type).unit())](
                             const Array& values, std::int64_t row, std::string& out) {
        AppendTimeOfDay(As<arrow::Time64Array>(values).Value(row), unit, out);
      });
    case Type::TIMESTAMP: {
      // With a zone the value is an instant, which is written in UTC.
      const auto& timestamp = static_cast<const arrow::TimestampType&>(type);
      return AppendValue([unit = UnitsPerSecond(timestamp.unit()), utc = !timestamp.timezone().empty()](
                             const Array& values, std::int64_t row, std::string& out) {
        AppendInstant(As<arrow::TimestampArray>(values).Value(row), unit, utc, out);
      });
    }
    case Type::DURATION:
      return AppendValue([unit = UnitsPerSecond(static_cast<const arrow::DurationType&>(type).unit())](
                             const Array& values, std::int64_t row, std::string& out) {
        AppendDuration(As<arrow::DurationArray>(values).Value(row), unit, out);
      });
    default:
      return NumberText(type);
  }
}

bool IsNested(const arrow::DataType& type) {
  if (type.id() == Type::DICTIONARY) return IsNested(*static_cast<const arrow::DictionaryType&>(type).value_type());
  if (type.id() == Type::EXTENSION) return IsNested(*static_cast<const arrow::ExtensionType&>(type).storage_type());
  return arrow::is_nested(type.id());
}

/// Text of these types is a JSON number or word as it stands.
bool IsBareJson(const arrow::DataType& type) { return arrow::is_integer(type.id()) || type.id() == Type::BOOL; }

/// A list kind: calls `item` for the values from offset to offset + length.
template <class ArrayType>
AppendValue ListJson(AppendValue item) {
  return [item = std::move(item)](const Array& values, std::int64_t row, std::string& out) {
    const auto& list = As<ArrayType>(values);
    out.push_back('[');
    const std::int64_t begin = list.value_offset(row);
    for (std::int64_t i = 0; i < list.value_length(row); ++i) {
      if (i > 0) out.push_back(',');
      item(*list.values(), begin + i, out);
    }
    out.push_back(']');
  };
}

Result<AppendValue> StructJson(const arrow::DataType& type) {
  std::vector<std::pair<std::string, AppendValue>> fields;
  for (const auto& field : type.fields()) {
    LANCEKIT_ASSIGN(AppendValue value, JsonText(*field->type()));
    std::string key;
    tools::AppendJsonString(field->name(), key);
    fields.emplace_back(key + ":", std::move(value));
  }
  return AppendValue([fields = std::move(fields)](const Array& values, std::int64_t row, std::string& out) {
    const auto& structs = As<arrow::StructArray>(values);
    out.push_back('{');
    for (std::size_t i = 0; i < fields.size(); ++i) {
      if (i > 0) out.push_back(',');
      out += fields[i].first;
      fields[i].second(*structs.field(static_cast<int>(i)), row, out);
    }
    out.push_back('}');
  });
}

Result<AppendValue> NestedJson(const arrow::DataType& type) {
  if (type.id() == Type::STRUCT) return StructJson(type);
  if (type.num_fields() == 1) {
    LANCEKIT_ASSIGN(AppendValue item, JsonText(*type.field(0)->type()));
    switch (type.id()) {
      case Type::LIST:
        return ListJson<arrow::ListArray>(std::move(item));
      case Type::LARGE_LIST:
        return ListJson<arrow::LargeListArray>(std::move(item));
      case Type::FIXED_SIZE_LIST:
        return ListJson<arrow::FixedSizeListArray>(std::move(item));
      case Type::LIST_VIEW:
        return ListJson<arrow::ListViewArray>(std::move(item));
      case Type::LARGE_LIST_VIEW:
        return ListJson<arrow::LargeListViewArray>(std::move(item));
      case Type::MAP:
        return ListJson<arrow::MapArray>(std::move(item));  // a list of {"key":…,"value":…}
      default:
        break;
    }
  }
  return Unsupported("type {} has no text form", type.ToString());
}

/// The form of a dictionary's or extension's values, which both text forms share.
Result<AppendValue> Unwrapped(const arrow::DataType& type, Result<AppendValue> (*form)(const arrow::DataType&)) {
  if (type.id() == Type::EXTENSION) {
    LANCEKIT_ASSIGN(AppendValue storage, form(*static_cast<const arrow::ExtensionType&>(type).storage_type()));
    return AppendValue([storage = std::move(storage)](const Array& values, std::int64_t row, std::string& out) {
      storage(*As<arrow::ExtensionArray>(values).storage(), row, out);
    });
  }
  LANCEKIT_ASSIGN(AppendValue value, form(*static_cast<const arrow::DictionaryType&>(type).value_type()));
  return AppendValue(
      [value = std::move(value), is_json = form == JsonText](const Array& values, std::int64_t row, std::string& out) {
        const auto& dictionary = As<arrow::DictionaryArray>(values);
        const std::int64_t index = dictionary.GetValueIndex(row);
        if (is_json || dictionary.dictionary()->IsValid(index)) value(*dictionary.dictionary(), index, out);
      });
}

}  // namespace

Result<AppendValue> BareText(const arrow::DataType& type) {
  if (type.id() == Type::EXTENSION || type.id() == Type::DICTIONARY) return Unwrapped(type, BareText);
  if (IsNested(type)) return JsonText(type);
  switch (type.id()) {
    case Type::NA:
      return AppendValue([](const Array&, std::int64_t, std::string&) {});
    case Type::BOOL:
      return AppendValue([](const Array& values, std::int64_t row, std::string& out) {
        out += As<arrow::BooleanArray>(values).Value(row) ? "true" : "false";
      });
    case Type::STRING:
      return Text<arrow::StringArray>();
    case Type::LARGE_STRING:
      return Text<arrow::LargeStringArray>();
    case Type::STRING_VIEW:
      return Text<arrow::StringViewArray>();
    case Type::BINARY:
      return Base64<arrow::BinaryArray>();
    case Type::LARGE_BINARY:
      return Base64<arrow::LargeBinaryArray>();
    case Type::BINARY_VIEW:
      return Base64<arrow::BinaryViewArray>();
    case Type::FIXED_SIZE_BINARY:
      return Base64<arrow::FixedSizeBinaryArray>();
    case Type::DECIMAL32:
      return Decimal<arrow::Decimal32Array>();
    case Type::DECIMAL64:
      return Decimal<arrow::Decimal64Array>();
    case Type::DECIMAL128:
      return Decimal<arrow::Decimal128Array>();
    case Type::DECIMAL256:
      return Decimal<arrow::Decimal256Array>();
    default:
      return TimeText(type);
  }
}

Result<AppendValue> JsonText(const arrow::DataType& type) {
  AppendValue value;
  if (type.id() == Type::EXTENSION || type.id() == Type::DICTIONARY) {
    LANCEKIT_ASSIGN(value, Unwrapped(type, JsonText));
  } else if (IsNested(type)) {
    LANCEKIT_ASSIGN(value, NestedJson(type));
  } else {
    LANCEKIT_ASSIGN(AppendValue bare, BareText(type));
    const bool floating = arrow::is_floating(type.id());
    if (IsBareJson(type)) {
      value = std::move(bare);
    } else {
      value = [bare = std::move(bare), floating, text = std::string()](const Array& values, std::int64_t row,
                                                                       std::string& out) mutable {
        text.clear();
        bare(values, row, text);
        const bool number = floating && text != "NaN" && text.back() != 'y';  // Infinity
        if (number) {
          out += text;
        } else {
          tools::AppendJsonString(text, out);
        }
      };
    }
  }
  return AppendValue([value = std::move(value)](const Array& values, std::int64_t row, std::string& out) {
    if (values.IsNull(row)) {
      out += "null";
    } else {
      value(values, row, out);
    }
  });
}

std::string ShortText(const arrow::Array& values, std::int64_t row) {
  constexpr std::size_t kShown = 40;
  std::string text;
  if (values.IsNull(row)) return text;
  if (auto append = BareText(*values.type())) (*append)(values, row, text);
  return text.substr(0, kShown);
}

}  // namespace lancekit::convert
