// Source: lance rust lance-core datatypes/field.rs (the descriptor), python lance blob.py (the extension type).
#include "writer/blob_schema.h"

#include <algorithm>

namespace lancekit {
namespace {

constexpr const char* kBlobKey = "lance-encoding:blob";
constexpr const char* kPackedKey = "lance-encoding:packed";
constexpr const char* kExtensionName = "ARROW:extension:name";
constexpr const char* kExtensionMetadata = "ARROW:extension:metadata";

DataType Simple(TypeId id) { return DataType{.id = id}; }

/// The extension type has the bytes in a field `data`.
bool HasData(const Field& blob) {
  return std::ranges::any_of(blob.type.children,
                             [](const Field& child) { return child.name == "data" && child.type.id == TypeId::kLargeBinary; });
}

Status ConvertBlob(Field* field, bool is_inside, BlobForm form) {
  const bool is_extension = format::IsBlobV2(*field);
  if (is_extension ? !HasData(*field) : field->type.id != TypeId::kLargeBinary) {
    return Unsupported("blobs are large_binary, not {}; cast the column, or remove lance-encoding:blob", field->type.to_string());
  }
  std::erase_if(field->metadata, [&](const auto& entry) {
    return entry.first == kBlobKey || (is_extension && (entry.first == kExtensionName || entry.first == kExtensionMetadata));
  });
  if (form == BlobForm::kPages) {
    field->type = Simple(TypeId::kLargeBinary);
    field->metadata.emplace_back(kBlobKey, "true");
    return {};
  }
  if (is_inside) {
    return Unsupported(
        "blobs inside other columns cannot be stored in a dataset of Lance 2.2; write version 2.1, or remove "
        "lance-encoding:blob");
  }
  field->type = Simple(TypeId::kStruct);
  field->type.children = {Field{.name = "data", .type = Simple(TypeId::kLargeBinary)},
                          Field{.name = "uri", .type = Simple(TypeId::kString)}};
  field->metadata.emplace_back(kExtensionName, "lance.blob.v2");
  field->metadata.emplace_back(kExtensionMetadata, "");
  return {};
}

Status Convert(Field* field, const std::string& prefix, BlobForm form) {
  const std::string path = prefix + field->name;
  if (format::OwnsColumn(*field)) {
    return format::IsBlob(*field) ? At(ConvertBlob(field, !prefix.empty(), form), {.column = path}) : Status();
  }
  for (Field& child : field->type.children) LANCEKIT_TRY(Convert(&child, path + ".", form));
  return {};
}

}  // namespace

Result<Schema> TableSchema(Schema input, BlobForm form) {
  for (Field& field : input.fields) LANCEKIT_TRY(Convert(&field, "", form));
  format::AssignFieldIds(&input);
  return input;
}

Schema FileSchema(Schema table) {
  for (Field& field : table.fields) {
    if (!format::IsBlobV2(field)) continue;
    // The fields of a descriptor have no ids.
    field.type.children = {Field{.name = "kind", .type = Simple(TypeId::kUInt8), .nullable = false},
                           Field{.name = "position", .type = Simple(TypeId::kUInt64), .nullable = false},
                           Field{.name = "size", .type = Simple(TypeId::kUInt64), .nullable = false},
                           Field{.name = "blob_id", .type = Simple(TypeId::kUInt32), .nullable = false},
                           Field{.name = "blob_uri", .type = Simple(TypeId::kString), .nullable = false}};
    field.metadata = {{kBlobKey, "true"}, {kPackedKey, "true"}};
  }
  return table;
}

}  // namespace lancekit
