// Filters for inputs whose format has none: all rows are read and compared.
#pragma once

#include <memory>

#include "tools/lance-convert/source.h"

namespace lancekit::convert {

/// The same source, but one whose Read() knows filters.
std::unique_ptr<Source> FilterRows(std::unique_ptr<Source> source, arrow::MemoryPool* pool);

}  // namespace lancekit::convert
