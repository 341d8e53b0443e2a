// Random numbers that seed and place determine: the same everywhere. Source: G. Steele et al., "Fast splittable pseudorandom
// number generators" (2014), SplitMix64.
#pragma once

#include <cstdint>

namespace lancekit::index {

constexpr std::uint64_t MixBits(std::uint64_t bits) {
  bits = (bits ^ bits >> 30) * 0xbf58476d1ce4e5b9;
  bits = (bits ^ bits >> 27) * 0x94d049bb133111eb;
  return bits ^ bits >> 31;
}
constexpr std::uint64_t NextRandom(std::uint64_t* state) { return MixBits(*state += 0x9e3779b97f4a7c15); }

/// Calls use(i) for some i below `size`, at most `most` of them: one of each stretch of equal size, at a random place in it, so
/// that what repeats in the order of rows is not passed over.
template <class Use>
void ForSample(std::uint64_t size, std::uint64_t most, Use use) {
  std::uint64_t state = size;
  const std::uint64_t stretch = (size + most - 1) / most;
  for (std::uint64_t first = 0; first < size; first += stretch) {
    const std::uint64_t length = stretch < size - first ? stretch : size - first;
    use(first + NextRandom(&state) % length);
  }
}

}  // namespace lancekit::index
