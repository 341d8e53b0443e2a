// The exact sum of the whole numbers of a leaf, which is made while what was decoded is still in the cache.
#pragma once

#include <cstdint>
#include <span>

#include "lancekit/types.hpp"

namespace lancekit {

class LeafSum {
 public:
  /// Integers of 8 to 64 bits, and decimals of 128.
  static bool Takes(const DataType& type) noexcept;
  /// Pre: Takes(type).
  explicit LeafSum(const DataType& type) noexcept;

  /// Pre: fewer than 2^32.
  void Add(const std::byte* values, std::uint64_t count);
  /// The same of values that stand for several slots each.
  void AddTimes(const std::byte* values, std::span<const std::uint64_t> counts);
  /// The same of items of a dictionary. `are_small`: they are of 64 bits and AreSmall. Pre: fewer than 2^32.
  template <class Index>
  void AddItems(const std::byte* items, const Index* indices, std::uint64_t count, bool are_small);
  /// Whether numbers of 64 bits are signed ones of 32, so that so many fit into 64 bits together. Pre: count > 0.
  static bool AreSmall(const std::byte* items, std::uint64_t count, bool is_signed) noexcept;

  /// The sum is low() + 2^64 * high(): neither overflows, whatever the values.
  __int128 low() const noexcept { return low_; }
  __int128 high() const noexcept { return high_; }

 private:
  template <class Place, class Times>
  void AddEach(std::uint64_t count, Place place, Times times);

  std::uint64_t width_;  // in bytes
  bool is_signed_;
  __int128 low_ = 0;
  __int128 high_ = 0;
};

}  // namespace lancekit
