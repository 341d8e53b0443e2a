// Protobuf messages as text without their schema: field numbers, numbers, text, and messages inside messages.
#pragma once

#include <string>
#include <string_view>

#include "tools/common/json.h"

namespace lancekit::tools {

/// Indented lines like `2 { 1: 4096 }`; a message that cannot be parsed gives an empty text.
std::string WireText(std::string_view message);
/// The same as a JSON array of {"field", "value"}; bytes that are neither text nor a message are base64 in {"base64"}.
void AppendWireJson(std::string_view message, JsonWriter* json);

}  // namespace lancekit::tools
