#include "legacy/field.h"

#include <algorithm>

#include "base/checked_math.h"

namespace lancekit::legacy {
namespace {

// Stored bytes of strings say little about their size in memory; codecs that decode fast reach about this ratio.
constexpr std::uint64_t kExpansion = 3;

void CollectColumns(const Field& field, std::vector<const Field*>* path, std::vector<format::Leaf>* out) {
  path->push_back(&field);
  out->push_back({*path, static_cast<std::uint32_t>(out->size())});
  const TypeId id = field.type.id;
  const bool children_have_columns =
      (id == TypeId::kStruct && !format::IsPackedStruct(field)) || id == TypeId::kList || id == TypeId::kLargeList;
  if (children_have_columns) {
    for (const Field& child : field.type.children) CollectColumns(child, path, out);
  }
  path->pop_back();
}

bool IsInList(const LeafType& leaf) {
  return std::any_of(leaf.parents.begin(), leaf.parents.end(), [](const ParentNode& p) { return p.kind == NodeKind::kList; });
}

}  // namespace

std::vector<format::Leaf> ColumnFields(const Schema& schema) {
  std::vector<format::Leaf> columns;
  std::vector<const Field*> path;
  for (const Field& field : schema.fields) CollectColumns(field, &path, &columns);
  return columns;
}

FieldColumns::FieldColumns(const FieldShape& shape, std::vector<std::shared_ptr<const Column>> columns, std::uint64_t num_rows)
    : shape_(&shape), columns_(std::move(columns)), num_rows_(num_rows), node_present_(shape.nodes().size()) {
  leaf_present_.resize(shape.leaves().size());
  // Children stand behind their parents.
  for (std::size_t i = shape.nodes().size(); i-- > 0;) {
    const FieldNode& node = shape.nodes()[i];
    if (node.kind == NodeKind::kLeaf) {
      node_present_[i] = leaf_present_[node.leaf] = columns_[i] != nullptr;
    } else {
      node_present_[i] =
          std::any_of(node.children.begin(), node.children.end(), [this](auto child) { return node_present_[child]; });
    }
  }
}

Result<FieldColumns> FieldColumns::Open(const FieldShape& shape, std::vector<std::shared_ptr<const Column>> columns,
                                        std::uint64_t num_rows) {
  FieldColumns field(shape, std::move(columns), num_rows);
  LANCEKIT_TRY(At(field.Check(0, num_rows), {.column = shape.field().name}));
  return field;
}

Status FieldColumns::Check(std::size_t index, std::uint64_t slots) const {
  if (!node_present_[index]) return {};
  const FieldNode& node = shape_->nodes()[index];
  if (node.kind != NodeKind::kStruct) {
    const Column* const column = columns_[index].get();
    if (column == nullptr) return Corrupt("no file has the column of the lists of {}", node.field->name);
    if (column->length() != slots) {
      return column->Locate(Corrupt("the pages hold {} values where there are {}", column->length(), slots));
    }
    if (node.kind == NodeKind::kList) slots = column->num_items();
  }
  for (const std::size_t child : node.children) LANCEKIT_TRY(Check(child, slots));
  return {};
}

Status FieldColumns::Read(ValueRange rows, FieldSink* sink, PageScratch* scratch) const {
  sink->SetPresent(leaf_present_);
  LANCEKIT_TRY(ReadNode(0, rows, sink, scratch));
  sink->FillAbsent(rows.count);
  return {};
}

Status FieldColumns::ReadNode(std::size_t index, ValueRange slots, FieldSink* sink, PageScratch* scratch) const {
  if (!node_present_[index]) return {};
  const FieldNode& node = shape_->nodes()[index];
  switch (node.kind) {
    case NodeKind::kLeaf: {
      LeafSink& leaf = sink->leaf(node.leaf);
      if (!leaf.leaf().is_empty_struct()) return columns_[index]->ReadValues(slots, &leaf, scratch);
      LANCEKIT_TRY(AppendFreeValues(&leaf.values(), slots.count));
      leaf.AppendValid(slots.count);
      return {};
    }
    case NodeKind::kList: {
      LANCEKIT_ASSIGN(slots, columns_[index]->ReadLists(slots, &sink->node(index), scratch));
      break;
    }
    default:  // a struct, which is never null
      sink->node(index).validity().AppendValid(slots.count);
  }
  for (const std::size_t child : node.children) LANCEKIT_TRY(ReadNode(child, slots, sink, scratch));
  return {};
}

// Each page of a dictionary column has a dictionary of its own, which a batch can hand out as it is.
std::uint64_t FieldColumns::PageEnd(std::uint64_t row) const {
  std::uint64_t end = ~std::uint64_t{0};
  for (const auto& column : columns_) {
    const bool ends_batches = column != nullptr && column->leaf().has_value() && column->leaf()->is_dictionary();
    if (ends_batches && !IsInList(*column->leaf())) end = std::min(end, column->PageEnd(row));
  }
  return end;
}

std::uint64_t FieldColumns::EstimateRowBytes() const {
  const std::uint64_t rows = std::max<std::uint64_t>(1, num_rows_);
  std::uint64_t bytes = 0;
  for (const auto& column : columns_) {
    if (column == nullptr) continue;
    const bool is_plain = column->leaf().has_value() && column->leaf()->shape.fixed() && !IsInList(*column->leaf());
    bytes += is_plain ? CeilDiv(column->leaf()->shape.width_bits, 8) : 8 + CeilDiv(column->stored_bytes(), rows) * kExpansion;
  }
  return bytes;
}

}  // namespace lancekit::legacy
