// What the opaque handles of lancekit.h are, and what its functions share: the border behind which there are exceptions, and
// options of callers that were compiled with another version of the header.
#pragma once

#include <algorithm>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "base/status.h"
#include "lancekit/context.hpp"
#include "lancekit/lancekit.h"
#include "lancekit/table.hpp"
#include "lancekit/writer.hpp"

struct lancekit_error {
  explicit lancekit_error(lancekit::Error given) : error(std::move(given)), description(error.describe()) {}
  lancekit::Error error;
  std::string description;
};

struct lancekit_context {
  lancekit::Context context;
};

struct lancekit_table {
  lancekit::Table table;
};

struct lancekit_writer {
  lancekit::Writer writer;
};

namespace lancekit::c_api {

inline lancekit_code CodeOf(const Error& error) { return static_cast<lancekit_code>(static_cast<int>(error.code) + 1); }

/// Hands a failure to the caller.
lancekit_code Report(Status status, lancekit_error** error) noexcept;
/// The same for the exception that is being handled.
lancekit_code ReportException(lancekit_error** error) noexcept;

/// Runs `body`, which returns a Status; whatever it throws becomes an error too.
template <class Body>
lancekit_code Guard(lancekit_error** error, Body body) noexcept {
  try {
    return Report(body(), error);
  } catch (...) {
    return ReportException(error);
  }
}

inline Context ContextOf(const lancekit_context* context) { return context == nullptr ? Context() : context->context; }
inline std::string TextOf(const char* text) { return text == nullptr ? std::string() : std::string(text); }

/// Errors: kInvalidArgument when one of them is null.
template <class... Pointers>
Status CheckGiven(const char* names, const Pointers*... pointers) {
  if (((pointers != nullptr) && ...)) return {};
  return Invalid("null where {} must be given", names);
}

Result<std::vector<std::string>> NamesOf(const char* const* names, std::size_t count);
Result<OpenOptions> ReadOpenOptions(const lancekit_open_options* given);

/// The options that a caller gave. What it does not know has its default; what this library does not know must have it.
template <class Options>
Result<Options> ReadOptions(const Options* given) {
  Options options{};
  options.struct_size = sizeof(options);
  if (given == nullptr) return options;
  const std::size_t size = given->struct_size;
  if (size < sizeof(options.struct_size)) return Invalid("options without their struct_size");
  std::memcpy(&options, given, std::min(size, sizeof(options)));
  const auto* const bytes = reinterpret_cast<const unsigned char*>(given);
  if (size > sizeof(options) && std::any_of(bytes + sizeof(options), bytes + size, [](unsigned char byte) { return byte != 0; }))
    return Unsupported("options that lancekit {} does not know", lancekit_version());
  return options;
}

/// Fills as much of a caller's summary as it knows.
template <class Summary>
Status WriteSummaryTo(Summary* out, Summary summary) {
  if (out == nullptr) return {};
  summary.struct_size = out->struct_size;
  if (summary.struct_size < sizeof(summary.struct_size)) return Invalid("a summary without its struct_size");
  std::memcpy(out, &summary, std::min(summary.struct_size, sizeof(summary)));
  return {};
}

}  // namespace lancekit::c_api
