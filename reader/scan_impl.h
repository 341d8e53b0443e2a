// A running scan: batches planned by rows and bytes, read ahead on the context's threads, handed out in row order.
#pragma once

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "reader/batch_impl.h"
#include "reader/field_reader.h"
#include "reader/read_rows.h"
#include "reader/row_filter.h"
#include "reader/selection.h"
#include "reader/table_impl.h"

namespace lancekit {

class ScanImpl {
 public:
  explicit ScanImpl(std::shared_ptr<const TableImpl> table)
      : table_(std::move(table)), bytes_before_(table_->context().counted(Counter::kBytesRead)) {}
  ~ScanImpl() { DropAhead(); }
  ScanImpl(const ScanImpl&) = delete;
  ScanImpl& operator=(const ScanImpl&) = delete;

  std::vector<std::string> columns_;
  std::uint64_t offset_ = 0;
  std::uint64_t limit_ = ~std::uint64_t{0};
  std::optional<std::uint64_t> batch_rows_;
  std::optional<std::uint64_t> batch_bytes_;
  std::optional<Filter> filter_;
  bool counts_only_ = false;   // no columns are read but those of the filter
  bool numbers_rows_ = false;  // the only column is that of the row numbers

  /// The schema of the batches. Errors: kInvalidArgument, kUnsupported.
  Result<std::shared_ptr<const Schema>> OutputSchema();
  Result<std::optional<Batch>> Next();
  /// The same; null at the end.
  Result<BatchPtr> NextBatch();
  /// Rows of all batches to come. Errors: as Next.
  Result<std::uint64_t> Count();
  /// Facts about all rows of all batches to come. Errors: as Scan::aggregate.
  Result<Batch> AggregateRows(const std::vector<Aggregate>& wanted);
  ScanReport report() const;

 private:
  struct Reading {
    BatchPtr batch;
    bool is_encoded = false;  // the filter needed no decoded values
  };
  // What reading takes, apart from the scan itself.
  struct Plan {
    std::shared_ptr<const TableImpl> table;
    Selection fields;
    std::shared_ptr<const Schema> schema;
    bool numbers_rows = false;
    std::uint64_t first_row = 0;
    std::uint64_t end_row = 0;
    std::shared_ptr<const RowFilter> filter;                // null: all rows
    std::vector<std::optional<std::size_t>> filter_fields;  // of each field: where the filter has read it already

    /// The physical rows that the scan reads completely, deleted ones between them and at the fragment's ends included.
    ValueRange WholeRows(const TableFragment& fragment) const;
  };
  // Of the plan's fields, then of the filter's.
  using Readers = std::vector<std::shared_ptr<const FieldReader>>;
  // What becomes one batch: live rows of a fragment and, with a filter, the physical rows that its zone maps leave.
  struct Part {
    RowRun run;
    std::shared_ptr<const Readers> readers;
    std::shared_ptr<const std::vector<ValueRange>> kept;
  };
  struct Slot {
    Part part;
    bool is_claimed = false;
    std::optional<Result<Reading>> result;
  };
  // Batches to come, read by whoever comes first: threads of the pool, or the one that waits for them. Tasks of the pool may
  // outlive the scan and find nothing to do, then; they look at the plan only while they read a slot.
  struct Queue {
    /// The first slot that nobody has claimed; null: there is none. Pre: the lock is held.
    Slot* Claim();
    /// Reads a slot that was claimed, without the lock meanwhile.
    void Read(const Plan& plan, Slot* slot, std::unique_lock<std::mutex>* lock);

    std::mutex mutex;
    std::condition_variable done;                         // another slot
    std::deque<Slot> slots;                               // in the order of rows; claimed ones come first
    std::size_t num_tasks = 0;                            // of the pool
    std::vector<std::unique_ptr<PageScratch>> scratches;  // that nobody uses now
  };

  Status Start();
  /// The rows of the next batch, deleted ones not counted; no value at the end.
  Result<std::optional<Part>> NextPart();
  /// Moves on to rows that zone maps leave; false when there are none. `end`: of the rows found, within their fragment.
  bool SkipPruned(std::uint64_t* end);
  Result<std::uint64_t> RowsPerBatch(const TableFragment& fragment);
  /// Bytes of a batch, about.
  std::uint64_t BatchBytes() const;
  /// The same where they are not decoded, so that it is not the cache that should hold them.
  std::uint64_t LargeBatchBytes() const;
  /// How many of the rows have blobs that fit into one batch.
  std::uint64_t CountBlobs(const FieldReader& reader, const TableFragment& fragment, std::uint64_t first,
                           std::uint64_t count) const;
  Status Schedule();
  /// Waits for what is being read and forgets it.
  void DropAhead();
  /// Waits for the first batch of the queue and takes it out, reading batches meanwhile.
  std::pair<Part, Result<Reading>> TakeFront();
  static Result<Reading> ReadBatch(const Plan& plan, const Part& part, PageScratch* scratch);
  static Result<Reading> ReadMatches(const Plan& plan, const Part& part, std::span<const ValueRange> rows, PageScratch* scratch);
  /// Reads a part anew that was too large; cuts it to what was read.
  Result<Reading> ReadSmaller(Part* part, Result<Reading> result);
  /// Applies offset and limit to the matching rows.
  BatchPtr Cut(BatchPtr batch);

  std::shared_ptr<const TableImpl> table_;
  std::shared_ptr<const Plan> plan_;
  std::uint64_t next_row_ = 0;
  std::uint64_t end_row_ = 0;
  const TableFragment* sized_fragment_ = nullptr;  // the fragment that rows_per_batch_ was worked out for
  std::uint64_t rows_per_batch_ = 0;
  std::uint64_t aimed_bytes_ = 1;           // BatchBytes(), which looks at all fields
  std::shared_ptr<const Readers> readers_;  // of that fragment
  std::shared_ptr<Queue> queue_ = std::make_shared<Queue>();
  // With a filter: what is left of the fragment that is worked on, and of offset and limit.
  const TableFragment* pruned_fragment_ = nullptr;
  std::shared_ptr<const std::vector<ValueRange>> kept_;
  std::size_t next_kept_ = 0;
  std::uint64_t counted_rows_ = 0;  // those before are of fragments that the report counts
  std::uint64_t skip_ = 0;
  std::uint64_t left_ = ~std::uint64_t{0};
  ScanReport report_;
  std::uint64_t bytes_before_ = 0;
  bool failed_ = false;
};

}  // namespace lancekit
