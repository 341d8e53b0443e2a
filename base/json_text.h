// Quoting of JSON text.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace lancekit {

/// Bytes of the well-formed UTF-8 character at `at`; 0 when there is none (overlong, surrogate, cut, stray).
std::size_t Utf8Length(std::string_view text, std::size_t at);
/// Appends `text` as a JSON string. Bytes that are not UTF-8 become U+FFFD.
void AppendJsonString(std::string_view text, std::string& out);

}  // namespace lancekit
