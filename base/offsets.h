// Loops over the offsets of strings and lists, wherever in memory these lie.
#pragma once

#include <cstddef>
#include <cstdint>

namespace lancekit {

/// Whether offsets 0 to `count`, one more than that, are not negative and never descend. Offset: std::int32_t or std::int64_t.
template <class Offset>
bool Ascend(const std::byte* offsets, std::uint64_t count) noexcept;
/// The largest difference between two neighbours of these. Pre: they ascend.
template <class Offset>
std::uint64_t LongestStep(const std::byte* offsets, std::uint64_t count) noexcept;

}  // namespace lancekit
