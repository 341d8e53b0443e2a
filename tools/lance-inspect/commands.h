// The commands of lance-inspect. Each writes its answer to the session's output.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lancekit/result.hpp"
#include "tools/lance-inspect/session.h"

namespace lancekit::tools {

struct Command {
  const char* name;
  const char* group;      ///< for the short usage; commands of one group follow each other
  const char* arguments;  ///< for the usage line
  const char* summary;
  std::vector<const char*> options;  ///< those that it takes beside the common ones
  std::size_t least_arguments;
  std::size_t most_arguments;
  Status (*run)(Session&);
  bool takes_version = true;  ///< --version N, --tag, --branch and --as-of
  bool takes_branch = false;  ///< --branch alone
  bool makes_file = false;    ///< -o names a file of its own making
};

std::span<const Command> AllCommands();
/// Null when there is none.
const Command* FindCommand(std::string_view name);

Status RunInfo(Session& session);
Status RunSchema(Session& session);
Status RunColumns(Session& session);
Status RunPages(Session& session);
Status RunEncoding(Session& session);
/// encoding --why
Status RunWhy(Session& session);
Status RunLayout(Session& session);
Status RunHead(Session& session);
Status RunTail(Session& session);
Status RunCat(Session& session);
Status RunCount(Session& session);
Status RunTake(Session& session);
Status RunSample(Session& session);
Status RunStats(Session& session);
Status RunDiff(Session& session);
Status RunLint(Session& session);
Status RunVersions(Session& session);
Status RunFragments(Session& session);
Status RunManifest(Session& session);
Status RunFiles(Session& session);
Status RunDump(Session& session);
Status RunVerify(Session& session);
Status RunChecksum(Session& session);

}  // namespace lancekit::tools
