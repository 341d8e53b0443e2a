// Defaults of options that come from the environment and from a file.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "tools/common/command_line.h"

namespace lancekit::tools {

struct EnvironmentVariable {
  const char* name;
  const char* text;
};
/// All that the programs look at.
std::span<const EnvironmentVariable> EnvironmentVariables();
/// What the file is for, in a few sentences.
const char* ConfigFileText();

/// Adds --config. Options that the command line does not have are then taken from the environment, else from the file: --threads,
/// --memory-limit, --io and --color as far as the program has them, from its section of the file those in `own` too.
/// Call it when the options are there.
void AddDefaults(CLI::App& app, const std::string& program, const std::vector<std::string>& own);

}  // namespace lancekit::tools
