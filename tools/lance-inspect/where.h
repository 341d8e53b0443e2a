// --where and --explain: rows that match a filter, and what was skipped on the way to them.
#pragma once

#include <optional>

#include "lancekit/table.hpp"
#include "tools/lance-inspect/session.h"

namespace lancekit::tools {

/// What --where says; none without it. Errors: kInvalidArgument, with the position in the text; --explain without --where.
Result<std::optional<Filter>> FilterOf(const Options& options);
/// A scan of the rows that match.
Scan ScanOf(const Table& table, const std::optional<Filter>& filter);
/// Writes to stderr what the scan has kept and read.
void Explain(const Filter& filter, const ScanReport& report, const Session& session);

}  // namespace lancekit::tools
