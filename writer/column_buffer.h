// Rows of one leaf column waiting for their page: values, and levels where the leaf is nested. Decides where pages end, which
// depends on the rows alone and not on the batches that they came in.
#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "structural/leaf.h"
#include "structural/page_writer.h"
#include "types/array.h"
#include "writer/shredder.h"
#include "writer/value_buffer.h"

namespace lancekit {

class ColumnBuffer {
 public:
  /// A page is full once it holds `page_bytes` bytes of values (and offsets or levels). Borrows leaf and path. Pre: a packed
  /// struct has a PackedRowShape.
  /// Bytes that 32-bit offsets can count.
  static constexpr std::uint64_t kMaxString32 = std::numeric_limits<std::int32_t>::max();
  /// `max_string_bytes`: of a page with 32-bit offsets.
  ColumnBuffer(const LeafType& leaf, const LeafPath& path, std::uint64_t page_bytes,
               format::FileVersion version = format::FileVersion::k2_2, std::uint64_t max_string_bytes = kMaxString32);

  /// No page will have more rows: for others no memory is made ready.
  void set_max_rows(std::uint64_t rows) noexcept { max_rows_ = rows; }

  std::uint64_t num_rows() const noexcept { return num_rows_; }
  bool full() const noexcept { return full_ || bytes_ >= page_bytes_; }

  /// Appends rows [first, first + count) of the top-level field, or fewer when the page is full before; returns how many.
  /// Pre: !full(). Errors: kInvalidArgument for nulls where there must be none; kUnsupported for an empty struct with nulls.
  Result<std::uint64_t> Append(const ArrayView& top, std::uint64_t first, std::uint64_t count);

  /// The values so far; valid until the next Append or Clear. For a nested leaf the caller adds the entries.
  PageValues View() const;
  const LeafPath& path() const noexcept { return *path_; }
  /// The entries of a nested leaf; their definition levels are kept in `def`. `only_page`: as for LeafPath::Layers.
  PageEntries Entries(bool only_page, PooledVector<std::uint16_t>* def) const;
  /// The levels of a nested leaf as the shredder numbers them: empty without lists, and when all are 0.
  std::span<const std::uint16_t> rep() const noexcept { return rep_; }
  std::span<const std::uint16_t> def() const noexcept { return def_; }
  /// Bytes of the rows in Arrow layout.
  std::uint64_t arrow_bytes() const noexcept { return values_.arrow_bytes() + offset_bytes_; }
  const DictionaryBuilder& dictionary() const noexcept { return values_.dictionary(); }
  void Clear();

 private:
  /// A place between two rows of the shredder's entries.
  struct RowCursor {
    std::uint64_t rows = 0;
    std::uint64_t entries = 0;
    std::uint64_t values = 0;
    std::uint64_t string_bytes = 0;
    std::uint64_t gap = 0;          ///< entries without values before this place
    std::uint64_t longest_gap = 0;  ///< of those that end in the row before this place
    std::size_t range = 0;          ///< the next slot
    std::uint64_t in_range = 0;
  };

  Result<std::uint64_t> AppendFlat(const ArrayView& view, std::uint64_t first, std::uint64_t count);
  std::uint64_t RowsThatFit(const ArrayView& view, std::uint64_t first, std::uint64_t count) const;
  Result<std::uint64_t> AppendNested(const ArrayView& top, std::uint64_t first, std::uint64_t count);
  std::uint64_t BlockRows(const ArrayView& top, std::uint64_t first, std::uint64_t count) const;
  void NextRow(const ArrayView& leaf, RowCursor* cursor) const;
  void SkipSlots(const ArrayView& leaf, std::uint64_t count, RowCursor* cursor) const;
  void ReserveRest();
  RowCursor CutPage(const ArrayView& leaf, std::uint64_t num_rows);
  Result<std::uint64_t> AppendEntries(const ArrayView& leaf, const RowCursor& end);
  std::uint64_t BytesAt(const RowCursor& cursor) const;

  const LeafType* leaf_;
  const LeafPath* path_;
  std::uint64_t page_bytes_;
  std::uint64_t max_string_bytes_;
  std::uint64_t max_rows_ = std::numeric_limits<std::uint64_t>::max();
  std::uint64_t max_gap_;
  Shredder shredder_;
  ValueBuffer values_;
  std::uint64_t bytes_ = 0;
  bool full_ = false;
  bool reserved_ = false;  // the memory of a whole page
  std::uint64_t num_rows_ = 0;
  // Nested leaves only.
  std::uint64_t num_entries_ = 0;
  std::uint64_t string_bytes_ = 0;
  std::uint64_t offset_bytes_ = 0;
  std::uint64_t gap_ = 0;
  bool sparse_ = false;
  PooledVector<std::uint16_t> rep_;
  PooledVector<std::uint16_t> def_;  // empty while all are 0
};

}  // namespace lancekit
