#include "structural/field_shape.h"

#include "base/checked_math.h"
#include "format/schema.h"

namespace lancekit {
namespace {

NodeKind KindOf(const Field& field) {
  if (format::OwnsColumn(field)) return NodeKind::kLeaf;
  switch (field.type.id) {
    case TypeId::kStruct:
      return NodeKind::kStruct;
    case TypeId::kFixedSizeList:
      return NodeKind::kFixedList;
    default:
      return NodeKind::kList;
  }
}

/// Lists and fixed-size lists of structs do not go together: no reader of the reference takes them.
Status CheckParents(const std::vector<ParentNode>& parents, const Field& field) {
  bool has_list = false;
  std::uint64_t slots = 1;
  constexpr std::uint64_t kMaxSlots = std::uint64_t{1} << 31;
  for (const ParentNode& parent : parents) {
    has_list = has_list || parent.kind == NodeKind::kList;
    if (!CheckedMul(slots, parent.size, &slots) || slots == 0 || slots > kMaxSlots) {
      return Unsupported("fixed-size lists of structs of {} items", slots);
    }
  }
  if (has_list && slots != 1) {
    return Unsupported("type {}: lists inside or around a fixed-size list of structs are not supported", field.type.to_string());
  }
  return {};
}

}  // namespace

std::uint64_t LeafType::SlotsPerRow() const noexcept {
  std::uint64_t slots = 1;
  for (const ParentNode& parent : parents) slots *= parent.size;
  return slots;
}

Result<LeafType> MakeLeafType(const DataType& type) {
  LeafType leaf;
  leaf.type = type;
  if (leaf.is_empty_struct()) return leaf;
  LANCEKIT_ASSIGN(leaf.shape, ShapeOf(type));
  if (type.id == TypeId::kDictionary) {
    LANCEKIT_ASSIGN(leaf.dictionary_shape, ShapeOf(type.children[0].type));
  }
  return leaf;
}

Result<std::shared_ptr<const FieldShape>> FieldShape::Make(Field field) {
  std::shared_ptr<FieldShape> shape(new FieldShape(std::move(field)));
  FieldLeaf path;
  LANCEKIT_TRY(At(shape->Add(shape->field_, &path), {.column = shape->field_.name}));
  return std::shared_ptr<const FieldShape>(std::move(shape));
}

Status FieldShape::Add(const Field& field, FieldLeaf* path) {
  const std::size_t index = nodes_.size();
  const NodeKind kind = KindOf(field);
  nodes_.push_back({kind, &field, {}, leaves_.size()});
  const std::string outer_name = path->name;
  path->name += path->name.empty() ? field.name : "." + field.name;
  if (kind == NodeKind::kLeaf) {
    FieldLeaf leaf = *path;
    LANCEKIT_ASSIGN(leaf.type, MakeLeafType(field.type));
    leaf.type.parents = path->type.parents;
    leaf.field = &field;
    LANCEKIT_TRY(CheckParents(leaf.type.parents, field_));
    leaves_.push_back(std::move(leaf));
  } else {
    if (kind != NodeKind::kStruct && field.type.children.size() != 1) {
      return Corrupt("type {} has {} items", field.type.to_string(), field.type.children.size());
    }
    const bool fixed = kind == NodeKind::kFixedList;
    if (fixed && field.type.size <= 0) return Unsupported("type {} cannot be stored", field.type.to_string());
    path->type.parents.push_back({kind, fixed ? static_cast<std::uint64_t>(field.type.size) : 1});
    path->parents.push_back(index);
    for (const Field& child : field.type.children) {
      nodes_[index].children.push_back(nodes_.size());
      LANCEKIT_TRY(Add(child, path));
    }
    path->type.parents.pop_back();
    path->parents.pop_back();
  }
  path->name = outer_name;
  return {};
}

}  // namespace lancekit
