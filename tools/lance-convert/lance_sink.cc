// A Lance dataset or file as an output.
#include <arrow/c/bridge.h>

#include <algorithm>
#include <iterator>

#include "lancekit/lancekit.hpp"
#include "tools/lance-convert/arrow_error.h"
#include "tools/lance-convert/fit_columns.h"
#include "tools/lance-convert/lance_types.h"
#include "tools/lance-convert/output.h"
#include "tools/lance-convert/sink.h"
#include "writer/base_version.h"

namespace lancekit::convert {
namespace {

class LanceSink : public Sink {
 public:
  /// `schema`: that the writer was told. Its lists may call their items otherwise than the rows do, which makes no other type in
  /// Arrow.
  LanceSink(const SinkOptions& options, std::shared_ptr<arrow::Schema> schema, Writer writer)
      : options_(options), schema_(std::move(schema)), writer_(std::move(writer)) {}

  Status Write(const ReaderPtr& rows) override {
    // The C stream reduces an error to its text, so the one that began here is kept and takes precedence.
    arrow::Status source_status;
    ReaderPtr watched = MakeReader(schema_, [&source_status, rows]() -> arrow::Result<BatchPtr> {
      auto batch = rows->Next();
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
    written.format = options_.single_file ? fmt::format("file, Lance {}", summary->format_version)
                                          : fmt::format("dataset, Lance {}, {} data file{}, version {}", summary->format_version,
                                                        summary->files, summary->files == 1 ? "" : "s", summary->version);
    written.bytes = summary->bytes;
    for (const WriteSummary::Column& column : summary->columns) written.columns.push_back({column.name, column.bytes});
    return written;
  }

 private:
  SinkOptions options_;
  std::shared_ptr<arrow::Schema> schema_;
  Writer writer_;
};

/// Changes `lance` to the columns of the dataset at the path, if one is there, and checks that rows can be appended to it.
Status TakeColumnsOfDataset(const SinkOptions& options, const Environment& environment, SinkSchema* lance) {
  if (LookAt(options.path) == Target::kNothing) return {};
  LANCEKIT_ASSIGN(const auto base, ReadNewestVersion(environment.context.impl(), options.path));
  LANCEKIT_ASSIGN(const format::FileVersion version, base->FormatVersion());
  if (!options.lance_version.empty() && options.lance_version != format::Name(version))
    return Invalid("the dataset has data files of Lance {}; --format-version {} cannot be appended", format::Name(version),
                   options.lance_version);
  LANCEKIT_ASSIGN(const Table table, open(environment.context, options.path));
  LANCEKIT_ASSIGN(auto schema, ArrowSchemaOf(table, options.path));
  if (!options.same_columns.empty())
    LANCEKIT_TRY(At(CheckSameColumns(*lance->schema, *schema, "the first input", false), {.path = options.same_columns}));
  LANCEKIT_ASSIGN(auto changes, CheckFit(*lance->schema, *schema));
  std::ranges::move(changes, std::back_inserter(lance->changes));
  lance->schema = std::move(schema);
  return {};
}

}  // namespace

Result<SinkSchema> LanceSchemaFor(const SinkOptions& options, const std::shared_ptr<arrow::Schema>& schema,
                                  const Environment& environment) {
  LANCEKIT_ASSIGN(SinkSchema lance, ForLance(*schema));
  if (options.append) LANCEKIT_TRY(At(TakeColumnsOfDataset(options, environment, &lance), {.path = options.path}));
  return lance;
}

Result<std::unique_ptr<Sink>> OpenLanceSink(const SinkOptions& options, const std::shared_ptr<arrow::Schema>& schema,
                                            const Environment& environment) {
  WriteOptions write;
  if (!options.lance_version.empty()) write.version = options.lance_version;
  write.single_file = options.single_file;
  write.overwrite = options.overwrite;
  write.keep_versions = options.keep_versions;
  write.append = options.append;
  if (options.max_rows_per_file != 0) write.max_rows_per_file = options.max_rows_per_file;
  write.bloom = options.bloom;
  write.preset = options.preset;
  write.encodings = options.encodings;
  LANCEKIT_ASSIGN(Writer writer, create(environment.context, options.path, write));
  ArrowSchema c_schema;
  LANCEKIT_TRY_ARROW(arrow::ExportSchema(*schema, &c_schema), Side::kOutput, options.path);
  Status fixed = writer.set_schema(&c_schema);
  c_schema.release(&c_schema);
  LANCEKIT_TRY(At(std::move(fixed), {.path = options.path}));
  return std::unique_ptr<Sink>(std::make_unique<LanceSink>(options, schema, std::move(writer)));
}

}  // namespace lancekit::convert
