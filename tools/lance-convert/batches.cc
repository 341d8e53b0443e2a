#include "tools/lance-convert/batches.h"

#include <algorithm>
#include <numeric>

namespace lancekit::convert {
namespace {

class FunctionReader : public arrow::RecordBatchReader {
 public:
  FunctionReader(std::shared_ptr<arrow::Schema> schema, std::function<arrow::Result<BatchPtr>()> next)
      : schema_(std::move(schema)), next_(std::move(next)) {}
  std::shared_ptr<arrow::Schema> schema() const override { return schema_; }
  arrow::Status ReadNext(BatchPtr* batch) override { return next_().Value(batch); }

 private:
  std::shared_ptr<arrow::Schema> schema_;
  std::function<arrow::Result<BatchPtr>()> next_;
};

/// State of CutRows between calls.
struct Cutter {
  ReaderPtr input;
  std::uint64_t skip;
  std::uint64_t left;
  BatchPtr rest;

  arrow::Result<BatchPtr> Next() {
    if (left == 0) return nullptr;
    while (rest == nullptr || rest->num_rows() == 0) {
      ARROW_ASSIGN_OR_RAISE(rest, input->Next());
      if (rest == nullptr) return nullptr;
      const auto dropped = static_cast<std::int64_t>(std::min<std::uint64_t>(skip, static_cast<std::uint64_t>(rest->num_rows())));
      skip -= static_cast<std::uint64_t>(dropped);
      if (dropped > 0) rest = rest->Slice(dropped);
    }
    const std::int64_t most = left < static_cast<std::uint64_t>(kMaxBatchRows) ? static_cast<std::int64_t>(left) : kMaxBatchRows;
    const std::int64_t rows = std::min(rest->num_rows(), most);
    BatchPtr batch = rows == rest->num_rows() ? rest : rest->Slice(0, rows);
    rest = rows == rest->num_rows() ? nullptr : rest->Slice(rows);
    left -= static_cast<std::uint64_t>(rows);
    return batch;
  }
};

}  // namespace

ReaderPtr MakeReader(std::shared_ptr<arrow::Schema> schema, std::function<arrow::Result<BatchPtr>()> next) {
  return std::make_shared<FunctionReader>(std::move(schema), std::move(next));
}

ReaderPtr SelectColumns(ReaderPtr input, const std::vector<int>& columns) {
  std::vector<int> all(static_cast<std::size_t>(input->schema()->num_fields()));
  std::iota(all.begin(), all.end(), 0);
  if (columns == all) return input;
  arrow::FieldVector fields;
  for (const int column : columns) fields.push_back(input->schema()->field(column));
  auto schema = arrow::schema(std::move(fields), input->schema()->metadata());
  return MakeReader(schema, [input, columns]() -> arrow::Result<BatchPtr> {
    ARROW_ASSIGN_OR_RAISE(BatchPtr batch, input->Next());
    return batch == nullptr ? batch : batch->SelectColumns(columns);
  });
}

ReaderPtr CutRows(ReaderPtr input, const RowRange& rows) {
  auto schema = input->schema();
  Cutter cutter{std::move(input), rows.skip, rows.limit.value_or(~std::uint64_t{0}), nullptr};
  return MakeReader(std::move(schema), [cutter]() mutable { return cutter.Next(); });
}

ReaderPtr WithSchema(ReaderPtr input, std::shared_ptr<arrow::Schema> schema) {
  return MakeReader(schema, [input, schema]() -> arrow::Result<BatchPtr> {
    ARROW_ASSIGN_OR_RAISE(BatchPtr batch, input->Next());
    return batch == nullptr ? batch : arrow::RecordBatch::Make(schema, batch->num_rows(), batch->columns());
  });
}

}  // namespace lancekit::convert
