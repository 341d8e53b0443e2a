// Repetition and definition levels of one page: what each number means, and their way into the nodes above a leaf.
//
// Layers are counted from the leaf outwards. A level says of an entry: repetition k > 0: it starts a slot of the k-th list
// layer and of all nodes inside that; definition d > 0: the layer that owns d is null or empty, and so is all inside.
//
// Source: lance rust lance-encoding repdef.rs.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "encodings/kernels/bitmasks.h"
#include "format/encoding.h"
#include "structural/leaf.h"

namespace lancekit {

/// One layer as the page's levels describe it. An entry holds a slot of the layer when its repetition level is at least
/// `start` and its definition level at most `visible`.
struct LayerLevels {
  NodeKind kind = NodeKind::kLeaf;
  std::uint16_t start = 0;    ///< list layers at or inside this one
  std::uint16_t visible = 0;  ///< levels up to this one belong to nothing beyond the next list outwards
  std::uint16_t inside = 0;   ///< levels up to this one: the slot is valid, and not empty
  std::uint16_t empty = 0;    ///< level of an empty list; 0: there is none
  std::uint64_t stride = 1;   ///< entries per slot: product of the fixed sizes at and inside this layer
};

class PageLevels {
 public:
  /// Errors: kCorruption when the layers are not those of the leaf.
  static Result<PageLevels> Make(std::span<const format::RepDefLayer> layers, const LeafType& leaf);

  std::uint16_t max_rep() const noexcept { return max_rep_; }
  std::uint16_t max_def() const noexcept { return max_def_; }
  /// Entries with higher definition levels have no value.
  std::uint16_t max_visible() const noexcept { return parents_and_leaf_.back().visible; }
  bool has_lists() const noexcept { return max_rep_ != 0; }
  /// Outermost first, the leaf last.
  const std::vector<LayerLevels>& layers() const noexcept { return parents_and_leaf_; }

  /// Errors: kCorruption for a level that does not exist.
  Status Check(const std::uint16_t* rep, const std::uint16_t* def, std::uint64_t count) const;
  /// How many of these entries have a value; `def` may be nullptr: all.
  std::uint64_t CountVisible(const std::uint16_t* def, std::uint64_t count) const;

 private:
  std::vector<LayerLevels> parents_and_leaf_;
  std::uint16_t max_rep_ = 0;
  std::uint16_t max_def_ = 0;
};

/// The entries that have values.
struct VisibleEntries {
  std::uint64_t count = 0;
  const std::uint64_t* validity = nullptr;  ///< a bit for each; nullptr: all are valid

  bool IsValid(std::uint64_t i) const { return validity == nullptr || kernels::HasBit(validity, i); }
};

/// Appends the slots of these entries to the nodes above the leaf that the sink fills, and the validity of the leaf's own.
/// `rep` is nullptr without lists, `def` when everything is valid; the levels must have been checked. Values are the
/// caller's. What is returned lies in `memory`.
/// Errors: kResourceLimit when offsets overflow.
Result<VisibleEntries> AppendEntries(const PageLevels& levels, const std::uint16_t* rep, const std::uint16_t* def,
                                     std::uint64_t count, LeafSink* sink, MutableBuffer* memory);

}  // namespace lancekit
