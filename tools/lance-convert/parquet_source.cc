// Parquet as a source: row groups are streamed in batches, column chunks through small buffers.
#include <arrow/io/file.h>
#include <parquet/arrow/reader.h>
#include <parquet/arrow/schema.h>
#include <parquet/file_reader.h>
#include <parquet/metadata.h>
#include <parquet/properties.h>

#include <algorithm>

#include "tools/lance-convert/arrow_error.h"
#include "tools/lance-convert/batches.h"

namespace lancekit::convert {
namespace {

class ParquetSource : public Source {
 public:
  ParquetSource(std::unique_ptr<parquet::arrow::FileReader> reader, std::shared_ptr<arrow::Schema> schema)
      : reader_(std::move(reader)), schema_(std::move(schema)) {}

  const std::shared_ptr<arrow::Schema>& schema() const override { return schema_; }
  std::optional<std::uint64_t> row_count() const override { return static_cast<std::uint64_t>(metadata().num_rows()); }

  arrow::Result<ReaderPtr> Read(const std::vector<int>& columns, const RowRange& rows) override {
    // Leaves in file order; the reader gives the top-level columns in file order too, so they are put in order after it.
    std::vector<int> sorted = columns;
    std::sort(sorted.begin(), sorted.end());
    std::vector<int> leaves;
    for (const int column : sorted) AddLeaves(reader_->manifest().schema_fields[static_cast<std::size_t>(column)], leaves);
    std::vector<int> order;
    for (const int column : columns) {
      order.push_back(static_cast<int>(std::lower_bound(sorted.begin(), sorted.end(), column) - sorted.begin()));
    }
    RowRange rest = rows;
    std::vector<int> groups;
    for (int i = 0; i < metadata().num_row_groups(); ++i) {
      const auto group_rows = static_cast<std::uint64_t>(metadata().RowGroup(i)->num_rows());
      if (groups.empty() && rest.skip >= group_rows) {
        rest.skip -= group_rows;
      } else {
        groups.push_back(i);
      }
    }
    ARROW_ASSIGN_OR_RAISE(std::unique_ptr<arrow::RecordBatchReader> batches, reader_->GetRecordBatchReader(groups, leaves));
    return CutRows(SelectColumns(std::move(batches), order), rest);
  }

 private:
  const parquet::FileMetaData& metadata() const { return *reader_->parquet_reader()->metadata(); }

  static void AddLeaves(const parquet::arrow::SchemaField& field, std::vector<int>& leaves) {
    if (field.column_index >= 0) leaves.push_back(field.column_index);
    for (const auto& child : field.children) AddLeaves(child, leaves);
  }

  std::unique_ptr<parquet::arrow::FileReader> reader_;
  std::shared_ptr<arrow::Schema> schema_;
};

/// Rows of a batch so that it has about batch_bytes(), by the sizes in the footer.
std::int64_t BatchRows(const parquet::FileMetaData& metadata, const Environment& environment) {
  constexpr std::int64_t kMinBatchRows = 1024;
  std::int64_t bytes = 0;
  for (int i = 0; i < metadata.num_row_groups(); ++i) bytes += std::max<std::int64_t>(0, metadata.RowGroup(i)->total_byte_size());
  const std::int64_t row_bytes = std::max<std::int64_t>(1, bytes / std::max<std::int64_t>(1, metadata.num_rows()));
  const auto rows = static_cast<std::int64_t>(environment.batch_bytes()) / row_bytes;
  return std::clamp(rows, kMinBatchRows, kMaxBatchRows);
}

}  // namespace

Result<std::unique_ptr<Source>> OpenParquet(Input& input, const Environment& environment) {
  constexpr std::int64_t kStreamBytes = 1 << 20;
  LANCEKIT_ASSIGN_ARROW(auto file, arrow::io::ReadableFile::Open(input.path(), environment.pool), Side::kInput, input.name());
  parquet::ReaderProperties properties(environment.pool);
  properties.enable_buffered_stream();
  properties.set_buffer_size(kStreamBytes);
  parquet::arrow::FileReaderBuilder builder;
  LANCEKIT_TRY_ARROW(builder.Open(file, properties), Side::kInput, input.name());
  if (builder.raw_reader()->metadata()->is_encryption_algorithm_set()) {
    return At(Unsupported("is a Parquet file with encrypted columns, which cannot be read"), {.path = input.name()});
  }
  parquet::ArrowReaderProperties arrow_properties(environment.threads() > 1);
  arrow_properties.set_pre_buffer(false);
  arrow_properties.set_batch_size(BatchRows(*builder.raw_reader()->metadata(), environment));
  std::unique_ptr<parquet::arrow::FileReader> reader;
  LANCEKIT_TRY_ARROW(builder.memory_pool(environment.pool)->properties(arrow_properties)->Build(&reader), Side::kInput,
                     input.name());
  std::shared_ptr<arrow::Schema> schema;
  LANCEKIT_TRY_ARROW(reader->GetSchema(&schema), Side::kInput, input.name());
  return std::unique_ptr<Source>(std::make_unique<ParquetSource>(std::move(reader), std::move(schema)));
}

}  // namespace lancekit::convert
