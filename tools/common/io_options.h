// --stats and --io at work.
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

}  // namespace lancekit::tools
