#include <cstring>
#include <string>
#include <utility>

#include "base/limits.h"
#include "types/array.h"
#include "types/arrow_format.h"

namespace lancekit {
namespace {

std::int32_t LoadInt32(const char* from) {
  std::int32_t value = 0;
  std::memcpy(&value, from, sizeof(value));
  return value;
}

// The encoding carries no total size, so the counts inside it have to be believed, their signs apart.
Result<Metadata> DecodeMetadata(const char* from) {
  Metadata metadata;
  if (from == nullptr) return metadata;
  const std::int32_t count = LoadInt32(from);
  from += sizeof(count);
  if (count < 0) return Invalid("schema metadata has {} entries", count);
  for (std::int32_t i = 0; i < count; ++i) {
    std::string parts[2];
    for (std::string& part : parts) {
      const std::int32_t size = LoadInt32(from);
      if (size < 0) return Invalid("schema metadata has an entry of {} bytes", size);
      part.assign(from + sizeof(size), static_cast<std::size_t>(size));
      from += sizeof(size) + static_cast<std::size_t>(size);
    }
    metadata.emplace_back(std::move(parts[0]), std::move(parts[1]));
  }
  return metadata;
}

bool IsDictionaryKey(TypeId id) { return id >= TypeId::kInt8 && id <= TypeId::kUInt64; }

// How many children a type has; -1 = any number.
std::int64_t WantedChildren(TypeId id) {
  switch (id) {
    case TypeId::kStruct:
      return -1;
    case TypeId::kList:
    case TypeId::kLargeList:
    case TypeId::kFixedSizeList:
    case TypeId::kMap:
      return 1;
    default:
      return 0;
  }
}

// Comes before any look at the name, which is gone with the rest.
Status CheckAlive(const ArrowSchema& schema) {
  return schema.release == nullptr ? Invalid("the Arrow schema is released") : Status();
}

Status CheckNode(const ArrowSchema& schema, int depth) {
  if (schema.format == nullptr) return Invalid("the Arrow schema has no format");
  if (depth > kMaxSchemaDepth) return Invalid("the Arrow schema is nested deeper than {} levels", kMaxSchemaDepth);
  if (schema.n_children < 0 || (schema.n_children > 0 && schema.children == nullptr)) {
    return Invalid("the Arrow schema \"{}\" announces {} children and has none", schema.format, schema.n_children);
  }
  for (std::int64_t i = 0; i < schema.n_children; ++i) {
    if (schema.children[i] == nullptr) return Invalid("child {} of the Arrow schema is missing", i);
  }
  return {};
}

Status CheckMap(const DataType& map) {
  const DataType& entries = map.children.front().type;
  if (entries.id == TypeId::kStruct && entries.children.size() == 2) return {};
  return Invalid("a map needs a struct of key and value, not {}", entries.to_string());
}

Result<Field> ImportNode(const ArrowSchema& schema, int depth);

// Turns the keys' type into a dictionary type.
Status ImportDictionary(const ArrowSchema& schema, int depth, DataType* type) {
  if (!IsDictionaryKey(type->id)) return Invalid("a dictionary cannot have keys of {}", type->to_string());
  LANCEKIT_ASSIGN(Field values, ImportNode(*schema.dictionary, depth + 1));
  type->key_id = std::exchange(type->id, TypeId::kDictionary);
  type->ordered = (schema.flags & ARROW_FLAG_DICTIONARY_ORDERED) != 0;
  type->children.push_back(std::move(values));
  return {};
}

Status ImportType(const ArrowSchema& schema, int depth, DataType* type) {
  LANCEKIT_ASSIGN(ParsedFormat parsed, ParseArrowFormat(schema.format));
  *type = std::move(parsed.type);
  const std::int64_t wanted = WantedChildren(type->id);
  if (wanted >= 0 && schema.n_children != wanted) {
    return Invalid("the Arrow schema \"{}\" has {} children instead of {}", schema.format, schema.n_children, wanted);
  }
  if (schema.dictionary != nullptr) return ImportDictionary(schema, depth, type);
  for (std::int64_t i = 0; i < schema.n_children; ++i) {
    LANCEKIT_ASSIGN(Field child, ImportNode(*schema.children[i], depth + 1));
    type->children.push_back(std::move(child));
  }
  if (type->id != TypeId::kMap) return {};
  type->ordered = (schema.flags & ARROW_FLAG_MAP_KEYS_SORTED) != 0;
  return CheckMap(*type);
}

// Fills a field whose name is known already.
Status FillField(const ArrowSchema& schema, int depth, Field* field) {
  LANCEKIT_TRY(CheckNode(schema, depth));
  LANCEKIT_TRY(ImportType(schema, depth, &field->type));
  LANCEKIT_ASSIGN(field->metadata, DecodeMetadata(schema.metadata));
  return {};
}

Result<Field> ImportNode(const ArrowSchema& schema, int depth) {
  LANCEKIT_TRY(CheckAlive(schema));
  Field field{.name = schema.name == nullptr ? "" : schema.name, .nullable = (schema.flags & ARROW_FLAG_NULLABLE) != 0};
  LANCEKIT_TRY(WithinField(field.name, FillField(schema, depth, &field)));
  return field;
}

}  // namespace

Result<Field> ImportField(const ArrowSchema& schema) { return ImportNode(schema, 1); }

Result<Schema> ImportSchema(const ArrowSchema& schema) {
  LANCEKIT_TRY(CheckAlive(schema));
  Field table;  // its name is no part of any column's path
  LANCEKIT_TRY(FillField(schema, 0, &table));
  if (table.type.id != TypeId::kStruct) return Invalid("a table needs a struct of columns, not {}", table.type.to_string());
  return Schema{.fields = std::move(table.type.children), .metadata = std::move(table.metadata)};
}

}  // namespace lancekit
