// Ctrl-C: the first asks the work to stop (temporary files are removed, exit 130), the second ends the process at once.
#pragma once

#include "lancekit/context.hpp"

namespace lancekit::tools {

/// Installs the handlers for SIGINT and SIGTERM, which cancel `context` (it must outlive the process's work), and gives
/// SIGPIPE its default, so that `| head` ends the program quietly.
void HandleSignals(Context& context);

/// True after the first signal.
bool Interrupted();

}  // namespace lancekit::tools
