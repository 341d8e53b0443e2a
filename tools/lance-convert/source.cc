#include "tools/lance-convert/source.h"

#include <algorithm>

#include "tools/lance-convert/filter_rows.h"
#include "tools/lance-convert/retype.h"

namespace lancekit::convert {

std::uint64_t Environment::batch_bytes() const {
  constexpr std::uint64_t kMost = 16u << 20;
  constexpr std::uint64_t kLeast = 256u << 10;
  constexpr std::uint64_t kBatchesInFlight = 32;
  return std::clamp(memory_limit / kBatchesInFlight, kLeast, kMost);
}

namespace {

/// Sources that know no filters.
Result<std::unique_ptr<Source>> OpenWhole(Input& input, Format format, const TextOptions& text, const Environment& environment) {
  switch (format) {
    case Format::kParquet:
      return OpenParquet(input, environment);
    case Format::kArrowFile:
    case Format::kArrowStream:
      return OpenIpc(input, format, environment);
    case Format::kCsv:
    case Format::kTsv:
      return OpenCsv(input, text, environment);
    case Format::kJsonl:
      return OpenJsonl(input, text, environment);
    case Format::kLance:
      break;
  }
  return MakeError(ErrorCode::kInternal, "format without a reader");
}

}  // namespace

Result<std::unique_ptr<Source>> OpenSource(Input& input, Format format, const TextOptions& text, const LanceOptions& lance,
                                           const Environment& environment) {
  const OpenOptions& version = lance.open;
  const bool any_version = version.version || !version.tag.empty() || !version.branch.empty() || version.as_of;
  if (any_version && format != Format::kLance)
    return Status(At(Invalid("--version N, --tag, --branch and --as-of go with Lance datasets only"), {.path = input.name()}));
  if (lance.salvage.has_value() && format != Format::kLance)
    return Status(At(Invalid("--salvage goes with Lance inputs only"), {.path = input.name()}));
  const bool is_lance = format == Format::kLance;
  LANCEKIT_ASSIGN(std::unique_ptr<Source> source,
                  is_lance ? OpenLance(input, lance, environment) : OpenWhole(input, format, text, environment));
  if (!text.types.empty()) {
    LANCEKIT_ASSIGN(source, RetypeColumns(std::move(source), input.name(), text, environment.pool));
  } else if (is_lance) {
    return source;
  }
  return FilterRows(std::move(source), environment.pool);
}

}  // namespace lancekit::convert
