// --tag, --branch and --as-of beside --version N: which version of a dataset a program reads.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "lancekit/table.hpp"
#include "tools/common/command_line.h"

namespace lancekit::tools {

struct VersionOptions {
  std::string tag;
  std::string branch;
  std::string as_of;
};

/// Adds the three options to `app`, in a group when it is not empty.
void AddVersionOptions(CLI::App& app, VersionOptions& options, const std::string& group = "");
/// What they say together with --version N. Errors: kInvalidArgument.
Result<OpenOptions> ToOpenOptions(const CommonOptions& common, const VersionOptions& options);

/// "2026-11-21", "2026-11-21T11:38", "2026-11-21 11:38:23.685+01:00"; without a zone it is UTC. Errors: kInvalidArgument.
Result<std::chrono::system_clock::time_point> ParseTime(std::string_view text);

}  // namespace lancekit::tools
