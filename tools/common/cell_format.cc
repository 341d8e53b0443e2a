#include "tools/common/cell_format.h"

#include <fmt/format.h>

#include <span>
#include <string_view>

#include "base/bitmap.h"
#include "tools/common/json.h"
#include "tools/common/value_text.h"

namespace lancekit::tools {
namespace {

void AppendQuoted(std::string_view text, const ValueStyle& style, std::string* out) {
  if (style.json) {
    AppendJsonString(text, *out);
  } else {
    *out += text;
  }
}

void AppendInteger(const ArrayView& view, std::int64_t i, const ValueStyle& style, std::string* out) {
  const TypeId id = view.type->id;
  const std::int64_t value = CellInteger(view, i);
  const bool quoted = style.json && style.int64_strings && (id == TypeId::kInt64 || id == TypeId::kUInt64);
  const std::string text = id == TypeId::kUInt64 ? std::to_string(static_cast<std::uint64_t>(value)) : std::to_string(value);
  *out += quoted ? '"' + text + '"' : text;
}

void AppendFloat(const ArrayView& view, std::int64_t i, const ValueStyle& style, std::string* out) {
  std::string text;
  if (view.type->id == TypeId::kFloat64) {
    AppendJsonNumber(CellFloat(view, i), text);
  } else {
    AppendJsonNumber(static_cast<float>(CellFloat(view, i)), text);
  }
  // NaN and the infinities are strings in JSON only.
  *out += !style.json && text.front() == '"' ? text.substr(1, text.size() - 2) : text;
}

void AppendTemporal(const ArrayView& view, std::int64_t i, const ValueStyle& style, std::string* out) {
  const DataType& type = *view.type;
  const std::int64_t value = CellInteger(view, i);
  if (style.raw_values) {
    *out += std::to_string(value);
    return;
  }
  std::string text;
  switch (type.id) {
    case TypeId::kDate32:
      AppendDate(value, &text);
      break;
    case TypeId::kDate64:
      AppendTimestamp(value, TimeUnit::kMilli, false, &text);
      // Whole days, as they should be.
      if (value % 86'400'000 == 0) text.erase(text.find('T'));
      break;
    case TypeId::kTime32:
    case TypeId::kTime64:
      AppendTime(value, type.unit, &text);
      break;
    case TypeId::kDuration:
      AppendDuration(value, type.unit, &text);
      break;
    default:
      AppendTimestamp(value, type.unit, !type.timezone.empty(), &text);
  }
  AppendQuoted(text, style, out);
}

void AppendBytes(const ArrayView& view, std::int64_t i, const ValueStyle& style, std::string* out) {
  const std::span<const std::byte> bytes = CellBytes(view, i);
  std::string text;
  switch (style.binary) {
    case BinaryStyle::kBase64:
      AppendBase64(bytes, &text);
      break;
    case BinaryStyle::kHex:
      AppendHex(bytes, &text);
      break;
    case BinaryStyle::kNone:
      text = fmt::format("<{} bytes>", bytes.size());
      break;
  }
  AppendQuoted(text, style, out);
}

void AppendText(const ArrayView& view, std::int64_t i, const ValueStyle& style, std::string* out) {
  const std::span<const std::byte> bytes = CellBytes(view, i);
  std::string text(bytes.size(), '\0');
  if (!bytes.empty()) std::memcpy(text.data(), bytes.data(), bytes.size());
  AppendQuoted(text, style, out);
}

void AppendItems(const ArrayView& items, std::int64_t begin, std::int64_t end, const ValueStyle& style, std::string* out) {
  out->push_back('[');
  for (std::int64_t i = begin; i < end; ++i) {
    if (i != begin) out->push_back(',');
    AppendValue(items, i, style, out);
  }
  out->push_back(']');
}

void AppendStruct(const ArrayView& view, std::int64_t i, const ValueStyle& style, std::string* out) {
  out->push_back('{');
  for (std::size_t child = 0; child < view.children.size(); ++child) {
    if (child != 0) out->push_back(',');
    AppendJsonString(view.type->children[child].name, *out);
    out->push_back(':');
    AppendValue(view.children[child], i, style, out);
  }
  out->push_back('}');
}

void AppendNested(const ArrayView& view, std::int64_t i, ValueStyle style, std::string* out) {
  style.json = true;
  if (view.type->id == TypeId::kStruct) {
    AppendStruct(view, i, style, out);
  } else {
    const auto [begin, end] = CellItems(view, i);
    AppendItems(view.children[0], begin, end, style, out);
  }
}

}  // namespace

void AppendValue(const ArrayView& view, std::int64_t i, const ValueStyle& style, std::string* out) {
  if (IsNull(view, i)) {
    *out += "null";
    return;
  }
  switch (view.type->id) {
    case TypeId::kBool:
      *out += GetBit(view.values, static_cast<std::uint64_t>(view.offset + i)) ? "true" : "false";
      break;
    case TypeId::kFloat16:
    case TypeId::kFloat32:
    case TypeId::kFloat64:
      return AppendFloat(view, i, style, out);
    case TypeId::kDecimal128:
    case TypeId::kDecimal256: {
      const std::size_t width = view.type->id == TypeId::kDecimal128 ? 16 : 32;
      std::string text;
      AppendDecimal({view.values + static_cast<std::size_t>(view.offset + i) * width, width}, view.type->scale, &text);
      return AppendQuoted(text, style, out);
    }
    case TypeId::kDate32:
    case TypeId::kDate64:
    case TypeId::kTime32:
    case TypeId::kTime64:
    case TypeId::kTimestamp:
    case TypeId::kDuration:
      return AppendTemporal(view, i, style, out);
    case TypeId::kString:
    case TypeId::kLargeString:
      return AppendText(view, i, style, out);
    case TypeId::kBinary:
    case TypeId::kLargeBinary:
    case TypeId::kFixedSizeBinary:
      return AppendBytes(view, i, style, out);
    case TypeId::kDictionary:
      return AppendValue(*view.dictionary, CellKey(view, i), style, out);
    case TypeId::kFixedSizeList:
    case TypeId::kStruct:
    case TypeId::kList:
    case TypeId::kLargeList:
    case TypeId::kMap:
      return AppendNested(view, i, style, out);
    default:
      return AppendInteger(view, i, style, out);
  }
}

bool IsNumeric(TypeId id) {
  return (id >= TypeId::kInt8 && id <= TypeId::kFloat64) || id == TypeId::kDecimal128 || id == TypeId::kDecimal256;
}

}  // namespace lancekit::tools
