// An output for rows: takes a stream of record batches, then publishes the whole, or leaves nothing behind.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "lancekit/writer.hpp"
#include "tools/lance-convert/batches.h"

namespace lancekit::convert {

/// A column whose type the output holds under another type.
struct TypeChange {
  std::string column;
  std::string from;
  std::string to;
  bool rounded = false;  ///< digits may be lost

  bool operator==(const TypeChange&) const = default;
};

struct ColumnBytes {
  std::string name;
  std::uint64_t bytes = 0;
};

/// What was published.
struct Written {
  std::string format;  ///< "dataset, Lance 2.2, 3 data files, version 1", "Parquet, zstd"
  std::uint64_t bytes = 0;
  std::size_t outputs = 1;           ///< of --split-by
  std::vector<ColumnBytes> columns;  ///< empty where the format has no columns
  std::vector<TypeChange> types;
};

struct SinkOptions {
  std::string path;
  Format format = Format::kLance;
  bool overwrite = false;
  bool append = false;         ///< to a Lance dataset, as a new version
  std::string same_columns;    ///< the input that must have the columns and types of the dataset; empty = what fits will do
  bool keep_versions = false;  ///< overwrite as a new version
  bool sums = false;           ///< a file of sums will stand beside each output
  std::string lance_version;   ///< empty = the one to append to, or the default
  bool single_file = false;
  std::uint64_t max_rows_per_file = 0;  ///< 0 = the library's default
  std::vector<BloomColumn> bloom;
  std::string preset;
  std::vector<ColumnEncoding> encodings;
  TextOptions text;
};

class Sink {
 public:
  virtual ~Sink() = default;
  /// Writes all batches; called once.
  virtual Status Write(const ReaderPtr& rows) = 0;
  virtual Result<Written> Publish() = 0;
};

/// The columns as an output has them.
struct SinkSchema {
  std::shared_ptr<arrow::Schema> schema;
  std::vector<TypeChange> changes;
};
/// What rows of `schema` become. Errors: as OpenSink(); kInvalidArgument for columns that do not fit a dataset to append to.
Result<SinkSchema> SchemaFor(const SinkOptions& options, const std::shared_ptr<arrow::Schema>& schema,
                             const Environment& environment);
Result<SinkSchema> LanceSchemaFor(const SinkOptions& options, const std::shared_ptr<arrow::Schema>& schema,
                                  const Environment& environment);

/// Starts an output for `schema`, which SchemaFor() gave. Errors: kUnsupported with the column that the format cannot hold,
/// kOutput.
Result<std::unique_ptr<Sink>> OpenSink(const SinkOptions& options, const std::shared_ptr<arrow::Schema>& schema,
                                       const Environment& environment);

Result<std::unique_ptr<Sink>> OpenLanceSink(const SinkOptions& options, const std::shared_ptr<arrow::Schema>& schema,
                                            const Environment& environment);
Result<std::unique_ptr<Sink>> OpenParquetSink(const SinkOptions& options, const std::shared_ptr<arrow::Schema>& schema,
                                              const Environment& environment);
Result<std::unique_ptr<Sink>> OpenIpcSink(const SinkOptions& options, const std::shared_ptr<arrow::Schema>& schema,
                                          const Environment& environment);
Result<std::unique_ptr<Sink>> OpenTextSink(const SinkOptions& options, const std::shared_ptr<arrow::Schema>& schema);

}  // namespace lancekit::convert
