// --resume: many inputs to a new dataset, one input at a time, so that a run that was stopped can be gone on with.
#pragma once

#include "tools/lance-convert/convert.h"

namespace lancekit::convert {

/// Builds the dataset in the folder `.OUTPUT.resume` beside its place, each input as a new version, and renames it when all
/// inputs are in. A journal there names the inputs in their order, with size and time of their last change: as many are done as
/// the number of the version says. Errors: kInvalidArgument when those are not the first of the inputs any more; those of
/// Convert(). An error leaves the folder.
Result<Report> ConvertResumable(const Options& options, Context& context);

}  // namespace lancekit::convert
