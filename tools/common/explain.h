// What --explain says: what a filter let a scan skip.
#pragma once

#include <string>
#include <string_view>

#include "lancekit/table.hpp"

namespace lancekit::tools {

/// A line for each kind of thing.
std::string ExplainText(const Filter& filter, const ScanReport& report);
/// One JSON document on one line; `schema` is its first member.
std::string ExplainJson(std::string_view schema, const Filter& filter, const ScanReport& report);

}  // namespace lancekit::tools
