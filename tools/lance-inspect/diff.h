// diff: what its parts share.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "lancekit/table.hpp"
#include "tools/common/cell_equal.h"
#include "tools/lance-inspect/diff_report.h"

namespace lancekit::tools {

/// A table as an argument of diff names it.
struct TableAt {
  std::string path;
  OpenOptions open;
};
/// PATH, or PATH@VERSION, PATH@TAG, PATH@BRANCH: or PATH@BRANCH:VERSION; what is there by the whole name is a path.
/// Errors: kInvalidArgument.
Result<TableAt> ParseTableAt(const std::string& argument);

/// What of two tables is compared, row by row.
struct RowDiff {
  Table a;
  Table b;
  std::vector<std::string> selection;  ///< columns and dotted paths that are read, the keys first
  std::vector<std::string> columns;    ///< what they make: columns of both tables, the keys first
  std::vector<std::string> keys;       ///< of the selection
  std::size_t num_keys = 0;            ///< of the columns; 0: rows are compared by their position
  std::optional<Filter> filter;
  Tolerance tolerance;
};

Status DiffByPosition(const RowDiff& diff, Session* session, DiffReport* report);
/// Keys of B are held by their 128-bit hashes, 32 bytes for each row; where a quarter of the memory limit does not suffice, A is
/// read several times, for a part of the keys each.
Status DiffByKey(const RowDiff& diff, Session* session, DiffReport* report);

/// diff --layout
Status DiffLayouts(Session& session);

}  // namespace lancekit::tools
