// Blobs: values that lie by themselves, in the data file or in files beside it, and are read on demand.
#pragma once

#include <memory>

#include "reader/field_reader.h"
#include "reader/file_reader.h"

namespace lancekit {

/// Tables show blobs as large_binary, whatever describes them in the file.
void ShowBlobsAsBytes(std::vector<Field>* fields);

/// True for a field whose values may be blobs, by its metadata.
bool MayHoldBlobs(const Field& field);
/// True when the column holds descriptors of blob v2 (2.2) instead of the field's bytes.
bool HoldsBlobDescriptors(const FileReader& file, std::uint32_t column, const Field& field);

/// Such a column; its rows are read as bytes. Errors: kCorruption, kUnsupported.
Result<std::shared_ptr<const FieldReader>> OpenBlobColumn(std::shared_ptr<const FileReader> file, std::uint32_t column,
                                                          ContextImpl& context);

}  // namespace lancekit
