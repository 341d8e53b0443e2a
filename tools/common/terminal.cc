#include "tools/common/terminal.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdlib>

namespace lancekit::tools {
namespace {

std::string_view Environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string_view() : std::string_view(value);
}

/// C1 controls arrive in UTF-8 as C2 80 .. C2 9F; some terminals obey them like ESC sequences.
bool IsC1(std::string_view text, std::size_t at) {
  return text[at] == '\xC2' && at + 1 < text.size() && static_cast<unsigned char>(text[at + 1]) >= 0x80 &&
         static_cast<unsigned char>(text[at + 1]) <= 0x9F;
}

}  // namespace

bool IsTerminal(int fd) { return ::isatty(fd) == 1; }

int TerminalWidth(int fd) {
  constexpr int kDefaultWidth = 80;
  winsize size{};
  if (::ioctl(fd, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return kDefaultWidth;
  return size.ws_col;
}

int TerminalHeight(int fd) {
  constexpr int kDefaultHeight = 24;
  winsize size{};
  if (::ioctl(fd, TIOCGWINSZ, &size) != 0 || size.ws_row == 0) return kDefaultHeight;
  return size.ws_row;
}

bool UseColor(int fd, ColorMode mode) {
  if (mode != ColorMode::kAuto) return mode == ColorMode::kAlways;
  if (!Environment("NO_COLOR").empty()) return false;
  const std::string_view force = Environment("CLICOLOR_FORCE");
  if (!force.empty() && force != "0") return true;
  if (Environment("CLICOLOR") == "0" || Environment("TERM") == "dumb") return false;
  return IsTerminal(fd);
}

std::string Styled(std::string_view text, Style style, bool color) {
  if (!color) return std::string(text);
  constexpr const char* kSequences[] = {"1", "2", "31", "32", "33"};
  return fmt::format("\x1b[{}m{}\x1b[0m", kSequences[static_cast<std::size_t>(style)], text);
}

std::string EscapeControls(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const unsigned char c = static_cast<unsigned char>(text[i]);
    if (c == '\n') {
      out += "\\n";
    } else if (c == '\t') {
      out += "\\t";
    } else if (c == '\r') {
      out += "\\r";
    } else if (c < 0x20 || c == 0x7F) {
      out += fmt::format("\\x{:02x}", c);
    } else if (IsC1(text, i)) {
      out += fmt::format("\\u{:04x}", static_cast<unsigned char>(text[++i]));
    } else {
      out.push_back(text[i]);
    }
  }
  return out;
}

}  // namespace lancekit::tools
