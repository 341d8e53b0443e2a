// The closing summary of a conversion, as text and as JSON.
#pragma once

#include <string>

#include "tools/lance-convert/convert.h"

namespace lancekit::convert {

/// What --salvage could not save, a line each.
std::string LossText(const Report& report);
/// The first bad rows, a line each.
std::string BadRowsText(const Report& report);
/// What --strict refused.
std::string RefusalText(const Report& report);
std::string RefusalJson(const Report& report);
/// What --verify found, Report::mismatch.
std::string MismatchText(const Error& error);
std::string MismatchJson(const Error& error);
std::string SummaryText(const Report& report, bool color);
/// One JSON document on one line.
std::string SummaryJson(const Report& report);

}  // namespace lancekit::convert
