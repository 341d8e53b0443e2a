// Rows of one column waiting for their page, laid down from the input arrays as encoders want them: contiguous, from bit 0,
// null slots filled with the value before them or empty.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "structural/leaf.h"
#include "structural/page_writer.h"
#include "types/array.h"
#include "writer/dictionary_builder.h"

namespace lancekit {

class ColumnBuffer {
 public:
  /// A page is full once it holds `page_bytes` bytes of values (and offsets).
  ColumnBuffer(const LeafType& leaf, std::uint64_t page_bytes);

  std::uint64_t num_rows() const noexcept { return num_rows_; }
  bool full() const noexcept { return bytes_ >= page_bytes_; }

  /// Appends rows [first, first + count) of the view, or fewer when the page is full before; returns how many.
  /// Pre: !full(). Errors: kUnsupported when a dictionary cannot be unified.
  Result<std::uint64_t> Append(const ArrayView& view, std::uint64_t first, std::uint64_t count);

  /// The rows so far; valid until the next Append or Clear.
  PageValues View() const;
  /// Bytes of the rows in Arrow layout.
  std::uint64_t arrow_bytes() const noexcept;
  /// Values of a dictionary column's dictionary. Pre: the leaf is a dictionary.
  const DictionaryBuilder& dictionary() const noexcept { return *dictionary_; }
  void Clear();

 private:
  std::uint64_t RowsThatFit(const ArrayView& view, std::uint64_t first, std::uint64_t count) const;
  void AppendValidity(const ArrayView& view, std::uint64_t first, std::uint64_t count);
  void AppendFixed(const ArrayView& view, std::uint64_t first, std::uint64_t count);
  void AppendItems(const ArrayView& view, std::size_t level, std::uint64_t first, std::uint64_t count);
  void AppendStrings(const ArrayView& view, std::uint64_t first, std::uint64_t count);
  template <class Offset>
  void AppendStringsOf(const ArrayView& view, std::uint64_t first, std::uint64_t count);
  void AppendViews(const ArrayView& view, std::uint64_t first, std::uint64_t count);
  Result<std::uint64_t> AppendKeys(const ArrayView& view, std::uint64_t first, std::uint64_t count);
  bool IsNull(const ArrayView& view, std::uint64_t row) const;
  void FillNullSlots(std::uint64_t count);

  const LeafType* leaf_;
  std::uint64_t page_bytes_;
  std::uint64_t bytes_ = 0;
  std::uint64_t num_rows_ = 0;
  std::uint64_t null_count_ = 0;
  MutableBuffer values_;  // fixed: values; variable: offsets
  MutableBuffer data_;
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
