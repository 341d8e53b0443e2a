#include "lancekit/writer.hpp"

#include <algorithm>
#include <functional>
#include <numeric>

#include "base/checked_math.h"
#include "base/limits.h"
#include "base/trace.h"
#include "base/without_throwing.h"
#include "writer/array_access.h"
#include "writer/page_bloom.h"
#include "writer/page_encoder.h"
#include "writer/writer_impl.h"

namespace lancekit {
namespace {

// Columns share this part of the memory budget while they wait for their pages.
constexpr std::uint64_t kBufferShare = 4;
// Rows on their way to pages take about this part of it, and the buffers that they came from new memory. Pages that wait for the
// next rows take so much too.
constexpr std::uint64_t kJobShare = 16;
// A column with more than this part of the rows' bytes is large.
constexpr std::uint64_t kLargeShare = 8;
// Of one page: encoding takes up to eight times as much, on each thread.
constexpr std::uint64_t kPageShare = 64;
constexpr std::uint64_t kMinPageBytes = 16 << 10;
// Rows go through the columns in steps of about this size, or this part of the budget, so that finished pages of a large batch do
// not pile up.
constexpr std::uint64_t kStepBytes = 128 << 20;
constexpr std::uint64_t kStepShare = 8;
constexpr std::uint64_t kMaxStepRows = 1 << 20;
// Batches of a stream are held until they are a step together, or this part of the budget, or so many: threads wait for each
// other once per step.
constexpr std::uint64_t kHeldShare = 16;
constexpr std::size_t kMaxHeld = 256;
// Files whose last pages are made while rows come to the next one.
constexpr std::size_t kMostEnded = 2;
// From this budget on threads may take more memory to wait less for each other; of a smaller one pages need all.
constexpr std::uint64_t kLargeBudget = 1 << 30;

std::uint64_t PageBytes(const WriteOptions& options, std::uint64_t budget, std::size_t num_columns) {
  const std::uint64_t share = std::min(budget / kBufferShare / std::max<std::size_t>(1, num_columns), budget / kPageShare);
  return std::max(std::min(options.page_bytes, share), std::min(options.page_bytes, kMinPageBytes));
}

/// Bytes of slots [first, first + count), garbage under nulls counted.
std::uint64_t BytesOf(const ArrayView& view, std::uint64_t first, std::uint64_t count) {
  if (view.length == 0) return 0;
  const DataType& type = *view.type;
  if (IsVariableWidth(type.id)) return StringBytesOf(view, HasLargeOffsets(type.id), first, count);
  if (type.id == TypeId::kList || type.id == TypeId::kLargeList || type.id == TypeId::kMap) {
    const bool large = HasLargeOffsets(type.id);
    const std::uint64_t start = OffsetAt(view, large, SlotOf(view, first));
    const std::uint64_t items = OffsetAt(view, large, SlotOf(view, first + count)) - start;
    return count * 4 + items * 4 + BytesOf(view.children[0], start, items);  // offsets; levels
  }
  if (const std::uint64_t bits = FixedWidthBits(type); bits != 0) return CeilDiv(bits, 8) * count;
  if (type.id != TypeId::kStruct && type.id != TypeId::kFixedSizeList) return count * 8;
  const std::uint64_t size = type.id == TypeId::kStruct ? 1 : static_cast<std::uint64_t>(type.size);
  std::uint64_t bytes = 0;
  for (const ArrayView& child : view.children) bytes += BytesOf(child, first * size, count * size);
  return bytes;
}

std::uint64_t StepRows(std::uint64_t num_rows, std::uint64_t num_bytes, std::uint64_t budget) {
  const std::uint64_t row_bytes = std::max<std::uint64_t>(1, num_bytes / std::max<std::uint64_t>(1, num_rows));
  return std::clamp<std::uint64_t>(std::min(kStepBytes, budget / kStepShare) / row_bytes, 1, kMaxStepRows);
}

}  // namespace

WriterImpl::WriterImpl(Context context, WriteOptions options, format::FileVersion version, Output output)
    : context_(std::move(context)), options_(std::move(options)), version_(version), output_(std::move(output)) {}

WriterImpl::~WriterImpl() {
  if (file_ != nullptr) file_->GiveUp();
  for (const auto& file : ended_) file->GiveUp();
  for (const auto& column : columns_) {
    for (const PageChain& chain : column->chains) {
      if (chain.last != nullptr) chain.last->Drop();
    }
  }
}

Status WriterImpl::SetSchema(const ArrowSchema& arrow_schema) {
  LANCEKIT_ASSIGN(Schema schema, ImportSchema(arrow_schema));
  if (schema_.has_value()) {
    if (schema.fields == schema_->fields) return {};
    return Invalid("the schema differs from that of the first batch");
  }
  LANCEKIT_ASSIGN(PlannedSchema planned, PlanSchema(schema, options_, version_));
  if (const BaseVersion* base = output_.appended_to())
    LANCEKIT_TRY(TakeColumnsOf(base->manifest.schema, options_, version_, &planned));
  table_schema_ = std::move(planned.table);
  file_schema_ = std::move(planned.file);
  schema_ = std::move(schema);
  root_.type.id = TypeId::kStruct;
  root_.type.children = schema_->fields;
  const std::vector<format::Leaf> leaves = format::Leaves(file_schema_);
  page_bytes_ = PageBytes(options_, context_.memory_budget(), leaves.size());
  for (const format::Leaf& leaf : leaves) {
    const auto field = static_cast<std::size_t>(leaf.path.front() - file_schema_.fields.data());
    LANCEKIT_TRY(At(AddColumn(leaf, field), {.column = leaf.Name()}));
  }
  return SetBlooms();
}

Status WriterImpl::SetBlooms() {
  for (const BloomColumn& bloom : options_.bloom) {
    const auto it = std::ranges::find(summary_.columns, bloom.column, &WriteSummary::Column::name);
    if (it == summary_.columns.end())
      return At(Invalid("there is no such column of values to make Bloom filters of"), {.column = bloom.column});
    Column& column = *columns_[static_cast<std::size_t>(it - summary_.columns.begin())];
    if (column.blobs.has_value() || DomainOf(column.leaf.type) == Domain::kNone)
      return At(Invalid("values of this type have no Bloom filters, for filters do not compare them"), {.column = bloom.column});
    column.bloom_bits = bloom.bits_per_value;
  }
  return {};
}

Status WriterImpl::AddColumn(const format::Leaf& leaf, std::size_t field) {
  LANCEKIT_ASSIGN(PlannedLeaf planned, PlanLeaf(leaf, options_, version_));
  columns_.push_back(std::make_unique<Column>(field, std::move(planned)));
  Column& column = *columns_.back();
  column.buffer = MakeBuffer(column);
  if (format::IsBlob(*leaf.path.back())) {
    LANCEKIT_ASSIGN(column.blobs, BlobBuffer::Make(column.leaf, column.path, page_bytes_, version_, options_.statistics));
    has_blobs_ = true;
  }
  summary_.columns.push_back({leaf.Name()});
  return {};
}

Status WriterImpl::CheckOpen() const {
  if (!failed_ && !finished_) return {};
  return Invalid("the writer has {}", finished_ ? "committed already" : "failed before");
}

Status WriterImpl::Hold(ArrowArray* array, const ArrowSchema& schema) {
  LANCEKIT_TRY(CheckOpen());
  failed_ = true;  // until this batch is in
  LANCEKIT_TRY(context_.impl().CheckCancelled());
  LANCEKIT_TRY(SetSchema(schema));
  LANCEKIT_ASSIGN(ArrayView batch, ImportBatch(root_, schema, *array));
  held_.rows += static_cast<std::uint64_t>(batch.length);
  for (const ArrayView& column : batch.children) held_.bytes += BytesOf(column, 0, static_cast<std::uint64_t>(batch.length));
  HeldArray owned(new ArrowArray{});
  *owned = *array;
  array->release = nullptr;
  held_.batches.emplace_back(std::move(owned), std::move(batch));
  failed_ = false;
  return {};
}

Status WriterImpl::WriteBatch(ArrowArray* array, const ArrowSchema& schema) {
  LANCEKIT_TRY(Hold(array, schema));
  return WriteHeld();
}

Status WriterImpl::WriteHeld() {
  const HeldRows held = std::exchange(held_, {});
  if (held.rows == 0) return {};
  failed_ = true;  // until these rows are in
  const std::uint64_t limit = RowsPerFile();
  const std::uint64_t step_rows = StepRows(held.rows, held.bytes, context_.memory_budget());
  for (std::uint64_t done = 0; done < held.rows;) {
    LANCEKIT_TRY(context_.impl().CheckCancelled());
    if (file_ == nullptr) LANCEKIT_TRY(OpenFile());
    const std::uint64_t count = std::min({held.rows - done, limit - file_->rows, step_rows});
    LANCEKIT_TRY(ForEachColumn([&](std::size_t column) { return AppendColumn(column, held, done, count); }));
    done += count;
    file_->rows += count;
    LANCEKIT_TRY(CompleteFiles(kMostEnded));
    LANCEKIT_TRY(WritePages(file_.get(), is_serial()));
    if (file_->rows == limit) LANCEKIT_TRY(EndFile());
  }
  failed_ = false;
  return {};
}

std::uint64_t WriterImpl::RowsPerFile() const {
  return output_.single_file() ? kMaxRows : std::max<std::uint64_t>(1, options_.max_rows_per_file);
}

std::shared_ptr<ColumnBuffer> WriterImpl::MakeBuffer(const Column& column) const {
  auto buffer = std::make_shared<ColumnBuffer>(column.leaf, column.path, page_bytes_, version_);
  buffer->set_max_rows(RowsPerFile());
  return buffer;
}

Status WriterImpl::AppendColumn(std::size_t column, const HeldRows& held, std::uint64_t first, std::uint64_t count) {
  TraceSpan span(context_.impl(), "append");
  span.SetPlace(summary_.columns[column].name);
  span.Set("rows", count);
  for (const auto& [array, batch] : held.batches) {
    if (count == 0) break;
    const auto rows = static_cast<std::uint64_t>(batch.length);
    if (first < rows) {
      const std::uint64_t part = std::min(count, rows - first);
      LANCEKIT_TRY(AppendRows(column, batch.children[columns_[column]->field], first, part));
      count -= part;
    }
    first -= std::min(first, rows);
  }
  return {};
}

Status WriterImpl::AppendRows(std::size_t index, const ArrayView& view, std::uint64_t first, std::uint64_t count) {
  Column& column = *columns_[index];
  if (column.blobs.has_value()) return At(column.blobs->Append(view, first, count), {.column = summary_.columns[index].name});
  while (count != 0) {
    auto appended = column.buffer->Append(view, first, count);
    if (!appended) return At(std::move(appended).status(), {.column = summary_.columns[index].name});
    const std::uint64_t taken = *appended;
    first += taken;
    count -= taken;
    column.rows += taken;
    if (column.buffer->full()) LANCEKIT_TRY(EncodeBuffer(index, false));
  }
  return {};
}

bool WriterImpl::has_room() const { return context_.memory_budget() >= kLargeBudget; }

bool WriterImpl::is_serial() const { return has_blobs_ || context_.impl().pool().threads() == 1; }

Status WriterImpl::EncodeBuffer(std::size_t index, bool at_end) {
  Column& column = *columns_[index];
  if ((column.blobs.has_value() ? column.blobs->num_rows() : column.buffer->num_rows()) == 0) return {};
  const std::uint64_t number = column.pages++;
  const bool only_page = at_end && number == 0;
  const std::uint64_t bytes = column.buffer->arrow_bytes();
  column.arrow_bytes += bytes;
  PageChain& chain = column.chains[column.all_pages++ % (has_room() ? column.chains.size() : 1)];
  if (!has_room() && chain.last != nullptr) chain.last->Finish();
  auto job = std::make_shared<PageJob>(
      column.rows, index,
      [=, this, &column, &chain, rows = column.buffer](ReadyPage* page) {
        Status status = MakePage(&column, &chain.memory, *rows, number, only_page, page);
        bytes_in_jobs_ -= bytes;
        return status;
      },
      chain.last);
  column.jobs.push_back(job);
  const bool at_once = is_serial() || bytes_in_jobs_ > context_.memory_budget() / kJobShare;
  bytes_in_jobs_ += bytes;
  if (at_once) {
    job->Finish();
    column.buffer->Clear();
    chain.last = nullptr;
    return {};
  }
  column.buffer = MakeBuffer(column);
  auto begin = [pool = &context_.impl().pool(), job, file = file_] {
    pool->Submit([job, file] {
      job->Begin();
      file->pages.WriteMade();
    });
  };
  const std::shared_ptr<PageJob> before = std::exchange(chain.last, job);
  before == nullptr ? begin() : before->Then(std::move(begin));
  return {};
}

Status WriterImpl::MakePage(Column* column, ColumnMemory* memory, const ColumnBuffer& rows, std::uint64_t number, bool only_page,
                            ReadyPage* ready) {
  Stopwatch watch(context_.impl(), Counter::kEncodeNanoseconds, "encode page");
  watch.span().SetPlace(summary_.columns[ready->column].name, static_cast<std::int64_t>(number));
  watch.span().Set("rows", column->blobs.has_value() ? column->blobs->num_rows() : rows.num_rows());
  watch.span().Set("bytes_in", rows.arrow_bytes());
  std::optional<DictionaryAttempt> numbers;
  if (options_.statistics && column->blobs.has_value()) {
    ready->zones = column->blobs->Zones();
    ready->blob_runs = column->blobs->TakeRuns();
  }
  const PageTarget target{column->hints, version_, nullptr, memory, has_room() ? &context_.impl().pool() : nullptr};
  auto page = column->blobs.has_value() ? column->blobs->TakePage(only_page)
                                        : EncodePage(column->leaf, rows, only_page, target, &numbers);
  if (!page) return At(std::move(page).status(), {.column = summary_.columns[ready->column].name});
  ready->page = *std::move(page);
  for (const MutableBuffer& buffer : ready->page.buffers) ready->bytes += buffer.size();
  watch.span().Set("bytes_out", ready->bytes);
  if (watch.span()) watch.span().SetEncoding(format::EncodingText(ready->page.layout));
  TraceSpan zones(context_.impl(), "statistics");
  if (options_.statistics && !column->blobs.has_value()) ready->zones = MakePageZones(column->leaf, rows, numbers);
  if (column->bloom_bits != 0) ready->zones.bloom = MakePageBloom(column->leaf, rows, numbers, column->bloom_bits);
  zones.End();
  const TraceSpan hashes(context_.impl(), "hashes");
  for (const MutableBuffer& buffer : ready->page.buffers) {
    if (options_.statistics) format::AppendPieceHashes(buffer.bytes(), &ready->hashes);
  }
  return {};
}

template <class Body>
Status WriterImpl::ForEachColumn(Body body) {
  // The largest first, so that no thread is left with one of them in the end, then the others as their pages are written, so that
  // these need not wait. What is written does not depend on it.
  std::vector<std::size_t> order(columns_.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::uint64_t all_bytes = 0;
  for (const auto& column : columns_) all_bytes += column->buffer->arrow_bytes();
  std::ranges::stable_sort(order, std::greater(), [&](std::size_t i) {
    const std::uint64_t bytes = columns_[i]->buffer->arrow_bytes();
    return bytes > all_bytes / kLargeShare ? bytes : 0;
  });
  context_.impl().pool().ParallelFor(columns_.size(), [&](std::size_t i) {
    Column& column = *columns_[order[i]];
    column.status = WithoutThrowing([&]() -> Status { return body(order[i]); });
  });
  for (const auto& column : columns_) {
    if (!column->status.ok()) return std::move(column->status);
  }
  std::vector<std::shared_ptr<PageJob>> pages;
  for (const auto& column : columns_) {
    pages.insert(pages.end(), column->jobs.begin(), column->jobs.end());
    column->jobs.clear();
  }
  std::ranges::stable_sort(pages, {}, [](const auto& page) { return page->end_row(); });
  file_->pages.Add(pages);
  return {};
}

Status WriterImpl::WritePages(DataFile* file, bool all) {
  all ? file->pages.WriteAll() : file->pages.WriteUntil(context_.memory_budget() / kJobShare / (ended_.size() + 1));
  LANCEKIT_TRY(file->pages.TakeStatus());
  return WriteBlobs(kMaxRows, file);
}

Status WriterImpl::WritePage(const ReadyPage& page, DataFile* file) {
  TraceSpan span(context_.impl(), "write page");
  span.SetPlace(summary_.columns[page.column].name);
  LANCEKIT_TRY(file->writer->WritePage(page.column, page.page));
  if (options_.statistics) file->writer->AddStatistics(page.column, page.zones, page.hashes, page.blob_runs);
  span.Set("bytes", page.bytes);
  file->column_bytes[page.column] += page.bytes;
  context_.impl().Count(Counter::kPagesWritten);
  context_.impl().Count(Counter::kBytesWritten, page.bytes);
  return {};
}

Status WriterImpl::WriteBlobs(std::uint64_t end_row, DataFile* file) {
  for (bool any = has_blobs_; any;) {
    any = false;
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      Column& column = *columns_[i];
      if (!column.blobs.has_value() || !column.blobs->has_waiting() || column.rows >= end_row) continue;
      any = true;
      LANCEKIT_ASSIGN(const std::uint64_t bytes, column.blobs->WriteNext(&*file->writer));
      ++column.rows;
      column.arrow_bytes += bytes + sizeof(std::int64_t);
      file->column_bytes[i] += bytes;
      if (!column.blobs->full()) continue;
      LANCEKIT_TRY(EncodeBuffer(i, false));
      LANCEKIT_ASSIGN(const ReadyPage page, column.jobs.back()->TakePage());
      column.jobs.clear();
      LANCEKIT_TRY(WritePage(page, file));
    }
  }
  return {};
}

Status WriterImpl::OpenFile() {
  LANCEKIT_ASSIGN(const std::string path, output_.NextDataFile());
  LANCEKIT_ASSIGN(FileWriter file, FileWriter::Create(path, columns_.size(), version_));
  file_ = std::make_shared<DataFile>(this, path, std::move(file));
  for (std::size_t i = 0; options_.statistics && i < columns_.size(); ++i)
    file_->writer->StartStatistics(i, columns_[i]->leaf.type);
  for (const auto& column : columns_) column->rows = column->pages = 0;
  return {};
}

Status WriterImpl::EndFile() {
  LANCEKIT_TRY(ForEachColumn([&](std::size_t column) { return EncodeBuffer(column, true); }));
  ended_.push_back(file_);
  file_ = nullptr;
  return CompleteFiles(is_serial() ? 0 : kMostEnded);
}

Status WriterImpl::CompleteFiles(std::size_t most) {
  for (const auto& file : ended_) {
    file->pages.WriteMade();
    LANCEKIT_TRY(WritePages(file.get(), false));
  }
  while (!ended_.empty()) {
    DataFile& file = *ended_.front();
    if (ended_.size() > most) {
      LANCEKIT_TRY(WritePages(&file, true));
    } else if (!file.pages.empty()) {
      break;
    }
    {
      TraceSpan span(context_.impl(), "publish file");  // its tail, fsync and rename
      span.Set("rows", file.rows);
      LANCEKIT_TRY(file.writer->Finish(file_schema_, file.rows, output_.replace()));
      span.Set("bytes", file.writer->size());
    }
    if (!output_.single_file()) output_.AddFragment(file.path, file.rows, file.writer->size(), table_schema_, version_);
    summary_.rows += file.rows;
    summary_.bytes += file.writer->size();
    ++summary_.files;
    for (std::size_t i = 0; i < columns_.size(); ++i) summary_.columns[i].bytes += file.column_bytes[i];
    ended_.pop_front();
  }
  return {};
}

Result<WriteSummary> WriterImpl::Commit() {
  LANCEKIT_TRY(CheckOpen());
  failed_ = true;
  LANCEKIT_TRY(context_.impl().CheckCancelled());
  if (!schema_.has_value()) return Invalid("nothing was written and no schema was set");
  if (output_.single_file() && file_ == nullptr) LANCEKIT_TRY(OpenFile());
  if (file_ != nullptr) LANCEKIT_TRY(EndFile());
  LANCEKIT_TRY(CompleteFiles(0));
  LANCEKIT_TRY(context_.impl().CheckCancelled());
  LANCEKIT_ASSIGN(summary_.version, output_.Publish(context_.impl(), table_schema_, version_));
  summary_.format_version = format::Name(version_);
  summary_.bytes += output_.metadata_bytes();
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    summary_.columns[i].arrow_bytes = columns_[i]->arrow_bytes;
    summary_.arrow_bytes += columns_[i]->arrow_bytes;
  }
  failed_ = false;
  finished_ = true;
  return summary_;
}

Status WriterImpl::WriteStream(ArrowArrayStream* stream) {
  LANCEKIT_TRY(CheckOpen());
  Status status = ReadStream(
      stream, [&](const ArrowSchema& schema) { return SetSchema(schema); },
      [&](ArrowArray* array, const ArrowSchema& schema) -> Result<bool> {
        LANCEKIT_TRY(Hold(array, schema));
        const bool is_step = held_.rows >= kMaxStepRows || held_.batches.size() >= kMaxHeld ||
                             held_.bytes >= std::min(kStepBytes, context_.memory_budget() / kHeldShare);
        if (is_step || has_blobs_ || !has_room()) LANCEKIT_TRY(WriteHeld());
        return true;
      });
  if (!status.ok()) return status;
  return WriteHeld();
}

Result<Writer> create(const Context& context, const std::string& path, const WriteOptions& options) {
  return WithoutThrowing([&]() -> Result<Writer> {
    LANCEKIT_ASSIGN(format::FileVersion version, CheckOptions(options));
    LANCEKIT_ASSIGN(Output output, Output::Open(context.impl(), path, options));
    if (const BaseVersion* base = output.appended_to()) {
      LANCEKIT_ASSIGN(version, base->FormatVersion());
    }
    return Writer(std::make_unique<WriterImpl>(context, options, version, std::move(output)));
  });
}

Writer::Writer(std::unique_ptr<WriterImpl> impl) noexcept : impl_(std::move(impl)) {}
Writer::~Writer() = default;
Writer::Writer(Writer&&) noexcept = default;
Writer& Writer::operator=(Writer&&) noexcept = default;

Status Writer::set_schema(const ArrowSchema* schema) {
  return impl_->Note(WithoutThrowing([&]() -> Status { return impl_->SetSchema(*schema); }));
}

Status Writer::write(ArrowArrayStream* stream) {
  Status status = impl_->Note(WithoutThrowing([&]() -> Status { return impl_->WriteStream(stream); }));
  impl_->DropHeld();
  if (stream->release != nullptr) stream->release(stream);
  return status;
}

Status Writer::write(ArrowArray* array, const ArrowSchema* schema) {
  Status status = WithoutThrowing([&]() -> Status { return impl_->WriteBatch(array, *schema); });
  impl_->DropHeld();
  if (array->release != nullptr) array->release(array);
  return status;
}

Result<WriteSummary> Writer::commit() {
  return WithoutThrowing([&]() -> Result<WriteSummary> { return impl_->Commit(); });
}

}  // namespace lancekit
