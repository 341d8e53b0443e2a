// What the encodings of numbers share: templates over unsigned numbers, chosen by their width at run time, and checks of it.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/status.h"
#include "encodings/encoding.h"

namespace lancekit {

/// Calls function(T{}) with T of 8, 16, 32 or 64 bits. Pre: bits is one of these.
template <class Function>
auto ForWidth(std::uint64_t bits, Function function) {
  switch (bits) {
    case 8:
      return function(std::uint8_t{});
    case 16:
      return function(std::uint16_t{});
    case 32:
      return function(std::uint32_t{});
    default:
      return function(std::uint64_t{});
  }
}

/// Errors: kCorruption unless the shape is of fixed width, a power of two between these, and no list.
Status CheckWidth(const ValueShape& shape, std::uint64_t least_bits, std::uint64_t most_bits, std::string_view encoding);

/// DecodeRanges for decoders for which each range by itself costs as much as all between them: decodes from the first to the end
/// of the last and picks. Pre: as there.
Status DecodeSpanOf(const ChunkDecoder& decoder, const Chunk& chunk, std::span<const ValueRange> ranges, ValueSink* sink,
                    Scratch* scratch);

}  // namespace lancekit
