// Rows of two tables side by side: reading them, comparing them, telling what differs.
#pragma once

#include <functional>
#include <vector>

#include "tools/common/exported_batch.h"
#include "tools/lance-inspect/diff.h"

namespace lancekit::tools {

/// Rows in Arrow layout with their numbers in the table.
class RowSet {
 public:
  /// Errors: as ExportedBatch.
  Status Set(const Batch& batch, std::vector<std::uint64_t> numbers);
  void Clear() { view_.reset(); }
  const ArrayView& view() const { return *view_; }
  std::int64_t size() const { return view_ ? view_->length : 0; }
  std::int64_t Number(std::int64_t i) const { return static_cast<std::int64_t>(numbers_[static_cast<std::size_t>(i)]); }

 private:
  Field row_;
  std::optional<ExportedBatch> exported_;
  std::optional<ArrayView> view_;
  std::vector<std::uint64_t> numbers_;
};

/// The rows of a table that a filter keeps, batch by batch.
class RowReader {
 public:
  RowReader(const Table& table, const std::vector<std::string>& columns, const std::optional<Filter>& filter);
  /// The next rows; none at the end.
  Status Next(RowSet* rows);

 private:
  Status NumberRows(std::size_t count, std::vector<std::uint64_t>* numbers);

  Scan rows_;
  std::optional<Scan> numbers_;  // with a filter
  std::vector<std::uint64_t> waiting_;
  std::uint64_t next_ = 0;
};

/// Rows i + k of A against rows j + k of B, k < count.
struct Pairing {
  std::int64_t i = 0;
  std::int64_t j = 0;
  std::int64_t count = 0;
};

/// Compares and tells.
class RowComparer {
 public:
  RowComparer(const RowDiff& diff, const Session& session, DiffReport* report);

  void Compare(const RowSet& a, const RowSet& b, const Pairing& pairing);
  void OnlyInA(const RowSet& a, std::int64_t i);
  void OnlyInB(const RowSet& b, std::int64_t j);

 private:
  Fact Value(const ArrayView& view, std::int64_t i) const;
  Fact Key(const ArrayView& view, std::int64_t i) const;
  Fact Row(const ArrayView& view, std::int64_t i) const;

  const RowDiff& diff_;
  DiffReport* report_;
  ValueStyle style_;
};

}  // namespace lancekit::tools
