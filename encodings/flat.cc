// Flat: values as they are, back to back; booleans as a bitmap.
//
//   chunk or block: n x bits_per_value bits, LSB first when that is not a multiple of 8
//   full-zip value: bits_per_value / 8 bytes; a boolean is one byte
//
// Source: lance protos/encodings_v2_1.proto (Flat), rust lance-encoding physical/value.rs.
#include <algorithm>

#include "base/bitmap.h"
#include "base/checked_math.h"
#include "encodings/definitions.h"

namespace lancekit {
namespace {

Status Validate(const format::Encoding& encoding, std::uint64_t width_bits) {
  if (encoding.compression.has_value()) return Unsupported("flat: compressed data is not supported");
  if (encoding.bits != width_bits) return Corrupt("flat: {} bits per value where the type has {}", encoding.bits, width_bits);
  return {};
}

Status CheckSize(Bytes bytes, std::uint64_t num_values, std::uint64_t width_bits) {
  std::uint64_t num_bits = 0;
  if (!CheckedMul(num_values, width_bits, &num_bits) || bytes.size() < CeilDiv(num_bits, 8)) {
    return Corrupt("flat: {} bytes for {} values of {} bits", bytes.size(), num_values, width_bits);
  }
  return {};
}

class FlatChunkDecoder final : public ChunkDecoder {
 public:
  explicit FlatChunkDecoder(std::uint64_t width_bits) : width_bits_(width_bits) {}

  Status Decode(const Chunk& chunk, ValueRange range, ValueSink* sink, Scratch*) const override {
    LANCEKIT_TRY(CheckSize(chunk.buffers[0], chunk.num_values, width_bits_));
    sink->AppendBits(chunk.buffers[0].data(), range.first * width_bits_, range.count);
    return {};
  }
  void Prefetch(const Chunk& chunk, std::uint64_t value) const override {
    __builtin_prefetch(chunk.buffers[0].data() + value * width_bits_ / 8);
  }

 private:
  std::uint64_t width_bits_;
};

Result<std::unique_ptr<ChunkDecoder>> MakeChunk(const format::Encoding& encoding, const ValueShape& shape) {
  if (!shape.fixed()) return Corrupt("flat: stands where values of variable width are stored");
  LANCEKIT_TRY(Validate(encoding, shape.width_bits));
  return std::unique_ptr<ChunkDecoder>(std::make_unique<FlatChunkDecoder>(shape.width_bits));
}

Status DecodeWhole(const format::Encoding& encoding, Bytes bytes, std::uint64_t num_values, ValueSink* sink, Scratch*) {
  if (!sink->shape().fixed()) return Corrupt("flat: stands where values of variable width are stored");
  LANCEKIT_TRY(Validate(encoding, sink->shape().width_bits));
  LANCEKIT_TRY(CheckSize(bytes, num_values, encoding.bits));
  sink->AppendBits(bytes.data(), 0, num_values);
  return {};
}

class FlatValueDecoder final : public ValueDecoder {
 public:
  explicit FlatValueDecoder(std::uint64_t bytes) : bytes_(bytes) {}
  std::uint64_t stored_bytes() const noexcept override { return bytes_; }
  bool is_plain() const noexcept override { return true; }
  Status Append(Bytes stored, ValueSink* sink, Scratch*) const override {
    sink->AppendBits(stored.data(), 0, 1);
    return {};
  }

 private:
  std::uint64_t bytes_;
};

// Booleans take a whole byte in a full-zip page, whose lowest bit is the value.
class FlatBoolDecoder final : public ValueDecoder {
 public:
  std::uint64_t stored_bytes() const noexcept override { return 1; }
  Status Append(Bytes stored, ValueSink* sink, Scratch*) const override {
    sink->AppendBits(stored.data(), 0, 1);
    return {};
  }
};

Result<std::unique_ptr<ValueDecoder>> MakeValue(const format::Encoding& encoding, const ValueShape& shape) {
  if (!shape.fixed()) return Corrupt("flat: stands where values of variable width are stored");
  if (shape.width_bits == 1) {
    LANCEKIT_TRY(Validate(encoding, 8));
    return std::unique_ptr<ValueDecoder>(std::make_unique<FlatBoolDecoder>());
  }
  LANCEKIT_TRY(Validate(encoding, shape.width_bits));
  if (encoding.bits % 8 != 0) return Unsupported("flat: {} bits per value in a full-zip page", encoding.bits);
  return std::unique_ptr<ValueDecoder>(std::make_unique<FlatValueDecoder>(encoding.bits / 8));
}

class FlatEncoder final : public ChunkEncoder {
 public:
  FlatEncoder(ValuesView values, ChunkLimits limits) : values_(std::move(values)) {
    while (chunk_ * 2 <= limits.values && chunk_ * 2 * values_.shape.width_bits / 8 <= limits.bytes) chunk_ *= 2;
  }

  format::Encoding Describe() const override {
    format::Encoding encoding;
    encoding.id = format::EncodingId::kFlat;
    encoding.bits = values_.shape.width_bits;
    return encoding;
  }
  std::uint64_t ChunkSize(std::uint64_t first) const override { return std::min(chunk_, values_.length - first); }
  void Encode(ValueRange range, ChunkWriter* out) const override {
    const std::uint64_t width = values_.shape.width_bits;
    const std::size_t size = CeilDiv(range.count * width, 8);
    std::byte* const to = out->Begin(size);
    if (size != 0) to[size - 1] = std::byte{0};
    CopyBits(values_.values, range.first * width, to, 0, range.count * width);
    out->End(size);
  }

 private:
  ValuesView values_;
  std::uint64_t chunk_ = 2;
};

std::string DescribeFlat(const format::Encoding& encoding) { return fmt::format("{} bit", encoding.bits); }

}  // namespace

std::unique_ptr<ChunkEncoder> MakeFlatEncoder(ValuesView values, ChunkLimits limits) {
  return std::make_unique<FlatEncoder>(std::move(values), limits);
}

constinit const EncodingDef kFlat{
    .id = format::EncodingId::kFlat,
    .name = "flat",
    .make_chunk_decoder = &MakeChunk,
    .decode_block = &DecodeWhole,
    .make_value_decoder = &MakeValue,
    .describe = &DescribeFlat,
};

}  // namespace lancekit
