// The hash of the statistics buffer: XXH3, 64 bits, seed 0.
#pragma once

#include <cstdint>

#include "base/byte_reader.h"

namespace lancekit {

std::uint64_t HashBytes(Bytes bytes) noexcept;

}  // namespace lancekit
