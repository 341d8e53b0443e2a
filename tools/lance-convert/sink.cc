#include "tools/lance-convert/sink.h"

namespace lancekit::convert {

Result<SinkSchema> SchemaFor(const SinkOptions& options, const std::shared_ptr<arrow::Schema>& schema,
                             const Environment& environment) {
  if (options.format == Format::kLance) return LanceSchemaFor(options, schema, environment);
  return SinkSchema{schema, {}};
}

Result<std::unique_ptr<Sink>> OpenSink(const SinkOptions& options, const std::shared_ptr<arrow::Schema>& schema,
                                       const Environment& environment) {
  switch (options.format) {
    case Format::kLance:
      return OpenLanceSink(options, schema, environment);
    case Format::kParquet:
      return OpenParquetSink(options, schema, environment);
    case Format::kArrowFile:
    case Format::kArrowStream:
      return OpenIpcSink(options, schema, environment);
    case Format::kCsv:
    case Format::kTsv:
    case Format::kJsonl:
      return OpenTextSink(options, schema);
  }
  return MakeError(ErrorCode::kInternal, "format without a writer");
}

}  // namespace lancekit::convert
