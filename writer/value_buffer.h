// Values of one leaf waiting for their page, laid down from the input arrays as encoders want them: contiguous, from bit 0,
// null slots filled with the value before them or empty.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "structural/leaf.h"
#include "structural/page_writer.h"
#include "types/array.h"
#include "writer/array_access.h"
#include "writer/dictionary_builder.h"

namespace lancekit {

class ValueBuffer {
 public:
  /// `shape`: of the stored values, that of the leaf but for packed structs.
  ValueBuffer(const LeafType& leaf, ValueShape shape);

  const ValueShape& shape() const noexcept { return shape_; }

  std::uint64_t num_values() const noexcept { return num_values_; }
  /// Bytes of the values, and of the offsets of strings.
  std::uint64_t value_bytes() const noexcept;
  /// Bytes of everything in Arrow layout.
  std::uint64_t arrow_bytes() const noexcept;
  /// Values of a dictionary column's dictionary. Pre: the leaf is a dictionary.
  const DictionaryBuilder& dictionary() const noexcept { return *dictionary_; }

  /// Validity of the next values: that of slots [first, first + count) of the view, or what their definition levels say, of
  /// which those up to `max_visible` belong to values. Not for keys whose validity AppendKeys takes from the view.
  void AppendValidity(const ArrayView& view, std::uint64_t first, std::uint64_t count);
  void AppendValidity(std::span<const std::uint16_t> def, std::uint16_t max_visible);
  void AppendValid(std::uint64_t count);
  /// Slots [first, first + count) of the view, whose validity is there already. Pre: no dictionary.
  /// Errors: those of AppendPackedRows.
  Status AppendValues(const ArrayView& view, std::uint64_t first, std::uint64_t count);
  /// The same for dictionaries, as long as the keys last; returns how many slots were appended.
  std::uint64_t AppendKeys(const ArrayView& view, std::span<const SlotRange> slots, bool has_validity);
  /// Keeps the first `num_values` values. Pre: a dictionary.
  void TruncateKeys(std::uint64_t num_values);

  /// To be called while what was appended last is in the cache: takes it into the facts.
  void UpdateFacts();
  /// Makes room for `times` as much as there is.
  void Reserve(double times);
  /// Valid until the next change. The caller knows the rows.
  PageValues View() const;
  void Clear();

 private:
  Status AppendPacked(const ArrayView& view, std::uint64_t first, std::uint64_t count);
  void AppendFixed(const ArrayView& view, std::uint64_t first, std::uint64_t count);
  void AppendItems(const ArrayView& view, std::size_t level, std::uint64_t first, std::uint64_t count);
  template <class Offset>
  void AppendStringsOf(const ArrayView& view, std::uint64_t first, std::uint64_t count);
  void AppendViews(const ArrayView& view, std::uint64_t first, std::uint64_t count);
  std::uint32_t NumberOf(const ArrayView& view, std::uint64_t slot, std::vector<std::uint32_t>* numbers);
  void AppendKey(std::uint32_t number, bool has_validity);
  void FillNullSlots(std::uint64_t count);
  bool NeedValidity(std::uint64_t count, std::uint64_t nulls);
  bool IsValid(std::uint64_t value) const;

  const LeafType* leaf_;
  ValueShape shape_;
  std::uint64_t num_values_ = 0;
  std::uint64_t null_count_ = 0;
  MutableBuffer values_;  // fixed: values; variable: offsets
  MutableBuffer data_;
  ValueFacts facts_;
  MutableBuffer validity_;  // complete once null_count_ > 0
  struct Items {
    MutableBuffer bits;
    bool any_null = false;
  };
  std::vector<Items> items_;
  std::unique_ptr<DictionaryBuilder> dictionary_;
  std::uint64_t last_key_ = 0;
};

}  // namespace lancekit
