// What the programs know about a terminal: is there one, may it be coloured, how wide is it, what may be printed on it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace lancekit::tools {

enum class ColorMode : std::uint8_t { kAuto, kAlways, kNever };
enum class Style : std::uint8_t { kBold, kDim, kRed, kGreen, kYellow };

bool IsTerminal(int fd);
/// Columns of the terminal at `fd`; 80 where there is none.
int TerminalWidth(int fd);
/// Lines of the terminal at `fd`; 24 where there is none.
int TerminalHeight(int fd);

/// --color > NO_COLOR (non-empty) > CLICOLOR_FORCE != 0 > CLICOLOR=0 > TERM=dumb > is it a terminal.
bool UseColor(int fd, ColorMode mode);

/// `text` between escape sequences, or unchanged when `color` is off.
std::string Styled(std::string_view text, Style style, bool color);

/// Control characters become \n, \t, \xNN, so that a name or value from a file cannot drive the terminal.
std::string EscapeControls(std::string_view text);

}  // namespace lancekit::tools
