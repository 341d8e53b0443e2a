// What a writer settles before it sees rows, and how rows come to it: options, schemas, leaves, streams.
#pragma once

#include <functional>

#include "format/schema.h"
#include "format/version.h"
#include "lancekit/writer.hpp"
#include "structural/leaf.h"
#include "types/array.h"
#include "writer/hints.h"
#include "writer/shredder.h"

namespace lancekit {

/// The version to write. Errors: kInvalidArgument.
Result<format::FileVersion> CheckOptions(const WriteOptions& options);

/// The schemas of a table and of its data files, for rows of `schema`.
struct PlannedSchema {
  Schema table;  ///< with field ids, and blobs as the table describes them
  Schema file;   ///< with blobs as data files describe them
};
/// Errors: kInvalidArgument, kUnsupported, with the column.
Result<PlannedSchema> PlanSchema(const Schema& schema, const WriteOptions& options, format::FileVersion version);

/// Puts the columns of a table in the place of those planned for rows that are appended to it: their ids, and their wishes of
/// encodings where the options have none. Errors: kInvalidArgument for other columns than the table's.
Status TakeColumnsOf(const Schema& table, const WriteOptions& options, format::FileVersion version, PlannedSchema* planned);

struct PlannedLeaf {
  LeafPath path;
  LeafType type;
  EncodingHints hints;
};
/// Of a data file's schema. Errors: kUnsupported; kInvalidArgument for an encoding that cannot hold the leaf's values.
Result<PlannedLeaf> PlanLeaf(const format::Leaf& leaf, const WriteOptions& options, format::FileVersion version);

/// A batch of rows as the struct that it is. Errors: kInvalidArgument for nulls where there must be none.
Result<ArrayView> ImportBatch(const Field& root, const ArrowSchema& schema, const ArrowArray& array);

/// Calls `take_schema` once, then `take_batch` for each batch, which it may take over, until it returns false. The stream stays
/// the caller's. Errors: kInvalidArgument for what the stream says; those of the functions.
Status ReadStream(ArrowArrayStream* stream, const std::function<Status(const ArrowSchema&)>& take_schema,
                  const std::function<Result<bool>(ArrowArray*, const ArrowSchema&)>& take_batch);

}  // namespace lancekit
