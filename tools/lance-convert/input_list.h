// The inputs that a command line means: paths, globs, folders, and lists of them in a file.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "tools/lance-convert/format.h"

namespace lancekit::convert {

struct InputList {
  std::vector<std::string> paths;         ///< as they were given
  std::optional<std::string> files_from;  ///< a file with a path in each line; "-" is stdin
  bool nul_separated = false;             ///< the paths in it end with NUL instead
  std::optional<Format> format;           ///< --from
};

/// The inputs, in this order: `paths`, then those of the list. A path that is not there is a glob if it looks like one, its
/// matches in the order of their names. A folder that is no dataset stands for the files below it, in the order of their names,
/// whose extension is known (with --from: is of that format, or unknown); names that begin with . or _ are left out. Errors: kIo
/// for what is not there or holds nothing, kInvalidArgument for an empty list.
Result<std::vector<std::string>> ExpandInputs(const InputList& list);

}  // namespace lancekit::convert
