// The output before the conversion: its format, and whether it may be written.
#pragma once

#include "base/status.h"
#include "tools/lance-convert/options.h"

namespace lancekit::convert {

/// The format of the output, after a look at what stands there now. Errors: kInvalidArgument for options that do not go with it,
/// kOutput for what is in the way.
Result<Format> CheckOutput(const Options& options);

/// Whether the options allow that what stands at the output is replaced, or gets a new version.
bool MayReplace(const Options& options);

}  // namespace lancekit::convert
