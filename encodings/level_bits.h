// Repetition and definition levels as bits, 64 of them to a word: what is asked of each level is then asked of words.
#pragma once

#include <cstdint>
#include <span>

#include "base/buffer.h"

namespace lancekit {

/// What is true of which levels: a bit for each, in order, and 0 behind the last one.
class LevelBits {
 public:
  LevelBits() = default;
  /// That it is above the limit, which is below 0xFFFF.
  static LevelBits Above(std::span<const std::uint16_t> levels, std::uint16_t limit);
  /// That it differs from the one before, which the first does not.
  static LevelBits Changes(std::span<const std::uint16_t> levels);

  std::uint64_t size() const noexcept { return size_; }
  bool operator[](std::uint64_t i) const noexcept { return (words_[i / 64] >> (i % 64) & 1) != 0; }
  /// Of how many of levels [first, end) it is true.
  std::uint64_t Count(std::uint64_t first, std::uint64_t end) const noexcept;
  /// The last of levels [first, end) of which it is true; `end` when there is none.
  std::uint64_t FindLast(std::uint64_t first, std::uint64_t end) const noexcept;
  /// The first level from `first` on of which it is true (or not, if `wanted` is false); their number when there is none.
  std::uint64_t Find(std::uint64_t first, bool wanted) const noexcept;
  /// The place behind the next `count` such levels from `first` on. Pre: there are as many.
  std::uint64_t Skip(std::uint64_t first, std::uint64_t count, bool wanted) const noexcept;
  /// Of changes: runs of equal levels among [first, end), those of more than `longest`, which is 64 or more,
  /// counted as often as they are cut.
  std::uint64_t CountRuns(std::uint64_t first, std::uint64_t end, std::uint64_t longest) const noexcept;

 private:
  explicit LevelBits(std::uint64_t size) : size_(size), words_(size / 64 + 1) {}

  std::uint64_t size_ = 0;
  PooledVector<std::uint64_t> words_;
};

}  // namespace lancekit
