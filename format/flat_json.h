// JSON objects as tags and branches are stored: a few members with plain values. What nests is checked and passed over.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace lancekit::format {

struct JsonMember {
  enum class Kind : std::uint8_t { kNull, kBool, kNumber, kString, kNested };
  std::string name;
  Kind kind = Kind::kNull;
  std::string text;  ///< the string's value; digits of a number, "true" or "false"; empty for null and what nests
};

/// Errors: kCorruption (not JSON, not an object, too deep).
Result<std::vector<JsonMember>> ParseFlatJson(std::string_view text);

/// The member's text when it is a string, else empty.
std::string StringMember(const std::vector<JsonMember>& members, std::string_view name);
/// The member's value when it is a number that fits.
std::optional<std::uint64_t> NumberMember(const std::vector<JsonMember>& members, std::string_view name);

}  // namespace lancekit::format
