// The command line of lance-inspect: from arguments to a command with its options.
#pragma once

#include <string>

#include "lancekit/result.hpp"
#include "tools/lance-inspect/commands.h"

namespace lancekit::tools {

struct Request {
  const Command* command = nullptr;  ///< null: print `text` and end with `exit_code`
  Options options;
  std::string text;
  int exit_code = 0;
};

/// Fills the request. `request->options.common` is filled as far as it was understood, also on errors.
/// Errors: kInvalidArgument.
Status ParseRequest(int argc, const char* const* argv, Request* request);
/// The format that the options ask for, or that the output calls for. Errors: kInvalidArgument.
Result<Format> ChooseFormat(const Options& options, const Output& output);
/// At most 20 lines.
std::string UsageText();

}  // namespace lancekit::tools
