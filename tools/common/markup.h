// Text of files in HTML and XML.
#pragma once

#include <string>
#include <string_view>

namespace lancekit::tools {

/// The text for element content and quoted attributes, well-formed in HTML and XML whatever it holds: markup is escaped; control
/// characters, and those that turn the direction of writing, are spelled as EscapeControls() does; what is no UTF-8 or no XML
/// character becomes U+FFFD.
std::string MarkupText(std::string_view text);

}  // namespace lancekit::tools
