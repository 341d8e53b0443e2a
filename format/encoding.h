// Compressive encodings and page layouts as plain structs: the messages of package lance.encodings21 without protobuf.
// Field numbers and meanings: rust lance protos/encodings_v2_1.proto.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/buffer.h"
#include "base/status.h"

namespace lancekit::format {

/// Number of the CompressiveEncoding oneof; other numbers are kept as they are (unknown encodings).
enum class EncodingId : std::uint32_t {
  kNone = 0,
  kFlat = 1,
  kVariable = 2,
  kConstant = 3,
  kOutOfLineBitpacking = 4,
  kInlineBitpacking = 5,
  kFsst = 6,
  kDictionary = 7,
  kRle = 8,
  kByteStreamSplit = 9,
  kGeneral = 10,
  kFixedSizeList = 11,
  kPackedStruct = 12,
  kVariablePackedStruct = 13,
  // Those of X1; official readers do not know them.
  kNarrow = 64,
  kFrame = 65,
  kPatched = 66,
  kDelta = 67,
  kAlp = 68,
  kLengths = 69,
  kAlpRd = 70,
  kFront = 71,
  kTokens = 72,
  kRuns = 73,
  kCut = 74,
  kScale = 75,
  kStairs = 76,
};

enum class CompressionScheme : std::uint32_t {
  kNone = 0,
  kLz4 = 1,
  kZstd = 2,
  kSnappy = 64,  // of X1
};

struct BufferCompression {
  CompressionScheme scheme = CompressionScheme::kNone;
  std::optional<std::int32_t> level;
};

/// One node of an encoding tree. Only the fields that the id calls for are meaningful.
struct Encoding {
  EncodingId id = EncodingId::kNone;
  /// flat: bits per value; out-of-line and inline bit-packing: uncompressed bits per value; fixed-size list: items per value;
  /// frame: bits per value; narrow: bits of an inner value; ALP-RD: bits of the right part; cut: low bits;
  /// tokens: bits of a code; stairs: the step; scale: the unit.
  std::uint64_t bits = 0;
  bool has_validity = false;  ///< fixed-size list: the items have validity bitmaps
  std::optional<BufferCompression>
      compression;                         ///< general: its compression; flat, variable, inline: the optional `data`/`values`
  std::vector<std::byte> table;            ///< fsst: symbol table; constant: the value; narrow, scale: base; alp: exponents;
                                           ///< ALP-RD: left parts;
                                           ///< general: zstd dictionary; tokens: token table
  bool has_value = false;                  ///< constant: `table` is present
  std::uint32_t num_dictionary_items = 0;  ///< dictionary
  /// variable: offsets; out-of-line, general, fsst, byte-stream split, fixed-size list, packed struct: values;
  /// narrow, patched, delta, alp, scale: inner values; lengths: lengths; front: suffixes, prefix lengths;
  /// cut: high parts, low parts;
  /// tokens: numbers of codes;
  /// rle, runs, stairs: values, run lengths; dictionary: indices, items; variable packed struct: one per field.
  std::vector<Encoding> children;
  std::vector<std::uint64_t> child_bits;  ///< packed struct: bits per value of each child; variable packed struct: bits of the
                                          ///< fixed value or of the length of each field
  std::vector<bool> child_is_variable;    ///< variable packed struct: child_bits are those of a length prefix
};

/// Meaning of one layer of repetition and definition levels; innermost layer first.
enum class RepDefLayer : std::uint8_t {
  kUnspecified = 0,
  kAllValidItem = 1,
  kAllValidList = 2,
  kNullableItem = 3,
  kNullableList = 4,
  kEmptyableList = 5,
  kNullAndEmptyList = 6,
};

enum class LayoutId : std::uint32_t { kNone = 0, kMiniBlock = 1, kConstant = 2, kFullZip = 3, kBlob = 4, kSparse = 5 };

/// A structural encoding with its parameters. Only the fields that the id calls for are meaningful.
struct PageLayout {
  LayoutId id = LayoutId::kNone;
  std::vector<RepDefLayer> layers;
  std::optional<Encoding> rep_compression;    // mini-block, constant
  std::optional<Encoding> def_compression;    // mini-block, constant
  std::optional<Encoding> value_compression;  // mini-block, full-zip
  std::optional<Encoding> dictionary;         // mini-block
  std::uint64_t num_dictionary_items = 0;     // mini-block
  std::uint64_t num_buffers = 0;              // mini-block: value buffers in every chunk
  std::uint32_t repetition_index_depth = 0;   // mini-block
  std::uint64_t num_items = 0;                // mini-block: visible items; full-zip: entries
  bool has_large_chunk = false;               // mini-block
  bool has_inline_value = false;              // constant
  std::vector<std::byte> inline_value;        // constant
  std::uint64_t num_rep_values = 0;           // constant
  std::uint64_t num_def_values = 0;           // constant
  std::uint32_t bits_rep = 0;                 // full-zip
  std::uint32_t bits_def = 0;                 // full-zip
  std::uint32_t bits_per_value = 0;           // full-zip, fixed width; 0 = variable width
  std::uint32_t bits_per_offset = 0;          // full-zip, variable width; 0 = fixed width
  std::uint64_t num_visible_items = 0;        // full-zip
  std::unique_ptr<PageLayout> inner;          // blob
};

/// Parses the bytes of a PageLayout message. Errors: kCorruption; unknown fields are skipped, unknown oneof members become
/// the id of that number. Nesting is limited to kMaxEncodingDepth.
Result<PageLayout> ParsePageLayout(Bytes message);
std::string SerializePageLayout(const PageLayout& layout);

/// "mini_block: general(inline_bitpacking), dictionary: flat": the structural encoding and those of the values.
std::string EncodingText(const PageLayout& layout);
/// "flat", "inline_bitpacking", ...; "unknown encoding 14" for other numbers.
std::string EncodingName(EncodingId id);

}  // namespace lancekit::format
