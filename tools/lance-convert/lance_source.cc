// A Lance file or dataset as a source.
#include <arrow/c/bridge.h>

#include <algorithm>

#include "lancekit/lancekit.hpp"
#include "tools/lance-convert/arrow_error.h"
#include "tools/lance-convert/batches.h"
#include "tools/lance-convert/lance_types.h"

namespace lancekit::convert {
namespace {

class LanceSource : public Source {
 public:
  LanceSource(Table table, std::shared_ptr<arrow::Schema> schema, std::uint64_t batch_bytes)
      : table_(std::move(table)), schema_(std::move(schema)), batch_bytes_(batch_bytes) {}

  const std::shared_ptr<arrow::Schema>& schema() const override { return schema_; }
  std::optional<std::uint64_t> row_count() const override { return table_.row_count(); }

  arrow::Result<ReaderPtr> Read(const std::vector<int>& columns, const RowRange& rows) override {
    std::vector<std::string> names;
    arrow::FieldVector fields;
    for (const int column : columns) {
      fields.push_back(schema_->field(column));
      names.push_back(fields.back()->name());
    }
    auto scan = std::make_shared<Scan>(table_.scan());
    scan->select(names).offset(rows.skip).batch_bytes(batch_bytes_).batch_rows(static_cast<std::uint64_t>(kMaxBatchRows));
    if (rows.limit) scan->limit(*rows.limit);
    if (rows.where) scan->where(*rows.where);
    scan_ = scan;
    // next() instead of the exported stream: its errors keep their place in the file.
    return MakeReader(arrow::schema(std::move(fields), schema_->metadata()), [scan]() -> arrow::Result<BatchPtr> {
      auto batch = scan->next();
      if (!batch) return ToArrow(batch.error());
      if (!batch->has_value()) return nullptr;
      ArrowArray array;
      ArrowSchema schema;
      if (Status status = (*batch)->export_array(&array, &schema); !status) return ToArrow(std::move(status));
      return arrow::ImportRecordBatch(&array, &schema);
    });
  }

  ScanReport report() const override { return scan_ == nullptr ? ScanReport() : scan_->report(); }

 private:
  Table table_;
  std::shared_ptr<arrow::Schema> schema_;
  std::uint64_t batch_bytes_;
  std::shared_ptr<Scan> scan_;  // the last one
};

/// The table without what is damaged of the columns that are wanted.
Result<Table> SalvageTable(const Table& table, const LanceOptions& options) {
  std::vector<std::string> columns = options.columns;
  if (columns.empty()) {
    for (const Field& field : table.schema().fields) {
      if (std::ranges::find(options.exclude, field.name) == options.exclude.end()) columns.push_back(field.name);
    }
  }
  return salvage(table, *options.salvage, columns, [&](const Loss& loss) { options.losses->push_back(loss); });
}

}  // namespace

Result<std::unique_ptr<Source>> OpenLance(Input& input, const LanceOptions& options, const Environment& environment) {
  auto table = options.salvage.has_value() ? open_damaged(environment.context, input.path(), options.open)
                                           : open(environment.context, input.path(), options.open);
  if (table && options.salvage.has_value()) table = SalvageTable(*table, options);
  if (!table) {
    if (options.salvage.has_value() && table.error().code == ErrorCode::kCorruption && table.error().page < 0)
      table.error().message += "; where the tail of a file is damaged, nothing can be salvaged";
    if (table.error().path == input.path()) table.error().path = input.name();
    return table.error();
  }
  LANCEKIT_ASSIGN(auto schema, ArrowSchemaOf(*table, input.name()));
  return std::unique_ptr<Source>(std::make_unique<LanceSource>(*std::move(table), std::move(schema), environment.batch_bytes()));
}

}  // namespace lancekit::convert
