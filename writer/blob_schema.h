// How a table's schema describes blob columns: to the writer's caller, in a manifest, in a data file.
#pragma once

#include "base/status.h"
#include "format/schema.h"

namespace lancekit {

/// What the files of a table say about its blobs.
enum class BlobForm : std::uint8_t {
  kPages,        ///< blob pages: 2.1, and bare files of 2.2
  kDescriptors,  ///< blob v2: datasets of 2.2
};

/// The schema that a table of this input has. Blobs come as large_binary with the metadata lance-encoding:blob or as the
/// extension type lance.blob.v2, and become what the form asks for.
/// Errors: kUnsupported, naming the column, for blobs of other types and for those inside other columns (kDescriptors).
Result<Schema> TableSchema(Schema input, BlobForm form);

/// The schema of the data files of a table.
Schema FileSchema(Schema table);

}  // namespace lancekit
