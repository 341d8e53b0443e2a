#include "tools/common/markup.h"

#include <fmt/format.h>

#include "tools/common/json.h"
#include "tools/common/terminal.h"

namespace lancekit::tools {
namespace {

/// The number of a character that turns the direction of writing (embeddings, overrides, isolates); 0 for others.
unsigned DirectionControl(std::string_view character) {
  if (character.size() != 3 || character[0] != '\xE2') return 0;
  const unsigned last = static_cast<unsigned char>(character[2]);
  if (character[1] == '\x80' && last >= 0xAA && last <= 0xAE) return 0x2000 + (last & 0x3Fu);
  if (character[1] == '\x81' && last >= 0xA6 && last <= 0xA9) return 0x2040 + (last & 0x3Fu);
  return 0;
}

}  // namespace

std::string MarkupText(std::string_view text) {
  constexpr std::string_view kReplacement = "\xEF\xBF\xBD";
  const std::string plain = EscapeControls(text);
  std::string out;
  for (std::size_t i = 0; i < plain.size();) {
    const std::size_t length = Utf8Length(plain, i);
    const std::string_view character = std::string_view(plain).substr(i, length);
    if (character == "&") {
      out += "&amp;";
    } else if (character == "<") {
      out += "&lt;";
    } else if (character == ">") {
      out += "&gt;";
    } else if (character == "\"") {
      out += "&quot;";
    } else if (character == "'") {
      out += "&#39;";
    } else if (length == 0 || character == "\xEF\xBF\xBE" || character == "\xEF\xBF\xBF") {
      out += kReplacement;
    } else if (const unsigned control = DirectionControl(character); control != 0) {
      out += fmt::format("\\u{:04x}", control);
    } else {
      out += character;
    }
    i += length == 0 ? 1 : length;
  }
  return out;
}

}  // namespace lancekit::tools
