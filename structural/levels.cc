#include "structural/levels.h"

#include <algorithm>
#include <limits>

#include "base/checked_math.h"
#include "encodings/kernels/stats.h"

namespace lancekit {
namespace {

using format::RepDefLayer;

struct LayerKind {
  bool is_list = false;
  bool has_null = false;
  bool has_empty = false;
};

Result<LayerKind> KindOf(RepDefLayer layer) {
  switch (layer) {
    case RepDefLayer::kAllValidItem:
      return LayerKind{};
    case RepDefLayer::kNullableItem:
      return LayerKind{.has_null = true};
    case RepDefLayer::kAllValidList:
      return LayerKind{.is_list = true};
    case RepDefLayer::kNullableList:
      return LayerKind{.is_list = true, .has_null = true};
    case RepDefLayer::kEmptyableList:
      return LayerKind{.is_list = true, .has_empty = true};
    case RepDefLayer::kNullAndEmptyList:
      return LayerKind{.is_list = true, .has_null = true, .has_empty = true};
    default:
      return Corrupt("a layer of kind {}", static_cast<unsigned>(layer));
  }
}

}  // namespace

Result<PageLevels> PageLevels::Make(std::span<const RepDefLayer> layers, const LeafType& leaf) {
  if (layers.size() != leaf.parents.size() + 1) {
    return Corrupt("{} layers where a column of this type has {}", layers.size(), leaf.parents.size() + 1);
  }
  PageLevels levels;
  levels.parents_and_leaf_.resize(layers.size());
  std::uint64_t stride = 1;
  for (std::size_t i = 0; i < layers.size(); ++i) {
    LayerLevels& layer = levels.parents_and_leaf_[layers.size() - 1 - i];
    const ParentNode parent = i == 0 ? ParentNode{NodeKind::kLeaf, 1} : leaf.parents[leaf.parents.size() - i];
    LANCEKIT_ASSIGN(const LayerKind kind, KindOf(layers[i]));
    if (kind.is_list != (parent.kind == NodeKind::kList)) return Corrupt("layer {} is {}a list", i, kind.is_list ? "" : "not ");
    layer.kind = parent.kind;
    layer.inside = levels.max_def_;
    if (kind.has_null) ++levels.max_def_;
    if (kind.has_empty) layer.empty = ++levels.max_def_;
    if (kind.is_list) ++levels.max_rep_;
    layer.start = levels.max_rep_;
    stride *= parent.size;
    layer.stride = stride;
  }
  std::uint16_t visible = levels.max_def_;
  for (LayerLevels& layer : levels.parents_and_leaf_) {
    layer.visible = visible;
    if (layer.kind == NodeKind::kList) visible = layer.inside;
  }
  return levels;
}

Status PageLevels::Check(const std::uint16_t* rep, const std::uint16_t* def, std::uint64_t count) const {
  const std::uint16_t rep_found = rep == nullptr ? std::uint16_t{0} : kernels::MaxValue(rep, count);
  const std::uint16_t def_found = def == nullptr ? std::uint16_t{0} : kernels::MaxValue(def, count);
  if (rep_found > max_rep_) return Corrupt("repetition level {} where {} is the highest", rep_found, max_rep_);
  if (def_found > max_def_) return Corrupt("definition level {} where {} is the highest", def_found, max_def_);
  return {};
}

std::uint64_t PageLevels::CountVisible(const std::uint16_t* def, std::uint64_t count) const {
  if (def == nullptr || max_visible() == max_def_) return count;
  const std::uint16_t limit = max_visible();
  std::uint64_t visible = 0;
  for (std::uint64_t i = 0; i < count; ++i) visible += def[i] <= limit;
  return visible;
}

namespace {

/// The entries of one call, and memory for the levels that a layer sees of them.
struct Entries {
  const std::uint16_t* rep;
  const std::uint16_t* def;
  std::uint64_t count;
  MutableBuffer* seen;
};

Status AppendLists(const LayerLevels& layer, const Entries& entries, NodeSink* node) {
  std::int64_t items = node->num_items();
  // Offsets for as many slots as there can be; what is not used is given back.
  std::int64_t* const starts = node->ReserveStarts(entries.count);
  std::uint64_t slots = 0;
  if (entries.def == nullptr) {
    for (std::uint64_t i = 0; i < entries.count; ++i) {
      starts[slots] = items;
      slots += entries.rep[i] >= layer.start;
      items += entries.rep[i] + 1 >= layer.start;
    }
    node->validity().AppendValid(slots);
    return node->CommitStarts(slots, items);
  }
  entries.seen->Resize(entries.count * sizeof(std::uint16_t));
  auto* const nulls = entries.seen->as<std::uint16_t>();
  std::uint16_t any_null = 0;
  for (std::uint64_t i = 0; i < entries.count; ++i) {
    const std::uint16_t def = entries.def[i];
    const bool is_null = def > layer.inside && (def != layer.empty || layer.empty == 0);
    starts[slots] = items;
    nulls[slots] = static_cast<std::uint16_t>(is_null);
    const bool is_slot = entries.rep[i] >= layer.start && def <= layer.visible;
    any_null |= static_cast<std::uint16_t>(is_slot && is_null);
    slots += is_slot;
    items += entries.rep[i] + 1 >= layer.start && def <= layer.inside;
  }
  any_null != 0 ? node->validity().AppendLevels(nulls, slots) : node->validity().AppendValid(slots);
  return node->CommitStarts(slots, items);
}

void AppendStructs(const LayerLevels& layer, const Entries& entries, std::uint64_t phase, ValiditySink* validity) {
  if (entries.def == nullptr && (entries.rep == nullptr || layer.start == 0)) {
    validity->AppendValid(CeilDiv(phase + entries.count, layer.stride) - CeilDiv(phase, layer.stride));
    return;
  }
  entries.seen->Resize(entries.count * sizeof(std::uint16_t));
  auto* const nulls = entries.seen->as<std::uint16_t>();
  std::uint64_t slots = 0;
  std::uint16_t any_null = 0;
  for (std::uint64_t i = 0; i < entries.count; ++i) {
    const std::uint16_t def = entries.def == nullptr ? std::uint16_t{0} : entries.def[i];
    const bool in_list = entries.rep == nullptr || entries.rep[i] >= layer.start;
    const bool is_slot = in_list && def <= layer.visible && (layer.stride == 1 || (phase + i) % layer.stride == 0);
    nulls[slots] = static_cast<std::uint16_t>(def > layer.inside);
    any_null |= static_cast<std::uint16_t>(is_slot && def > layer.inside);
    slots += is_slot;
  }
  any_null != 0 ? validity->AppendLevels(nulls, slots) : validity->AppendValid(slots);
}

/// Definition levels of the entries that have a value.
const std::uint16_t* VisibleLevels(const PageLevels& levels, const Entries& entries, std::uint64_t* count) {
  *count = entries.count;
  if (entries.def == nullptr || levels.max_visible() == levels.max_def()) return entries.def;
  entries.seen->Resize(entries.count * sizeof(std::uint16_t));
  auto* const seen = entries.seen->as<std::uint16_t>();
  const std::uint16_t limit = levels.max_visible();
  std::uint64_t visible = 0;
  std::uint16_t any = 0;
  for (std::uint64_t i = 0; i < entries.count; ++i) {
    seen[visible] = entries.def[i];
    visible += entries.def[i] <= limit;
    any |= entries.def[i] <= limit ? entries.def[i] : std::uint16_t{0};
  }
  *count = visible;
  return any == 0 ? nullptr : seen;
}

}  // namespace

Result<const std::uint16_t*> AppendEntries(const PageLevels& levels, const std::uint16_t* rep, const std::uint16_t* def,
                                           std::uint64_t count, LeafSink* sink, MutableBuffer* visible) {
  const Entries entries{rep, levels.max_def() == 0 ? nullptr : def, count, visible};
  const std::vector<LayerLevels>& layers = levels.layers();
  for (std::size_t i = 0; i + 1 < layers.size(); ++i) {
    NodeSink* const node = sink->parent(i);
    if (node == nullptr) continue;
    if (layers[i].kind == NodeKind::kList) {
      LANCEKIT_TRY(AppendLists(layers[i], entries, node));
    } else {
      AppendStructs(layers[i], entries, sink->entries(), &node->validity());
    }
  }
  sink->CountEntries(count);
  std::uint64_t num_values = 0;
  const std::uint16_t* const seen = VisibleLevels(levels, entries, &num_values);
  seen == nullptr ? sink->AppendValid(num_values) : sink->AppendLevels(seen, num_values);
  return seen;
}

}  // namespace lancekit
