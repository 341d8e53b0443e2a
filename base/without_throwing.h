// The border that exceptions do not cross: the standard library's, for memory that is not there, end here.
#pragma once

#include <new>
#include <stdexcept>

#include "base/status.h"

namespace lancekit {

/// Runs `body`, which returns a Status or a Result, turning an exhausted memory into kResourceLimit.
template <class Body>
auto WithoutThrowing(Body body) -> decltype(body()) {
  try {
    return body();
  } catch (const std::bad_alloc&) {
    return MakeError(ErrorCode::kResourceLimit, "out of memory");
  } catch (const std::length_error&) {
    return MakeError(ErrorCode::kResourceLimit, "out of memory");
  }
}

}  // namespace lancekit
