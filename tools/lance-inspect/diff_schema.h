// What differs between two schemas.
#pragma once

#include <string>
#include <vector>

#include "lancekit/types.hpp"

namespace lancekit::tools {

struct SchemaDifference {
  std::string what;    ///< "column only in A", "type", "nullability", "metadata", "order of columns", ...
  std::string column;  ///< dotted; empty for the schema itself
  std::string a;       ///< empty = nothing
  std::string b;
};

/// Fields are matched by name. Field ids are not compared, nor metadata "lance-encoding:*", which says how values are to be
/// stored.
std::vector<SchemaDifference> CompareSchemas(const Schema& a, const Schema& b);

}  // namespace lancekit::tools
