// --stats, --trace and --io at work.
#pragma once

#include <string>

#include "lancekit/context.hpp"
#include "lancekit/result.hpp"
#include "tools/common/common_options.h"

namespace lancekit::tools {

/// Says on stderr when files are read in another way than was asked for.
void TellIoNote(const std::string& program, const CommonOptions& options, const Context& context);
/// Writes the metrics where --stats wants them. Errors: kOutput.
Status WriteStats(const CommonOptions& options, const Context& context);

/// Starts a trace if --trace wants one. Errors: kResourceLimit.
Status StartTrace(const CommonOptions& options, Context& context);
/// Writes it to its file, whole or not at all; says on stderr when spans were dropped. Errors: kOutput, kResourceLimit.
Status WriteTrace(const std::string& program, const CommonOptions& options, Context& context);

}  // namespace lancekit::tools
