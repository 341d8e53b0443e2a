// System calls that a signal may interrupt before they did anything.
#pragma once

#include <cerrno>

namespace lancekit {

/// Makes the call again while a signal interrupts it. Not for close(), which has closed the descriptor by then.
template <class Call>
auto Uninterrupted(Call call) {
  auto result = call();
  while (result < 0 && errno == EINTR) result = call();
  return result;
}

}  // namespace lancekit
