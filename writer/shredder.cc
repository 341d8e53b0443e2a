// Numbering of levels: lance rust lance-encoding repdef.rs. Definition levels are counted from the leaf outwards, 0 is valid;
// a repetition level of k starts a new list in the k-th list layer, 0 continues the innermost list.
#include "writer/shredder.h"

#include <algorithm>
#include <bit>

#include "encodings/level_bits.h"

namespace lancekit {
namespace {

PathNode::Kind KindOf(TypeId id) {
  if (id == TypeId::kStruct) return PathNode::Kind::kStruct;
  return id == TypeId::kFixedSizeList ? PathNode::Kind::kFixedList : PathNode::Kind::kList;
}

Status CheckNode(const Field& field, format::FileVersion version) {
  if (version != format::FileVersion::k2_1) return {};
  if (field.type.id == TypeId::kMap)
    return Unsupported("maps cannot be stored in Lance 2.1; write version 2.2, or lists of structs of key and value");
  if (field.type.id == TypeId::kFixedSizeList)
    return Unsupported("fixed-size lists of structs cannot be stored in Lance 2.1; write version 2.2, or lists");
  return {};
}

}  // namespace

Result<LeafPath> LeafPath::Make(const format::Leaf& leaf, format::FileVersion version) {
  LeafPath path;
  path.leaf_nullable_ = leaf.path.back()->nullable;
  path.leaf_packed_ = format::IsPackedStruct(*leaf.path.back());
  bool first_below = true;  // of all leaves below the node
  std::uint16_t level = kLeafNull;
  for (std::size_t i = leaf.path.size() - 1; i-- > 0;) {
    const Field& above = *leaf.path[i];
    LANCEKIT_TRY(CheckNode(above, version));
    PathNode node{.kind = KindOf(above.type.id), .nullable = above.nullable};
    node.child = static_cast<std::size_t>(leaf.path[i + 1] - above.type.children.data());
    node.null_level = ++level;
    first_below = first_below && node.child == 0;
    if (node.kind == PathNode::Kind::kList) {
      if (path.max_rep_ == 0) path.max_visible_ = static_cast<std::uint16_t>(level - 1);
      node.empty_level = ++level;
      node.item_rep = path.max_rep_++;
      node.large_offsets = HasLargeOffsets(above.type.id);
      node.owns_offsets = first_below;
    } else if (node.kind == PathNode::Kind::kFixedList) {
      node.size = static_cast<std::uint64_t>(above.type.size);
      path.stride_ *= node.size;
    }
    path.nodes_.push_back(node);
  }
  path.max_def_ = level;
  if (path.max_rep_ == 0) path.max_visible_ = level;
  std::reverse(path.nodes_.begin(), path.nodes_.end());
  const bool has_fixed = std::ranges::any_of(path.nodes_, [](const PathNode& n) { return n.kind == PathNode::Kind::kFixedList; });
  if (has_fixed && path.has_lists())
    return Unsupported("lists in or around fixed-size lists of structs cannot be read back by Lance; use lists for both");
  return path;
}

const ArrayView& LeafPath::LeafView(const ArrayView& top) const {
  const ArrayView* view = &top;
  for (const PathNode& node : nodes_) view = &view->children[node.child];
  return *view;
}

std::vector<format::RepDefLayer> LeafPath::Layers(std::vector<bool> occurs, bool only_page,
                                                  std::vector<std::uint16_t>* levels) const {
  using Layer = format::RepDefLayer;
  // Errors of the reference are kept out of its way. It miscounts a struct above a list, or a node above the slots of a
  // fixed-size list, that is nullable in one page of a batch and all valid in another one; and a nullable struct above a list
  // that is all valid. Of a null struct it may read nulls in the fields of a struct right below, which are errors to it where
  // those are not nullable: the struct below, a packed one too, has to be null as well.
  bool below_nullable = false;
  bool may_be_null = false;
  bool null_above = false;
  std::uint64_t slots = stride_;
  for (const PathNode& node : nodes_) {
    const bool is_list = node.kind == PathNode::Kind::kList;
    const bool spans_slots = node.null_level > max_visible_ || slots != 1;
    may_be_null = !is_list && (may_be_null || node.nullable);
    if (!is_list && (null_above || (may_be_null && spans_slots && !only_page))) occurs[node.null_level] = true;
    if (is_list && below_nullable && !occurs[node.empty_level]) occurs[node.null_level] = true;
    null_above = !is_list && occurs[node.null_level];
    below_nullable = below_nullable || null_above;
    slots /= node.size;
  }
  if (leaf_packed_ && null_above) occurs[kLeafNull] = true;
  levels->assign(max_def_ + 1u, 0);
  std::uint16_t next = 0;
  const auto number = [&](std::uint16_t level) {
    if (occurs[level]) (*levels)[level] = ++next;
    return static_cast<bool>(occurs[level]);
  };
  std::vector<Layer> layers{number(kLeafNull) ? Layer::kNullableItem : Layer::kAllValidItem};
  for (std::size_t i = nodes_.size(); i-- > 0;) {
    const PathNode& node = nodes_[i];
    const bool null = number(node.null_level);
    if (node.kind != PathNode::Kind::kList) {
      layers.push_back(null ? Layer::kNullableItem : Layer::kAllValidItem);
      continue;
    }
    const bool empty = number(node.empty_level);
    layers.push_back(null ? (empty ? Layer::kNullAndEmptyList : Layer::kNullableList)
                          : (empty ? Layer::kEmptyableList : Layer::kAllValidList));
  }
  return layers;
}

Status Shredder::Shred(const ArrayView& top, std::uint64_t first_row, std::uint64_t num_rows) {
  num_entries_ = num_values_ = num_rows;
  offset_bytes_ = 0;
  rep_.assign(path_->has_lists() ? num_rows : 0, path_->max_rep());
  def_.clear();
  slots_.clear();
  if (num_rows != 0) slots_.push_back({first_row, num_rows});
  const ArrayView* view = &top;
  for (const PathNode& node : path_->nodes()) {
    switch (node.kind) {
      case PathNode::Kind::kStruct:
        LANCEKIT_TRY(MarkNulls(*view, node.nullable, node.null_level));
        break;
      case PathNode::Kind::kList:
        LANCEKIT_TRY(node.large_offsets ? ExpandLists<std::int64_t>(node, *view) : ExpandLists<std::int32_t>(node, *view));
        break;
      case PathNode::Kind::kFixedList:
        LANCEKIT_TRY(MarkNulls(*view, node.nullable, node.null_level));
        ExpandFixed(node.size);
        break;
    }
    view = &view->children[node.child];
  }
  return MarkLeaf(*view);
}

/// Calls body(entry, slot, count) for runs of entries that own slots of the node at hand, one after the other.
template <class Body>
void Shredder::ForEachRun(Body body) const {
  LevelBits closed;
  if (num_entries_ != num_values_) closed = LevelBits::Above(def_, path_->max_visible());
  std::uint64_t entry = 0;
  std::uint64_t end = closed.size() == 0 ? num_entries_ : 0;  // of the run at hand
  for (const SlotRange& range : slots_) {
    for (std::uint64_t done = 0; done < range.count;) {
      if (entry == end) {
        entry = closed.Find(entry, false);
        end = closed.Find(entry, true);
      }
      const std::uint64_t count = std::min(range.count - done, end - entry);
      body(entry, range.first + done, count);
      entry += count;
      done += count;
    }
  }
}

void Shredder::NeedDef() {
  if (def_.empty()) def_.assign(num_entries_, 0);
}

void Shredder::Keep(std::uint64_t first, std::uint64_t count) {
  if (count == 0) return;
  if (!next_slots_.empty() && next_slots_.back().first + next_slots_.back().count == first) {
    next_slots_.back().count += count;
  } else {
    next_slots_.push_back({first, count});
  }
}

// The outermost null counts, so levels that are there already stay. Nulls above the innermost list give up their slots.
// null_bits(slot, count): a bit for each of up to 64 slots.
template <class NullBits>
Status Shredder::MarkNulls(bool nullable, std::uint16_t null_level, NullBits null_bits) {
  const bool keeps_slots = null_level <= path_->max_visible();
  std::uint64_t marked = 0;
  next_slots_.clear();
  ForEachRun([&](std::uint64_t entry, std::uint64_t slot, std::uint64_t count) {
    std::uint64_t kept = 0;
    for (std::uint64_t i = 0; i < count; i += 64) {
      for (std::uint64_t nulls = null_bits(slot + i, std::min<std::uint64_t>(64, count - i)); nulls != 0; nulls &= nulls - 1) {
        NeedDef();
        const std::uint64_t null = i + static_cast<std::uint64_t>(std::countr_zero(nulls));
        if (!keeps_slots) Keep(slot + kept, null - kept);
        kept = null + 1;
        if (def_[entry + null] != 0) continue;
        def_[entry + null] = null_level;
        ++marked;
      }
    }
    if (!keeps_slots) Keep(slot + kept, count - kept);
  });
  if (!keeps_slots) {
    slots_.swap(next_slots_);
    num_values_ -= marked;
  }
  return marked != 0 && !nullable ? Invalid("nulls in a field that is not nullable") : Status();
}

namespace {

std::uint64_t NullBitsOf(const ArrayView& view, std::uint64_t slot, std::uint64_t count) {
  if (view.validity == nullptr) return 0;
  const std::uint64_t all = ~std::uint64_t{0} >> (64 - count);
  return ~LoadBits(view.validity, SlotOf(view, slot), static_cast<unsigned>(count)) & all;
}

}  // namespace

Status Shredder::MarkNulls(const ArrayView& view, bool nullable, std::uint16_t null_level) {
  if (view.validity == nullptr) return {};
  return MarkNulls(nullable, null_level, [&](std::uint64_t slot, std::uint64_t count) { return NullBitsOf(view, slot, count); });
}

Status Shredder::MarkLeaf(const ArrayView& view) {
  const bool nullable = path_->leaf_nullable();
  if (view.type->id == TypeId::kNull) {
    return MarkNulls(nullable, LeafPath::kLeafNull,
                     [](std::uint64_t, std::uint64_t count) { return ~std::uint64_t{0} >> (64 - count); });
  }
  if (view.dictionary == nullptr || view.dictionary->validity == nullptr) return MarkNulls(view, nullable, LeafPath::kLeafNull);
  // A key may also name a null item.
  DataType keys;
  keys.id = view.type->key_id;
  const std::uint64_t key_bytes = FixedWidthBits(keys) / 8;
  return MarkNulls(nullable, LeafPath::kLeafNull, [&](std::uint64_t slot, std::uint64_t count) {
    std::uint64_t nulls = NullBitsOf(view, slot, count);
    for (std::uint64_t i = 0; i < count; ++i) {
      if ((nulls >> i & 1) != 0) continue;
      nulls |= std::uint64_t{IsNullAt(*view.dictionary, KeyAt(view, SlotOf(view, slot + i), key_bytes))} << i;
    }
    return nulls;
  });
}

// Each list becomes its items or, when it is null or empty, one entry without a slot.
template <class Offset>
Status Shredder::ExpandLists(const PathNode& node, const ArrayView& view) {
  const auto offset = [&](std::uint64_t slot) {
    return static_cast<std::uint64_t>(LoadLe<Offset>(view.values + slot * sizeof(Offset)));
  };
  if (node.owns_offsets) offset_bytes_ += num_values_ * sizeof(Offset);
  LANCEKIT_TRY(MarkNulls(view, node.nullable, node.null_level));
  std::uint64_t num_items = 0;
  std::uint64_t num_empty = 0;
  next_slots_.clear();
  for (const SlotRange& range : slots_) {
    const std::uint64_t first = SlotOf(view, range.first), end = first + range.count;
    for (std::uint64_t slot = first; slot < end; ++slot) num_empty += offset(slot) == offset(slot + 1);
    const std::uint64_t items = offset(end) - offset(first);
    num_items += items;
    Keep(offset(first), items);
  }
  if (num_empty != 0) NeedDef();
  const std::uint64_t num_next = num_entries_ - num_values_ + num_empty + num_items;
  next_rep_.assign(num_next, node.item_rep);
  next_def_.assign(def_.empty() ? 0 : num_next, 0);
  std::uint64_t at = 0;
  std::uint64_t done = 0;
  const auto copy_closed = [&](std::uint64_t end) {
    for (; done < end; ++done, ++at) {
      next_rep_[at] = rep_[done];
      next_def_[at] = def_[done];
    }
  };
  ForEachRun([&](std::uint64_t entry, std::uint64_t first, std::uint64_t count) {
    copy_closed(entry);
    const std::uint64_t slot = SlotOf(view, first);
    std::uint64_t start = offset(slot);
    for (std::uint64_t i = 0; i < count; ++i) {
      const std::uint64_t end = offset(slot + i + 1);
      next_rep_[at] = rep_[entry + i];
      if (end == start) next_def_[at] = node.empty_level;
      at += std::max<std::uint64_t>(1, end - start);
      start = end;
    }
    done = entry + count;
  });
  copy_closed(num_entries_);
  num_entries_ = num_next;
  num_values_ = num_items;
  rep_.swap(next_rep_);
  def_.swap(next_def_);
  slots_.swap(next_slots_);
  return {};
}

// Nulls too keep all slots of theirs. There are no lists, so every entry owns one.
void Shredder::ExpandFixed(std::uint64_t size) {
  for (SlotRange& range : slots_) range = {range.first * size, range.count * size};
  if (!def_.empty()) {
    next_def_.resize(num_entries_ * size);
    for (std::uint64_t i = 0; i < num_entries_; ++i)
      std::fill_n(next_def_.begin() + static_cast<std::ptrdiff_t>(i * size), size, def_[i]);
    def_.swap(next_def_);
  }
  num_entries_ *= size;
  num_values_ = num_entries_;
}

void Shredder::Truncate(std::uint64_t num_entries, std::uint64_t num_values) {
  num_entries_ = num_entries;
  num_values_ = num_values;
  if (!rep_.empty()) rep_.resize(num_entries);
  if (!def_.empty()) def_.resize(num_entries);
  std::size_t ranges = 0;
  for (; num_values != 0; ++ranges) {
    slots_[ranges].count = std::min(slots_[ranges].count, num_values);
    num_values -= slots_[ranges].count;
  }
  slots_.resize(ranges);
}

}  // namespace lancekit
