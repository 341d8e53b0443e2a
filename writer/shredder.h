// Shredding: from the rows of a nested field to the entries of one of its leaves.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/status.h"
#include "format/encoding.h"
#include "format/schema.h"
#include "format/version.h"
#include "types/array.h"
#include "writer/array_access.h"

namespace lancekit {

/// A node above a leaf, with the levels that it owns when everything may be null or empty.
struct PathNode {
  enum class Kind : std::uint8_t { kStruct, kList, kFixedList };
  Kind kind = Kind::kStruct;
  bool nullable = true;
  bool large_offsets = false;     ///< lists
  bool owns_offsets = false;      ///< lists: this leaf is the first one below
  std::size_t child = 0;          ///< the child on the way to the leaf
  std::uint64_t size = 1;         ///< fixed-size lists: items per slot
  std::uint16_t null_level = 0;   ///< definition level of a null slot
  std::uint16_t empty_level = 0;  ///< lists: that of an empty one
  std::uint16_t item_rep = 0;     ///< lists: repetition level of all items but the first
};

/// The way from a top-level field down to one leaf.
class LeafPath {
 public:
  LeafPath() = default;
  /// Errors: kUnsupported for what the version or Lance's readers cannot hold.
  static Result<LeafPath> Make(const format::Leaf& leaf, format::FileVersion version);

  bool flat() const noexcept { return nodes_.empty(); }
  bool has_lists() const noexcept { return max_rep_ != 0; }
  /// Outermost first.
  const std::vector<PathNode>& nodes() const noexcept { return nodes_; }
  bool leaf_nullable() const noexcept { return leaf_nullable_; }
  std::uint16_t max_rep() const noexcept { return max_rep_; }
  std::uint16_t max_def() const noexcept { return max_def_; }
  /// Entries with higher definition levels own no slot of the leaf.
  std::uint16_t max_visible() const noexcept { return max_visible_; }
  /// Entries per row without lists.
  std::uint64_t stride() const noexcept { return stride_; }
  /// The leaf's part of the array of the top-level field.
  const ArrayView& LeafView(const ArrayView& top) const;
  /// The layers of a page, innermost first, given which levels occur in it (max_def + 1 flags), and the level of the page that
  /// stands for each of these. `only_page`: of its column in the file.
  std::vector<format::RepDefLayer> Layers(std::vector<bool> occurs, bool only_page, std::vector<std::uint16_t>* levels) const;

  /// Definition level of a null leaf.
  static constexpr std::uint16_t kLeafNull = 1;

 private:
  std::vector<PathNode> nodes_;
  bool leaf_nullable_ = true;
  bool leaf_packed_ = false;
  std::uint16_t max_rep_ = 0;
  std::uint16_t max_def_ = kLeafNull;
  std::uint16_t max_visible_ = kLeafNull;
  std::uint64_t stride_ = 1;
};

/// Turns rows into entries, one node of the path after the other, outermost first. Keeps its memory from call to call.
class Shredder {
 public:
  explicit Shredder(const LeafPath& path) : path_(&path) {}

  /// Errors: kInvalidArgument for nulls where the field is not nullable.
  Status Shred(const ArrayView& top, std::uint64_t first_row, std::uint64_t num_rows);

  std::uint64_t num_entries() const noexcept { return num_entries_; }
  std::uint64_t num_values() const noexcept { return num_values_; }
  /// Empty without lists.
  std::span<const std::uint16_t> rep() const noexcept { return rep_; }
  /// Empty when all are 0.
  std::span<const std::uint16_t> def() const noexcept { return def_; }
  /// The slots of the leaf's view that entries own, in order.
  const std::vector<SlotRange>& slots() const noexcept { return slots_; }
  /// Bytes of the Arrow offsets that belong to this leaf.
  std::uint64_t offset_bytes() const noexcept { return offset_bytes_; }

  /// Forgets what comes after these. Pre: `num_values` of the entries own slots.
  void Truncate(std::uint64_t num_entries, std::uint64_t num_values);

 private:
  template <class Body>
  void ForEachRun(Body body) const;
  void NeedDef();
  void Keep(std::uint64_t first, std::uint64_t count);
  template <class NullBits>
  Status MarkNulls(bool nullable, std::uint16_t null_level, NullBits null_bits);
  Status MarkNulls(const ArrayView& view, bool nullable, std::uint16_t null_level);
  Status MarkLeaf(const ArrayView& view);
  template <class Offset>
  Status ExpandLists(const PathNode& node, const ArrayView& view);
  void ExpandFixed(std::uint64_t size);

  const LeafPath* path_;
  std::uint64_t num_entries_ = 0;
  std::uint64_t num_values_ = 0;
  std::uint64_t offset_bytes_ = 0;
  std::vector<std::uint16_t> rep_;
  std::vector<std::uint16_t> def_;
  std::vector<SlotRange> slots_;
  // The next state while a node is worked on.
  std::vector<std::uint16_t> next_rep_;
  std::vector<std::uint16_t> next_def_;
  std::vector<SlotRange> next_slots_;
};

}  // namespace lancekit
