// How a field asks to be encoded: its metadata lance-encoding:*.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "format/encoding.h"
#include "format/schema.h"
#include "format/version.h"
#include "lancekit/writer.hpp"

namespace lancekit {

/// What counts more: bytes, or the time to decode them and to find single values.
enum class Preset : std::uint8_t { kDefault, kFast, kBalanced, kSmall };

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
  Preset preset = Preset::kDefault;
  std::string tree;  ///< X1: an encoding, or a tree of them as writer/encoder_tree.h has it; empty: any
};

/// Of a leaf; the structural encoding may also stand at the top-level field.
/// Errors: kUnsupported for the sparse structural encoding, which only newer versions have.
Result<EncodingHints> HintsOf(const format::Leaf& leaf);

/// Errors: kInvalidArgument for a name that is none.
Result<Preset> ParsePreset(const std::string& name);

/// Sets the metadata of the fields that the options name. Errors: kInvalidArgument for a column or an encoding that there is not.
Status SetEncodings(const std::vector<ColumnEncoding>& encodings, format::FileVersion version, Schema* schema);

}  // namespace lancekit
