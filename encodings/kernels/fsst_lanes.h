// FSST encoding of many strings at a time: what the encoder and a kernel for newer CPUs share. It has no functions, of which the
// kernel's copy could become that of all.
#pragma once

#include <cstddef>
#include <cstdint>

namespace lancekit::kernels {

/// What bytes of text become. From the lowest bits on: the code; the byte behind an escape, else 0; 8 for each of these two that
/// counts; the number of bytes of text.
using FsstMatch = std::uint32_t;

inline constexpr int kFsstMatchBitsShift = 16;
inline constexpr int kFsstMatchLengthShift = 24;

/// A symbol of 3 or more bytes, by the hash of the first 3.
struct FsstSlot {
  std::uint64_t bytes;  // zeros above its length
  std::uint64_t match;  // FsstMatch in the upper half; below it, how many of the upper bits of `bytes` are not of the symbol
};

inline constexpr std::uint64_t kFsstHashFactor = 0x9E3779B97F4A7C15;
inline constexpr int kFsstSlotBits = 11;
inline constexpr std::size_t kFsstNumPairs = 65536;

/// Always has a match. Those of `pairs` are of the next two bytes, where no slot matches, and behind these of one byte, the last
/// of a string.
struct FsstTables {
  const FsstMatch* pairs;
  const FsstSlot* slots;
};

/// Neighbouring strings that one lane encodes, from string to string.
struct FsstLane {
  std::uint32_t position = 0;  // where it is in the text
  std::uint32_t string = 0;
  std::uint32_t last = 0;   // the string behind those of the lane
  std::uint32_t begin = 0;  // of its output
  std::uint32_t out = 0;    // where it is in its output
};

/// Strings that all lanes share, none of them empty. Positions count from `text` and from `out`.
struct FsstShare {
  const std::byte* text;      // 8 bytes behind the strings may be read
  const std::uint32_t* ends;  // of strings in the text, at most kFsstShareBytes
  FsstLane* lanes;
  std::byte* out;           // each lane has room for twice its text, and 8 bytes more
  std::uint32_t* out_ends;  // becomes where strings end in the output
};

inline constexpr std::size_t kFsstShareStrings = 2048;
inline constexpr std::size_t kFsstShareBytes = 48 << 10;  // less than 64 Ki
inline constexpr std::size_t kFsstWideLanes = 32;         // of the kernel in KernelTable, which encodes all their strings

}  // namespace lancekit::kernels
