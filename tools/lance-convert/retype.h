// Columns of an input in the types that the user asked for.
#pragma once

#include <memory>
#include <vector>

#include "tools/lance-convert/source.h"

namespace lancekit::convert {

/// The same source with other types: those of the wishes for columns that it has. Filters are left to whoever wraps it.
/// Errors: kInvalidArgument for a type that values of the column cannot become.
Result<std::unique_ptr<Source>> RetypeColumns(std::unique_ptr<Source> source, const std::string& name, const TextOptions& text,
                                              arrow::MemoryPool* pool);

}  // namespace lancekit::convert
