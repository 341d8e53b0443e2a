#include "tools/common/cell_equal.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "base/bitmap.h"

namespace lancekit::tools {
namespace {

/// What is compared in the same way.
enum class Kind : std::uint8_t { kInteger, kFloat, kText, kBytes, kList, kStruct, kMap, kOther };

Kind KindOf(TypeId id) {
  switch (id) {
    case TypeId::kFloat16:
    case TypeId::kFloat32:
    case TypeId::kFloat64:
      return Kind::kFloat;
    case TypeId::kString:
    case TypeId::kLargeString:
      return Kind::kText;
    case TypeId::kBinary:
    case TypeId::kLargeBinary:
    case TypeId::kFixedSizeBinary:
      return Kind::kBytes;
    case TypeId::kFixedSizeList:
    case TypeId::kList:
    case TypeId::kLargeList:
      return Kind::kList;
    case TypeId::kStruct:
      return Kind::kStruct;
    case TypeId::kMap:
      return Kind::kMap;
    default:
      return id >= TypeId::kInt8 && id <= TypeId::kUInt64 ? Kind::kInteger : Kind::kOther;
  }
}

const DataType& ValueType(const DataType& type) { return type.id == TypeId::kDictionary ? type.children[0].type : type; }

bool EqualFloats(double a, double b, const Tolerance& tolerance) {
  if (a == b || (std::isnan(a) && std::isnan(b))) return true;
  return std::isfinite(a) && std::isfinite(b) && std::abs(a - b) <= tolerance.absolute + tolerance.relative * std::abs(b);
}

bool EqualIntegers(const ArrayView& a, std::int64_t i, const ArrayView& b, std::int64_t j) {
  const std::int64_t x = CellInteger(a, i), y = CellInteger(b, j);
  // The bits of a large uint64 look like a negative number.
  const bool same_sign = (a.type->id == TypeId::kUInt64) == (b.type->id == TypeId::kUInt64) || x >= 0;
  return x == y && same_sign;
}

bool EqualBytes(const ArrayView& a, std::int64_t i, const ArrayView& b, std::int64_t j) {
  const auto x = CellBytes(a, i), y = CellBytes(b, j);
  return x.size() == y.size() && (x.empty() || std::memcmp(x.data(), y.data(), x.size()) == 0);
}

bool EqualItems(const ArrayView& a, std::int64_t i, const ArrayView& b, std::int64_t j, const Tolerance& tolerance) {
  const ItemRange x = CellItems(a, i), y = CellItems(b, j);
  if (x.end - x.begin != y.end - y.begin) return false;
  return FindDifferent(a.children[0], x.begin, b.children[0], y.begin, x.end - x.begin, tolerance).empty();
}

/// Bytes of a value whose bytes tell all; 0 for others.
std::int64_t PlainWidth(const DataType& type) {
  const std::uint64_t bits = FixedWidthBits(type);
  return type.id == TypeId::kFixedSizeList ? 0 : static_cast<std::int64_t>(bits / 8);
}

const std::byte* Plain(const ArrayView& view, std::int64_t i, std::int64_t width) {
  return view.values + (view.offset + i) * width;
}

}  // namespace

bool AreComparable(const DataType& a, const DataType& b) {
  const DataType& x = ValueType(a);
  const DataType& y = ValueType(b);
  const Kind kind = KindOf(x.id);
  if (kind != KindOf(y.id)) return false;
  if (kind == Kind::kOther) {
    return x.id == y.id && x.unit == y.unit && x.scale == y.scale && x.timezone.empty() == y.timezone.empty();
  }
  if (x.children.size() != y.children.size()) return false;
  for (std::size_t child = 0; child < x.children.size(); ++child) {
    if (kind == Kind::kStruct && x.children[child].name != y.children[child].name) return false;
    if (!AreComparable(x.children[child].type, y.children[child].type)) return false;
  }
  return true;
}

bool AreEqual(const ArrayView& a, std::int64_t i, const ArrayView& b, std::int64_t j, const Tolerance& tolerance) {
  const bool is_null = IsNull(a, i);
  if (is_null || IsNull(b, j)) return is_null == IsNull(b, j);
  if (a.dictionary != nullptr) return AreEqual(*a.dictionary, CellKey(a, i), b, j, tolerance);
  if (b.dictionary != nullptr) return AreEqual(a, i, *b.dictionary, CellKey(b, j), tolerance);
  switch (KindOf(a.type->id)) {
    case Kind::kInteger:
      return EqualIntegers(a, i, b, j);
    case Kind::kFloat:
      return EqualFloats(CellFloat(a, i), CellFloat(b, j), tolerance);
    case Kind::kText:
    case Kind::kBytes:
      return EqualBytes(a, i, b, j);
    case Kind::kList:
    case Kind::kMap:
      return EqualItems(a, i, b, j, tolerance);
    case Kind::kStruct:
      for (std::size_t child = 0; child < a.children.size(); ++child) {
        if (!AreEqual(a.children[child], i, b.children[child], j, tolerance)) return false;
      }
      return true;
    case Kind::kOther:
      break;
  }
  if (a.type->id == TypeId::kBool) {
    return GetBit(a.values, static_cast<std::uint64_t>(a.offset + i)) ==
           GetBit(b.values, static_cast<std::uint64_t>(b.offset + j));
  }
  const std::int64_t width = PlainWidth(*a.type);
  return std::memcmp(Plain(a, i, width), Plain(b, j, width), static_cast<std::size_t>(width)) == 0;
}

std::vector<std::int64_t> FindDifferent(const ArrayView& a, std::int64_t i, const ArrayView& b, std::int64_t j,
                                        std::int64_t count, const Tolerance& tolerance) {
  std::vector<std::int64_t> found;
  // Most values are the same, and then their bytes are.
  const std::int64_t width = a.type->id == b.type->id ? PlainWidth(*a.type) : 0;
  const bool has_nulls = a.null_count != 0 || b.null_count != 0;
  if (count > 0 && width > 0 && width == PlainWidth(*b.type) && !has_nulls &&
      std::memcmp(Plain(a, i, width), Plain(b, j, width), static_cast<std::size_t>(count * width)) == 0) {
    return found;
  }
  for (std::int64_t k = 0; k < count; ++k) {
    if (!AreEqual(a, i + k, b, j + k, tolerance)) found.push_back(k);
  }
  return found;
}

}  // namespace lancekit::tools
