// FSST decoding: a code byte stands for a symbol of 1 to 8 bytes, code 255 says that the next byte is a literal. Pure functions
// without allocation; any thread may call. Source: Lance rust/lance-encoding fsst crate (table layout); Boncz, Neumann, Leis,
// "FSST: Fast Random Access String Compression", VLDB 2020 (the codes).
//
// Symbol table, 2312 bytes:
//   0  u8   number of symbols S, at most 255
//   1  u16  encoder details, ignored
//   3  u8   bit 0: 1 = values are compressed, 0 = values are stored unchanged
//   4  u8*4 "TSSF"
//   8  8*S  symbols, zero padded;  then S lengths of 1 byte;  then zeros
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/byte_reader.h"

namespace lancekit::kernels {

inline constexpr std::size_t kFsstTableSize = 2312;
inline constexpr std::uint8_t kFsstEscape = 255;
inline constexpr int kFsstMaxSymbols = 255;
inline constexpr std::size_t kFsstMaxSymbolLength = 8;

/// Codes that have no symbol keep length 0, so they decode to nothing.
struct FsstDecoder {
  std::uint64_t symbols[256] = {};
  std::uint8_t lengths[256] = {};
};

/// False when `table` is not a symbol table. `compressed` tells whether the values are compressed at all.
bool ParseFsstTable(Bytes table, FsstDecoder* decoder, bool* compressed) noexcept;

/// Room in bytes that decoding `num_codes` code bytes may write to; a result may be shorter.
constexpr std::size_t FsstDecodeRoom(std::size_t num_codes) noexcept { return kFsstMaxSymbolLength * num_codes + 8; }

/// Decodes `size` code bytes (of one or many whole strings) to `out`, which has FsstDecodeRoom(size) bytes. Returns the number
/// of bytes decoded; nullopt when the input ends after an escape.
std::optional<std::size_t> FsstDecode(const FsstDecoder& decoder, const std::byte* in, std::size_t size, std::byte* out) noexcept;

/// Decodes `num_strings` strings; string i is the bytes [in_offsets[i], in_offsets[i + 1]) of `in`. `out` has room as above for
/// all of them. out_ends[i] becomes the position of the end of string i in `out`, plus `base`. False when a string ends after
/// an escape. Pre: in_offsets has num_strings + 1 entries, ascending and checked; every position + base fits OutOffset.
template <class InOffset, class OutOffset>
bool FsstDecodeRun(const FsstDecoder& decoder, const std::byte* in, const InOffset* in_offsets, std::size_t num_strings,
                   std::byte* out, OutOffset base, OutOffset* out_ends) noexcept;

}  // namespace lancekit::kernels
