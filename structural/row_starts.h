// Where rows of lists start among the entries of a chunk.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>

#include "encodings/kernels/bitmasks.h"

namespace lancekit {

/// Finds where rows start among the entries of a chunk, in ascending order, looking at blocks of them.
class RowStarts {
 public:
  /// `row`: the first that starts in the chunk.
  RowStarts(const std::uint16_t* rep, std::uint64_t count, std::uint16_t max_rep, std::uint64_t row)
      : rep_(rep), count_(count), max_rep_(max_rep), row_(row) {
    LookAtBlock();
  }

  /// The entry at which a row starts; that behind the last when it starts later. Pre: rows ascend.
  std::uint64_t Find(std::uint64_t row) {
    for (; at_ < count_; NextBlock()) {
      if (row_ + in_block_ <= row) continue;
      std::uint64_t left = row - row_;
      std::size_t i = 0;
      for (std::uint64_t in_word = 0; (in_word = CountBits(starts_[i])) <= left; ++i) left -= in_word;
      std::uint64_t word = starts_[i];
      for (; left != 0; --left) word &= word - 1;
      return at_ + i * 64 + static_cast<unsigned>(std::countr_zero(word));
    }
    return count_;
  }
  /// The row behind those that start in the chunk.
  std::uint64_t CountAll() {
    while (at_ < count_) NextBlock();
    return row_;
  }

 private:
  static constexpr std::uint64_t kBlock = 512;

  static std::uint64_t CountBits(std::uint64_t word) { return static_cast<std::uint64_t>(std::popcount(word)); }
  void LookAtBlock() {
    if (at_ < count_)
      in_block_ = kernels::MaskRange(rep_ + at_, std::min(kBlock, count_ - at_), max_rep_, max_rep_, nullptr, starts_.data());
  }
  void NextBlock() {
    row_ += in_block_;
    at_ += kBlock;
    LookAtBlock();
  }

  const std::uint16_t* rep_;
  std::uint64_t count_;
  std::uint16_t max_rep_;
  std::uint64_t at_ = 0;        // of the block that is looked at
  std::uint64_t row_;           // that starts first in it
  std::uint64_t in_block_ = 0;  // starts
  std::array<std::uint64_t, kBlock / 64> starts_;
};

}  // namespace lancekit
