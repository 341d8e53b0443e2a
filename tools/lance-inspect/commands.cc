#include "tools/lance-inspect/commands.h"

#include <algorithm>

namespace lancekit::tools {

std::span<const Command> AllCommands() {
  static const std::vector<Command> commands = {
      {"info", "PATH...", "version, rows, columns, bytes by kind, largest columns", {}, 1, 1000, &RunInfo},
      {"schema", "PATH", "the fields with their types", {"--as"}, 1, 1, &RunSchema},
      {"columns", "PATH", "bytes and encodings of each column, largest first", {"--columns", "--exclude"}, 1, 1, &RunColumns},
      {"pages", "PATH", "a line per page: rows, buffers, offset, encoding", {"--columns", "--exclude"}, 1, 1, &RunPages},
      {"encoding", "PATH", "the encoding tree of each page", {"--columns", "--exclude", "--page"}, 1, 1, &RunEncoding},
      {"layout", "PATH", "what every byte is for", {}, 1, 1, &RunLayout},
      {"head",
       "PATH",
       "the first rows",
       {"--columns", "--exclude", "--rows", "--int64", "--binary", "--raw-values"},
       1,
       1,
       &RunHead},
      {"tail",
       "PATH",
       "the last rows",
       {"--columns", "--exclude", "--rows", "--int64", "--binary", "--raw-values"},
       1,
       1,
       &RunTail},
      {"cat", "PATH", "all rows", {"--columns", "--exclude", "--int64", "--binary", "--raw-values"}, 1, 1, &RunCat},
      {"count", "PATH", "the number of rows", {}, 1, 1, &RunCount},
      {"dump", "WHAT [WHICH] PATH", "footer, column N, global N or buffer COL:PAGE:BUF as stored", {}, 2, 3, &RunDump},
  };
  return commands;
}

const Command* FindCommand(std::string_view name) {
  const std::span<const Command> commands = AllCommands();
  const auto found = std::ranges::find_if(commands, [name](const Command& command) { return command.name == name; });
  return found == commands.end() ? nullptr : &*found;
}

}  // namespace lancekit::tools
