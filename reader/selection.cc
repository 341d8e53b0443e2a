#include "reader/selection.h"

#include <algorithm>
#include <string_view>

#include "format/schema.h"

namespace lancekit {
namespace {

/// A field, whole or with some of its children.
struct Part {
  const Field* field = nullptr;
  bool whole = false;
  std::vector<Part> children;

  Part& Child(const Field& child) {
    const auto it = std::ranges::find(children, &child, &Part::field);
    if (it != children.end()) return *it;
    return children.emplace_back(Part{&child, false, {}});
  }

  Field Prune() const {
    if (whole) return *field;
    Field pruned = *field;
    pruned.type.children.clear();
    for (const Field& child : field->type.children) {
      const auto it = std::ranges::find(children, &child, &Part::field);
      if (it != children.end()) pruned.type.children.push_back(it->Prune());
    }
    return pruned;
  }
};

/// Names may hold dots themselves, so the longest one that fits wins. False when there is no such field.
bool SelectPath(std::string_view path, Part* part) {
  if (path.empty()) {
    part->whole = true;
    return true;
  }
  if (format::OwnsColumn(*part->field)) return false;
  path.remove_prefix(1);  // the dot
  const Field* best = nullptr;
  for (const Field& child : part->field->type.children) {
    const bool fits = path.starts_with(child.name) && (path.size() == child.name.size() || path[child.name.size()] == '.');
    if (fits && (best == nullptr || child.name.size() > best->name.size())) best = &child;
  }
  if (best != nullptr && SelectPath(path.substr(best->name.size()), &part->Child(*best))) return true;
  // The item of a list need not be named.
  const bool is_list = part->field->type.id != TypeId::kStruct && part->field->type.children.size() == 1;
  return is_list && SelectPath(std::string(".").append(path), &part->Child(part->field->type.children[0]));
}

}  // namespace

Result<Selection> SelectFields(const Schema& schema, const std::vector<std::string>& names) {
  std::vector<Part> parts;
  if (names.empty()) {
    for (const Field& field : schema.fields) parts.push_back({&field, true, {}});
  }
  for (const std::string& name : names) {
    if (const int index = schema.index_of(name); index >= 0) {
      parts.push_back({&schema.fields[static_cast<std::size_t>(index)], true, {}});
      continue;
    }
    bool found = false;
    for (const Field& field : schema.fields) {
      if (!name.starts_with(field.name + ".")) continue;
      Part part{&field, false, {}};
      if (!SelectPath(std::string_view(name).substr(field.name.size()), &part)) continue;
      const auto it = std::ranges::find_if(parts, [&](const Part& other) { return other.field == &field && !other.whole; });
      Part& target = it == parts.end() ? parts.emplace_back(Part{&field, false, {}}) : *it;
      found = SelectPath(std::string_view(name).substr(field.name.size()), &target);
      break;
    }
    if (!found) return Invalid("there is no column \"{}\"", name);
  }
  Selection selection;
  for (const Part& part : parts) {
    LANCEKIT_ASSIGN(auto shape, FieldShape::Make(part.Prune()));
    selection.push_back(std::move(shape));
  }
  return selection;
}

Schema SelectedSchema(const Schema& schema, const Selection& selection) {
  Schema selected;
  selected.metadata = schema.metadata;
  for (const auto& shape : selection) selected.fields.push_back(shape->field());
  return selected;
}

}  // namespace lancekit
