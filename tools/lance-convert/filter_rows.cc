#include "tools/lance-convert/filter_rows.h"

#include <arrow/array.h>
#include <arrow/array/concatenate.h>
#include <arrow/buffer.h>
#include <arrow/c/bridge.h>
#include <arrow/compute/api_vector.h>
#include <arrow/compute/exec.h>
#include <arrow/datum.h>

#include <algorithm>

#include "filter/evaluate.h"
#include "tools/lance-convert/arrow_error.h"
#include "tools/lance-convert/batches.h"
#include "tools/lance-convert/lance_types.h"

namespace lancekit::convert {
namespace {

using SchemaPtr = std::shared_ptr<arrow::Schema>;

Buffer Share(const std::shared_ptr<arrow::Buffer>& buffer) {
  if (buffer == nullptr) return {};
  return {buffer, {reinterpret_cast<const std::byte*>(buffer->data()), static_cast<std::size_t>(buffer->size())}};
}

/// The same memory as the library has it. Pre: nothing in it is a slice.
ArrayData ShareArray(const arrow::ArrayData& array) {
  ArrayData shared{.length = array.length, .null_count = array.GetNullCount()};
  if (shared.null_count > 0) shared.validity = Share(array.buffers[0]);
  if (array.buffers.size() > 1) shared.values = Share(array.buffers[1]);
  if (array.buffers.size() > 2) shared.data = Share(array.buffers[2]);
  for (const auto& child : array.child_data) shared.children.push_back(ShareArray(*child));
  if (array.dictionary != nullptr) shared.dictionary = std::make_shared<const ArrayData>(ShareArray(*array.dictionary));
  return shared;
}

/// A copy in which nothing is a slice.
arrow::Result<std::shared_ptr<arrow::ArrayData>> Unslice(const std::shared_ptr<arrow::Array>& array, arrow::MemoryPool* pool) {
  ARROW_ASSIGN_OR_RAISE(const auto whole, arrow::Concatenate({array}, pool));
  std::shared_ptr<arrow::ArrayData> data = whole->data()->Copy();
  if (data->dictionary != nullptr) {
    ARROW_ASSIGN_OR_RAISE(data->dictionary, Unslice(arrow::MakeArray(data->dictionary), pool));
  }
  return data;
}

/// The columns that Lance has a type for, as it would store them, with their positions.
Result<Schema> Describe(const arrow::Schema& schema, std::vector<int>* positions) {
  arrow::FieldVector fields;
  for (int i = 0; i < schema.num_fields(); ++i) {
    const auto lance = ForLance(arrow::Schema({schema.field(i)}));
    if (!lance) continue;
    fields.push_back(lance->schema->field(0));
    positions->push_back(i);
  }
  ArrowSchema c_schema;
  LANCEKIT_TRY_ARROW(arrow::ExportSchema(arrow::Schema(fields), &c_schema), Side::kInput, "");
  auto described = ImportSchema(c_schema);
  c_schema.release(&c_schema);
  return described;
}

/// A filter with the columns of batches that it looks at.
class Matcher {
 public:
  static Result<Matcher> Make(const Filter& filter, const arrow::Schema& schema, arrow::MemoryPool* pool) {
    std::vector<int> positions;
    LANCEKIT_ASSIGN(Schema described, Describe(schema, &positions));
    LANCEKIT_ASSIGN(filter::BoundFilter bound, filter::BoundFilter::Bind(filter, described));
    Matcher matcher(std::move(bound), pool);
    for (std::size_t i = 0; i < positions.size(); ++i) {
      const auto names = [&](const filter::FilterColumn& column) { return column.path[0] == described.fields[i].name; };
      if (!std::ranges::any_of(matcher.filter_.columns(), names)) continue;
      matcher.columns_.push_back(positions[i]);
      matcher.schema_.fields.push_back(std::move(described.fields[i]));
    }
    return matcher;
  }

  /// Positions in the schema.
  const std::vector<int>& columns() const { return columns_; }

  /// Which rows match. `tested` has the columns().
  arrow::Result<std::shared_ptr<arrow::BooleanArray>> Match(const BatchPtr& tested) const {
    const auto lance = ForLance(*tested->schema());
    if (!lance) return ToArrow(lance.error());
    ARROW_ASSIGN_OR_RAISE(const BatchPtr batch, CastBatch(tested, lance->schema, pool_));
    std::vector<ArrayData> arrays;
    for (const auto& column : batch->columns()) {
      ARROW_ASSIGN_OR_RAISE(const auto array, Unslice(column, pool_));
      arrays.push_back(ShareArray(*array));
    }
    auto rows = filter::Evaluate(filter_, schema_, arrays, static_cast<std::uint64_t>(batch->num_rows()));
    if (!rows) return ToArrow(rows.error());
    return std::make_shared<arrow::BooleanArray>(batch->num_rows(), arrow::Buffer::FromVector(std::move(rows->words)));
  }

 private:
  Matcher(filter::BoundFilter filter, arrow::MemoryPool* pool) : filter_(std::move(filter)), pool_(pool) {}

  filter::BoundFilter filter_;
  arrow::MemoryPool* pool_;
  std::vector<int> columns_;
  Schema schema_;  // of these columns
};

class FilteredSource : public Source {
 public:
  FilteredSource(std::unique_ptr<Source> source, arrow::MemoryPool* pool) : source_(std::move(source)), pool_(pool) {}

  const SchemaPtr& schema() const override { return source_->schema(); }
  std::optional<std::uint64_t> row_count() const override { return source_->row_count(); }
  Result<bool> Retry(const Error& error) override { return source_->Retry(error); }
  ScanReport report() const override { return *report_; }
  void AddBadRows(BadRows* sum) const override { source_->AddBadRows(sum); }

  arrow::Result<ReaderPtr> Read(const std::vector<int>& columns, const RowRange& rows) override {
    report_ = std::make_shared<ScanReport>();
    if (!rows.where) return source_->Read(columns, rows);
    auto matcher = Matcher::Make(*rows.where, *schema(), pool_);
    if (!matcher) return ToArrow(matcher.error());
    std::vector<int> read = columns;
    std::vector<int> wanted, tested;  // positions in `read`
    for (std::size_t i = 0; i < columns.size(); ++i) wanted.push_back(static_cast<int>(i));
    for (const int column : matcher->columns()) {
      const auto at = std::ranges::find(read, column);
      tested.push_back(static_cast<int>(at - read.begin()));
      if (at == read.end()) read.push_back(column);
    }
    ARROW_ASSIGN_OR_RAISE(ReaderPtr all, source_->Read(read, {}));
    const arrow::FieldVector& fields = all->schema()->fields();
    const auto num_wanted = static_cast<std::ptrdiff_t>(wanted.size());
    SchemaPtr schema = arrow::schema({fields.begin(), fields.begin() + num_wanted}, all->schema()->metadata());
    const auto next = [all, wanted, tested, matcher = *std::move(matcher), pool = pool_,
                       report = report_]() -> arrow::Result<BatchPtr> {
      ARROW_ASSIGN_OR_RAISE(const BatchPtr batch, all->Next());
      if (batch == nullptr) return batch;
      ARROW_ASSIGN_OR_RAISE(const BatchPtr looked_at, batch->SelectColumns(tested));
      ARROW_ASSIGN_OR_RAISE(const auto matches, matcher.Match(looked_at));
      report->rows_filtered += static_cast<std::uint64_t>(batch->num_rows());
      report->rows_matched += static_cast<std::uint64_t>(matches->true_count());
      ARROW_ASSIGN_OR_RAISE(const BatchPtr chosen, batch->SelectColumns(wanted));
      if (matches->true_count() == batch->num_rows()) return chosen;
      arrow::compute::ExecContext context(pool);
      ARROW_ASSIGN_OR_RAISE(const arrow::Datum found,
                            arrow::compute::Filter(chosen, matches, arrow::compute::FilterOptions::Defaults(), &context));
      return found.record_batch();
    };
    return CutRows(MakeReader(std::move(schema), next), rows);
  }

 private:
  std::unique_ptr<Source> source_;
  arrow::MemoryPool* pool_;
  std::shared_ptr<ScanReport> report_ = std::make_shared<ScanReport>();  // shared with what Read() gives
};

}  // namespace

std::unique_ptr<Source> FilterRows(std::unique_ptr<Source> source, arrow::MemoryPool* pool) {
  return std::make_unique<FilteredSource>(std::move(source), pool);
}

}  // namespace lancekit::convert
