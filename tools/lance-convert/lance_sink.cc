// A Lance dataset or file as an output.
#include <arrow/c/bridge.h>

#include <filesystem>

#include "lancekit/lancekit.hpp"
#include "tools/lance-convert/arrow_error.h"
#include "tools/lance-convert/lance_types.h"
#include "tools/lance-convert/sink.h"

namespace lancekit::convert {
namespace {

class LanceSink : public Sink {
 public:
  LanceSink(const SinkOptions& options, Writer writer, LanceSchema schema, arrow::MemoryPool* pool)
      : options_(options), writer_(std::move(writer)), schema_(std::move(schema)), pool_(pool) {}

  Status Write(const ReaderPtr& rows) override {
    // The C stream reduces an error to its text, so the one that began here is kept and takes precedence.
    arrow::Status source_status;
    ReaderPtr cast = CastRows(rows, schema_.schema, pool_);
    ReaderPtr watched = MakeReader(schema_.schema, [&source_status, cast]() -> arrow::Result<BatchPtr> {
      auto batch = cast->Next();
      if (!batch.ok()) source_status = batch.status();
      return batch;
    });
    ArrowArrayStream stream;
    LANCEKIT_TRY_ARROW(arrow::ExportRecordBatchReader(watched, &stream), Side::kInput, "");
    Status written = writer_.write(&stream);
    LANCEKIT_TRY_ARROW(source_status, Side::kInput, "");
    return At(std::move(written), {.path = options_.path});
  }

  Result<Written> Publish() override {
    auto summary = writer_.commit();
    if (!summary) return At(std::move(summary).status(), {.path = options_.path});
    Written written;
    written.format = options_.single_file ? fmt::format("file, Lance {}", options_.lance_version)
                                          : fmt::format("dataset, Lance {}, {} data file{}, version 1", options_.lance_version,
                                                        summary->files, summary->files == 1 ? "" : "s");
    written.bytes = summary->bytes;
    for (const WriteSummary::Column& column : summary->columns) written.columns.push_back({column.name, column.bytes});
    written.types = schema_.changes;
    return written;
  }

 private:
  SinkOptions options_;
  Writer writer_;
  LanceSchema schema_;
  arrow::MemoryPool* pool_;
};

}  // namespace

Result<std::unique_ptr<Sink>> OpenLanceSink(const SinkOptions& options, const std::shared_ptr<arrow::Schema>& schema,
                                            const Environment& environment) {
  LANCEKIT_ASSIGN(LanceSchema lance, ForLance(*schema));
  WriteOptions write;
  write.version = options.lance_version;
  write.single_file = options.single_file;
  write.overwrite = options.overwrite;
  if (options.max_rows_per_file != 0) write.max_rows_per_file = options.max_rows_per_file;
  write.bloom = options.bloom;
  write.preset = options.preset;
  write.encodings = options.encodings;
  LANCEKIT_ASSIGN(Writer writer, create(environment.context, options.path, write));
  ArrowSchema c_schema;
  LANCEKIT_TRY_ARROW(arrow::ExportSchema(*lance.schema, &c_schema), Side::kOutput, options.path);
  Status fixed = writer.set_schema(&c_schema);
  c_schema.release(&c_schema);
  LANCEKIT_TRY(At(std::move(fixed), {.path = options.path}));
  return std::unique_ptr<Sink>(std::make_unique<LanceSink>(options, std::move(writer), std::move(lance), environment.pool));
}

}  // namespace lancekit::convert
