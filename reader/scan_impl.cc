#include "reader/scan_impl.h"

#include <algorithm>

#include "base/checked_math.h"
#include "base/trace.h"
#include "base/without_throwing.h"
#include "reader/batch_impl.h"
#include "reader/blob_columns.h"
#include "types/select_rows.h"

namespace lancekit {
namespace {

// Batches begin at multiples of this where they can: most chunks hold this many values, and a chunk that two batches share is
// decoded twice.
constexpr std::uint64_t kRowUnit = 1024;
// Reading runs of rows pays off when there are at least this many rows per run.
constexpr std::uint64_t kRowsPerSpan = 16;

/// Live rows of the run's fragment as they lie in its files.
void AppendPhysicalRuns(const RowRun& run, std::uint64_t first, std::uint64_t count, std::vector<RowRun>* runs) {
  run.fragment->live.ForEachRange(first, count, [&](const format::RowRange& range) {
    runs->push_back({run.fragment, range.begin, range.end - range.begin});
  });
}

/// The numbers that the rows of a run have in the table; of those in the spans.
ArrayData NumbersOf(const RowRun& run, std::span<const RowSpan> spans) {
  ArrayData numbers;
  MutableBuffer values;
  for (const RowSpan& span : spans) {
    for (std::uint64_t i = 0; i < span.count; ++i) values.AppendLe(run.fragment->first_row + run.first + span.first + i);
  }
  numbers.length = static_cast<std::int64_t>(values.size() / sizeof(std::uint64_t));
  numbers.values = std::move(values).Freeze();
  return numbers;
}

}  // namespace

Status ScanImpl::Start() {
  if (plan_ != nullptr) return {};
  auto plan = std::make_shared<Plan>();
  plan->table = table_;
  if (!counts_only_) {
    LANCEKIT_ASSIGN(plan->fields, table_->Select(columns_));
  }
  Schema schema = SelectedSchema(table_->schema_, plan->fields);
  plan->numbers_rows = numbers_rows_;
  if (numbers_rows_) schema.fields = {{.name = "row", .type = {.id = TypeId::kUInt64}, .nullable = false}};
  plan->schema = std::make_shared<const Schema>(std::move(schema));
  if (filter_.has_value()) {
    LANCEKIT_ASSIGN(plan->filter, RowFilter::Make(*table_, *filter_));
    for (const auto& shape : plan->fields) {
      const Selection& known = plan->filter->fields();
      const auto it = std::ranges::find_if(known, [&](const auto& other) { return other->field() == shape->field(); });
      plan->filter_fields.emplace_back();
      if (it != known.end()) plan->filter_fields.back() = static_cast<std::size_t>(it - known.begin());
    }
    skip_ = offset_;
    left_ = limit_;
    end_row_ = table_->num_rows_;
  } else {
    next_row_ = std::min(offset_, table_->num_rows_);
    end_row_ = next_row_ + std::min(limit_, table_->num_rows_ - next_row_);
  }
  plan->first_row = next_row_;
  plan->end_row = end_row_;
  plan_ = std::move(plan);
  return {};
}

Result<std::shared_ptr<const Schema>> ScanImpl::OutputSchema() {
  LANCEKIT_TRY(Start());
  return plan_->schema;
}

Result<std::uint64_t> ScanImpl::RowsPerBatch(const TableFragment& fragment) {
  if (&fragment == sized_fragment_) return rows_per_batch_;
  if (table_->checksums_ != Checksums::kNever) {
    for (const auto& file : fragment.files) LANCEKIT_TRY(file->statistics().CheckTail());
  }
  std::uint64_t row_bytes = 0;
  field_readers_.clear();
  const Selection no_fields;
  for (const Selection* const fields : {&plan_->fields, plan_->filter == nullptr ? &no_fields : &plan_->filter->fields()}) {
    for (const auto& shape : *fields) {
      LANCEKIT_ASSIGN(auto reader, FieldReader::Open(fragment, *shape, table_->context()));
      row_bytes += reader->EstimateRowBytes();
      field_readers_.push_back(std::move(reader));
    }
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

bool ScanImpl::SkipPruned(std::uint64_t* end) {
  while (next_row_ < end_row_) {
    const TableFragment& fragment = table_->FragmentOf(next_row_);
    if (&fragment != pruned_fragment_) {
      pruned_fragment_ = &fragment;
      ScanReport known;  // of a fragment that counts already, when its rows are read again
      ScanReport* const report = fragment.first_row < counted_rows_ ? &known : &report_;
      kept_ = std::make_shared<const std::vector<ValueRange>>(plan_->filter->Prune(fragment, report));
      counted_rows_ = std::max(counted_rows_, fragment.first_row + fragment.num_rows);
      next_kept_ = 0;
    }
    for (; next_kept_ < kept_->size(); ++next_kept_) {
      const ValueRange& rows = (*kept_)[next_kept_];
      *end = fragment.live.CountBefore(rows.first + rows.count);
      const std::uint64_t first = std::max(next_row_ - fragment.first_row, fragment.live.CountBefore(rows.first));
      if (first >= *end) continue;
      next_row_ = fragment.first_row + first;
      return true;
    }
    next_row_ = fragment.first_row + fragment.num_rows;
  }
  return false;
}

Result<std::optional<ScanImpl::Part>> ScanImpl::NextPart() {
  std::uint64_t end = ~std::uint64_t{0};
  if (plan_->filter != nullptr ? left_ == 0 || !SkipPruned(&end) : next_row_ >= end_row_) return std::optional<Part>();
  const TableFragment& fragment = table_->FragmentOf(next_row_);
  LANCEKIT_ASSIGN(const std::uint64_t rows, RowsPerBatch(fragment));
  const std::uint64_t first = next_row_ - fragment.first_row;
  std::uint64_t count = std::min({rows, fragment.num_rows - first, end_row_ - next_row_, end - first});
  if (count > kRowUnit && count == rows && (first + count) % kRowUnit != 0) count -= (first + count) % kRowUnit;
  for (std::size_t i = 0; i < field_readers_.size(); ++i) {
    const FieldReader& reader = *field_readers_[i];
    count = std::min(count, fragment.live.CountBefore(reader.PageEnd(fragment.live.Physical(first))) - first);
    const auto& field = i < plan_->fields.size() ? plan_->fields[i] : plan_->filter->fields()[i - plan_->fields.size()];
    if (MayHoldBlobs(field->field())) count = CountBlobs(reader, fragment, first, count);
  }
  next_row_ += count;
  return std::optional<Part>(Part{{&fragment, first, count}, kept_});
}

ValueRange ScanImpl::Plan::WholeRows(const TableFragment& fragment) const {
  const std::uint64_t first = std::max(first_row, fragment.first_row) - fragment.first_row;
  const std::uint64_t end = std::min(end_row - fragment.first_row, fragment.num_rows);
  const std::uint64_t first_physical = first == 0 ? 0 : fragment.live.Physical(first);
  const std::uint64_t end_physical = end == fragment.num_rows ? ~std::uint64_t{0} : fragment.live.Physical(end - 1) + 1;
  return {first_physical, end_physical - first_physical};
}

Result<ScanImpl::Reading> ScanImpl::ReadBatch(const Plan& plan, const Part& part) {
  return WithoutThrowing([&]() -> Result<Reading> {
    Stopwatch watch(plan.table->context(), Counter::kDecodeNanoseconds, "batch");
    watch.span().Set("first_row", part.run.fragment->first_row + part.run.first);
    watch.span().Set("rows", part.run.count);
    LANCEKIT_TRY(plan.table->context().CheckCancelled());
    if (plan.filter != nullptr) return ReadMatches(plan, part);
    auto batch = std::make_shared<BatchImpl>();
    batch->schema = plan.schema;
    batch->num_rows = static_cast<std::int64_t>(part.run.count);
    std::vector<RowRun> runs;
    AppendPhysicalRuns(part.run, part.run.first, part.run.count, &runs);
    const ValueRange whole = plan.WholeRows(*part.run.fragment);
    for (const auto& shape : plan.fields) {
      LANCEKIT_ASSIGN(ArrayData column, ReadRows(*plan.table, *shape, runs, {&whole, 1}));
      batch->columns.push_back(std::move(column));
    }
    const RowSpan all{0, part.run.count};
    if (plan.numbers_rows) batch->columns.push_back(NumbersOf(part.run, {&all, 1}));
    return Reading{std::move(batch)};
  });
}

// The filter's columns are read whole, the others where rows match. Many short runs of rows cost more than reading the rows
// between them too and leaving those out afterwards.
Result<ScanImpl::Reading> ScanImpl::ReadMatches(const Plan& plan, const Part& part) {
  const RowRun& run = part.run;
  std::vector<RowRun> runs;
  AppendPhysicalRuns(run, run.first, run.count, &runs);
  const std::span<const ValueRange> whole = *part.kept;
  LANCEKIT_ASSIGN(const RowFilter::Matches matches, plan.filter->Match(*plan.table, runs, whole));
  auto batch = std::make_shared<BatchImpl>();
  batch->schema = plan.schema;
  batch->num_rows = static_cast<std::int64_t>(matches.rows.num_set);
  if (batch->num_rows == 0) return Reading{std::move(batch), matches.is_encoded};
  const std::vector<RowSpan> spans = SpansOf(matches.rows.bits(), run.count);
  if (plan.numbers_rows) batch->columns.push_back(NumbersOf(run, spans));
  const bool reads_all = spans.size() > run.count / kRowsPerSpan;
  std::vector<RowRun> wanted;
  if (!reads_all) {
    wanted.reserve(spans.size());
    for (const RowSpan& span : spans) AppendPhysicalRuns(run, run.first + span.first, span.count, &wanted);
  }
  for (std::size_t i = 0; i < plan.fields.size(); ++i) {
    const FieldShape& shape = *plan.fields[i];
    const DataType& type = shape.field().type;
    const ArrayData* const known = plan.filter_fields[i].has_value() && matches.columns[*plan.filter_fields[i]].has_value()
                                       ? &*matches.columns[*plan.filter_fields[i]]
                                       : nullptr;
    if (known != nullptr) {
      batch->columns.push_back(SelectRows(type, *known, spans));
    } else if (reads_all) {
      LANCEKIT_ASSIGN(const ArrayData column, ReadRows(*plan.table, shape, runs, whole));
      batch->columns.push_back(SelectRows(type, column, spans));
    } else {
      LANCEKIT_ASSIGN(batch->columns.emplace_back(), ReadRows(*plan.table, shape, wanted));
    }
  }
  return Reading{std::move(batch), matches.is_encoded};
}

BatchPtr ScanImpl::Cut(BatchPtr batch) {
  if (plan_->filter == nullptr) return batch;
  const auto matched = static_cast<std::uint64_t>(batch->num_rows);
  report_.rows_matched += matched;
  const RowSpan span{std::min(skip_, matched), std::min(left_, matched - std::min(skip_, matched))};
  skip_ -= span.first;
  if (left_ != ~std::uint64_t{0}) left_ -= span.count;
  if (span.count == matched) return batch;
  auto cut = std::make_shared<BatchImpl>();
  cut->schema = plan_->schema;
  cut->num_rows = static_cast<std::int64_t>(span.count);
  if (span.count != 0) {
    for (std::size_t i = 0; i < batch->columns.size(); ++i)
      cut->columns.push_back(SelectRows(plan_->schema->fields[i].type, batch->columns[i], {&span, 1}));
  }
  return cut;
}

Status ScanImpl::Schedule() {
  ThreadPool& pool = table_->context().pool();
  const auto threads = static_cast<std::uint64_t>(pool.threads());
  const std::uint64_t in_budget = table_->context().options().memory_budget / 2 / std::max<std::uint64_t>(1, batch_bytes_);
  const std::size_t depth = threads == 1 ? 1 : static_cast<std::size_t>(std::clamp<std::uint64_t>(in_budget, 1, threads + 1));
  while (ahead_.size() < depth) {
    LANCEKIT_ASSIGN(const std::optional<Part> part, NextPart());
    if (!part.has_value()) return {};
    auto slot = std::make_shared<Slot>();
    ahead_.emplace_back(*part, slot);
    pool.Submit([plan = plan_, slot, part = *part]() mutable {
      Result<Reading> result = ReadBatch(*plan, part);
      // The scan, which waits for the result, keeps the table: its last owner must not be a thread of its own pool.
      plan.reset();
      std::lock_guard lock(slot->mutex);
      slot->result.emplace(std::move(result));
      slot->ready.notify_all();
    });
  }
  return {};
}

Result<ScanImpl::Reading> ScanImpl::Slot::Wait() {
  std::unique_lock lock(mutex);
  ready.wait(lock, [this] { return result.has_value(); });
  return *std::move(result);
}

void ScanImpl::DropAhead() {
  for (const auto& [part, slot] : ahead_) static_cast<void>(slot->Wait());
  ahead_.clear();
}

// The size of strings was a guess; when they overflow 32-bit offsets, the batch is read again in two halves.
Result<ScanImpl::Reading> ScanImpl::ReadSmaller(Part* part, Result<Reading> result) {
  while (!result && result.error().code == ErrorCode::kResourceLimit && part->run.count > 1) {
    DropAhead();
    part->run.count /= 2;
    next_row_ = part->run.fragment->first_row + part->run.first + part->run.count;
    next_kept_ = 0;
    if (auto sized = RowsPerBatch(*part->run.fragment); !sized) return std::move(sized).status();
    rows_per_batch_ = part->run.count;
    result = ReadBatch(*plan_, *part);
  }
  return result;
}

Result<std::optional<Batch>> ScanImpl::Next() {
  LANCEKIT_ASSIGN(BatchPtr batch, NextBatch());
  if (batch == nullptr) return std::optional<Batch>();
  return std::optional<Batch>(Batch(std::move(batch)));
}

Result<BatchPtr> ScanImpl::NextBatch() {
  if (failed_) return BatchPtr();
  failed_ = true;  // until this batch is there
  LANCEKIT_TRY(Start());
  for (;;) {
    LANCEKIT_TRY(Schedule());
    if (ahead_.empty()) {
      failed_ = false;
      return BatchPtr();
    }
    auto [part, slot] = std::move(ahead_.front());
    ahead_.pop_front();
    LANCEKIT_ASSIGN(Reading reading, ReadSmaller(&part, slot->Wait()));
    if (plan_->filter != nullptr) report_.rows_filtered += part.run.count;
    if (reading.is_encoded) report_.rows_encoded += part.run.count;
    BatchPtr batch = Cut(std::move(reading.batch));
    if (left_ == 0) DropAhead();
    if (plan_->filter != nullptr && batch->num_rows == 0) continue;
    failed_ = false;
    table_->context().Count(Counter::kRowsScanned, static_cast<std::uint64_t>(batch->num_rows));
    return batch;
  }
}

Result<std::uint64_t> ScanImpl::Count() {
  counts_only_ = true;
  LANCEKIT_TRY(Start());
  if (plan_->filter == nullptr) {
    std::uint64_t rows = end_row_ - next_row_;
    for (const auto& [part, slot] : ahead_) rows += part.run.count;
    DropAhead();
    next_row_ = end_row_;
    return rows;
  }
  std::uint64_t rows = 0;
  for (;;) {
    LANCEKIT_ASSIGN(const BatchPtr batch, NextBatch());
    if (batch == nullptr) return rows;
    rows += static_cast<std::uint64_t>(batch->num_rows);
  }
}

ScanReport ScanImpl::report() const {
  ScanReport report = report_;
  report.bytes_read = table_->context().counted(Counter::kBytesRead) - bytes_before_;
  return report;
}

}  // namespace lancekit
