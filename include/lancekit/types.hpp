// Data types, fields and schemas: Arrow's logical types as far as Lance can hold them.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "lancekit/export.h"

namespace lancekit {

/// Arrow's types.
enum class TypeId : std::uint8_t {
  kNull,
  kBool,
  kInt8,
  kInt16,
  kInt32,
  kInt64,
  kUInt8,
  kUInt16,
  kUInt32,
  kUInt64,
  kFloat16,
  kFloat32,
  kFloat64,
  kDecimal128,
  kDecimal256,
  kDate32,
  kDate64,
  kTime32,
  kTime64,
  kTimestamp,
  kDuration,
  kString,
  kLargeString,
  kBinary,
  kLargeBinary,
  kFixedSizeBinary,
  kFixedSizeList,
  kDictionary,
  kStruct,
  kList,
  kLargeList,
  kMap,
};

/// What times and durations count.
enum class TimeUnit : std::uint8_t { kSecond, kMilli, kMicro, kNano };

/// Key-value pairs in file order; order carries no meaning (Lance writes them from a hash map).
using Metadata = std::vector<std::pair<std::string, std::string>>;

struct Field;

/// One Arrow data type with its parameters; only those that the id calls for are meaningful.
struct LANCEKIT_EXPORT DataType {
  TypeId id = TypeId::kNull;
  TimeUnit unit = TimeUnit::kSecond;  ///< time32/64, timestamp, duration
  TypeId key_id = TypeId::kInt32;     ///< dictionary: type of the keys
  bool ordered = false;               ///< dictionary: order of the values carries meaning; map: keys are sorted
  std::int32_t precision = 0;         ///< decimals
  std::int32_t scale = 0;             ///< decimals
  std::int64_t size = 0;              ///< fixed-size binary: bytes; fixed-size list: items per row
  std::string timezone;               ///< timestamp; empty = none
  /// struct: its fields; list kinds: the item; map: the entries struct; dictionary: one field with the value type.
  std::vector<Field> children;

  /// E.g. "int32", "timestamp[us, UTC]", "fixed_size_list<float>[128]", "struct<a: int32, b: string>".
  std::string to_string() const;
};

/// A named column or child of a column.
struct LANCEKIT_EXPORT Field {
  std::string name;
  DataType type;
  bool nullable = true;
  std::int32_t id = -1;  ///< Lance field id; -1 = not assigned
  Metadata metadata;
};

/// The columns of a table.
struct LANCEKIT_EXPORT Schema {
  std::vector<Field> fields;
  Metadata metadata;

  /// Position of the top-level field of this name, or -1.
  int index_of(const std::string& name) const;
};

/// Same types, names and nullability; ids and metadata are not compared.
LANCEKIT_EXPORT bool operator==(const DataType& a, const DataType& b);
LANCEKIT_EXPORT bool operator==(const Field& a, const Field& b);
inline bool operator!=(const DataType& a, const DataType& b) { return !(a == b); }
inline bool operator!=(const Field& a, const Field& b) { return !(a == b); }

}  // namespace lancekit
