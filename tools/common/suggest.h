// "Did you mean": the nearest known name to a mistyped one.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace lancekit::tools {

/// The candidate with the fewest edits (insert, delete, replace, swap neighbours), case ignored; empty when none is near.
std::string ClosestMatch(std::string_view wrong, const std::vector<std::string>& candidates);

/// " (did you mean \"x\"?)", or empty.
std::string DidYouMean(std::string_view wrong, const std::vector<std::string>& candidates);

}  // namespace lancekit::tools
