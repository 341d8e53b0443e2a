// A bit for each node, in words of 64.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace lancekit::index {

constexpr std::size_t WordsFor(std::size_t num_bits) noexcept { return (num_bits + 63) / 64; }
inline bool IsSet(const std::vector<std::uint64_t>& words, std::uint32_t bit) noexcept {
  return (words[bit / 64] >> bit % 64 & 1) != 0;
}
inline void SetBit(std::vector<std::uint64_t>* words, std::uint32_t bit) noexcept {
  (*words)[bit / 64] |= std::uint64_t{1} << bit % 64;
}

}  // namespace lancekit::index
