// Arrow types that Lance does not have, and the ones that hold the same values.
#pragma once

#include <arrow/type.h>

#include <memory>
#include <vector>

#include "tools/lance-convert/batches.h"
#include "tools/lance-convert/sink.h"

namespace lancekit::convert {

/// View types become plain ones, small decimals decimal128. Errors: kUnsupported with column and type.
Result<SinkSchema> ForLance(const arrow::Schema& schema);

/// The columns of a table as Arrow has them. Reads no data.
Result<std::shared_ptr<arrow::Schema>> ArrowSchemaOf(const Table& table, const std::string& name);

/// The same values in another type. Errors: Invalid for a value that it cannot hold.
arrow::Result<std::shared_ptr<arrow::Array>> CastArray(const std::shared_ptr<arrow::Array>& array,
                                                       const std::shared_ptr<arrow::DataType>& type, arrow::MemoryPool* pool);
/// The batch in the types of `schema`, which ForLance() made of its schema.
arrow::Result<BatchPtr> CastBatch(const BatchPtr& batch, const std::shared_ptr<arrow::Schema>& schema, arrow::MemoryPool* pool);

}  // namespace lancekit::convert
