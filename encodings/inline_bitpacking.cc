// Inline bit-packing: blocks of 1024 values in the FastLanes layout, each with its own width.
//
//   chunk: one word of T bits: width W (0 ... T); then 128 x W bytes of packed values
//   block: the same, at most 1024 values
//
// The last block of a page is padded with zeros to 1024 values. Widths are those of the unsigned values.
// Source: lance protos/encodings_v2_1.proto (InlineBitpacking), rust lance-encoding physical/bitpacking.rs.
#include <cstring>

#include "base/checked_math.h"
#include "encodings/definitions.h"
#include "encodings/kernels/bitpack.h"

namespace lancekit {
namespace {

using kernels::kBlockValues;

// Values that are picked out one by one rather than by unpacking the block.
constexpr std::uint64_t kPickAtMost = 16;

/// Appends values of a block. One range may be all of it.
template <class T>
Status DecodeBlockOf(Bytes bytes, std::uint64_t num_values, std::span<const ValueRange> ranges, ValueSink* sink,
                     Scratch* scratch) {
  if (num_values > kBlockValues) return Corrupt("inline bit-packing: {} values in a block of {}", num_values, kBlockValues);
  if (bytes.size() < sizeof(T)) return Corrupt("inline bit-packing: {} bytes hold no width", bytes.size());
  const auto width = static_cast<std::uint64_t>(LoadLe<T>(bytes.data()));
  if (width > 8 * sizeof(T)) return Corrupt("inline bit-packing: width {} > {}", width, 8 * sizeof(T));
  const std::byte* const packed = bytes.data() + sizeof(T);
  const int w = static_cast<int>(width);
  if (bytes.size() - sizeof(T) < kernels::PackedBlockSize(w)) {
    return Corrupt("inline bit-packing: {} bytes for a block of width {}", bytes.size() - sizeof(T), width);
  }
  if (ranges.front().count == kBlockValues) {
    kernels::UnpackBlock<T>(packed, w, reinterpret_cast<T*>(sink->AppendFixed(kBlockValues)));
    return {};
  }
  const std::uint64_t count = CountRows(ranges);
  std::byte* to = sink->AppendFixed(count);
  if (count <= kPickAtMost) {
    for (const ValueRange& range : ranges) {
      for (std::uint64_t i = 0; i < range.count; ++i, to += sizeof(T)) {
        StoreLe(to, kernels::UnpackOne<T>(packed, w, static_cast<unsigned>(range.first + i)));
      }
    }
    return {};
  }
  scratch->block.Resize(kBlockValues * sizeof(T));
  kernels::UnpackBlock<T>(packed, w, scratch->block.as<T>());
  for (const ValueRange& range : ranges) {
    std::memcpy(to, scratch->block.data() + range.first * sizeof(T), range.count * sizeof(T));
    to += range.count * sizeof(T);
  }
  return {};
}

Status DecodeWidth(std::uint64_t bits, Bytes bytes, std::uint64_t n, std::span<const ValueRange> ranges, ValueSink* sink,
                   Scratch* scratch) {
  switch (bits) {
    case 8:
      return DecodeBlockOf<std::uint8_t>(bytes, n, ranges, sink, scratch);
    case 16:
      return DecodeBlockOf<std::uint16_t>(bytes, n, ranges, sink, scratch);
    case 32:
      return DecodeBlockOf<std::uint32_t>(bytes, n, ranges, sink, scratch);
    default:
      return DecodeBlockOf<std::uint64_t>(bytes, n, ranges, sink, scratch);
  }
}

Status Validate(const format::Encoding& encoding, const ValueShape& shape) {
  const std::uint64_t bits = encoding.bits;
  if (bits != 8 && bits != 16 && bits != 32 && bits != 64) return Corrupt("inline bit-packing: values of {} bits", bits);
  if (!shape.fixed() || shape.width_bits != bits) {
    return Corrupt("inline bit-packing: {} bits per value where the type has {}", bits, shape.width_bits);
  }
  if (encoding.compression.has_value()) return Unsupported("inline bit-packing: compressed values are not supported");
  return {};
}

template <class T>
void PrefetchOf(Bytes bytes, std::uint64_t value) {
  if (bytes.size() < sizeof(T)) return;
  const auto width = static_cast<std::uint64_t>(LoadLe<T>(bytes.data()));
  if (width != 0 && width <= 8 * sizeof(T))
    kernels::PrefetchOne<T>(bytes.data() + sizeof(T), static_cast<int>(width), static_cast<unsigned>(value));
}

class InlineBitpackingDecoder final : public ChunkDecoder {
 public:
  explicit InlineBitpackingDecoder(std::uint64_t bits) : bits_(bits) {}
  Status Decode(const Chunk& chunk, ValueRange range, ValueSink* sink, Scratch* scratch) const override {
    return DecodeWidth(bits_, chunk.buffers[0], chunk.num_values, {&range, 1}, sink, scratch);
  }
  Status DecodeRanges(const Chunk& chunk, std::span<const ValueRange> ranges, ValueSink* sink, Scratch* scratch) const override {
    return DecodeWidth(bits_, chunk.buffers[0], chunk.num_values, ranges, sink, scratch);
  }
  void Prefetch(const Chunk& chunk, std::uint64_t value) const override {
    switch (bits_) {
      case 8:
        return PrefetchOf<std::uint8_t>(chunk.buffers[0], value);
      case 16:
        return PrefetchOf<std::uint16_t>(chunk.buffers[0], value);
      case 32:
        return PrefetchOf<std::uint32_t>(chunk.buffers[0], value);
      default:
        return PrefetchOf<std::uint64_t>(chunk.buffers[0], value);
    }
  }

 private:
  std::uint64_t bits_;
};

Result<std::unique_ptr<ChunkDecoder>> MakeChunk(const format::Encoding& encoding, const ValueShape& shape) {
  LANCEKIT_TRY(Validate(encoding, shape));
  return std::unique_ptr<ChunkDecoder>(std::make_unique<InlineBitpackingDecoder>(encoding.bits));
}

Status DecodeWhole(const format::Encoding& encoding, Bytes bytes, std::uint64_t num_values, ValueSink* sink, Scratch* scratch) {
  LANCEKIT_TRY(Validate(encoding, sink->shape()));
  if (num_values == 0) return {};
  const ValueRange all{0, num_values};
  return DecodeWidth(encoding.bits, bytes, num_values, {&all, 1}, sink, scratch);
}

template <class T>
class InlineBitpackingEncoder final : public ChunkEncoder {
 public:
  explicit InlineBitpackingEncoder(ValuesView values) : values_(std::move(values)) {}

  format::Encoding Describe() const override {
    format::Encoding encoding;
    encoding.id = format::EncodingId::kInlineBitpacking;
    encoding.bits = 8 * sizeof(T);
    return encoding;
  }
  std::uint64_t ChunkSize(std::uint64_t first) const override {
    return std::min<std::uint64_t>(kBlockValues, values_.length - first);
  }
  std::uint64_t BytesOfBlock() const override {
    return InlineBitpackingBytes(values_) / std::max<std::uint64_t>(1, CeilDiv(values_.length, kBlockValues));
  }
  void Encode(ValueRange range, ChunkWriter* out) const override {
    T padded[kBlockValues];
    const T* from = reinterpret_cast<const T*>(values_.values) + range.first;
    if (range.count < kBlockValues || reinterpret_cast<std::uintptr_t>(from) % sizeof(T) != 0) {
      std::memcpy(padded, from, range.count * sizeof(T));
      std::memset(padded + range.count, 0, (kBlockValues - range.count) * sizeof(T));
      from = padded;
    }
    const int width = kernels::BlockWidth<T>(from, kBlockValues);
    const std::size_t size = sizeof(T) + kernels::PackedBlockSize(width);
    std::byte* const to = out->Begin(size);
    StoreLe(to, static_cast<T>(width));
    kernels::PackBlock<T>(from, width, to + sizeof(T));
    out->End(size);
  }

 private:
  ValuesView values_;
};

template <class T>
std::uint64_t PackedBytes(const ValuesView& values, const ValueFacts* facts) {
  static_assert(ValueFacts::kBlockValues == kBlockValues);
  if (facts != nullptr) {
    std::uint64_t total = 0;
    for (const ValueFacts::Block& block : facts->blocks())
      total += sizeof(T) + kernels::PackedBlockSize(std::bit_width(block.any));
    return total;
  }
  const T* const from = reinterpret_cast<const T*>(values.values);
  std::uint64_t total = 0;
  for (std::uint64_t first = 0; first < values.length; first += kBlockValues) {
    const int width = kernels::BlockWidth<T>(from + first, std::min<std::uint64_t>(kBlockValues, values.length - first));
    total += sizeof(T) + kernels::PackedBlockSize(width);
  }
  return total;
}

std::string DescribeBitpacking(const format::Encoding& encoding) { return fmt::format("{} bit", encoding.bits); }

}  // namespace

std::unique_ptr<ChunkEncoder> MakeInlineBitpackingEncoder(ValuesView values) {
  switch (values.shape.width_bits) {
    case 8:
      return std::make_unique<InlineBitpackingEncoder<std::uint8_t>>(std::move(values));
    case 16:
      return std::make_unique<InlineBitpackingEncoder<std::uint16_t>>(std::move(values));
    case 32:
      return std::make_unique<InlineBitpackingEncoder<std::uint32_t>>(std::move(values));
    default:
      return std::make_unique<InlineBitpackingEncoder<std::uint64_t>>(std::move(values));
  }
}

std::uint64_t InlineBitpackingBytes(const ValuesView& values, const ValueFacts* facts) {
  switch (values.shape.width_bits) {
    case 8:
      return PackedBytes<std::uint8_t>(values, facts);
    case 16:
      return PackedBytes<std::uint16_t>(values, facts);
    case 32:
      return PackedBytes<std::uint32_t>(values, facts);
    default:
      return PackedBytes<std::uint64_t>(values, facts);
  }
}

constinit const EncodingDef kInlineBitpacking{
    .id = format::EncodingId::kInlineBitpacking,
    .name = "inline_bitpacking",
    .make_chunk_decoder = &MakeChunk,
    .decode_block = &DecodeWhole,
    .describe = &DescribeBitpacking,
};

}  // namespace lancekit
