// Rows under the schema of another table: columns are found by name, types are cast.
#pragma once

#include <arrow/type.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/status.h"
#include "tools/lance-convert/batches.h"
#include "tools/lance-convert/sink.h"

namespace lancekit::convert {

/// Which rows of what, for messages.
struct RowsOf {
  std::string name;           ///< the input; empty where it may be one of several
  std::uint64_t skipped = 0;  ///< rows of it before the first one
  bool are_chosen = false;    ///< by a filter, say: their numbers are not those of the input
};

/// The rows of `input` under `schema`: columns by name, in its order; those that the input lacks are null, those that the schema
/// lacks are left out; other types are cast, and a value that the type cannot hold is an error (kCorruption).
ReaderPtr FitRows(ReaderPtr input, std::shared_ptr<arrow::Schema> schema, const RowsOf& rows, arrow::MemoryPool* pool);

/// Whether a cast may lose digits without an error: to a smaller floating-point type, from decimals to one and back, from a time
/// to its day.
bool IsRounded(const arrow::DataType& from, const arrow::DataType& to);

/// Whether rows of `from` can be appended to a table of `to`; returns the columns whose types change.
/// Errors: kInvalidArgument for columns that the table lacks, or that it has and must not be null, or of a type that does not
/// fit.
Result<std::vector<TypeChange>> CheckFit(const arrow::Schema& from, const arrow::Schema& to);

/// Errors: kInvalidArgument when `schema` has not the columns of `first`, as errors call it, in the same types, in any order.
/// `union_helps`: they tell what --schema-mode union would do.
Status CheckSameColumns(const arrow::Schema& schema, const arrow::Schema& first, const std::string& first_name, bool union_helps);

}  // namespace lancekit::convert
