// Which columns of a table to read: names and dotted paths to fields, some of them leaves alone.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "structural/field_shape.h"

namespace lancekit {

using Selection = std::vector<std::shared_ptr<const FieldShape>>;

/// The fields of these names, all of them for none. "a.b" selects one field of a struct (or of the structs in a list) and
/// comes as the struct with nothing else in it; paths into the same column are joined where the first of them stands.
/// Errors: kInvalidArgument naming the path; kUnsupported naming column and type.
Result<Selection> SelectFields(const Schema& schema, const std::vector<std::string>& names);

/// The schema of what is selected.
Schema SelectedSchema(const Schema& schema, const Selection& selection);

}  // namespace lancekit
