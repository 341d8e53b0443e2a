// A filter at work on a table: which rows zone maps and Bloom filters leave to look at, and which of those match.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "filter/evaluate.h"
#include "lancekit/filter.hpp"
#include "reader/read_rows.h"
#include "reader/table_impl.h"

namespace lancekit {

/// Immutable; thread-safe.
class RowFilter {
 public:
  /// Errors: kInvalidArgument, kUnsupported (columns that cannot be compared).
  static Result<std::shared_ptr<const RowFilter>> Make(const TableImpl& table, const Filter& filter);

  /// The columns that it reads.
  const Selection& fields() const noexcept { return fields_; }
  /// Physical rows of the fragment's files that may match, deleted ones included, ascending. Counts in the report.
  std::vector<ValueRange> Prune(const TableFragment& fragment, ScanReport* report) const;

  /// Of rows of one fragment, ascending without overlap, those that match; with the columns that were read for it, those apart
  /// that were compared as they are stored (none, then). `readers`: of fields(). A scan reads the rows, as ReadRows wants to
  /// know.
  struct Matches {
    std::vector<std::optional<ArrayData>> columns;
    filter::RowMask rows;
    bool is_encoded = false;  ///< all columns were compared as they are stored
  };
  Result<Matches> Match(std::span<const std::shared_ptr<const FieldReader>> readers, std::span<const ValueRange> rows,
                        PageScratch* scratch) const;

 private:
  /// The column with a value per run, or keys of a dictionary, as `type` then says; none where pages had better be decoded.
  Result<std::optional<ArrayData>> ReadEncoded(const FieldReader& reader, std::size_t field, std::span<const ValueRange> rows,
                                               DataType* type, PageScratch* scratch) const;
  RowFilter(filter::BoundFilter filter, ContextImpl& context) : filter_(std::move(filter)), context_(context) {}

  filter::BoundFilter filter_;
  ContextImpl& context_;
  bool use_zones_ = true;
  std::vector<const Field*> leaves_;  // of the table's schema, of each column of the filter; null: no leaf
  Selection fields_;
  Selection key_fields_;  // strings as dictionaries; null: not a string
  Schema schema_;
};

}  // namespace lancekit
