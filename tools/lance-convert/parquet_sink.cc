// Parquet as an output: zstd, the Arrow schema stored so that every type comes back, row groups bounded in bytes.
#include <arrow/util/byte_size.h>
#include <parquet/arrow/schema.h>
#include <parquet/arrow/writer.h>
#include <parquet/file_writer.h>
#include <parquet/metadata.h>
#include <parquet/properties.h>

#include <algorithm>
#include <map>

#include "tools/lance-convert/arrow_error.h"
#include "tools/lance-convert/output.h"
#include "tools/lance-convert/sink.h"

namespace lancekit::convert {
namespace {

constexpr std::int64_t kGroupRows = 1 << 20;
constexpr std::uint64_t kGroupBytes = 128u << 20;

class ParquetSink : public Sink {
 public:
  ParquetSink(std::string path, std::shared_ptr<Output> output, std::unique_ptr<parquet::arrow::FileWriter> writer,
              std::uint64_t group_bytes)
      : path_(std::move(path)), output_(std::move(output)), writer_(std::move(writer)), group_bytes_(group_bytes) {}

  Status Write(const ReaderPtr& rows) override {
    std::uint64_t bytes = 0;
    while (true) {
      LANCEKIT_ASSIGN_ARROW(BatchPtr batch, rows->Next(), Side::kInput, "");
      if (batch == nullptr) return {};
      if (bytes > group_bytes_) {
        LANCEKIT_TRY_ARROW(writer_->NewBufferedRowGroup(), Side::kOutput, path_);
        bytes = 0;
      }
      bytes += static_cast<std::uint64_t>(std::max<std::int64_t>(0, arrow::util::ReferencedBufferSize(*batch).ValueOr(0)));
      LANCEKIT_TRY_ARROW(writer_->WriteRecordBatch(*batch), Side::kOutput, path_);
    }
  }

  Result<Written> Publish() override {
    LANCEKIT_TRY_ARROW(writer_->Close(), Side::kOutput, path_);
    LANCEKIT_TRY(output_->Publish());
    Written written;
    written.format = "Parquet, zstd";
    written.bytes = output_->size();
    // A nested column has a chunk per leaf; they count for its top-level name.
    std::map<std::string, std::size_t> position;
    const parquet::FileMetaData& metadata = *writer_->metadata();
    for (int i = 0; i < metadata.schema()->num_columns(); ++i) {
      const std::string name = metadata.schema()->GetColumnRoot(i)->name();
      if (position.emplace(name, written.columns.size()).second) written.columns.push_back({name, 0});
      for (int group = 0; group < metadata.num_row_groups(); ++group) {
        const auto bytes = metadata.RowGroup(group)->ColumnChunk(i)->total_compressed_size();
        written.columns[position[name]].bytes += static_cast<std::uint64_t>(bytes);
      }
    }
    return written;
  }

 private:
  std::string path_;
  std::shared_ptr<Output> output_;
  std::unique_ptr<parquet::arrow::FileWriter> writer_;
  std::uint64_t group_bytes_;
};

/// The error names the column, which Arrow's own does not.
Status CheckTypes(const arrow::Schema& schema, const parquet::WriterProperties& properties,
                  const parquet::ArrowWriterProperties& arrow_properties, const std::string& path) {
  for (const auto& field : schema.fields()) {
    std::shared_ptr<parquet::SchemaDescriptor> ignored;
    const arrow::Status status =
        parquet::arrow::ToParquetSchema(arrow::schema({field}).get(), properties, arrow_properties, &ignored);
    if (status.ok()) continue;
    Error error = Unsupported("Parquet cannot hold the type {}", field->type()->ToString());
    error.path = path;
    error.column = field->name();
    return error;
  }
  return {};
}

}  // namespace

Result<std::unique_ptr<Sink>> OpenParquetSink(const SinkOptions& options, const std::shared_ptr<arrow::Schema>& schema,
                                              const Environment& environment) {
  const auto properties = parquet::WriterProperties::Builder()
                              .memory_pool(environment.pool)
                              ->compression(parquet::Compression::ZSTD)
                              ->max_row_group_length(kGroupRows)
                              ->build();
  const auto arrow_properties =
      parquet::ArrowWriterProperties::Builder().store_schema()->set_use_threads(environment.threads() > 1)->build();
  LANCEKIT_TRY(CheckTypes(*schema, *properties, *arrow_properties, options.path));
  LANCEKIT_ASSIGN(auto output, Output::Open(options.path, options.overwrite));
  LANCEKIT_ASSIGN_ARROW(auto writer,
                        parquet::arrow::FileWriter::Open(*schema, environment.pool, output, properties, arrow_properties),
                        Side::kOutput, options.path);
  const std::uint64_t group_bytes = std::min(kGroupBytes, environment.memory_limit / 4);
  return std::unique_ptr<Sink>(std::make_unique<ParquetSink>(options.path, std::move(output), std::move(writer), group_bytes));
}

}  // namespace lancekit::convert
