// What frame does for an encoding around it.
#pragma once

#include "encodings/encoding.h"

namespace lancekit {

/// Decodes a chunk of 64-bit integers of this encoding to the numbers integer * factor * inverse, as kernels::AlpDecode has them,
/// without writing the integers first. Errors: kCorruption.
Status DecodeFrameOfAlp(const Chunk& chunk, ValueRange range, double factor, double inverse, ValueSink* sink, Scratch* scratch);

}  // namespace lancekit
