// Layout of mini-block pages, shared by their reader and writer.
//
//   page buffers: chunk words; chunk data; the dictionary, if there is one; the repetition index, if there are levels
//   chunk word: u16, or u32 with large chunks: bits 0-3: log2 of the number of values (0 in the last chunk, which holds
//               what is left); the rest: chunk size in bytes / 8 - 1
//   chunk: u16 number of levels; u16 size of the repetition levels, if any; u16 size of the definition levels, if any;
//          size of each value buffer (u16, or u32 with large chunks); padding to 8; each part, padded to 8 with 0xFE
//
// Source: lance rust lance-encoding logical/primitive/miniblock.rs and logical/primitive.rs.
#pragma once

#include <cstddef>
#include <cstdint>

namespace lancekit::mini_block {

inline constexpr std::uint64_t kAlignment = 8;
inline constexpr std::byte kPadding{0xFE};
inline constexpr unsigned kLogBits = 4;
inline constexpr std::uint64_t kLogMask = 0xF;
/// Readers of the reference accept at most this many values in a chunk.
inline constexpr std::uint64_t kMaxChunkValues = 32768;
/// Levels of a chunk, and bytes of the encoded repetition or definition levels of a chunk.
inline constexpr std::uint64_t kMaxLevels = 65535;
inline constexpr std::uint64_t kMaxLevelBytes = 65535;
/// The largest chunk that a 16-bit chunk word can name.
inline constexpr std::uint64_t kMaxSmallChunkBytes = 32768;

}  // namespace lancekit::mini_block
