// Where pages decode into: the sinks of a leaf, of the nodes above it, and of a whole field.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/bitmap.h"
#include "encodings/values.h"
#include "lancekit/types.hpp"
#include "structural/field_shape.h"
#include "structural/leaf_sum.h"
#include "types/array.h"

namespace lancekit {

/// The values of an array that is no fixed-size list. Borrows.
ValuesView ViewOf(const ArrayData& array, const ValueShape& shape);
/// Appends some of them. Errors: kResourceLimit for too many bytes.
Status AppendItems(const ValuesView& items, std::uint64_t first, std::uint64_t count, ValueSink* sink);

/// The dictionary of an array whose rows come from pages with dictionaries of their own: the first one as it is, then what is
/// new among those values of the others that rows use.
class JoinedDictionary {
 public:
  /// The type, a dictionary type, must outlive this.
  explicit JoinedDictionary(const LeafType& leaf) : leaf_(&leaf) {}

  /// Items from now on are those of `dictionary`. True when their numbers are the keys; else KeyOf says them.
  bool Use(const std::shared_ptr<const ArrayData>& dictionary);
  /// Pre: Use returned false; `item` is in that dictionary.
  /// Errors: kUnsupported when there are more values than keys; kResourceLimit for too many bytes.
  Result<std::uint64_t> KeyOf(std::uint64_t item);

  std::shared_ptr<const ArrayData> Finish() &&;

 private:
  static constexpr std::uint64_t kNoKey = ~std::uint64_t{0};

  void StartJoin();

  const LeafType* leaf_;
  std::shared_ptr<const ArrayData> first_;
  // The other dictionaries with the keys of their items, as far as these were used.
  std::map<std::shared_ptr<const ArrayData>, std::vector<std::uint64_t>> keys_;
  decltype(keys_)::iterator current_;
  std::optional<ValueSink> joined_;  // from the second dictionary on
  std::unordered_map<std::string, std::uint64_t> key_of_value_;
};

/// Collects the validity of slots; takes memory from the first null on.
class ValiditySink {
 public:
  std::uint64_t length() const noexcept { return length_; }
  std::uint64_t null_count() const noexcept { return nulls_; }
  void AppendValid(std::uint64_t count);
  void AppendNull(std::uint64_t count);
  /// `bits` are whole words from bit 0 on; so many of the `count` bits are set.
  void AppendBits(const std::uint64_t* bits, std::uint64_t count, std::uint64_t num_valid);
  /// 0 is valid, anything else null.
  void AppendLevels(const std::uint16_t* levels, std::uint64_t count);
  /// A bit for each slot. Pre: there are nulls.
  const std::byte* bits() const noexcept { return bits_.data(); }
  /// Sets length, null count and validity of the array.
  void Finish(ArrayData* array) &&;

 private:
  void Extend(std::uint64_t count);

  std::uint64_t length_ = 0;
  std::uint64_t nulls_ = 0;
  bool has_bits_ = false;
  MutableBuffer bits_;
};

/// Collects the slots of a struct, list or fixed-size list above leaves: validity, and for lists the offsets.
class NodeSink {
 public:
  /// About `num_slots` slots will be appended.
  NodeSink(const FieldNode& node, std::uint64_t num_slots)
      : node_(&node), large_starts_(HasLargeOffsets(node.field->type.id)), expected_(num_slots) {}

  const FieldNode& node() const noexcept { return *node_; }
  ValiditySink& validity() noexcept { return validity_; }
  std::uint64_t length() const noexcept { return validity_.length(); }
  /// Lists: items of all slots so far.
  std::int64_t num_items() const noexcept { return num_items_; }
  /// Slots of the children so far.
  std::uint64_t ChildSlots() const noexcept;

  /// Lists: appends the starts of slots, as masks of entries tell (kernels/bitmasks.h).
  /// Errors: kResourceLimit when the items are more than 32-bit offsets can count.
  Status AppendStarts(const std::uint64_t* slots, const std::uint64_t* items, std::size_t num_words, std::uint64_t num_slots);
  /// Lists: appends a start for each end, which are relative to the first item appended now, and ascend. Errors: the same.
  Status AppendEnds(const std::uint64_t* ends, std::uint64_t count);
  void AppendNulls(std::uint64_t count);

  /// Without children.
  ArrayData Finish() &&;

 private:
  Status CountItems(std::uint64_t num_items);

  const FieldNode* node_;
  ValiditySink validity_;
  bool large_starts_;
  std::uint64_t expected_;
  MutableBuffer starts_;  // 32 or 64 bits each
  std::int64_t num_items_ = 0;
};

/// Collects the slots of one leaf, page after page. Of runs of slots with equal values it can collect the value once: then the
/// array has its validity slot by slot, as `dictionary` the values of the runs, and as `values` where each ends, 64 bits each.
class LeafSink {
 public:
  /// About `num_slots` slots will be appended; their memory is taken at once.
  LeafSink(const LeafType& leaf, std::uint64_t num_slots);

  const LeafType& leaf() const noexcept { return *leaf_; }
  std::uint64_t length() const noexcept { return validity_.length(); }
  /// True while nothing was appended and `count` slots would complete the sink.
  bool IsWhole(std::uint64_t count) const noexcept { return length() == 0 && count == capacity_ && !sum_.has_value(); }
  /// Takes the memory on first use.
  ValueSink& values();
  /// Below lists: makes room for so many more values, unless that is very much.
  void ExpectValues(std::uint64_t count);
  /// Pre: nothing was appended; the leaf is neither in a list nor a dictionary.
  void CollectRuns() { run_lengths_.emplace(); }
  /// Whether it collects anything but values.
  bool collects() const noexcept { return run_lengths_.has_value() || sum_.has_value(); }
  /// Where each value that is appended needs the number of its slots; nullptr unless runs are collected.
  std::vector<std::uint64_t>* run_lengths() noexcept { return run_lengths_.has_value() ? &*run_lengths_ : nullptr; }
  /// Adds the values up, which are then in no array. Pre: nothing was appended; LeafSum takes the type.
  void CollectSum() { sum_.emplace(leaf_->type); }
  /// Where a sum is wanted, adds what was appended and forgets it: after each page, and after each chunk while it is in the
  /// cache. Who adds to sum() folds before and behind that.
  void Fold();
  /// Where what is in no array can be added at once; nullptr where values are to be appended.
  LeafSum* sum() noexcept { return sum_.has_value() && !run_lengths_.has_value() ? &*sum_ : nullptr; }
  /// Of all slots that are not null. Pre: CollectSum was called.
  const LeafSum& Sum() {
    Fold();
    return *sum_;
  }
  /// Uses file bytes as the values. Pre: IsWhole(count).
  void Borrow(Buffer values, std::uint64_t count) { values_.Borrow(std::move(values), count); }

  void AppendValid(std::uint64_t count) { validity_.AppendValid(count); }
  void AppendNull(std::uint64_t count) { validity_.AppendNull(count); }
  ValiditySink& validity() noexcept { return validity_; }
  /// Definition levels of slots: 0 is valid, anything else null.
  void AppendLevels(const std::uint16_t* levels, std::uint64_t count) { validity_.AppendLevels(levels, count); }

  /// The i-th node above this leaf, outermost first; nullptr when another leaf fills it.
  NodeSink* parent(std::size_t i) const { return i < parents_.size() ? parents_[i] : nullptr; }
  void set_parents(std::vector<NodeSink*> parents) { parents_ = std::move(parents); }
  /// Entries of levels so far.
  std::uint64_t entries() const noexcept { return entries_; }
  void CountEntries(std::uint64_t count) noexcept { entries_ += count; }

  /// Pre: a dictionary type.
  JoinedDictionary& dictionary() { return *dictionary_; }

  ArrayData Finish() &&;

 private:
  const LeafType* leaf_;
  ValueSink values_;
  std::uint64_t capacity_;
  std::uint64_t entries_ = 0;
  bool reserved_ = false;
  ValiditySink validity_;
  std::optional<JoinedDictionary> dictionary_;
  std::optional<std::vector<std::uint64_t>> run_lengths_;
  std::optional<LeafSum> sum_;
  std::uint64_t folded_slots_ = 0;
  std::uint64_t folded_nulls_ = 0;
  std::vector<NodeSink*> parents_;
};

/// Collects rows of a field: the leaves, and the nodes above them, each of which one leaf fills.
class FieldSink {
 public:
  /// The shape must outlive this.
  FieldSink(const FieldShape& shape, std::uint64_t num_rows);

  LeafSink& leaf(std::size_t i) { return leaves_[i]; }
  NodeSink& node(std::size_t i) { return *nodes_[i]; }
  /// Decides who fills which node in the rows to come: the first leaf below it that is `present`.
  void SetPresent(const std::vector<bool>& present);
  /// Brings leaves and nodes that are not present up to `num_rows` more rows: nulls, or valid structs without fields.
  void FillAbsent(std::uint64_t num_rows);

  /// Errors: kCorruption when leaves disagree about the slots of what is above them.
  Result<ArrayData> Finish() &&;

 private:
  void Fill(std::size_t node, std::uint64_t slots);
  std::uint64_t LengthOf(std::size_t node) const;
  bool HoldsNothing(std::size_t node) const;
  Result<ArrayData> FinishNode(std::size_t node);

  const FieldShape* shape_;
  std::vector<LeafSink> leaves_;
  std::vector<std::optional<NodeSink>> nodes_;  // none for leaves
  std::vector<bool> node_present_;
  std::uint64_t rows_ = 0;
};

}  // namespace lancekit
