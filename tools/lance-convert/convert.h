// One conversion: source, chosen columns and rows, sink.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "lancekit/verify.hpp"
#include "tools/common/progress.h"
#include "tools/lance-convert/options.h"
#include "tools/lance-convert/sink.h"

namespace lancekit::convert {

/// What the closing summary tells.
struct Report {
  std::vector<std::string> inputs;
  std::string output;
  Format input_format = Format::kLance;  ///< of the first input
  std::uint64_t rows = 0;
  std::uint64_t columns = 0;
  std::uint64_t bytes_in = 0;
  std::uint64_t arrow_bytes = 0;
  double seconds = 0;
  int threads = 0;
  std::uint64_t peak_memory = 0;
  Written written;
  std::vector<Loss> losses;  ///< of --salvage
  BadRows bad_rows;
  std::vector<std::string> sums;     ///< files of --checksum
  std::string plan;                  ///< of --dry-run, instead of a conversion
  std::vector<std::string> refused;  ///< why --strict made no output
  std::optional<Error> mismatch;     ///< what --verify found in the output, which stays
  ScanReport scan;                   ///< with a filter
};

/// Runs the conversion. `context` is the one that signals cancel. Errors leave no output behind.
Result<Report> Convert(const Options& options, Context& context);

/// What a user can do about an error of Convert(); empty where the message says it all.
std::string HintFor(const Error& error, const Options& options);

}  // namespace lancekit::convert
