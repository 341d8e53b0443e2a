// A field of a Lance 2.0 file: reading rows from the columns of its nodes.
#pragma once

#include <memory>
#include <vector>

#include "format/schema.h"
#include "legacy/column.h"
#include "structural/field_shape.h"

namespace lancekit::legacy {

/// The field of each column of a 2.0 file, in column order: depth-first, structs and lists before their children. The children
/// of packed structs have no columns.
std::vector<format::Leaf> ColumnFields(const Schema& schema);

/// Thread-safe. Errors carry file, column, page and position.
class FieldColumns {
 public:
  /// A column for each list and leaf of the shape, by node; null where no file holds it. The shape must outlive this and have no
  /// fixed-size list nodes.
  /// Errors: kCorruption when columns disagree about the number of rows or items.
  static Result<FieldColumns> Open(const FieldShape& shape, std::vector<std::shared_ptr<const Column>> columns,
                                   std::uint64_t num_rows);

  /// Null where no file holds the node, and for structs.
  const Column* column(std::size_t node) const noexcept { return columns_[node].get(); }
  /// Appends rows. Pre: they exist.
  Status Read(ValueRange rows, FieldSink* sink, PageScratch* scratch) const;
  /// First row behind the page that holds `row`, where a batch had better end; no limit for most fields.
  std::uint64_t PageEnd(std::uint64_t row) const;
  /// Bytes of a row in memory, guessed.
  std::uint64_t EstimateRowBytes() const;

 private:
  FieldColumns(const FieldShape& shape, std::vector<std::shared_ptr<const Column>> columns, std::uint64_t num_rows);
  Status Check(std::size_t node, std::uint64_t slots) const;
  Status ReadNode(std::size_t node, ValueRange slots, FieldSink* sink, PageScratch* scratch) const;

  const FieldShape* shape_;
  std::vector<std::shared_ptr<const Column>> columns_;
  std::uint64_t num_rows_;
  std::vector<bool> leaf_present_;
  std::vector<bool> node_present_;  // a leaf at or below the node is present
};

}  // namespace lancekit::legacy
