#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/checked_math.h"
#include "base/without_throwing.h"
#include "lancekit/table.hpp"
#include "reader/batch_impl.h"
#include "reader/blob_columns.h"
#include "reader/scan_impl.h"

namespace lancekit {
namespace {

// Batches begin at multiples of this where they can: most chunks hold this many values, and a chunk that two batches share is
// decoded twice.
constexpr std::uint64_t kRowUnit = 1024;

}  // namespace

Status ScanImpl::Start() {
  if (plan_ != nullptr) return {};
  auto plan = std::make_shared<Plan>();
  plan->table = table_;
  LANCEKIT_ASSIGN(plan->fields, table_->Select(columns_));
  plan->schema = std::make_shared<const Schema>(SelectedSchema(table_->schema_, plan->fields));
  next_row_ = std::min(offset_, table_->num_rows_);
  end_row_ = next_row_ + std::min(limit_, table_->num_rows_ - next_row_);
  plan_ = std::move(plan);
  return {};
}

Result<std::shared_ptr<const Schema>> ScanImpl::OutputSchema() {
  LANCEKIT_TRY(Start());
  return plan_->schema;
}

Result<std::uint64_t> ScanImpl::RowsPerBatch(const TableFragment& fragment) {
  if (&fragment == sized_fragment_) return rows_per_batch_;
  std::uint64_t row_bytes = 0;
  field_readers_.clear();
  for (const auto& shape : plan_->fields) {
    LANCEKIT_ASSIGN(auto reader, FieldReader::Open(fragment, *shape, table_->context()));
    row_bytes += reader->EstimateRowBytes();
    field_readers_.push_back(std::move(reader));
  }
  std::uint64_t rows = std::min(batch_rows_, batch_bytes_ / std::max<std::uint64_t>(1, row_bytes));
  if (rows > kRowUnit) rows -= rows % kRowUnit;
  sized_fragment_ = &fragment;
  rows_per_batch_ = std::max<std::uint64_t>(1, rows);
  return rows_per_batch_;
}

// Blobs lie outside the pages, so nothing but their descriptors tells their size.
std::uint64_t ScanImpl::CountBlobs(const FieldReader& reader, const TableFragment& fragment, std::uint64_t first,
                                   std::uint64_t count) const {
  constexpr std::uint64_t kMaxRows = 4096;
  std::vector<ValueRange> rows;
  for (const format::RowRange& range : fragment.live.Ranges(first, std::min(count, kMaxRows))) {
    rows.push_back({range.begin, range.end - range.begin});
  }
  const auto sizes = reader.BlobSizes(rows);
  if (!sizes) return sizes.error().code == ErrorCode::kUnsupported ? count : 1;  // reading them will say what is wrong
  std::uint64_t bytes = 0;
  for (std::size_t i = 0; i < sizes->size(); ++i) {
    bytes += (*sizes)[i];
    if (bytes > batch_bytes_) return std::max<std::uint64_t>(1, i);
  }
  return sizes->size();
}

Result<std::optional<RowRun>> ScanImpl::NextRun() {
  if (next_row_ >= end_row_) return std::optional<RowRun>();
  const TableFragment& fragment = table_->FragmentOf(next_row_);
  LANCEKIT_ASSIGN(const std::uint64_t rows, RowsPerBatch(fragment));
  const std::uint64_t first = next_row_ - fragment.first_row;
  std::uint64_t count = std::min({rows, fragment.num_rows - first, end_row_ - next_row_});
  if (count > kRowUnit && count == rows && (first + count) % kRowUnit != 0) count -= (first + count) % kRowUnit;
  for (std::size_t i = 0; i < field_readers_.size(); ++i) {
    const FieldReader& reader = *field_readers_[i];
    count = std::min(count, fragment.live.CountBefore(reader.PageEnd(fragment.live.Physical(first))) - first);
    if (MayHoldBlobs(plan_->fields[i]->field())) count = CountBlobs(reader, fragment, first, count);
  }
  next_row_ += count;
  return std::optional<RowRun>(RowRun{&fragment, first, count});
}

Result<Batch> ScanImpl::ReadBatch(const Plan& plan, RowRun run) {
  return WithoutThrowing([&]() -> Result<Batch> {
    LANCEKIT_TRY(plan.table->context().CheckCancelled());
    auto batch = std::make_shared<BatchImpl>();
    batch->schema = plan.schema;
    batch->num_rows = static_cast<std::int64_t>(run.count);
    std::vector<RowRun> runs;
    for (const format::RowRange& range : run.fragment->live.Ranges(run.first, run.count)) {
      runs.push_back({run.fragment, range.begin, range.end - range.begin});
    }
    for (const auto& shape : plan.fields) {
      LANCEKIT_ASSIGN(ArrayData column, ReadRows(*plan.table, *shape, runs));
      batch->columns.push_back(std::move(column));
    }
    return Batch(std::move(batch));
  });
}

Status ScanImpl::Schedule() {
  ThreadPool& pool = table_->context().pool();
  const auto threads = static_cast<std::uint64_t>(pool.threads());
  const std::uint64_t in_budget = table_->context().options().memory_budget / 2 / std::max<std::uint64_t>(1, batch_bytes_);
  const std::size_t depth = threads == 1 ? 1 : static_cast<std::size_t>(std::clamp<std::uint64_t>(in_budget, 1, threads + 1));
  while (ahead_.size() < depth) {
    LANCEKIT_ASSIGN(const std::optional<RowRun> run, NextRun());
    if (!run.has_value()) return {};
    auto slot = std::make_shared<Slot>();
    ahead_.emplace_back(*run, slot);
    pool.Submit([plan = plan_, slot, run = *run]() mutable {
      Result<Batch> result = ReadBatch(*plan, run);
      // The scan, which waits for the result, keeps the table: its last owner must not be a thread of its own pool.
      plan.reset();
      std::lock_guard lock(slot->mutex);
      slot->result.emplace(std::move(result));
      slot->ready.notify_all();
    });
  }
  return {};
}

Result<Batch> ScanImpl::Slot::Wait() {
  std::unique_lock lock(mutex);
  ready.wait(lock, [this] { return result.has_value(); });
  return *std::move(result);
}

void ScanImpl::DropAhead() {
  for (const auto& [run, slot] : ahead_) static_cast<void>(slot->Wait());
  ahead_.clear();
}

// The size of strings was a guess; when they overflow 32-bit offsets, the batch is read again in two halves.
Result<Batch> ScanImpl::ReadSmaller(RowRun run, Result<Batch> result) {
  while (!result && result.error().code == ErrorCode::kResourceLimit && run.count > 1) {
    DropAhead();
    run.count /= 2;
    next_row_ = run.fragment->first_row + run.first + run.count;
    rows_per_batch_ = run.count;
    result = ReadBatch(*plan_, run);
  }
  return result;
}

Result<std::optional<Batch>> ScanImpl::Next() {
  if (failed_) return std::optional<Batch>();
  failed_ = true;  // until this batch is there
  LANCEKIT_TRY(Start());
  LANCEKIT_TRY(Schedule());
  if (ahead_.empty()) {
    failed_ = false;
    return std::optional<Batch>();
  }
  const auto [run, slot] = std::move(ahead_.front());
  ahead_.pop_front();
  LANCEKIT_ASSIGN(Batch batch, ReadSmaller(run, slot->Wait()));
  failed_ = false;
  return std::optional<Batch>(std::move(batch));
}

Scan::Scan(std::shared_ptr<ScanImpl> impl) noexcept : impl_(std::move(impl)) {}
Scan::~Scan() = default;
Scan::Scan(Scan&&) noexcept = default;
Scan& Scan::operator=(Scan&&) noexcept = default;

Scan& Scan::select(std::vector<std::string> columns) & {
  impl_->columns_ = std::move(columns);
  return *this;
}
Scan Scan::select(std::vector<std::string> columns) && { return std::move(select(std::move(columns))); }
Scan& Scan::offset(std::uint64_t rows) & {
  impl_->offset_ = rows;
  return *this;
}
Scan Scan::offset(std::uint64_t rows) && { return std::move(offset(rows)); }
Scan& Scan::limit(std::uint64_t rows) & {
  impl_->limit_ = rows;
  return *this;
}
Scan Scan::limit(std::uint64_t rows) && { return std::move(limit(rows)); }
Scan& Scan::batch_rows(std::uint64_t rows) & {
  impl_->batch_rows_ = std::max<std::uint64_t>(1, rows);
  return *this;
}
Scan Scan::batch_rows(std::uint64_t rows) && { return std::move(batch_rows(rows)); }
Scan& Scan::batch_bytes(std::uint64_t bytes) & {
  impl_->batch_bytes_ = std::max<std::uint64_t>(1, bytes);
  return *this;
}
Scan Scan::batch_bytes(std::uint64_t bytes) && { return std::move(batch_bytes(bytes)); }

Result<std::optional<Batch>> Scan::next() { return impl_->Next(); }

Result<Schema> Scan::schema() {
  LANCEKIT_ASSIGN(const std::shared_ptr<const Schema> schema, impl_->OutputSchema());
  return *schema;
}

void Scan::Iterator::advance() {
  auto next = scan_->next();
  if (!next) {
    // The error is the last element; the scan gives nothing after it.
    current_.emplace(std::move(next).status());
    return;
  }
  if (!next->has_value()) {
    scan_ = nullptr;
    return;
  }
  current_.emplace(**std::move(next));
}

namespace {

struct StreamState {
  explicit StreamState(std::shared_ptr<ScanImpl> impl) : scan(std::move(impl)) {}
  std::shared_ptr<ScanImpl> scan;
  std::string last_error;

  int Fail(const Error& error) {
    last_error = error.describe();
    switch (error.code) {
      case ErrorCode::kResourceLimit:
        return ENOMEM;
      case ErrorCode::kUnsupported:
        return ENOTSUP;
      case ErrorCode::kIo:
        return EIO;
      default:
        return EINVAL;
    }
  }
};

StreamState& StateOf(ArrowArrayStream* stream) { return *static_cast<StreamState*>(stream->private_data); }

int StreamSchema(ArrowArrayStream* stream, ArrowSchema* out) {
  auto schema = StateOf(stream).scan->OutputSchema();
  if (!schema) return StateOf(stream).Fail(schema.error());
  ExportSchema(**schema, out);
  return 0;
}

int StreamNext(ArrowArrayStream* stream, ArrowArray* out) {
  auto next = StateOf(stream).scan->Next();
  if (!next) return StateOf(stream).Fail(next.error());
  std::memset(out, 0, sizeof(*out));
  if (!next->has_value()) return 0;
  const Status status = (**next).export_array(out, nullptr);
  return status.ok() ? 0 : StateOf(stream).Fail(status.error());
}

const char* StreamError(ArrowArrayStream* stream) {
  const std::string& text = StateOf(stream).last_error;
  return text.empty() ? nullptr : text.c_str();
}

void StreamRelease(ArrowArrayStream* stream) {
  delete static_cast<StreamState*>(stream->private_data);
  stream->private_data = nullptr;
  stream->release = nullptr;
}

}  // namespace

Status Scan::export_stream(ArrowArrayStream* stream) {
  if (auto schema = impl_->OutputSchema(); !schema) return std::move(schema).status();
  stream->get_schema = &StreamSchema;
  stream->get_next = &StreamNext;
  stream->get_last_error = &StreamError;
  stream->release = &StreamRelease;
  stream->private_data = new StreamState(std::move(impl_));
  return {};
}

}  // namespace lancekit
