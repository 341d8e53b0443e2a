#include "tools/lance-convert/retype.h"

#include <arrow/array/concatenate.h>
#include <arrow/array/util.h>
#include <arrow/builder.h>
#include <arrow/compare.h>
#include <arrow/compute/api_vector.h>
#include <arrow/compute/cast.h>
#include <arrow/compute/exec.h>

#include <algorithm>
#include <set>

#include "tools/common/numbers.h"
#include "tools/lance-convert/arrow_error.h"
#include "tools/lance-convert/batches.h"
#include "tools/lance-convert/fit_columns.h"
#include "tools/lance-convert/lance_types.h"
#include "tools/lance-convert/text_types.h"
#include "tools/lance-convert/value_text.h"

namespace lancekit::convert {
namespace {

using ArrayPtr = std::shared_ptr<arrow::Array>;

/// Values of `before` that are others after the cast, as far as `after` has them.
std::uint64_t CountRounded(const arrow::Array& before, const ArrayPtr& after, arrow::MemoryPool* pool) {
  const auto back = CastArray(after, before.type(), pool);
  const auto equal = arrow::EqualOptions::Defaults().nans_equal(true);
  std::uint64_t count = 0;
  if (back.ok() && before.Equals(**back, equal)) return count;
  for (std::int64_t row = 0; row < before.length(); ++row)
    count += after->IsValid(row) && !(back.ok() && before.RangeEquals(**back, row, row + 1, row, equal));
  return count;
}

/// Casts values and finds those that are not of the type, for which there is null.
class Caster {
 public:
  Caster(std::shared_ptr<arrow::DataType> type, const TimestampFormats& formats, arrow::MemoryPool* pool)
      : type_(std::move(type)), formats_(formats), pool_(pool) {}

  arrow::Result<ArrayPtr> Cast(const ArrayPtr& values, std::vector<std::int64_t>* bad) {
    if (!formats_.empty() && type_->id() == arrow::Type::TIMESTAMP && values->type_id() == arrow::Type::STRING)
      return TimesByFormat(static_cast<const arrow::StringArray&>(*values), bad);
    parts_.clear();
    ARROW_RETURN_NOT_OK(Halve(values, 0, bad));
    return parts_.size() == 1 ? parts_[0] : arrow::Concatenate(parts_, pool_);
  }

 private:
  arrow::Status Halve(const ArrayPtr& values, std::int64_t first, std::vector<std::int64_t>* bad) {
    auto cast = CastArray(values, type_, pool_);
    if (cast.ok() || !cast.status().IsInvalid()) return std::move(cast).Value(&parts_.emplace_back());
    const std::int64_t half = values->length() / 2;
    if (half == 0) {
      bad->push_back(first);
      return arrow::MakeArrayOfNull(type_, 1, pool_).Value(&parts_.emplace_back());
    }
    ARROW_RETURN_NOT_OK(Halve(values->Slice(0, half), first, bad));
    return Halve(values->Slice(half), first + half, bad);
  }

  arrow::Result<ArrayPtr> TimesByFormat(const arrow::StringArray& values, std::vector<std::int64_t>* bad) {
    arrow::TimestampBuilder builder(type_, pool_);
    for (std::int64_t i = 0; i < values.length(); ++i) {
      const auto time = values.IsValid(i)
                            ? ParseTime(values.GetView(i), static_cast<const arrow::TimestampType&>(*type_), formats_)
                            : std::nullopt;
      if (!time && values.IsValid(i)) bad->push_back(i);
      ARROW_RETURN_NOT_OK(time ? builder.Append(*time) : builder.AppendNull());
    }
    return builder.Finish();
  }

  std::shared_ptr<arrow::DataType> type_;
  const TimestampFormats& formats_;
  arrow::MemoryPool* pool_;
  arrow::ArrayVector parts_;
};

class RetypedSource : public Source {
 public:
  RetypedSource(std::unique_ptr<Source> source, std::string name, const TextOptions& text, arrow::MemoryPool* pool)
      : source_(std::move(source)), name_(std::move(name)), text_(text), pool_(pool) {}

  Status SetSchema() {
    arrow::FieldVector fields = source_->schema()->fields();
    for (auto& field : fields) {
      const auto wish = std::ranges::find(text_.types, field->name(), &TypeWish::column);
      if (wish == text_.types.end()) continue;
      if (!arrow::compute::CanCast(*field->type(), *wish->type))
        return At(Invalid("values of type {} cannot become {}", field->type()->ToString(), wish->type->ToString()),
                  {.path = name_, .column = field->name()});
      const bool may_be_null = wish->bad_is_null || text_.on_bad_row == OnBadRow::kNull;
      field = field->WithType(wish->type)->WithNullable(field->nullable() || may_be_null);
    }
    schema_ = arrow::schema(std::move(fields), source_->schema()->metadata());
    return {};
  }

  const std::shared_ptr<arrow::Schema>& schema() const override { return schema_; }
  std::optional<std::uint64_t> row_count() const override {
    return text_.on_bad_row == OnBadRow::kSkip ? std::nullopt : source_->row_count();
  }
  ScanReport report() const override { return source_->report(); }

  Result<bool> Retry(const Error& error) override {
    LANCEKIT_ASSIGN(const bool again, source_->Retry(error));
    if (again) LANCEKIT_TRY(SetSchema());
    return again;
  }

  arrow::Result<ReaderPtr> Read(const std::vector<int>& columns, const RowRange& rows) override {
    bad_ = {};
    rows_done_ = 0;
    ARROW_ASSIGN_OR_RAISE(ReaderPtr all, source_->Read(columns, {}));
    arrow::FieldVector fields;
    for (const int column : columns) fields.push_back(schema_->field(column));
    auto schema = arrow::schema(std::move(fields), schema_->metadata());
    return CutRows(MakeReader(schema, [this, all, schema] { return Next(*all, schema); }), rows);
  }

  void AddBadRows(BadRows* sum) const override {
    source_->AddBadRows(sum);
    std::vector<std::uint64_t> rows;
    for (const BadRow& row : bad_.first) rows.push_back(row.row - 1);
    rows.erase(std::ranges::unique(rows).begin(), rows.end());
    const std::vector<std::uint64_t> lines = source_->LinesOf(rows);
    sum->skipped += bad_.skipped;
    for (const auto& [column, count] : bad_.nulls) sum->nulls[column] += count;
    for (const auto& [column, count] : bad_.rounded) sum->rounded[column] += count;
    for (BadRow row : bad_.first) {
      const auto at = static_cast<std::size_t>(std::ranges::find(rows, row.row - 1) - rows.begin());
      if (at < lines.size()) row.line = lines[at];
      sum->Tell(std::move(row));
    }
  }

 private:
  arrow::Result<BatchPtr> Next(arrow::RecordBatchReader& all, const std::shared_ptr<arrow::Schema>& schema) {
    ARROW_ASSIGN_OR_RAISE(const BatchPtr batch, all.Next());
    if (batch == nullptr) return batch;
    arrow::ArrayVector arrays = batch->columns();
    std::vector<BadRow> found;
    std::set<std::int64_t> dropped;
    for (int i = 0; i < schema->num_fields(); ++i) {
      auto& array = arrays[static_cast<std::size_t>(i)];
      const auto wish = std::ranges::find(text_.types, schema->field(i)->name(), &TypeWish::column);
      if (wish == text_.types.end() || array->length() == 0) continue;
      std::vector<std::int64_t> bad;
      const ArrayPtr before = array;
      ARROW_ASSIGN_OR_RAISE(array, Caster(wish->type, text_.timestamp_formats, pool_).Cast(before, &bad));
      if (IsRounded(*before->type(), *wish->type)) {
        const std::uint64_t rounded = CountRounded(*before, array, pool_);
        if (rounded != 0) bad_.rounded[wish->column] += rounded;
      }
      for (const std::int64_t row : bad) {
        BadRow told{name_, 0, rows_done_ + static_cast<std::uint64_t>(row) + 1, wish->column,
                    fmt::format("\"{}\" is no {}", ShortText(*before, row), wish->type->ToString())};
        if (wish->bad_is_null || text_.on_bad_row == OnBadRow::kNull) {
          ++bad_.nulls[wish->column];
        } else if (text_.on_bad_row == OnBadRow::kSkip) {
          dropped.insert(row);
        } else {
          return Refuse(told);
        }
        if (found.size() < BadRows::kMostTold * 100) found.push_back(std::move(told));
      }
    }
    std::ranges::stable_sort(found, {}, &BadRow::row);
    for (BadRow& row : found) bad_.Tell(std::move(row));
    bad_.skipped += dropped.size();
    rows_done_ += static_cast<std::uint64_t>(batch->num_rows());
    BatchPtr typed = arrow::RecordBatch::Make(schema, batch->num_rows(), std::move(arrays));
    return dropped.empty() ? typed : Without(dropped, typed);
  }

  arrow::Result<BatchPtr> Without(const std::set<std::int64_t>& rows, const BatchPtr& batch) {
    arrow::BooleanBuilder kept(pool_);
    for (std::int64_t i = 0; i < batch->num_rows(); ++i) ARROW_RETURN_NOT_OK(kept.Append(!rows.contains(i)));
    ARROW_ASSIGN_OR_RAISE(const ArrayPtr mask, kept.Finish());
    arrow::compute::ExecContext context(pool_);
    ARROW_ASSIGN_OR_RAISE(const arrow::Datum left,
                          arrow::compute::Filter(batch, mask, arrow::compute::FilterOptions::Defaults(), &context));
    return left.record_batch();
  }

  arrow::Status Refuse(const BadRow& bad) const {
    std::string place = fmt::format("row {}", tools::GroupDigits(bad.row));
    if (const auto lines = source_->LinesOf({bad.row - 1}); !lines.empty())
      place += fmt::format(" (line {})", tools::GroupDigits(lines[0]));
    Error error =
        Corrupt("{}: {}; --type {}=TYPE? makes null of it, --on-bad-row skip leaves out the row", place, bad.message, bad.column);
    error.path = name_;
    error.column = bad.column;
    return ToArrow(std::move(error));
  }

  std::unique_ptr<Source> source_;
  std::string name_;
  TextOptions text_;
  arrow::MemoryPool* pool_;
  std::shared_ptr<arrow::Schema> schema_;
  BadRows bad_;  // of the last Read()
  std::uint64_t rows_done_ = 0;
};

}  // namespace

Result<std::unique_ptr<Source>> RetypeColumns(std::unique_ptr<Source> source, const std::string& name, const TextOptions& text,
                                              arrow::MemoryPool* pool) {
  auto retyped = std::make_unique<RetypedSource>(std::move(source), name, text, pool);
  LANCEKIT_TRY(retyped->SetSchema());
  return std::unique_ptr<Source>(std::move(retyped));
}

}  // namespace lancekit::convert
