// A field as a tree of nodes with its leaves: what a column of pages belongs to and which layers its levels speak of.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "encodings/values.h"
#include "lancekit/types.hpp"

namespace lancekit {

enum class NodeKind : std::uint8_t { kLeaf, kStruct, kList, kFixedList };

/// A node above a leaf.
struct ParentNode {
  NodeKind kind = NodeKind::kStruct;
  std::uint64_t size = 1;  ///< fixed-size list: items per slot

  friend bool operator==(const ParentNode&, const ParentNode&) = default;
};

struct LeafType {
  DataType type;
  ValueShape shape;                            ///< of the values; of the keys for a dictionary type
  std::optional<ValueShape> dictionary_shape;  ///< dictionary types: shape of the dictionary's values
  std::vector<ParentNode> parents;             ///< outermost first; none for a flat column

  bool is_dictionary() const noexcept { return dictionary_shape.has_value(); }
  bool is_flat() const noexcept { return parents.empty(); }
  /// A struct without fields: its pages say nothing about it.
  bool is_empty_struct() const noexcept { return type.id == TypeId::kStruct && type.children.empty(); }
  /// Page slots per row: above 1 below a fixed-size list of structs.
  std::uint64_t SlotsPerRow() const noexcept;
};

/// A flat column of this type. Errors: kUnsupported for a type that is no leaf.
Result<LeafType> MakeLeafType(const DataType& type);

struct FieldNode {
  NodeKind kind = NodeKind::kLeaf;
  const Field* field = nullptr;
  std::vector<std::size_t> children;  ///< nodes
  std::size_t leaf = 0;               ///< of a leaf: its number
};

struct FieldLeaf {
  LeafType type;
  const Field* field = nullptr;
  std::string name;                  ///< "a.b.c"
  std::vector<std::size_t> parents;  ///< nodes, outermost first
};

/// Immutable; keeps the field that nodes and leaves point into.
class FieldShape {
 public:
  /// Errors: kUnsupported, naming column and type; kCorruption for a list without an item.
  static Result<std::shared_ptr<const FieldShape>> Make(Field field);
  FieldShape(const FieldShape&) = delete;
  FieldShape& operator=(const FieldShape&) = delete;

  const Field& field() const noexcept { return field_; }
  /// Depth-first, so the first is the field itself.
  const std::vector<FieldNode>& nodes() const noexcept { return nodes_; }
  const std::vector<FieldLeaf>& leaves() const noexcept { return leaves_; }
  bool is_flat() const noexcept { return nodes_.size() == 1; }

 private:
  explicit FieldShape(Field field) : field_(std::move(field)) {}
  Status Add(const Field& field, FieldLeaf* path);

  Field field_;
  std::vector<FieldNode> nodes_;
  std::vector<FieldLeaf> leaves_;
};

}  // namespace lancekit
