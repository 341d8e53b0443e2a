// Fields in files of version 2.0, behind the interface of all fields.
#pragma once

#include <memory>

#include "reader/field_reader.h"

namespace lancekit {

/// True when the files of the fragment that hold the field are of version 2.0.
bool IsLegacyField(const TableFragment& fragment, const FieldShape& shape);
/// Pre: IsLegacyField. The shape must outlive the reader. Errors: as FieldReader::Open.
Result<std::shared_ptr<const FieldReader>> OpenLegacyField(const TableFragment& fragment, const FieldShape& shape);

}  // namespace lancekit
