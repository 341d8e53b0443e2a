// How many different values there are, roughly and in little memory: HyperLogLog (Flajolet and others, 2007) with 64-bit hashes.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdint>

namespace lancekit::tools {

/// Off by 1.6 % at one standard deviation; nearly exact for some hundreds of values.
class DistinctCounter {
 public:
  void Add(std::uint64_t hash) noexcept {
    std::uint8_t& longest = registers_[hash >> (64 - kBits)];
    const int zeros = std::countl_zero(hash << kBits | std::uint64_t{1} << (kBits - 1));
    longest = std::max(longest, static_cast<std::uint8_t>(zeros + 1));
  }

  std::uint64_t Estimate() const noexcept {
    constexpr double kRegisters = std::uint64_t{1} << kBits;
    double sum = 0;
    for (const std::uint8_t longest : registers_) sum += std::ldexp(1.0, -longest);
    double estimate = 0.7213 / (1 + 1.079 / kRegisters) * kRegisters * kRegisters / sum;
    const auto num_empty = static_cast<double>(std::ranges::count(registers_, 0));
    // With few values, the share of registers that none has reached says more.
    if (estimate <= 2.5 * kRegisters && num_empty > 0) estimate = kRegisters * std::log(kRegisters / num_empty);
    return static_cast<std::uint64_t>(std::llround(estimate));
  }

 private:
  static constexpr int kBits = 12;
  std::array<std::uint8_t, std::size_t{1} << kBits> registers_{};
};

}  // namespace lancekit::tools
