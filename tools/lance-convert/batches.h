// Record batch streams in front of one another: choose columns, cut rows, keep batches small.
#pragma once

#include <arrow/record_batch.h>
#include <arrow/type.h>

#include <functional>
#include <memory>
#include <vector>

#include "tools/lance-convert/source.h"

namespace lancekit::convert {

using ReaderPtr = std::shared_ptr<arrow::RecordBatchReader>;
using BatchPtr = std::shared_ptr<arrow::RecordBatch>;

/// Most rows in a batch: the unit of work between source and sink.
inline constexpr std::int64_t kMaxBatchRows = 64 * 1024;

/// A reader made of a schema and a function; a null batch is the end.
ReaderPtr MakeReader(std::shared_ptr<arrow::Schema> schema, std::function<arrow::Result<BatchPtr>()> next);

/// Columns by position; the input itself when they are all columns in order.
ReaderPtr SelectColumns(ReaderPtr input, const std::vector<int>& columns);

/// Rows of a range; batches longer than kMaxBatchRows are cut.
ReaderPtr CutRows(ReaderPtr input, const RowRange& rows);

/// The same columns under other names and metadata.
ReaderPtr WithSchema(ReaderPtr input, std::shared_ptr<arrow::Schema> schema);

}  // namespace lancekit::convert
