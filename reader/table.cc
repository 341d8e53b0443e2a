#include "lancekit/table.hpp"

#include <algorithm>
#include <cstring>

#include "base/limits.h"
#include "base/trace.h"
#include "base/without_throwing.h"
#include "legacy/field.h"
#include "reader/batch_impl.h"
#include "reader/blob_columns.h"
#include "reader/dataset.h"
#include "reader/field_reader.h"
#include "reader/read_rows.h"
#include "reader/scan_impl.h"
#include "reader/table_impl.h"

namespace lancekit {

struct BlobImpl {
  std::shared_ptr<const TableImpl> table;  // whose context the file belongs to
  BlobBytes bytes;
};

void TableFragment::AddFile(std::shared_ptr<const FileReader> file,
                            const std::vector<std::pair<std::int32_t, std::uint32_t>>& columns) {
  for (const auto& [id, column] : columns) places.push_back({id, static_cast<std::uint32_t>(files.size()), column});
  files.push_back(std::move(file));
}

void TableFragment::SortPlaces() { std::ranges::stable_sort(places, {}, &ColumnPlace::field_id); }

std::uint64_t TableFragment::NumPhysicalRows() const {
  return files.empty() ? live.Physical(num_rows - 1) + 1 : files[0]->num_rows();
}

const ColumnPlace* TableFragment::Place(std::int32_t field_id) const {
  const auto it = std::ranges::lower_bound(places, field_id, {}, &ColumnPlace::field_id);
  return it == places.end() || it->field_id != field_id ? nullptr : &*it;
}

std::span<const ValueRange> TableFragment::LostRowsOf(std::int32_t field_id) const {
  const auto it = std::ranges::find(lost, field_id, &LostRows::field_id);
  return it == lost.end() ? std::span<const ValueRange>() : std::span<const ValueRange>(it->rows);
}

const TableFragment& TableImpl::FragmentOf(std::uint64_t row) const {
  const auto after = std::upper_bound(fragments_.begin(), fragments_.end(), row,
                                      [](std::uint64_t r, const TableFragment& fragment) { return r < fragment.first_row; });
  return *(after - 1);
}

Result<Selection> TableImpl::Select(const std::vector<std::string>& names) const {
  auto selection = SelectFields(schema_, names);
  if (!selection) return At(std::move(selection).status(), {.path = path_});
  return selection;
}

Status TableImpl::Narrow(const std::vector<std::string>& columns) {
  ShowBlobsAsBytes(&schema_.fields);
  if (columns.empty()) return {};
  LANCEKIT_ASSIGN(const Selection selection, Select(columns));
  schema_ = SelectedSchema(schema_, selection);
  return {};
}

Result<std::shared_ptr<const FieldReader>> OpenColumns::Reader(const TableFragment& fragment, std::size_t field,
                                                               ContextImpl& context) const {
  const std::pair key(&fragment, field);
  {
    std::lock_guard lock(mutex_);
    if (const auto found = readers_.find(key); found != readers_.end()) return found->second;
  }
  LANCEKIT_ASSIGN(auto reader, FieldReader::Open(fragment, *fields_[field], context));
  std::lock_guard lock(mutex_);
  return readers_.emplace(key, std::move(reader)).first->second;
}

Result<std::shared_ptr<const OpenColumns>> TableImpl::Columns(const std::vector<std::string>& names) const {
  constexpr std::size_t kMostKept = 4;
  std::vector<KeptColumns::Entry>& entries = kept_.entries;
  {
    std::lock_guard lock(kept_.mutex);
    const auto found = std::ranges::find(entries, names, &KeptColumns::Entry::names);
    if (found != entries.end()) {
      std::rotate(entries.begin(), found, found + 1);
      return entries.front().columns;
    }
  }
  LANCEKIT_ASSIGN(Selection fields, Select(names));
  auto schema = std::make_shared<const Schema>(SelectedSchema(schema_, fields));
  auto columns = std::make_shared<const OpenColumns>(std::move(fields), std::move(schema));
  std::lock_guard lock(kept_.mutex);
  entries.insert(entries.begin(), {names, columns});
  if (entries.size() > kMostKept) entries.pop_back();
  return std::shared_ptr<const OpenColumns>(std::move(columns));
}

Result<std::shared_ptr<const TableImpl>> OpenBareFile(const Context& context, const std::string& path,
                                                      const OpenOptions& options) {
  LANCEKIT_ASSIGN(std::shared_ptr<Source> source, OpenFileSource(context.impl(), path));
  LANCEKIT_ASSIGN(std::shared_ptr<const FileReader> file, FileReader::Open(std::move(source), options.columns.empty()));
  return TableOfFile(context, std::move(file), options);
}

namespace {

/// The columns of the fields, by field id.
std::vector<std::pair<std::int32_t, std::uint32_t>> ColumnsOf(const SomeFields& some) {
  std::vector<std::pair<std::int32_t, std::uint32_t>> columns;
  for (std::size_t i = 0; i < some.first_columns.size(); ++i) {
    Schema one;
    one.fields.push_back(some.schema.fields[i]);
    for (const format::Leaf& leaf : format::Leaves(one))
      columns.emplace_back(leaf.path.back()->id, some.first_columns[i] + leaf.column);
  }
  return columns;
}

}  // namespace

Result<std::shared_ptr<const TableImpl>> TableOfFile(const Context& context, std::shared_ptr<const FileReader> file,
                                                     const OpenOptions& options) {
  auto table = std::make_shared<TableImpl>(context);
  table->path_ = file->source().path();
  table->checksums_ = options.checksums;
  table->zone_maps_ = options.zone_maps;
  table->num_rows_ = file->num_rows();
  table->format_version_ = format::Name(file->footer().version);
  const bool is_legacy = file->footer().version == format::FileVersion::k2_0;
  std::vector<std::pair<std::int32_t, std::uint32_t>> columns;
  if (!options.columns.empty() && !is_legacy) {
    LANCEKIT_ASSIGN(SomeFields some, file->FindFields(options.columns));
    if (options.checksums != Checksums::kNever) file->UseHashesUnverified();
    columns = ColumnsOf(some);
    table->schema_ = std::move(some.schema);
  } else {
    LANCEKIT_TRY(file->LoadSchema());
    table->schema_ = file->schema();
    const std::vector<format::Leaf> fields = is_legacy ? legacy::ColumnFields(table->schema_) : format::Leaves(table->schema_);
    for (const format::Leaf& leaf : fields) columns.emplace_back(leaf.path.back()->id, leaf.column);
  }
  LANCEKIT_TRY(table->Narrow(options.columns));
  TableFragment fragment;
  fragment.num_rows = table->num_rows_;
  fragment.live = LiveRows(table->num_rows_, {});
  fragment.AddFile(std::move(file), columns);
  fragment.SortPlaces();
  if (fragment.num_rows != 0) table->fragments_.push_back(std::move(fragment));
  return std::shared_ptr<const TableImpl>(std::move(table));
}

Result<Table> open(const Context& context, const std::string& path, const OpenOptions& options) {
  return WithoutThrowing([&]() -> Result<Table> {
    const TraceSpan span(context.impl(), "open");
    LANCEKIT_ASSIGN(const bool is_dataset, IsDataset(path, options));
    LANCEKIT_ASSIGN(auto impl, is_dataset ? OpenDataset(context, path, options) : OpenBareFile(context, path, options));
    return Table(std::move(impl));
  });
}

Table::Table(std::shared_ptr<const TableImpl> impl) noexcept : impl_(std::move(impl)) {}
Table::~Table() = default;
Table::Table(const Table&) = default;
Table& Table::operator=(const Table&) = default;
Table::Table(Table&&) noexcept = default;
Table& Table::operator=(Table&&) noexcept = default;

const Schema& Table::schema() const noexcept { return impl_->schema_; }
std::uint64_t Table::row_count() const noexcept { return impl_->num_rows_; }
const std::string& Table::format_version() const noexcept { return impl_->format_version_; }
Scan Table::scan() const { return Scan(std::make_shared<ScanImpl>(impl_)); }

namespace {

/// Row numbers as runs; neighbours that ascend are joined. Errors: kInvalidArgument for a row out of range.
Result<std::vector<RowRun>> MakeRuns(const TableImpl& table, Span<const std::int64_t> rows) {
  std::vector<RowRun> runs;
  runs.reserve(rows.size());
  const auto num_rows = static_cast<std::int64_t>(table.num_rows_);
  const TableFragment* fragment = nullptr;  // rows in order stay in one for long
  std::uint64_t first = 0;
  for (const std::int64_t wanted : rows) {
    if (wanted >= num_rows || wanted < -num_rows) {
      return Status(At(Invalid("row {} of {} rows", wanted, num_rows), {.path = table.path_}));
    }
    const auto row = static_cast<std::uint64_t>(wanted < 0 ? wanted + num_rows : wanted);
    if (fragment == nullptr || row < first || row - first >= fragment->live.count()) {
      fragment = &table.FragmentOf(row);
      first = fragment->first_row;
    }
    const std::uint64_t local = fragment->live.Physical(row - first);
    if (!runs.empty() && runs.back().fragment == fragment && runs.back().first + runs.back().count == local) {
      ++runs.back().count;
    } else {
      runs.push_back({fragment, local, 1});
    }
  }
  return runs;
}

}  // namespace

Result<Batch> Table::take(Span<const std::int64_t> rows, const std::vector<std::string>& columns) const {
  return WithoutThrowing([&]() -> Result<Batch> {
    Stopwatch watch(impl_->context(), Counter::kDecodeNanoseconds, "take");
    watch.span().Set("rows", rows.size());
    LANCEKIT_TRY(impl_->context().CheckCancelled());
    LANCEKIT_ASSIGN(const auto open, impl_->Columns(columns));
    LANCEKIT_ASSIGN(const auto runs, MakeRuns(*impl_, rows));
    impl_->context().Count(Counter::kRowsTaken, rows.size());
    auto batch = std::make_shared<BatchImpl>();
    batch->schema = open->schema();
    batch->num_rows = static_cast<std::int64_t>(rows.size());
    batch->columns.reserve(open->fields().size());
    PageScratch scratch;
    for (std::size_t i = 0; i < open->fields().size(); ++i) {
      LANCEKIT_ASSIGN(batch->columns.emplace_back(), TakeRows(*impl_, *open, i, runs, &scratch));
    }
    return Batch(std::move(batch));
  });
}

Result<Blob> Table::blob(std::int64_t row, const std::string& column) const {
  return WithoutThrowing([&]() -> Result<Blob> {
    LANCEKIT_ASSIGN(const Selection fields, impl_->Select({column}));
    LANCEKIT_ASSIGN(const auto runs, MakeRuns(*impl_, Span<const std::int64_t>(&row, 1)));
    LANCEKIT_ASSIGN(const auto reader, FieldReader::Open(*runs[0].fragment, *fields[0], impl_->context()));
    const ValueRange only{runs[0].first, 1};
    auto found = reader->FindBlobs({&only, 1});
    if (!found) return At(std::move(found).status(), {.path = impl_->path_, .column = column});
    return Blob(std::make_shared<const BlobImpl>(BlobImpl{impl_, found->front()}));
  });
}

Blob::Blob(std::shared_ptr<const BlobImpl> impl) noexcept : impl_(std::move(impl)) {}
bool Blob::is_null() const noexcept { return impl_->bytes.is_null; }
std::uint64_t Blob::size() const noexcept { return impl_->bytes.size; }

Result<std::size_t> Blob::read(std::uint64_t offset, void* to, std::size_t size) const {
  return WithoutThrowing([&]() -> Result<std::size_t> {
    const std::uint64_t start = std::min(offset, impl_->bytes.size);
    const std::size_t count = std::min<std::uint64_t>(size, impl_->bytes.size - start);
    LANCEKIT_ASSIGN(const Buffer bytes, impl_->bytes.Read(start, count));
    if (count != 0) std::memcpy(to, bytes.data(), count);
    return count;
  });
}

}  // namespace lancekit
