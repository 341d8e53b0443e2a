// How an error reaches the user: what, where, what to do; as text or as one JSON line.
#pragma once

#include <string>
#include <string_view>

#include "lancekit/result.hpp"

namespace lancekit::tools {

struct ErrorStyle {
  std::string program;  ///< "lance-convert"
  bool json = false;
  bool color = false;
  std::string filter;  ///< what --where was given: errors that name a column of it point there
};

/// The error as it is printed, with its line break. `hint` is the "try:" line; empty = none.
std::string FormatError(const Error& error, std::string_view hint, const ErrorStyle& style);
/// Writes it to stderr and returns the exit code.
int ReportError(const Error& error, std::string_view hint, const ErrorStyle& style);

}  // namespace lancekit::tools
