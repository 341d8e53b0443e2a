// Repetition and definition levels as bits, 64 of them to a word: what is asked of each level is then asked of words.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace lancekit {

/// Which of some levels are above a limit: a bit for each, in order, and 0 behind the last one.
class LevelBits {
 public:
  LevelBits() = default;
  LevelBits(std::span<const std::uint16_t> levels, std::uint16_t limit);

  std::uint64_t size() const noexcept { return size_; }
  bool operator[](std::uint64_t i) const noexcept { return (words_[i / 64] >> (i % 64) & 1) != 0; }
  std::uint64_t Word(std::uint64_t i) const noexcept { return words_[i]; }
  /// How many of levels [first, end) are above it.
  std::uint64_t Count(std::uint64_t first, std::uint64_t end) const noexcept;
  /// The last of levels [first, end) that is; `end` when none is.
  std::uint64_t FindLast(std::uint64_t first, std::uint64_t end) const noexcept;
  /// The first level from `first` on that is (or is not); their number when none is.
  std::uint64_t Find(std::uint64_t first, bool above) const noexcept;
  /// The place behind the next `count` levels from `first` on that are (or are not, if `above` is false). Pre: there are as many.
  std::uint64_t Skip(std::uint64_t first, std::uint64_t count, bool above) const noexcept;

 private:
  std::uint64_t size_ = 0;
  std::vector<std::uint64_t> words_;
};

/// Number of runs of equal levels, those of more than `longest` counted as often as they are cut.
std::uint64_t CountLevelRuns(const std::uint16_t* levels, std::uint64_t count, std::uint64_t longest) noexcept;

}  // namespace lancekit
