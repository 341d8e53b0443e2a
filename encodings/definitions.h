// The definitions that registry.cc lists and the encoders that selection makes; each encoding's file defines its own.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "base/thread_pool.h"
#include "encodings/encoding.h"
#include "encodings/level_bits.h"
#include "encodings/value_facts.h"

namespace lancekit {

namespace kernels {
class TokenIndex;
}

/// More values than this in a buffer without a byte are damage: what they would take is not bounded by the file.
inline constexpr std::uint64_t kMaxFreeValues = std::uint64_t{1} << 20;

extern const EncodingDef kFlat;
extern const EncodingDef kVariable;
extern const EncodingDef kConstant;
extern const EncodingDef kOutOfLineBitpacking;
extern const EncodingDef kInlineBitpacking;
extern const EncodingDef kFsst;
extern const EncodingDef kRle;
extern const EncodingDef kByteStreamSplit;
extern const EncodingDef kGeneral;
extern const EncodingDef kFixedSizeList;
extern const EncodingDef kPackedStruct;
extern const EncodingDef kVariablePackedStruct;
extern const EncodingDef kNarrow;
extern const EncodingDef kFrame;
extern const EncodingDef kPatched;
extern const EncodingDef kDelta;
extern const EncodingDef kAlp;
extern const EncodingDef kLengths;
extern const EncodingDef kCut;
extern const EncodingDef kAlpRd;
extern const EncodingDef kFront;
extern const EncodingDef kRuns;
extern const EncodingDef kScale;
extern const EncodingDef kStairs;
extern const EncodingDef kTokens;

/// At most so many bytes and values in a chunk.
inline constexpr std::uint64_t kDefaultChunkBytes = 8192;
inline constexpr std::uint64_t kDefaultChunkValues = 4096;
struct ChunkLimits {
  std::uint64_t bytes = kDefaultChunkBytes;
  std::uint64_t values = kDefaultChunkValues;
};

/// Encoders borrow the view's memory. Fixed-width encoders take any fixed shape; those below say what else they need.
std::unique_ptr<ChunkEncoder> MakeFlatEncoder(ValuesView values, ChunkLimits limits = {});
/// Widths of 8, 16, 32 or 64 bits.
std::unique_ptr<ChunkEncoder> MakeInlineBitpackingEncoder(ValuesView values);
/// Widths of 8, 16, 32 or 64 bits.
std::unique_ptr<ChunkEncoder> MakeRleEncoder(ValuesView values, std::uint64_t chunk_values = kDefaultChunkValues);
/// Fixed-size lists; items with nulls get their bitmaps.
std::unique_ptr<ChunkEncoder> MakeFixedSizeListEncoder(ValuesView values);
/// The encoding tree of fixed-size lists with flat items, in chunks and in full-zip pages.
format::Encoding DescribeFixedSizeList(const ValuesView& values);
/// Values of 32 or 64 bits.
inline constexpr std::uint64_t kSplitChunkBytes = 4096;
std::unique_ptr<ChunkEncoder> MakeByteStreamSplitEncoder(ValuesView values, ChunkLimits limits = {.bytes = kSplitChunkBytes});
/// Strings in chunks of about so many bytes.
inline constexpr std::uint64_t kDefaultStringChunk = 8192;
std::unique_ptr<ChunkEncoder> MakeVariableEncoder(ValuesView values, std::uint64_t chunk_bytes = kDefaultStringChunk);
/// Compresses the first buffer of each chunk of another encoder.
std::unique_ptr<ChunkEncoder> MakeGeneralEncoder(std::unique_ptr<ChunkEncoder> inner, format::BufferCompression compression);
/// X1: the same by zstd, with a dictionary that is trained on the chunks of all `num_values` values if they become so much
/// smaller.
std::unique_ptr<ChunkEncoder> MakeTrainedEncoder(std::unique_ptr<ChunkEncoder> inner, std::uint64_t num_values,
                                                 std::optional<std::int32_t> level);
/// Strings compressed with a symbol table of their own.
struct FsstStrings {
  MutableBuffer codes;
  MutableBuffer offsets;
  std::vector<std::byte> table;
  ValuesView values;  ///< the codes as strings; points into this object
  /// The encoding tree in chunks and in full-zip pages.
  format::Encoding Describe() const;
};
/// Trains a symbol table on the values and compresses them. Null when they are few or do not become smaller. Idle threads of
/// `pool` help, if there is one; the codes are the same.
std::unique_ptr<FsstStrings> CompressFsst(const ValuesView& values, ThreadPool* pool = nullptr);
std::unique_ptr<ChunkEncoder> MakeFsstEncoder(const FsstStrings& strings, std::uint64_t chunk_bytes = kDefaultStringChunk);
/// The same with an encoder that was made for strings.values.
std::unique_ptr<ChunkEncoder> MakeFsstEncoder(const FsstStrings& strings, std::unique_ptr<ChunkEncoder> inner);

/// X1. How the values that an encoding makes of others are encoded in turn; the encoder may borrow their memory.
using InnerEncoder = std::function<std::unique_ptr<ChunkEncoder>(const ValuesView& values)>;
/// Widths of 8, 16, 32 or 64 bits.
std::unique_ptr<ChunkEncoder> MakeFrameEncoder(ValuesView values);
/// Widths of 8, 16, 32, 64 or 128 bits. Null when the values less the least of them do not fit into fewer bits. Inner values have
/// at least so many bits; those of fewer than 8 can only be flat, perhaps compressed.
std::unique_ptr<ChunkEncoder> MakeNarrowEncoder(const ValuesView& values, const InnerEncoder& inner,
                                                std::uint64_t least_bits = 8);
/// Widths of 8, 16, 32 or 64 bits. Null when the values less the least of them are no multiples of a number of `least_unit` or
/// more.
std::unique_ptr<ChunkEncoder> MakeScaleEncoder(const ValuesView& values, const InnerEncoder& inner, std::uint64_t least_unit = 2);
/// Widths of 8, 16, 32 or 64 bits.
std::unique_ptr<ChunkEncoder> MakeDeltaEncoder(const ValuesView& values, const InnerEncoder& inner);
/// The same; values far from the others of their block are kept beside them.
std::unique_ptr<ChunkEncoder> MakePatchedEncoder(const ValuesView& values, const InnerEncoder& inner);
/// Floating-point numbers of 32 or 64 bits. Null when most of them are no decimal numbers of few digits.
std::unique_ptr<ChunkEncoder> MakeAlpEncoder(const ValuesView& values, const InnerEncoder& inner);
/// Widths of 8, 16, 32 or 64 bits. Null when the values fit into a byte or into far more. `low` must take chunks of any size.
std::unique_ptr<ChunkEncoder> MakeCutEncoder(const ValuesView& values, const InnerEncoder& high, const InnerEncoder& low);
/// The same widths. Null when the first bits of the values take too many values.
std::unique_ptr<ChunkEncoder> MakeAlpRdEncoder(const ValuesView& values);
/// Strings in chunks of about so many bytes; `inner` encodes their lengths.
std::unique_ptr<ChunkEncoder> MakeLengthsEncoder(ValuesView values, std::uint64_t chunk_bytes, const InnerEncoder& inner);
/// Strings in ascending order, or any of which neighbours share their first bytes. `suffixes` encodes what they do not share and
/// decides on the chunks, `prefixes` the numbers of bytes that each shares with the one before it (8 bits).
std::unique_ptr<ChunkEncoder> MakeFrontEncoder(const ValuesView& strings, const InnerEncoder& suffixes,
                                               const InnerEncoder& prefixes);
/// Widths of 8, 16, 32 or 64 bits. Runs of values that ascend by `step`: `values` encodes the first of each run, `lengths` the
/// runs' lengths (32 bits).
std::unique_ptr<ChunkEncoder> MakeRunsEncoder(const ValuesView& numbers, const InnerEncoder& values, const InnerEncoder& lengths,
                                              std::uint64_t step = 0);
/// The same with the commonest step. Null when that is 0, or not common.
std::unique_ptr<ChunkEncoder> MakeStairsEncoder(const ValuesView& numbers, const InnerEncoder& values,
                                                const InnerEncoder& lengths);
/// The tokens of a page of strings.
struct TokenTable {
  std::shared_ptr<const kernels::TokenIndex> index;
  std::uint64_t bytes = 0;  ///< about what the strings take: codes and table, without the numbers of codes
};
/// Trains a table on a sample of the values. Null when they do not become smaller. Takes about as long as encoding 4 MiB.
std::unique_ptr<TokenTable> TrainTokens(const ValuesView& values);
/// Strings in chunks of about so many bytes; `inner` encodes how many codes each takes. The table was trained on these values or
/// on some like them. Null when they are too long.
std::unique_ptr<ChunkEncoder> MakeTokensEncoder(const ValuesView& values, const TokenTable& table, std::uint64_t chunk_bytes,
                                                const InnerEncoder& inner);

/// Bytes of all chunk buffers that the encoder would write, without headers. Bit-packing: exact, each buffer padded to 8;
/// RLE: about. `facts`: of these values, or nullptr.
std::uint64_t InlineBitpackingBytes(const ValuesView& values, const ValueFacts* facts = nullptr);
std::uint64_t RleBytes(const ValuesView& values, const ValueFacts* facts = nullptr);

/// Encodes `count` values of 16 or 64 bits bit-packed out of line with this width; returns the bytes appended.
void AppendOutOfLineBitpacked(const std::uint16_t* values, std::uint64_t count, int width, MutableBuffer* out);
std::uint64_t OutOfLineBitpackedBytes(std::uint64_t count, int width, int value_bits);
/// Whole buffers for dictionaries: offsets and bytes with their header.
void AppendVariableBlock(const ValuesView& values, MutableBuffer* out);
/// A whole buffer of RLE levels, and the size that one of levels [first, end) has, from where levels change.
void AppendRleBlock(const std::uint16_t* values, std::uint64_t count, MutableBuffer* out);
std::uint64_t RleBlockBytes(const LevelBits& changes, std::uint64_t first, std::uint64_t end);

/// Appends a framed buffer: zstd: u64 size, frame; lz4: u32 size, block; snappy: block. Pre: less than 2 GiB.
void AppendCompressed(Bytes bytes, format::BufferCompression compression, MutableBuffer* out);
/// The reverse; replaces what is in `out`. A bare zstd frame is accepted. Errors: kCorruption.
Status DecompressBuffer(Bytes bytes, format::CompressionScheme scheme, MutableBuffer* out);

}  // namespace lancekit
