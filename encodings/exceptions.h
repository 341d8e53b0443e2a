// Values of a chunk that its main encoding cannot hold, kept beside it: what patched and alp share.
//
//   u16 number of exceptions; their positions in the chunk (u16 each, ascending); their values (T bits each)
#pragma once

#include <cstdint>
#include <vector>

#include "encodings/encoding.h"

namespace lancekit {

/// Puts those within `range` into `values`, which holds the values of the range. Errors: kCorruption.
Status PutExceptions(Bytes bytes, std::uint64_t width_bytes, std::uint64_t num_values, ValueRange range, std::byte* values,
                     std::string_view encoding);

/// Writes as one buffer of a chunk the values at these positions of the page, which ascend and are those of `range`.
void WriteExceptions(std::span<const std::uint32_t> positions, ValueRange range, const std::byte* values,
                     std::uint64_t width_bytes, ChunkWriter* out);

/// Those of ascending positions that lie within the range.
std::span<const std::uint32_t> PositionsIn(const std::vector<std::uint32_t>& positions, ValueRange range);

}  // namespace lancekit
