#include "lancekit/table.hpp"

#include <algorithm>

#include "base/limits.h"
#include "reader/batch_impl.h"
#include "reader/dataset.h"
#include "reader/read_rows.h"
#include "reader/scan_impl.h"
#include "reader/table_impl.h"

namespace lancekit {

void TableFragment::AddFile(std::shared_ptr<const FileReader> file,
                            const std::vector<std::pair<std::int32_t, std::uint32_t>>& columns) {
  for (const auto& [id, column] : columns) places.push_back({id, static_cast<std::uint32_t>(files.size()), column});
  files.push_back(std::move(file));
}

void TableFragment::SortPlaces() { std::ranges::stable_sort(places, {}, &ColumnPlace::field_id); }

const ColumnPlace* TableFragment::Place(std::int32_t field_id) const {
  const auto it = std::ranges::lower_bound(places, field_id, {}, &ColumnPlace::field_id);
  return it == places.end() || it->field_id != field_id ? nullptr : &*it;
}

Result<std::shared_ptr<const ColumnReader>> TableFragment::Column(const Field& field) const {
  const ColumnPlace* place = Place(field.id);
  if (place == nullptr) return std::shared_ptr<const ColumnReader>();
  return files[place->file]->Column(place->column, field);
}

const TableFragment& TableImpl::FragmentOf(std::uint64_t row) const {
  const auto after = std::upper_bound(fragments_.begin(), fragments_.end(), row,
                                      [](std::uint64_t r, const TableFragment& fragment) { return r < fragment.first_row; });
  return *(after - 1);
}

Result<std::vector<std::size_t>> TableImpl::ResolveColumns(const std::vector<std::string>& names) const {
  std::vector<std::size_t> columns;
  if (names.empty()) {
    for (std::size_t i = 0; i < schema_.fields.size(); ++i) columns.push_back(i);
  }
  for (const std::string& name : names) {
    const int index = schema_.index_of(name);
    if (index < 0) return Status(At(Invalid("there is no column \"{}\"", name), {.path = path_}));
    columns.push_back(static_cast<std::size_t>(index));
  }
  return columns;
}

Schema TableImpl::Project(const std::vector<std::size_t>& columns) const {
  Schema schema;
  schema.metadata = schema_.metadata;
  for (const std::size_t column : columns) schema.fields.push_back(schema_.fields[column]);
  return schema;
}

Result<std::vector<LeafType>> TableImpl::LeafTypes(const std::vector<std::size_t>& columns) const {
  std::vector<LeafType> leaves;
  for (const std::size_t column : columns) {
    auto leaf = MakeLeafType(schema_.fields[column].type);
    if (!leaf) return At(std::move(leaf).status(), {.path = path_, .column = schema_.fields[column].name});
    leaves.push_back(*std::move(leaf));
  }
  return leaves;
}

Result<std::shared_ptr<const TableImpl>> OpenBareFile(const Context& context, const std::string& path) {
  auto table = std::make_shared<TableImpl>(context);
  LANCEKIT_ASSIGN(std::shared_ptr<Source> source, OpenFileSource(context.impl(), path));
  LANCEKIT_ASSIGN(std::shared_ptr<const FileReader> file, FileReader::Open(std::move(source)));
  table->path_ = path;
  table->schema_ = file->descriptor().schema;
  table->num_rows_ = file->descriptor().num_rows;
  table->format_version_ = format::Name(file->footer().version);
  TableFragment fragment;
  fragment.num_rows = table->num_rows_;
  fragment.live = LiveRows(table->num_rows_, {});
  std::vector<std::pair<std::int32_t, std::uint32_t>> columns;
  for (const format::Leaf& leaf : format::Leaves(table->schema_)) columns.emplace_back(leaf.path.back()->id, leaf.column);
  fragment.AddFile(std::move(file), columns);
  fragment.SortPlaces();
  if (fragment.num_rows != 0) table->fragments_.push_back(std::move(fragment));
  return std::shared_ptr<const TableImpl>(std::move(table));
}

Result<Table> open(const Context& context, const std::string& path, const OpenOptions& options) {
  return WithoutThrowing([&]() -> Result<Table> {
    LANCEKIT_ASSIGN(const bool is_dataset, IsDataset(path, options));
    LANCEKIT_ASSIGN(auto impl, is_dataset ? OpenDataset(context, path, options) : OpenBareFile(context, path));
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
  const auto num_rows = static_cast<std::int64_t>(table.num_rows_);
  for (const std::int64_t wanted : rows) {
    if (wanted >= num_rows || wanted < -num_rows) {
      return Status(At(Invalid("row {} of {} rows", wanted, num_rows), {.path = table.path_}));
    }
    const auto row = static_cast<std::uint64_t>(wanted < 0 ? wanted + num_rows : wanted);
    const TableFragment& fragment = table.FragmentOf(row);
    const std::uint64_t local = fragment.live.Physical(row - fragment.first_row);
    if (!runs.empty() && runs.back().fragment == &fragment && runs.back().first + runs.back().count == local) {
      ++runs.back().count;
    } else {
      runs.push_back({&fragment, local, 1});
    }
  }
  return runs;
}

}  // namespace

Result<Batch> Table::take(Span<const std::int64_t> rows, const std::vector<std::string>& columns) const {
  return WithoutThrowing([&]() -> Result<Batch> {
    LANCEKIT_TRY(impl_->context().CheckCancelled());
    LANCEKIT_ASSIGN(const auto indices, impl_->ResolveColumns(columns));
    LANCEKIT_ASSIGN(const auto leaves, impl_->LeafTypes(indices));
    LANCEKIT_ASSIGN(const auto runs, MakeRuns(*impl_, rows));
    auto batch = std::make_shared<BatchImpl>();
    batch->schema = std::make_shared<const Schema>(impl_->Project(indices));
    batch->num_rows = static_cast<std::int64_t>(rows.size());
    for (std::size_t i = 0; i < indices.size(); ++i) {
      LANCEKIT_ASSIGN(ArrayData column, ReadColumnRows(*impl_, indices[i], leaves[i], runs));
      batch->columns.push_back(std::move(column));
    }
    return Batch(std::move(batch));
  });
}

}  // namespace lancekit
