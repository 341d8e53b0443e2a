// Command lines with CLI11: the options that both programs share, and errors that suggest what was meant.
#pragma once

#include <string>

#include "lancekit/result.hpp"
#include "tools/common/common_options.h"

// A header for the few sources that build a command line; CLI11 takes each seconds to compile.
namespace CLI {
class App;
}

namespace lancekit::tools {

/// Adds -h, --help, --version, --json, -q/--quiet and --color to `app`.
void AddCommonOptions(CLI::App& app, CommonOptions& options);
/// Adds -j/--threads and --memory-limit, in a group when it is not empty.
void AddLimitOptions(CLI::App& app, CommonOptions& options, const std::string& group = "");
/// Adds --progress, for programs that work long enough.
void AddProgressOption(CLI::App& app, CommonOptions& options);

/// Parses; an unknown option or a bad value is kInvalidArgument with the nearest name suggested.
Status ParseArguments(CLI::App& app, int argc, const char* const* argv);

/// "lance-convert 0.1.0 (lancekit 0.1.0; reads ...; writes ...; zstd ..., lz4 ...)", or JSON. `extra` names further
/// libraries, such as "Arrow C++ 26.0.1"; may be empty.
std::string VersionText(const std::string& program, const std::string& extra, bool json);

}  // namespace lancekit::tools
