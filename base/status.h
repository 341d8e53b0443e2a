// Inside the library: making errors and passing them up.
#pragma once

#include <fmt/core.h>

#include <string>
#include <utility>

#include "lancekit/result.hpp"

namespace lancekit {

/// Evaluates a Status expression; returns it from the enclosing function when it is an error.
#define LANCEKIT_TRY(expr)                                    \
  do {                                                        \
    if (::lancekit::Status status_ = (expr); !status_.ok()) { \
      return status_;                                         \
    }                                                         \
  } while (false)

#define LANCEKIT_CONCAT_(a, b) a##b
#define LANCEKIT_CONCAT(a, b) LANCEKIT_CONCAT_(a, b)
#define LANCEKIT_ASSIGN_(result, decl, expr) \
  auto result = (expr);                      \
  if (!result.has_value()) {                 \
    return std::move(result).status();       \
  }                                          \
  decl = *std::move(result)
/// LANCEKIT_ASSIGN(auto x, F()): the value of a Result, or an early return of its error.
#define LANCEKIT_ASSIGN(decl, expr) LANCEKIT_ASSIGN_(LANCEKIT_CONCAT(result_, __LINE__), decl, expr)

namespace detail {
LANCEKIT_EXPORT std::string Format(fmt::string_view text, fmt::format_args args);
}

/// MakeError(code, "width {} > {}", a, b)
template <class... Args>
Error MakeError(ErrorCode code, fmt::format_string<Args...> text, Args&&... args) {
  Error error;
  error.code = code;
  error.message = detail::Format(text, fmt::make_format_args(args...));
  return error;
}
template <class... Args>
Error Corrupt(fmt::format_string<Args...> text, Args&&... args) {
  return MakeError(ErrorCode::kCorruption, text, std::forward<Args>(args)...);
}
template <class... Args>
Error Unsupported(fmt::format_string<Args...> text, Args&&... args) {
  return MakeError(ErrorCode::kUnsupported, text, std::forward<Args>(args)...);
}
template <class... Args>
Error Invalid(fmt::format_string<Args...> text, Args&&... args) {
  return MakeError(ErrorCode::kInvalidArgument, text, std::forward<Args>(args)...);
}

/// Fills the parts of the place that the error does not know yet; inner levels win.
struct Place {
  std::string path;
  std::string column;
  std::int64_t page = -1;
  std::uint64_t offset = Error::kNoOffset;
};
Status At(Status status, const Place& place);

}  // namespace lancekit
