// Tests over whole arrays: from a set of rows, those that do not match are taken out.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>

#include "base/endian.h"
#include "filter/bind.h"
#include "types/array.h"

namespace lancekit::filter {

constexpr std::uint64_t NumWords(std::uint64_t num_rows) noexcept { return num_rows / 64 + (num_rows % 64 != 0); }

/// All rows.
inline std::vector<std::uint64_t> FullMask(std::uint64_t num_rows) {
  std::vector<std::uint64_t> words(NumWords(num_rows), ~std::uint64_t{0});
  if (num_rows % 64 != 0) words.back() = (std::uint64_t{1} << (num_rows % 64)) - 1;
  return words;
}

/// Bit i is the lowest bit of byte i. The bytes are 0 or 1.
inline std::uint64_t PackBits(const std::array<std::uint8_t, 64>& hits) noexcept {
  std::uint64_t word = 0;
  for (std::size_t i = 0; i < 8; ++i) {
    std::uint64_t eight = 0;
    std::memcpy(&eight, hits.data() + 8 * i, 8);
    word |= (eight * 0x0102'0408'1020'4080u >> 56) << (8 * i);
  }
  return word;
}

// Each keeps of `words` the rows, array.length of them, whose values match; what null slots hold does not matter.
// Pre: the test is a kRange, kIn or kLike that was bound for the type, no dictionary.

/// Bool, numbers, times, decimals.
void KeepNumbers(const DataType& type, const ArrayData& array, const Test& test, std::uint64_t* words);
/// Strings and binary.
void KeepBytes(const DataType& type, const ArrayData& array, const Test& test, std::uint64_t* words);

}  // namespace lancekit::filter
