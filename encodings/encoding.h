// What a compressive encoding is: how it reads and writes values in each of the three places where the format lets it
// stand. One encoding, one file; registry.cc lists them all and nothing else switches over encodings.
//
// - in the chunks of a mini-block page (several buffers per chunk): ChunkDecoder, ChunkEncoder
// - as a whole buffer, for levels and dictionaries: decode_block
// - around each value of a full-zip page: ValueDecoder
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/buffer.h"
#include "base/status.h"
#include "encodings/values.h"
#include "format/encoding.h"

struct ZSTD_DCtx_s;

namespace lancekit {

/// Value buffers of one mini-block chunk, without padding.
struct Chunk {
  std::span<const Bytes> buffers;
  std::uint64_t num_values = 0;
};

/// Values [first, first + count) of a chunk.
struct ValueRange {
  std::uint64_t first = 0;
  std::uint64_t count = 0;
};

/// Rows or values of all ranges together. Pre: they do not overlap.
inline std::uint64_t CountRows(std::span<const ValueRange> ranges) {
  std::uint64_t count = 0;
  for (const ValueRange& range : ranges) count += range.count;
  return count;
}

/// Memory that decoders reuse from chunk to chunk; one per thread of work.
struct Scratch {
  MutableBuffer decompressed;  // general
  MutableBuffer block;         // one unpacked block
  MutableBuffer ends;          // string ends
  struct ZstdContextDeleter {
    void operator()(ZSTD_DCtx_s* context) const noexcept;
  };
  std::unique_ptr<ZSTD_DCtx_s, ZstdContextDeleter> zstd;  // general; made when it is needed

  /// An empty sink for what an inner encoding decodes, and the memory that this encoding uses.
  ValueSink* InnerValues(std::uint64_t width_bits);
  ValueSink* InnerStrings();
  Scratch* Inner();

 private:
  std::unique_ptr<ValueSink> inner_values_;
  std::unique_ptr<ValueSink> inner_strings_;
  std::unique_ptr<Scratch> inner_;
};

/// Variable-width values inside a chunk: value i = data[offsets[i], offsets[i + 1]). Checked: ends ascend and fit.
struct StringsView {
  const std::byte* offsets = nullptr;  ///< num_values + 1 unsigned numbers
  bool wide = false;                   ///< of 64 bits, else of 32
  const std::byte* data = nullptr;
};

/// Decodes the values of the chunks of one page. Immutable after it was made; thread-safe.
class ChunkDecoder {
 public:
  virtual ~ChunkDecoder() = default;
  /// Buffers of each chunk that belong to this encoding.
  virtual std::size_t num_buffers() const noexcept { return 1; }
  /// Appends values of a chunk to the sink. A range of one value costs no more than it must: encodings that can find a
  /// value in place do so. Pre: range fits in the chunk. Errors: kCorruption, kResourceLimit.
  virtual Status Decode(const Chunk& chunk, ValueRange range, ValueSink* sink, Scratch* scratch) const = 0;
  /// The same for several ranges, which ascend: what they share is decoded once. Pre: none is empty.
  virtual Status DecodeRanges(const Chunk& chunk, std::span<const ValueRange> ranges, ValueSink* sink, Scratch* scratch) const;
  /// Asks the processor for the memory that a value of the chunk lies in, as far as its place is known without reading. Pre: the
  /// value is in the chunk; nothing else of the chunk was checked.
  virtual void Prefetch(const Chunk&, std::uint64_t /*value*/) const {}
  /// Whether DecodeRuns is there.
  virtual bool has_runs() const noexcept { return false; }
  /// As DecodeRanges, but of a run of equal values, or a part of it, appends the value once and to `counts` how many it stands
  /// for. Pre: has_runs().
  virtual Status DecodeRuns(const Chunk& chunk, std::span<const ValueRange> ranges, ValueSink* sink,
                            std::vector<std::uint64_t>* counts, Scratch* scratch) const;
  /// Variable-width values as they are stored, for an encoding around this one. Errors: kCorruption, kUnsupported.
  virtual Result<StringsView> View(const Chunk& chunk, ValueRange range, Scratch* scratch) const;
};

/// Decodes single values of a full-zip page. Immutable; thread-safe.
class ValueDecoder {
 public:
  virtual ~ValueDecoder() = default;
  /// Bytes of a stored value when all have the same number, else 0 for length-prefixed values.
  virtual std::uint64_t stored_bytes() const noexcept = 0;
  /// True when the stored bytes of a fixed-width value are its Arrow bytes.
  virtual bool is_plain() const noexcept { return false; }
  virtual Status Append(Bytes stored, ValueSink* sink, Scratch* scratch) const = 0;
};

/// Takes the buffers of a chunk that is being written. Buffers are padded by the caller.
class ChunkWriter {
 public:
  virtual ~ChunkWriter() = default;
  /// `capacity` writable bytes for the next buffer of the chunk, aligned to 8.
  virtual std::byte* Begin(std::size_t capacity) = 0;
  /// Ends the buffer begun last; `size` bytes of it were written.
  virtual void End(std::size_t size) = 0;
};

/// Encodes the values of one page chunk by chunk. Borrows the values.
class ChunkEncoder {
 public:
  virtual ~ChunkEncoder() = default;
  virtual format::Encoding Describe() const = 0;
  virtual std::size_t num_buffers() const noexcept { return 1; }
  /// Values in the chunk that starts at value `first`: a power of two of at least 2, or all that are left.
  virtual std::uint64_t ChunkSize(std::uint64_t first) const = 0;
  /// What a chunk takes on average even of fewer values than that: a block that is padded. 0: nothing is.
  virtual std::uint64_t BytesOfBlock() const { return 0; }
  virtual void Encode(ValueRange range, ChunkWriter* out) const = 0;
};

struct EncodingDef {
  format::EncodingId id;
  std::string_view name;
  /// Null: not valid in the chunks of a mini-block page.
  Result<std::unique_ptr<ChunkDecoder>> (*make_chunk_decoder)(const format::Encoding&, const ValueShape&) = nullptr;
  /// Appends exactly `num_values` values of a whole buffer. Null: not valid there.
  Status (*decode_block)(const format::Encoding&, Bytes, std::uint64_t num_values, ValueSink*, Scratch*) = nullptr;
  /// Appends one value of a whole buffer, which is among them. Null: it takes all to have one.
  Status (*pick_from_block)(const format::Encoding&, Bytes, std::uint64_t num_values, std::uint64_t index, ValueSink*) = nullptr;
  /// Null: not valid in a full-zip page.
  Result<std::unique_ptr<ValueDecoder>> (*make_value_decoder)(const format::Encoding&, const ValueShape&) = nullptr;
  /// Parameters for people, e.g. "32 bit"; children are described by themselves. Null: no parameters.
  std::string (*describe)(const format::Encoding&) = nullptr;
};

/// Every encoding that lancekit knows.
std::span<const EncodingDef* const> AllEncodings();
/// Errors: kUnsupported, naming the encoding.
Result<const EncodingDef*> FindEncoding(format::EncodingId id);

Result<std::unique_ptr<ChunkDecoder>> MakeChunkDecoder(const format::Encoding& encoding, const ValueShape& shape);
/// Of the only encoding inside this one. Errors: kCorruption when there is none or several.
Result<std::unique_ptr<ChunkDecoder>> MakeInnerDecoder(const format::Encoding& encoding, const ValueShape& shape);
Status DecodeBlock(const format::Encoding& encoding, Bytes bytes, std::uint64_t num_values, ValueSink* sink, Scratch* scratch);
/// Appends one fixed-width value of a whole buffer. Pre: index < num_values.
Status PickFromBlock(const format::Encoding& encoding, Bytes bytes, std::uint64_t num_values, std::uint64_t index,
                     ValueSink* sink, Scratch* scratch);
Result<std::unique_ptr<ValueDecoder>> MakeValueDecoder(const format::Encoding& encoding, const ValueShape& shape);

}  // namespace lancekit
