#include "format/schema.h"

#include <algorithm>
#include <cctype>

namespace lancekit::format {

namespace {

bool IsTrue(const Field& field, std::string_view key) {
  for (const auto& [name, value] : field.metadata) {
    // Lance takes the value in any case.
    if (name == key && value.size() == 4 && std::ranges::equal(value, std::string_view("true"), [](char a, char b) {
          return std::tolower(static_cast<unsigned char>(a)) == b;
        })) {
      return true;
    }
  }
  return false;
}

void CollectLeaves(const Field& field, std::vector<const Field*>* path, std::vector<Leaf>* out) {
  path->push_back(&field);
  if (OwnsColumn(field)) {
    out->push_back({*path, static_cast<std::uint32_t>(out->size())});
  } else {
    for (const Field& child : field.type.children) CollectLeaves(child, path, out);
  }
  path->pop_back();
}

/// Children that are fields of their own: not the item of a list of primitives and not the values of a dictionary.
bool HasChildFields(const DataType& type) {
  switch (type.id) {
    case TypeId::kStruct:
    case TypeId::kList:
    case TypeId::kLargeList:
    case TypeId::kMap:
      return true;
    case TypeId::kFixedSizeList:
      return !type.children.empty() && type.children[0].type.id == TypeId::kStruct;
    default:
      return false;
  }
}

std::int32_t LargestId(const std::vector<Field>& fields) {
  std::int32_t largest = -1;
  for (const Field& field : fields) largest = std::max({largest, field.id, LargestId(field.type.children)});
  return largest;
}

void AssignIds(std::vector<Field>* fields, std::int32_t* next) {
  for (Field& field : *fields) {
    if (field.id < 0) field.id = (*next)++;
    if (HasChildFields(field.type)) AssignIds(&field.type.children, next);
  }
}

}  // namespace

bool IsPackedStruct(const Field& field) {
  return field.type.id == TypeId::kStruct && (IsTrue(field, "lance-encoding:packed") || IsTrue(field, "packed"));
}

bool IsBlobV2(const Field& field) {
  if (field.type.id != TypeId::kStruct) return false;
  if (IsTrue(field, "lance-encoding:blob")) return true;
  return std::ranges::any_of(
      field.metadata, [](const auto& entry) { return entry.first == "ARROW:extension:name" && entry.second == "lance.blob.v2"; });
}

bool IsBlob(const Field& field) { return IsBlobV2(field) || (OwnsColumn(field) && IsTrue(field, "lance-encoding:blob")); }

bool OwnsColumn(const Field& field) {
  switch (field.type.id) {
    case TypeId::kStruct:
      return field.type.children.empty() || IsPackedStruct(field) || IsBlobV2(field);
    case TypeId::kList:
    case TypeId::kLargeList:
    case TypeId::kMap:
      return field.type.children.empty();
    case TypeId::kFixedSizeList:
      return field.type.children.empty() || field.type.children[0].type.id != TypeId::kStruct;
    default:
      return true;
  }
}

void AssignFieldIds(Schema* schema) {
  std::int32_t next = LargestId(schema->fields) + 1;
  AssignIds(&schema->fields, &next);
}

std::string Leaf::Name() const {
  std::string name;
  for (const Field* field : path) {
    if (!name.empty()) name += '.';
    name += field->name;
  }
  return name;
}

std::vector<Leaf> Leaves(const Schema& schema) {
  std::vector<Leaf> leaves;
  std::vector<const Field*> path;
  for (const Field& field : schema.fields) CollectLeaves(field, &path, &leaves);
  return leaves;
}

std::uint32_t NumColumns(const Field& field) {
  if (OwnsColumn(field)) return 1;
  std::uint32_t columns = 0;
  for (const Field& child : field.type.children) columns += NumColumns(child);
  return columns;
}

}  // namespace lancekit::format
