#include "tools/lance-inspect/commands.h"

#include <algorithm>

namespace lancekit::tools {

std::span<const Command> AllCommands() {
  static const std::vector<Command> commands = {
      {"info", "look", "PATH...", "version, rows, columns, bytes by kind, largest columns", {}, 1, 1000, &RunInfo},
      {"schema", "look", "PATH", "the fields with their types", {"--as"}, 1, 1, &RunSchema},
      {"columns",
       "look",
       "PATH",
       "bytes and encodings of each column, largest first",
       {"--columns", "--exclude"},
       1,
       1,
       &RunColumns},
      {"pages", "look", "PATH", "a line per page: rows, buffers, offset, encoding", {"--columns", "--exclude"}, 1, 1, &RunPages},
      {"encoding", "look", "PATH", "the encoding tree of each page", {"--columns", "--exclude", "--page"}, 1, 1, &RunEncoding},
      {"layout", "look", "PATH", "what every byte is for", {}, 1, 1, &RunLayout},
      {"head",
       "rows",
       "PATH",
       "the first rows",
       {"--columns", "--exclude", "--rows", "--where", "--explain", "--int64", "--binary", "--raw-values"},
       1,
       1,
       &RunHead},
      {"tail",
       "rows",
       "PATH",
       "the last rows",
       {"--columns", "--exclude", "--rows", "--where", "--explain", "--int64", "--binary", "--raw-values"},
       1,
       1,
       &RunTail},
      {"cat",
       "rows",
       "PATH",
       "all rows",
       {"--columns", "--exclude", "--where", "--explain", "--int64", "--binary", "--raw-values"},
       1,
       1,
       &RunCat},
      {"take",
       "rows",
       "ROWS PATH",
       "rows by number, such as 0,2:5,-1,::1000, in this order",
       {"--columns", "--exclude", "--int64", "--binary", "--raw-values"},
       2,
       2,
       &RunTake},
      {"sample",
       "rows",
       "PATH",
       "some rows, the same ones each time",
       {"--columns", "--exclude", "--rows", "--seed", "--int64", "--binary", "--raw-values"},
       1,
       1,
       &RunSample},
      {"count", "rows", "PATH", "the number of rows", {"--where", "--explain"}, 1, 1, &RunCount},
      {"versions",
       "dataset",
       "PATH",
       "the versions of a dataset with their tags and branches",
       {},
       1,
       1,
       &RunVersions,
       false,
       true},
      {"fragments", "dataset", "PATH", "rows, deleted rows and files of each fragment", {}, 1, 1, &RunFragments},
      {"manifest", "dataset", "PATH", "all that the manifest says", {}, 1, 1, &RunManifest},
      {"files", "dataset", "PATH", "the files of a dataset, orphans and missing ones too", {}, 1, 1, &RunFiles},
      {"dump",
       "raw",
       "WHAT [WHICH] PATH",
       "footer, column N, global N or buffer COL:PAGE:BUF as stored",
       {},
       2,
       3,
       &RunDump,
       false},
  };
  return commands;
}

const Command* FindCommand(std::string_view name) {
  const std::span<const Command> commands = AllCommands();
  const auto found = std::ranges::find_if(commands, [name](const Command& command) { return command.name == name; });
  return found == commands.end() ? nullptr : &*found;
}

}  // namespace lancekit::tools
