// Bits for entries of repetition and definition levels, 64 a word, entry i in bit i % 64 of word i / 64: which entries have
// levels in a range, and what follows for the slots of a layer. Pure functions: no allocation, no checks. Any thread may call.
#pragma once

#include <cstddef>
#include <cstdint>

#include "encodings/kernels/dispatch.h"

namespace lancekit::kernels {

constexpr std::size_t MaskWords(std::size_t count) noexcept { return count / 64 + (count % 64 != 0); }

inline bool HasBit(const std::uint64_t* mask, std::uint64_t i) noexcept { return (mask[i / 64] >> (i % 64) & 1) != 0; }

/// Sets the bits of the entries in [low, high] that `with` has too (nullptr: all), and clears all others of the words. Returns
/// how many are set. `out` may be `with`. Pre: low <= high.
inline std::size_t MaskRange(const std::uint16_t* in, std::size_t count, std::uint16_t low, std::uint16_t high,
                             const std::uint64_t* with, std::uint64_t* out) noexcept {
  return ActiveTable().mask_range(in, count, low, high, with, out);
}

/// Writes the bits of `in` where `mask` is set side by side, and zeros up to a whole word; returns how many of them are set.
/// Pre: `out` has room for num_words + 1 words.
inline std::size_t SelectBits(const std::uint64_t* in, const std::uint64_t* mask, std::size_t num_words,
                              std::uint64_t* out) noexcept {
  return ActiveTable().select_bits(in, mask, num_words, out);
}

inline constexpr std::size_t kSpareBytes = 64;

/// Writes for each slot `first` plus the number of items before it, and returns the same for the end. Numbers wrap around.
/// Pre: behind `out`'s numbers, one for each slot, are kSpareBytes that may be written.
inline std::uint64_t ListStarts(const std::uint64_t* slots, const std::uint64_t* items, std::size_t num_words,
                                std::uint64_t first, std::uint32_t* out) noexcept {
  return ActiveTable().list_starts4(slots, items, num_words, first, out);
}
inline std::uint64_t ListStarts(const std::uint64_t* slots, const std::uint64_t* items, std::size_t num_words,
                                std::uint64_t first, std::uint64_t* out) noexcept {
  return ActiveTable().list_starts8(slots, items, num_words, first, out);
}

}  // namespace lancekit::kernels
