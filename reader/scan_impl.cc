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
// Of a batch, where nobody says how many.
constexpr std::uint64_t kMostRows = 65'536, kMostBytes = 16 << 20;
// Reading runs of rows pays off when there are at least this many rows per run.
constexpr std::uint64_t kRowsPerSpan = 16;

/// Live rows of the fragment as they lie in its files.
void AppendPhysicalRows(const TableFragment& fragment, std::uint64_t first, std::uint64_t count, std::vector<ValueRange>* rows) {
  fragment.live.ForEachRange(first, count,
                             [&](const format::RowRange& range) { rows->push_back({range.begin, range.end - range.begin}); });
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
  queue_->scratches.reserve(static_cast<std::size_t>(table_->context().pool().threads()) + 1);
  plan->first_row = next_row_;
  plan->end_row = end_row_;
  plan_ = std::move(plan);
  aimed_bytes_ = BatchBytes();
  return {};
}

Result<std::shared_ptr<const Schema>> ScanImpl::OutputSchema() {
  LANCEKIT_TRY(Start());
  return plan_->schema;
}

std::uint64_t ScanImpl::LargeBatchBytes() const { return batch_bytes_.value_or(kMostBytes); }

// A batch that fits into a core's cache is not written to memory before it is used, and its buffers serve the next one; in
// smaller ones than that the work for each column shows.
std::uint64_t ScanImpl::BatchBytes() const {
  constexpr std::uint64_t kCachedBytes = 2 << 20, kBytesPerLeaf = 64 << 10;
  // Filters drop most rows, and what they look at is often not decoded.
  if (batch_bytes_.has_value() || batch_rows_.has_value() || filter_.has_value()) return LargeBatchBytes();
  std::uint64_t leaves = 0;
  for (const auto& shape : plan_->fields) {
    if (MayHoldBlobs(shape->field())) return LargeBatchBytes();
    leaves += shape->leaves().size();
  }
  return std::clamp(leaves * kBytesPerLeaf, kCachedBytes, kMostBytes);
}

Result<std::uint64_t> ScanImpl::RowsPerBatch(const TableFragment& fragment) {
  if (&fragment == sized_fragment_) return rows_per_batch_;
  if (table_->checksums_ != Checksums::kNever) {
    for (const auto& file : fragment.files) LANCEKIT_TRY(file->statistics().CheckTail());
  }
  std::uint64_t row_bytes = 0;
  auto readers = std::make_shared<Readers>();
  const Selection no_fields;
  for (const Selection* const fields : {&plan_->fields, plan_->filter == nullptr ? &no_fields : &plan_->filter->fields()}) {
    for (const auto& shape : *fields) {
      LANCEKIT_ASSIGN(auto reader, FieldReader::Open(fragment, *shape, table_->context()));
      row_bytes += reader->EstimateRowBytes();
      readers->push_back(std::move(reader));
    }
  }
  readers_ = std::move(readers);
  std::uint64_t rows = std::min(batch_rows_.value_or(kMostRows), aimed_bytes_ / std::max<std::uint64_t>(1, row_bytes));
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
    if (bytes > LargeBatchBytes()) return std::max<std::uint64_t>(1, i);
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
  for (std::size_t i = 0; i < readers_->size(); ++i) {
    const FieldReader& reader = *(*readers_)[i];
    count = std::min(count, fragment.live.CountBefore(reader.PageEnd(fragment.live.Physical(first))) - first);
    const auto& field = i < plan_->fields.size() ? plan_->fields[i] : plan_->filter->fields()[i - plan_->fields.size()];
    if (MayHoldBlobs(field->field())) count = CountBlobs(reader, fragment, first, count);
  }
  next_row_ += count;
  return std::optional<Part>(Part{{&fragment, first, count}, readers_, kept_});
}

ValueRange ScanImpl::Plan::WholeRows(const TableFragment& fragment) const {
  const std::uint64_t first = std::max(first_row, fragment.first_row) - fragment.first_row;
  const std::uint64_t end = std::min(end_row - fragment.first_row, fragment.num_rows);
  const std::uint64_t first_physical = first == 0 ? 0 : fragment.live.Physical(first);
  const std::uint64_t end_physical = end == fragment.num_rows ? ~std::uint64_t{0} : fragment.live.Physical(end - 1) + 1;
  return {first_physical, end_physical - first_physical};
}

Result<ScanImpl::Reading> ScanImpl::ReadBatch(const Plan& plan, const Part& part, PageScratch* scratch) {
  return WithoutThrowing([&]() -> Result<Reading> {
    Stopwatch watch(plan.table->context(), Counter::kDecodeNanoseconds, "batch");
    watch.span().Set("first_row", part.run.fragment->first_row + part.run.first);
    watch.span().Set("rows", part.run.count);
    LANCEKIT_TRY(plan.table->context().CheckCancelled());
    std::vector<ValueRange> rows;
    AppendPhysicalRows(*part.run.fragment, part.run.first, part.run.count, &rows);
    if (plan.filter != nullptr) return ReadMatches(plan, part, rows, scratch);
    auto batch = std::make_shared<BatchImpl>();
    batch->schema = plan.schema;
    batch->num_rows = static_cast<std::int64_t>(part.run.count);
    const ValueRange whole = plan.WholeRows(*part.run.fragment);
    scratch->whole_rows = CheckedRows(*plan.table, {&whole, 1});
    batch->columns.reserve(plan.fields.size());
    for (std::size_t i = 0; i < plan.fields.size(); ++i) {
      LANCEKIT_ASSIGN(ArrayData column, ReadRows(*(*part.readers)[i], *plan.fields[i], rows, true, scratch));
      batch->columns.push_back(std::move(column));
    }
    const RowSpan all{0, part.run.count};
    if (plan.numbers_rows) batch->columns.push_back(NumbersOf(part.run, {&all, 1}));
    return Reading{std::move(batch)};
  });
}

// The filter's columns are read whole, the others where rows match. Many short runs of rows cost more than reading the rows
// between them too and leaving those out afterwards.
Result<ScanImpl::Reading> ScanImpl::ReadMatches(const Plan& plan, const Part& part, std::span<const ValueRange> rows,
                                                PageScratch* scratch) {
  const RowRun& run = part.run;
  scratch->whole_rows = CheckedRows(*plan.table, *part.kept);
  LANCEKIT_ASSIGN(const RowFilter::Matches matches,
                  plan.filter->Match(std::span(*part.readers).subspan(plan.fields.size()), rows, scratch));
  auto batch = std::make_shared<BatchImpl>();
  batch->schema = plan.schema;
  batch->num_rows = static_cast<std::int64_t>(matches.rows.num_set);
  if (batch->num_rows == 0) return Reading{std::move(batch), matches.is_encoded};
  const std::vector<RowSpan> spans = SpansOf(matches.rows.bits(), run.count);
  if (plan.numbers_rows) batch->columns.push_back(NumbersOf(run, spans));
  const bool reads_all = spans.size() > run.count / kRowsPerSpan;
  std::vector<ValueRange> wanted;
  if (!reads_all) {
    wanted.reserve(spans.size());
    for (const RowSpan& span : spans) AppendPhysicalRows(*run.fragment, run.first + span.first, span.count, &wanted);
    scratch->whole_rows = CheckedRows(*plan.table, {});
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
      LANCEKIT_ASSIGN(const ArrayData column, ReadRows(*(*part.readers)[i], shape, rows, true, scratch));
      batch->columns.push_back(SelectRows(type, column, spans));
    } else {
      LANCEKIT_ASSIGN(batch->columns.emplace_back(), ReadRows(*(*part.readers)[i], shape, wanted, false, scratch));
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

ScanImpl::Slot* ScanImpl::Queue::Claim() {
  const auto it = std::ranges::find(slots, false, &Slot::is_claimed);
  if (it == slots.end()) return nullptr;
  it->is_claimed = true;
  return &*it;
}

void ScanImpl::Queue::Read(const Plan& plan, Slot* slot, std::unique_lock<std::mutex>* lock) {
  std::unique_ptr<PageScratch> scratch;
  if (!scratches.empty()) {
    scratch = std::move(scratches.back());
    scratches.pop_back();
  }
  lock->unlock();
  // Whoever waits is told, whatever is thrown.
  struct Done {
    Queue* queue;
    Slot* slot;
    std::unique_lock<std::mutex>* lock;
    std::optional<Result<Reading>> result;
    ~Done() {
      lock->lock();
      slot->result = result.has_value() ? std::move(result) : MakeError(ErrorCode::kInternal, "a batch was not read");
      queue->done.notify_all();
    }
  };
  {
    Done read{this, slot, lock, std::nullopt};
    read.result = WithoutThrowing([&]() -> Result<Reading> {
      if (scratch == nullptr) scratch = std::make_unique<PageScratch>();
      return ReadBatch(plan, slot->part, scratch.get());
    });
  }
  if (scratches.size() < scratches.capacity()) scratches.push_back(std::move(scratch));
}

Status ScanImpl::Schedule() {
  ThreadPool& pool = table_->context().pool();
  const auto threads = static_cast<std::size_t>(pool.threads());
  const std::uint64_t in_budget = table_->context().options().memory_budget / 2 / aimed_bytes_;
  const std::size_t depth = threads == 1 ? 1 : static_cast<std::size_t>(std::clamp<std::uint64_t>(in_budget, 1, 2 * threads));
  while (queue_->slots.size() < depth) {
    LANCEKIT_ASSIGN(std::optional<Part> part, NextPart());
    if (!part.has_value()) break;
    std::lock_guard lock(queue_->mutex);
    queue_->slots.push_back({.part = *std::move(part)});
  }
  // The thread that waits for the batches is one of those that read them.
  std::size_t missing = 0;
  {
    std::lock_guard lock(queue_->mutex);
    const auto unclaimed = static_cast<std::size_t>(std::ranges::count(queue_->slots, false, &Slot::is_claimed));
    const std::size_t wanted = std::min(threads - 1, unclaimed);
    if (wanted > queue_->num_tasks) missing = wanted - queue_->num_tasks;
    queue_->num_tasks += missing;
  }
  for (; missing != 0; --missing) {
    pool.Submit([queue = queue_, plan = plan_.get()] {
      std::unique_lock lock(queue->mutex);
      while (Slot* const slot = queue->Claim()) queue->Read(*plan, slot, &lock);
      --queue->num_tasks;
    });
  }
  return {};
}

std::pair<ScanImpl::Part, Result<ScanImpl::Reading>> ScanImpl::TakeFront() {
  std::unique_lock lock(queue_->mutex);
  Slot& front = queue_->slots.front();
  while (!front.result.has_value()) {
    if (Slot* const slot = queue_->Claim()) {
      queue_->Read(*plan_, slot, &lock);
    } else {
      queue_->done.wait(lock);
    }
  }
  std::pair<Part, Result<Reading>> taken(std::move(front.part), *std::move(front.result));
  queue_->slots.pop_front();
  return taken;
}

void ScanImpl::DropAhead() {
  std::unique_lock lock(queue_->mutex);
  while (!queue_->slots.empty() && !queue_->slots.back().is_claimed) queue_->slots.pop_back();
  const auto is_read = [](const Slot& slot) { return slot.result.has_value(); };
  queue_->done.wait(lock, [&] { return std::ranges::all_of(queue_->slots, is_read); });
  queue_->slots.clear();
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
    PageScratch scratch;
    result = ReadBatch(*plan_, *part, &scratch);
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
    if (queue_->slots.empty()) {
      failed_ = false;
      return BatchPtr();
    }
    auto [part, result] = TakeFront();
    LANCEKIT_ASSIGN(Reading reading, ReadSmaller(&part, std::move(result)));
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
    for (const Slot& slot : queue_->slots) rows += slot.part.run.count;
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
