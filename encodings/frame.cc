// Frame: bit-packing of blocks of 1024 values in the FastLanes layout, each less the least value of its block. X1.
//
//   message: bits per value (T: 8, 16, 32 or 64)
//   chunk: per block its base (T bits); per block its width (u8, 0 ... T); per block 128 x W bytes of packed differences
//
// A chunk has at most 32 blocks; its last one is padded with zeros to 1024 differences. Sums wrap, so that signed and unsigned
// values are alike.
#include "encodings/frame.h"

#include <algorithm>
#include <cstring>
#include <type_traits>

#include "base/checked_math.h"
#include "encodings/definitions.h"
#include "encodings/extent.h"
#include "encodings/kernels/arithmetic.h"
#include "encodings/kernels/bitpack.h"
#include "encodings/widths.h"

namespace lancekit {
namespace {

using kernels::kBlockValues;

constexpr std::uint64_t kMaxBlocks = 32;  // in a chunk of the most values that a page allows
constexpr std::uint64_t kChunkBlocks = 4;
// Chunks of narrow values have more blocks, so that headers are small beside them.
constexpr std::uint64_t kLeastChunkBytes = 4096;
constexpr std::uint64_t kMostChunkBlocks = 16;
// Values that are picked out one by one rather than by unpacking the block.
constexpr std::uint64_t kPickAtMost = 16;

template <class T>
struct Block {
  T base = 0;
  int width = 0;
  const std::byte* packed = nullptr;
};

/// Values [first, first + count) of a block.
template <class T>
void DecodeFromBlock(const Block<T>& block, ValueRange range, std::byte* to, Scratch* scratch) {
  if (range.count == kBlockValues) {
    kernels::UnpackBlock<T>(block.packed, block.width, reinterpret_cast<T*>(to));
    if (block.base != 0) kernels::AddToAll(reinterpret_cast<T*>(to), kBlockValues, block.base);
    return;
  }
  if (range.count <= kPickAtMost) {
    for (std::uint64_t i = 0; i < range.count; ++i) {
      const T difference = kernels::UnpackOne<T>(block.packed, block.width, static_cast<unsigned>(range.first + i));
      StoreLe(to + i * sizeof(T), static_cast<T>(difference + block.base));
    }
    return;
  }
  scratch->block.Resize(kBlockValues * sizeof(T));
  T* const values = scratch->block.as<T>();
  kernels::UnpackBlock<T>(block.packed, block.width, values);
  kernels::AddToAll(values + range.first, range.count, block.base);
  std::memcpy(to, values + range.first, range.count * sizeof(T));
}

/// Calls decode(block, range, to) for the blocks, or parts of them, that the range of the chunk is made of.
template <class T, class DecodeBlock>
Status DecodeBlocks(const Chunk& chunk, ValueRange range, ValueSink* sink, DecodeBlock decode) {
  const Bytes bytes = chunk.buffers[0];
  const std::uint64_t num_blocks = CeilDiv(chunk.num_values, kBlockValues);
  if (num_blocks > kMaxBlocks || bytes.size() < num_blocks * (sizeof(T) + 1)) {
    return Corrupt("frame: {} bytes hold no bases and widths of {} values", bytes.size(), chunk.num_values);
  }
  const std::byte* const widths = bytes.data() + num_blocks * sizeof(T);
  std::uint64_t at = num_blocks * (sizeof(T) + 1);
  std::byte* to = sink->AppendFixed(range.count);
  for (std::uint64_t i = 0, first = 0; first < range.first + range.count; ++i, first += kBlockValues) {
    const auto width = static_cast<unsigned>(widths[i]);
    if (width > 8 * sizeof(T)) return Corrupt("frame: width {} > {}", width, 8 * sizeof(T));
    const std::size_t size = kernels::PackedBlockSize(static_cast<int>(width));
    if (bytes.size() - at < size) return Corrupt("frame: {} bytes end in block {} of width {}", bytes.size(), i, width);
    const std::uint64_t begin = std::max(first, range.first);
    const std::uint64_t end = std::min(first + kBlockValues, range.first + range.count);
    if (begin < end) {
      const Block<T> block{LoadLe<T>(bytes.data() + i * sizeof(T)), static_cast<int>(width), bytes.data() + at};
      decode(block, ValueRange{begin - first, end - begin}, to);
      to += (end - begin) * sizeof(T);
    }
    at += size;
  }
  return {};
}

template <class T>
class FrameDecoder final : public ChunkDecoder {
 public:
  Status Decode(const Chunk& chunk, ValueRange range, ValueSink* sink, Scratch* scratch) const override {
    return DecodeBlocks<T>(chunk, range, sink, [scratch](const Block<T>& block, ValueRange part, std::byte* to) {
      DecodeFromBlock<T>(block, part, to, scratch);
    });
  }
};

Result<std::unique_ptr<ChunkDecoder>> MakeChunk(const format::Encoding& encoding, const ValueShape& shape) {
  LANCEKIT_TRY(CheckWidth(shape, 8, 64, "frame"));
  if (encoding.bits != shape.width_bits) {
    return Corrupt("frame: {} bits per value where the type has {}", encoding.bits, shape.width_bits);
  }
  return ForWidth(shape.width_bits,
                  []<class T>(T) -> std::unique_ptr<ChunkDecoder> { return std::make_unique<FrameDecoder<T>>(); });
}

template <class T>
class FrameEncoder final : public ChunkEncoder {
 public:
  explicit FrameEncoder(ValuesView values) : values_(std::move(values)) {
    const std::uint64_t block_bytes = SampledBlockBytes();
    while (chunk_blocks_ < kMostChunkBlocks && block_bytes * chunk_blocks_ < kLeastChunkBytes) chunk_blocks_ *= 2;
  }

  format::Encoding Describe() const override {
    format::Encoding encoding;
    encoding.id = format::EncodingId::kFrame;
    encoding.bits = 8 * sizeof(T);
    return encoding;
  }
  std::uint64_t ChunkSize(std::uint64_t first) const override {
    return std::min<std::uint64_t>(chunk_blocks_ * kBlockValues, values_.length - first);
  }
  void Encode(ValueRange range, ChunkWriter* out) const override {
    const std::uint64_t num_blocks = CeilDiv(range.count, kBlockValues);
    std::size_t size = num_blocks * (sizeof(T) + 1);
    std::byte* const to = out->Begin(size + num_blocks * kBlockValues * sizeof(T));
    std::byte* const widths = to + num_blocks * sizeof(T);
    T differences[kBlockValues];
    for (std::uint64_t i = 0; i < num_blocks; ++i) {
      const std::uint64_t count = std::min<std::uint64_t>(kBlockValues, range.count - i * kBlockValues);
      std::memcpy(differences, values_.values + (range.first + i * kBlockValues) * sizeof(T), count * sizeof(T));
      const Extent<T> extent = ExtentOf(differences, count);
      const int width = BitLength(extent.range);
      kernels::AddToAll(differences, count, static_cast<T>(T{0} - extent.base));
      std::memset(differences + count, 0, (kBlockValues - count) * sizeof(T));
      StoreLe(to + i * sizeof(T), extent.base);
      widths[i] = static_cast<std::byte>(width);
      kernels::PackBlock<T>(differences, width, to + size);
      size += kernels::PackedBlockSize(width);
    }
    out->End(size);
  }

 private:
  /// Of a block on average, as some of them say.
  std::uint64_t SampledBlockBytes() const {
    constexpr std::uint64_t kSampledBlocks = 8;
    const std::uint64_t num_blocks = values_.length / kBlockValues;
    if (num_blocks == 0) return 0;
    const std::uint64_t every = CeilDiv(num_blocks, kSampledBlocks);
    std::uint64_t bytes = 0;
    std::uint64_t sampled = 0;
    T values[kBlockValues];
    for (std::uint64_t block = 0; block < num_blocks; block += every, ++sampled) {
      std::memcpy(values, values_.values + block * sizeof(values), sizeof(values));
      bytes += kernels::PackedBlockSize(BitLength(ExtentOf(values, kBlockValues).range));
    }
    return bytes / sampled;
  }

  ValuesView values_;
  std::uint64_t chunk_blocks_ = kChunkBlocks;
};

std::string DescribeFrame(const format::Encoding& encoding) { return fmt::format("{} bit", encoding.bits); }

}  // namespace

Status DecodeFrameOfAlp(const Chunk& chunk, ValueRange range, double factor, double inverse, ValueSink* sink, Scratch* scratch) {
  using T = std::uint64_t;
  return DecodeBlocks<T>(chunk, range, sink, [&](const Block<T>& block, ValueRange part, std::byte* to) {
    const auto base = static_cast<std::int64_t>(block.base);
    auto* const numbers = reinterpret_cast<double*>(to);
    if (part.count == kBlockValues && kernels::UnpackAlp(block.packed, block.width, base, factor, inverse, numbers)) return;
    DecodeFromBlock<T>(block, part, to, scratch);
    kernels::AlpDecode(to, part.count, factor, inverse);
  });
}

std::unique_ptr<ChunkEncoder> MakeFrameEncoder(ValuesView values) {
  return ForWidth(values.shape.width_bits, [&]<class T>(T) -> std::unique_ptr<ChunkEncoder> {
    return std::make_unique<FrameEncoder<T>>(std::move(values));
  });
}

constinit const EncodingDef kFrame{
    .id = format::EncodingId::kFrame,
    .name = "frame",
    .make_chunk_decoder = &MakeChunk,
    .describe = &DescribeFrame,
};

}  // namespace lancekit
