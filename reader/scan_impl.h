// A running scan: batches planned by rows and bytes, read ahead on the context's threads, handed out in row order.
#pragma once

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "reader/field_reader.h"
#include "reader/read_rows.h"
#include "reader/selection.h"
#include "reader/table_impl.h"

namespace lancekit {

class ScanImpl {
 public:
  explicit ScanImpl(std::shared_ptr<const TableImpl> table) : table_(std::move(table)) {}
  ~ScanImpl() { DropAhead(); }
  ScanImpl(const ScanImpl&) = delete;
  ScanImpl& operator=(const ScanImpl&) = delete;

  std::vector<std::string> columns_;
  std::uint64_t offset_ = 0;
  std::uint64_t limit_ = ~std::uint64_t{0};
  std::uint64_t batch_rows_ = 65'536;
  std::uint64_t batch_bytes_ = 16 << 20;

  /// The schema of the batches. Errors: kInvalidArgument, kUnsupported.
  Result<std::shared_ptr<const Schema>> OutputSchema();
  Result<std::optional<Batch>> Next();

 private:
  // A batch that is being read. The reading task holds it too.
  struct Slot {
    Result<Batch> Wait();

    std::mutex mutex;
    std::condition_variable ready;
    std::optional<Result<Batch>> result;
  };
  // What reading tasks need, apart from the scan itself.
  struct Plan {
    std::shared_ptr<const TableImpl> table;
    Selection fields;
    std::shared_ptr<const Schema> schema;
  };

  Status Start();
  /// The rows of the next batch, deleted ones not counted; no value at the end.
  Result<std::optional<RowRun>> NextRun();
  Result<std::uint64_t> RowsPerBatch(const TableFragment& fragment);
  /// How many of the rows have blobs that fit into one batch.
  std::uint64_t CountBlobs(const FieldReader& reader, const TableFragment& fragment, std::uint64_t first,
                           std::uint64_t count) const;
  Status Schedule();
  /// Waits for what is being read and forgets it.
  void DropAhead();
  static Result<Batch> ReadBatch(const Plan& plan, RowRun run);
  Result<Batch> ReadSmaller(RowRun run, Result<Batch> result);

  std::shared_ptr<const TableImpl> table_;
  std::shared_ptr<const Plan> plan_;
  std::uint64_t next_row_ = 0;
  std::uint64_t end_row_ = 0;
  const TableFragment* sized_fragment_ = nullptr;  // the fragment that rows_per_batch_ was worked out for
  std::uint64_t rows_per_batch_ = 0;
  std::vector<std::shared_ptr<const FieldReader>> field_readers_;  // of that fragment
  std::deque<std::pair<RowRun, std::shared_ptr<Slot>>> ahead_;
  bool failed_ = false;
};

}  // namespace lancekit
