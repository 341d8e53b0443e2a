// What is found out about the values of a page while they come in and lie in the cache, so that it need not be asked of all of
// them again, which takes longer than the finding out: pages are larger than caches.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <vector>

#include "encodings/values.h"

namespace lancekit {

/// Of fixed-width numbers of 8, 16, 32, 64 or 128 bits, block by block; of strings the length of the longest.
class ValueFacts {
 public:
  static constexpr std::uint64_t kBlockValues = 1024;

  struct Block {
    std::uint64_t any = 0;      ///< the bits that any value has; not of 128-bit numbers
    std::uint64_t changes = 0;  ///< values that differ from the one before, the first of all not counted; not of 128-bit numbers
    std::uint64_t least = 0;    ///< numbers of 64 bits, signed as they were declared
    std::uint64_t greatest = 0;
    bool has_bounds = true;  ///< false: a number of 128 bits does not fit into 64
  };

  ValueFacts() = default;
  ValueFacts(const ValueShape& shape, bool is_signed);

  /// Takes the values behind those it knows. Pre: the view has these too; it is of the shape. `like`: what is known of as many
  /// numbers that differ where these do, so that changes need not be looked for; nullptr: nothing. Pre: then whole blocks.
  void Update(const ValuesView& values, const ValueFacts* like = nullptr);
  /// Takes `count` strings, the longest of which somebody knows already, behind those that it knows.
  void UpdateStrings(std::uint64_t count, std::uint64_t longest) noexcept {
    num_values_ += count;
    longest_ = std::max(longest_, longest);
  }
  void Clear() noexcept;

  bool of_numbers() const noexcept { return of_numbers_; }
  /// Whether they tell where numbers differ.
  bool has_changes() const noexcept { return of_numbers_ && width_bits_ != 128; }
  const std::vector<Block>& blocks() const noexcept { return blocks_; }
  /// Runs of equal numbers. Pre: has_changes().
  std::uint64_t NumRuns() const noexcept;
  /// The bounds of values [first, end), whole blocks but for the last one. Nothing where blocks cannot tell. Pre: first < end.
  std::optional<Block> BoundsOf(std::uint64_t first, std::uint64_t end) const noexcept;
  std::uint64_t longest() const noexcept { return longest_; }

 private:
  template <class T>
  void AddNumbers(const T* values, std::uint64_t count, Block* block) const;
  void AddWide(const std::byte* values, std::uint64_t count, Block* block) const;
  std::optional<Block> Join(const Block& a, const Block& b) const noexcept;

  bool of_numbers_ = false;
  bool of_strings_ = false;
  bool is_signed_ = false;
  std::uint64_t width_bits_ = 0;
  std::uint64_t num_values_ = 0;
  std::vector<Block> blocks_;
  std::uint64_t longest_ = 0;
};

}  // namespace lancekit
