// --dry-run: what a conversion would do.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tools/lance-convert/options.h"
#include "tools/lance-convert/sink.h"

namespace lancekit::convert {

/// Inputs, columns with their types, and the output: lines of text, or one JSON document with --json.
std::string PlanText(const Options& options, const std::vector<std::unique_ptr<Input>>& inputs,
                     const std::vector<Format>& formats, const arrow::Schema& columns, const SinkSchema& written,
                     const SinkOptions& sink, std::optional<std::uint64_t> rows);

}  // namespace lancekit::convert
