#include <fmt/format.h>

#include <algorithm>

#include "base/checked_math.h"
#include "lancekit/types.hpp"
#include "types/array.h"
#include "types/arrow_format.h"

namespace lancekit {
namespace {

const char* IdName(TypeId id) {
  switch (id) {
    case TypeId::kNull:
      return "null";
    case TypeId::kBool:
      return "bool";
    case TypeId::kInt8:
      return "int8";
    case TypeId::kInt16:
      return "int16";
    case TypeId::kInt32:
      return "int32";
    case TypeId::kInt64:
      return "int64";
    case TypeId::kUInt8:
      return "uint8";
    case TypeId::kUInt16:
      return "uint16";
    case TypeId::kUInt32:
      return "uint32";
    case TypeId::kUInt64:
      return "uint64";
    case TypeId::kFloat16:
      return "halffloat";
    case TypeId::kFloat32:
      return "float";
    case TypeId::kFloat64:
      return "double";
    case TypeId::kDecimal128:
      return "decimal128";
    case TypeId::kDecimal256:
      return "decimal256";
    case TypeId::kDate32:
      return "date32";
    case TypeId::kDate64:
      return "date64";
    case TypeId::kTime32:
      return "time32";
    case TypeId::kTime64:
      return "time64";
    case TypeId::kTimestamp:
      return "timestamp";
    case TypeId::kDuration:
      return "duration";
    case TypeId::kString:
      return "string";
    case TypeId::kLargeString:
      return "large_string";
    case TypeId::kBinary:
      return "binary";
    case TypeId::kLargeBinary:
      return "large_binary";
    case TypeId::kFixedSizeBinary:
      return "fixed_size_binary";
    case TypeId::kFixedSizeList:
      return "fixed_size_list";
    case TypeId::kDictionary:
      return "dictionary";
    case TypeId::kStruct:
      return "struct";
    case TypeId::kList:
      return "list";
    case TypeId::kLargeList:
      return "large_list";
    case TypeId::kMap:
      return "map";
  }
  return "unknown";
}

const char* UnitName(TimeUnit unit) {
  switch (unit) {
    case TimeUnit::kSecond:
      return "s";
    case TimeUnit::kMilli:
      return "ms";
    case TimeUnit::kMicro:
      return "us";
    case TimeUnit::kNano:
      return "ns";
  }
  return "unknown";
}

std::string ChildName(const DataType& type, std::size_t i) {
  return i < type.children.size() ? type.children[i].type.to_string() : std::string("?");
}

std::string StructName(const DataType& type) {
  std::string text = "struct<";
  for (std::size_t i = 0; i < type.children.size(); ++i) {
    text += fmt::format("{}{}: {}", i == 0 ? "" : ", ", type.children[i].name, type.children[i].type.to_string());
  }
  return text + ">";
}

std::string MapName(const DataType& type) {
  if (type.children.empty()) return "map<?>";
  const DataType& entries = type.children.front().type;
  return fmt::format("map<{}, {}>", ChildName(entries, 0), ChildName(entries, 1));
}

}  // namespace

std::string DataType::to_string() const {
  const char* name = IdName(id);
  switch (id) {
    case TypeId::kDecimal128:
    case TypeId::kDecimal256:
      return fmt::format("{}({}, {})", name, precision, scale);
    case TypeId::kTime32:
    case TypeId::kTime64:
    case TypeId::kDuration:
      return fmt::format("{}[{}]", name, UnitName(unit));
    case TypeId::kTimestamp:
      return fmt::format("{}[{}{}{}]", name, UnitName(unit), timezone.empty() ? "" : ", ", timezone);
    case TypeId::kFixedSizeBinary:
      return fmt::format("{}[{}]", name, size);
    case TypeId::kFixedSizeList:
      return fmt::format("{}<{}>[{}]", name, ChildName(*this, 0), size);
    case TypeId::kDictionary:
      return fmt::format("{}<{}, {}>", name, IdName(key_id), ChildName(*this, 0));
    case TypeId::kStruct:
      return StructName(*this);
    case TypeId::kList:
    case TypeId::kLargeList:
      return fmt::format("{}<{}>", name, ChildName(*this, 0));
    case TypeId::kMap:
      return MapName(*this);
    default:
      return name;
  }
}

int Schema::index_of(const std::string& name) const {
  const auto found = std::find_if(fields.begin(), fields.end(), [&](const Field& field) { return field.name == name; });
  return found == fields.end() ? -1 : static_cast<int>(found - fields.begin());
}

bool SameParameters(const DataType& a, const DataType& b) {
  if (a.id != b.id) return false;
  switch (a.id) {
    case TypeId::kDecimal128:
    case TypeId::kDecimal256:
      return a.precision == b.precision && a.scale == b.scale;
    case TypeId::kTime32:
    case TypeId::kTime64:
    case TypeId::kDuration:
      return a.unit == b.unit;
    case TypeId::kTimestamp:
      return a.unit == b.unit && a.timezone == b.timezone;
    case TypeId::kFixedSizeBinary:
    case TypeId::kFixedSizeList:
      return a.size == b.size;
    case TypeId::kDictionary:
      return a.key_id == b.key_id && a.ordered == b.ordered;
    case TypeId::kMap:
      return a.ordered == b.ordered;
    default:
      return true;
  }
}

bool operator==(const DataType& a, const DataType& b) { return SameParameters(a, b) && a.children == b.children; }

bool operator==(const Field& a, const Field& b) { return a.name == b.name && a.nullable == b.nullable && a.type == b.type; }

std::uint64_t FixedWidthBits(const DataType& type) {
  switch (type.id) {
    case TypeId::kBool:
      return 1;
    case TypeId::kInt8:
    case TypeId::kUInt8:
      return 8;
    case TypeId::kInt16:
    case TypeId::kUInt16:
    case TypeId::kFloat16:
      return 16;
    case TypeId::kInt32:
    case TypeId::kUInt32:
    case TypeId::kFloat32:
    case TypeId::kDate32:
    case TypeId::kTime32:
      return 32;
    case TypeId::kInt64:
    case TypeId::kUInt64:
    case TypeId::kFloat64:
    case TypeId::kDate64:
    case TypeId::kTime64:
    case TypeId::kTimestamp:
    case TypeId::kDuration:
      return 64;
    case TypeId::kDecimal128:
      return 128;
    case TypeId::kDecimal256:
      return 256;
    case TypeId::kFixedSizeBinary:
    case TypeId::kFixedSizeList: {
      const bool list = type.id == TypeId::kFixedSizeList;
      const std::uint64_t item_bits = !list ? 8 : type.children.empty() ? 0 : FixedWidthBits(type.children.front().type);
      std::uint64_t bits = 0;
      return type.size >= 0 && CheckedMul(item_bits, static_cast<std::uint64_t>(type.size), &bits) ? bits : 0;
    }
    default:
      return 0;
  }
}

bool IsVariableWidth(TypeId id) {
  return id == TypeId::kString || id == TypeId::kLargeString || id == TypeId::kBinary || id == TypeId::kLargeBinary;
}

bool HasLargeOffsets(TypeId id) { return id == TypeId::kLargeString || id == TypeId::kLargeBinary || id == TypeId::kLargeList; }

}  // namespace lancekit
