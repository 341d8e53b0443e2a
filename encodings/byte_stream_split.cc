// Byte-stream split: byte j of value i is stored at j x n + i, which helps a general compression around it.
//
//   chunk: n x (4 or 8) bytes
//
// Source: lance protos/encodings_v2_1.proto (ByteStreamSplit), rust lance-encoding physical/byte_stream_split.rs.
#include <algorithm>

#include "base/checked_math.h"
#include "encodings/definitions.h"
#include "encodings/kernels/stats.h"

namespace lancekit {
namespace {

class ByteStreamSplitDecoder final : public ChunkDecoder {
 public:
  explicit ByteStreamSplitDecoder(std::uint64_t value_bytes) : value_bytes_(value_bytes) {}
  Status Decode(const Chunk& chunk, ValueRange range, ValueSink* sink, Scratch*) const override {
    const Bytes bytes = chunk.buffers[0];
    const std::uint64_t n = chunk.num_values;
    if (bytes.size() / value_bytes_ < n) return Corrupt("byte-stream split: {} bytes for {} values", bytes.size(), n);
    std::byte* to = sink->AppendFixed(range.count);
    if (range.count == n) {
      kernels::ByteStreamMerge(bytes.data(), static_cast<int>(value_bytes_), n, to);
      return {};
    }
    for (std::uint64_t i = range.first; i < range.first + range.count; ++i) {
      for (std::uint64_t j = 0; j < value_bytes_; ++j) *to++ = bytes[j * n + i];
    }
    return {};
  }

 private:
  std::uint64_t value_bytes_;
};

Result<std::unique_ptr<ChunkDecoder>> MakeChunk(const format::Encoding& encoding, const ValueShape& shape) {
  if (encoding.children.size() != 1 || encoding.children[0].id != format::EncodingId::kFlat) {
    return Unsupported("byte-stream split: values that are not flat");
  }
  const std::uint64_t bits = encoding.children[0].bits;
  if (bits != 32 && bits != 64) return Corrupt("byte-stream split: values of {} bits", bits);
  if (!shape.fixed() || shape.width_bits != bits) {
    return Corrupt("byte-stream split: {} bits per value where the type has {}", bits, shape.width_bits);
  }
  return std::unique_ptr<ChunkDecoder>(std::make_unique<ByteStreamSplitDecoder>(bits / 8));
}

class ByteStreamSplitEncoder final : public ChunkEncoder {
 public:
  ByteStreamSplitEncoder(ValuesView values, ChunkLimits limits)
      : values_(std::move(values)), value_bytes_(values_.shape.width_bits / 8) {
    chunk_ = std::bit_floor(std::min(limits.values, limits.bytes / value_bytes_));
  }
  format::Encoding Describe() const override {
    format::Encoding encoding;
    encoding.id = format::EncodingId::kByteStreamSplit;
    encoding.children.resize(1);
    encoding.children[0].id = format::EncodingId::kFlat;
    encoding.children[0].bits = values_.shape.width_bits;
    return encoding;
  }
  std::uint64_t ChunkSize(std::uint64_t first) const override { return std::min(chunk_, values_.length - first); }
  void Encode(ValueRange range, ChunkWriter* out) const override {
    const std::size_t size = range.count * value_bytes_;
    std::byte* const to = out->Begin(size);
    kernels::ByteStreamSplit(values_.values + range.first * value_bytes_, static_cast<int>(value_bytes_), range.count, to);
    out->End(size);
  }

 private:
  ValuesView values_;
  std::uint64_t value_bytes_;
  std::uint64_t chunk_;
};

}  // namespace

std::unique_ptr<ChunkEncoder> MakeByteStreamSplitEncoder(ValuesView values, ChunkLimits limits) {
  return std::make_unique<ByteStreamSplitEncoder>(std::move(values), limits);
}

constinit const EncodingDef kByteStreamSplit{
    .id = format::EncodingId::kByteStreamSplit,
    .name = "byte_stream_split",
    .make_chunk_decoder = &MakeChunk,
};

}  // namespace lancekit
