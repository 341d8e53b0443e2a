// Lance schemas: logical type strings and the flattened field list of descriptors and manifests.
#pragma once

#include <algorithm>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/byte_reader.h"
#include "base/status.h"
#include "lancekit/types.hpp"

namespace lancekit::format {

/// One serialized lance.file.Field (protobuf bytes) per field, depth-first. Field ids must be assigned.
Result<std::vector<std::string>> SerializeFields(const Schema& schema);
/// The reverse: rebuilds the tree from messages in file order. Errors: kCorruption (cycles, unknown parents, bad counts),
/// kUnsupported (a logical type that is not known, by name).
Result<std::vector<Field>> ParseFields(std::span<const Bytes> messages);

/// What tells the place of a field in the flattened list.
struct FieldHead {
  std::string_view name;  ///< borrowed from the message
  std::int32_t id = 0;
  std::int32_t parent_id = 0;

  /// What stands below a blob descriptor has neither id nor parent.
  bool is_top_level() const noexcept { return parent_id == -1 && id >= 0; }
};
/// Pre: CatchMalformed is around it.
FieldHead PeekField(Bytes message);
/// Whether a path names the top-level field or one below it; a superset, as names may hold dots themselves.
inline bool LeadsInto(std::string_view path, std::string_view field) {
  return path.starts_with(field) && (path.size() == field.size() || path[field.size()] == '.');
}
/// Watches whether what is below a top-level field follows it, before the next one: nothing but custom says so.
class FieldOrder {
 public:
  /// False when the field lies elsewhere.
  bool Add(const FieldHead& head);

 private:
  std::vector<std::int32_t> ids_;  // of the top-level field and what is below it, so far
};
/// Of a flattened list, the top-level fields that one of the paths leads into, with all below them; the whole list where fields
/// do not follow their parents. Pre: as PeekField.
std::vector<Bytes> SelectMessages(std::span<const Bytes> messages, std::span<const std::string> paths);

/// E.g. "timestamp:us:UTC", "fixed_size_list:float:128", "dict:string:int16:false", "list.struct".
/// Errors: kUnsupported for types that Lance cannot hold.
Result<std::string> LogicalType(const DataType& type);

/// The reverse. Children of struct, list and map types come as fields of their own and are missing here; the item of a
/// fixed-size list is there (without children when it is a struct). Errors: kUnsupported, naming the string.
Result<DataType> ParseLogicalType(std::string_view text);

/// Whether an item of lists is a brain floating point number: an Arrow extension of binaries of two bytes.
/// Source: rust/lance-arrow/src/bfloat16.rs.
inline bool IsBFloat16(const Field& item) {
  return item.type.id == TypeId::kFixedSizeBinary && item.type.size == 2 &&
         std::ranges::find(item.metadata, std::pair<std::string, std::string>("ARROW:extension:name", "lance.bfloat16")) !=
             item.metadata.end();
}

/// Struct whose children share one column (metadata lance-encoding:packed or packed).
bool IsPackedStruct(const Field& field);
/// Struct that describes blobs, as a manifest (extension lance.blob.v2) or a data file (lance-encoding:blob) has it.
bool IsBlobV2(const Field& field);
/// A leaf whose values are stored as blobs: IsBlobV2, or any other leaf with the metadata lance-encoding:blob.
bool IsBlob(const Field& field);

/// True for what has a column of its own in a 2.1 / 2.2 file; false for structs and lists, whose leaves have.
bool OwnsColumn(const Field& field);

/// Assigns ids depth-first from 0 where the schema has none (-1).
void AssignFieldIds(Schema* schema);

/// Leaf columns of a 2.1 / 2.2 file in column order: the path from the top-level field down to the leaf.
/// Structs and lists own no column; fixed-size lists of primitives, dictionaries,
/// packed structs and empty structs are leaves.
struct Leaf {
  std::vector<const Field*> path;  // borrowed from the schema; outermost first, leaf last
  std::uint32_t column = 0;
  /// "a.b.c"
  std::string Name() const;
};
std::vector<Leaf> Leaves(const Schema& schema);
/// The columns of a field and all below it.
std::uint32_t NumColumns(const Field& field);

}  // namespace lancekit::format
