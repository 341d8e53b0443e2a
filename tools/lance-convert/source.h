// An input as rows: its schema, then a stream of record batches of chosen columns and rows.
#pragma once

#include <arrow/memory_pool.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "lancekit/context.hpp"
#include "lancekit/table.hpp"
#include "lancekit/verify.hpp"
#include "tools/lance-convert/bad_rows.h"
#include "tools/lance-convert/format.h"
#include "tools/lance-convert/input.h"
#include "tools/lance-convert/limited_pool.h"
#include "tools/lance-convert/text_types.h"
#include "tools/lance-convert/type_names.h"

namespace lancekit::convert {

/// What all parts of one conversion share.
struct Environment {
  Context context;
  LimitedPool* pool = nullptr;
  std::uint64_t memory_limit = 0;

  int threads() const { return context.threads(); }
  /// Arrow bytes that one batch should have.
  std::uint64_t batch_bytes() const;
};

/// How text is read and written, and the types that are wanted of columns of any input.
struct TextOptions {
  char delimiter = ',';
  std::optional<char> quote = '"';    ///< none: quotes are like other characters
  std::int64_t infer_rows = 100'000;  ///< rows in which types are found, for the first try
  OnBadRow on_bad_row = OnBadRow::kFail;
  std::vector<TypeWish> types;
  TimestampFormats timestamp_formats;  ///< of delimited text, besides ISO 8601
  bool header = true;
  std::string null_text;    ///< unquoted text that stands for null
  bool infer_all = false;   ///< infer the types from all rows before the first is converted
  bool keep_sample = true;  ///< rows that types were found in wait in memory, instead of being read again
};

/// Which rows to read. A filter comes first: the others count what matches it.
struct RowRange {
  std::uint64_t skip = 0;
  std::optional<std::uint64_t> limit;
  std::optional<Filter> where;
};

class Source {
 public:
  virtual ~Source() = default;

  /// All columns of the input.
  virtual const std::shared_ptr<arrow::Schema>& schema() const = 0;
  /// The columns with these positions in schema(), in this order.
  virtual arrow::Result<std::shared_ptr<arrow::RecordBatchReader>> Read(const std::vector<int>& columns,
                                                                        const RowRange& rows) = 0;
  /// Rows of the input where they are known before it is read.
  virtual std::optional<std::uint64_t> row_count() const { return std::nullopt; }
  /// What the filter of the last Read() has compared and skipped so far, bytes apart.
  virtual ScanReport report() const { return {}; }
  /// What became of bad rows since the last Read().
  virtual void AddBadRows(BadRows*) const {}
  /// The lines of text on which rows begin; fewer than asked for, perhaps none, where that is not known. Rows ascend.
  virtual std::vector<std::uint64_t> LinesOf(const std::vector<std::uint64_t>&) const { return {}; }
  /// After a failed Read(): where another try can do better (wider types, longer rows), starts over, perhaps with another
  /// schema(), and returns true.
  virtual Result<bool> Retry(const Error&) { return false; }
};

/// How a Lance input is read.
struct LanceOptions {
  OpenOptions open;
  std::optional<Salvage> salvage;    ///< of a damaged one, these columns
  std::vector<std::string> columns;  ///< all when empty
  std::vector<std::string> exclude;
  std::vector<Loss>* losses = nullptr;  ///< where salvage reports
};

/// Opens `input`, which must outlive the source.
Result<std::unique_ptr<Source>> OpenSource(Input& input, Format format, const TextOptions& text, const LanceOptions& lance,
                                           const Environment& environment);

Result<std::unique_ptr<Source>> OpenParquet(Input& input, const Environment& environment);
Result<std::unique_ptr<Source>> OpenIpc(Input& input, Format format, const Environment& environment);
Result<std::unique_ptr<Source>> OpenCsv(Input& input, const TextOptions& text, const Environment& environment);
Result<std::unique_ptr<Source>> OpenJsonl(Input& input, const TextOptions& text, const Environment& environment);
Result<std::unique_ptr<Source>> OpenLance(Input& input, const LanceOptions& options, const Environment& environment);

}  // namespace lancekit::convert
