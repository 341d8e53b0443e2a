// How a field asks to be encoded: its metadata lance-encoding:*.
#pragma once

#include <cstdint>
#include <optional>

#include "format/encoding.h"
#include "format/schema.h"

namespace lancekit {

/// What is absent or not understood leaves the choice to the writer.
struct EncodingHints {
  enum class Compression : std::uint8_t { kDefault, kNone, kSymbols, kCodec };
  enum class Structural : std::uint8_t { kDefault, kMiniBlock, kFullZip };
  enum class ByteStreamSplit : std::uint8_t { kOff, kOn, kAuto };
  Compression compression = Compression::kDefault;
  format::BufferCompression general;  ///< kCodec: which one
  Structural structural = Structural::kDefault;
  ByteStreamSplit byte_stream_split = ByteStreamSplit::kAuto;
  std::optional<double> rle_threshold;                         ///< runs per value below which there is RLE
  std::optional<double> dictionary_divisor;                    ///< values per distinct value at least
  std::optional<double> dictionary_size_ratio;                 ///< encoded size over raw size at most
  std::optional<format::BufferCompression> dictionary_values;  ///< scheme kNone: stored plainly
  std::optional<std::uint64_t> chunk_bytes;                    ///< of strings
};

/// Of a leaf; the structural encoding may also stand at the top-level field.
/// Errors: kUnsupported for the sparse structural encoding, which only newer versions have.
Result<EncodingHints> HintsOf(const format::Leaf& leaf);

}  // namespace lancekit
