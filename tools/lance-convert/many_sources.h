// Several inputs after each other as one source: columns are matched by name.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "tools/lance-convert/source.h"

namespace lancekit::convert {

/// How the columns of several inputs become those of the output.
enum class SchemaMode : std::uint8_t {
  kStrict,  ///< all inputs have the same columns with the same types, in any order
  kUnion,   ///< all columns of all inputs; missing ones are null, types are widened where values are kept
};

struct NamedSource {
  std::string name;
  std::unique_ptr<Source> source;
};

/// Pre: there is one at least. Errors: kInvalidArgument where the columns do not agree, naming column and inputs.
Result<std::unique_ptr<Source>> JoinSources(std::vector<NamedSource> sources, SchemaMode mode, const Environment& environment);

}  // namespace lancekit::convert
