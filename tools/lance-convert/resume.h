// --resume: many inputs to a new dataset, one input at a time, so that a run that was stopped can be gone on with.
#pragma once

#include "tools/lance-convert/convert.h"

namespace lancekit::convert {

/// Builds the dataset in the folder `.OUTPUT.resume` beside its place, each input as a new version, and renames it when all
/// inputs are in. A journal there has the options, then the inputs in their order, with size and time of their last change: as
/// many are done as the number of the version says. The folder is locked for the whole run. Errors: kOutput while another run has
/// it; kInvalidArgument when the options are others, those inputs are not the first any more, or one has other columns than the
/// first; those of Convert(). An error leaves the folder.
Result<Report> ConvertResumable(const Options& options, Context& context);

}  // namespace lancekit::convert
