// Errors between lancekit and Arrow C++: an arrow::Status can carry a lancekit Error, and any arrow::Status becomes one.
#pragma once

#include <arrow/result.h>
#include <arrow/status.h>

#include <string>

#include "base/status.h"

namespace lancekit::convert {

/// An arrow::Status that FromArrow() turns back into the same error.
arrow::Status ToArrow(Error error);
arrow::Status ToArrow(Status status);

/// Which side of the conversion failed: a plain Arrow error says the input is damaged, or the output cannot hold it.
enum class Side : std::uint8_t { kInput, kOutput };
Error FromArrow(const arrow::Status& status, Side side, const std::string& path);

/// Returns the Arrow error of `expr` as a lancekit Error.
#define LANCEKIT_TRY_ARROW(expr, side, path)                                 \
  do {                                                                       \
    if (const ::arrow::Status arrow_status_ = (expr); !arrow_status_.ok()) { \
      return ::lancekit::convert::FromArrow(arrow_status_, side, path);      \
    }                                                                        \
  } while (false)

#define LANCEKIT_ASSIGN_ARROW_(result, decl, expr, side, path)                          \
  auto result = (expr);                                                                 \
  if (!result.ok()) return ::lancekit::convert::FromArrow(result.status(), side, path); \
  decl = std::move(result).ValueUnsafe()
#define LANCEKIT_ASSIGN_ARROW(decl, expr, side, path) \
  LANCEKIT_ASSIGN_ARROW_(LANCEKIT_CONCAT(arrow_result_, __LINE__), decl, expr, side, path)

}  // namespace lancekit::convert
