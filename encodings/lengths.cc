// Lengths: strings without offsets. X1.
//
//   chunk: buffer 0: the bytes of all strings; then the buffers of the inner encoding: the length of each string (u32)
#include <algorithm>
#include <cstring>

#include "encodings/definitions.h"
#include "encodings/kernels/arithmetic.h"
#include "encodings/kernels/stats.h"

namespace lancekit {
namespace {

constexpr std::uint64_t kLengthBits = 32;
constexpr std::uint64_t kMaxChunkValues = 32'768;
// So many bytes each, the strings of a chunk have offsets of 32 bits.
constexpr std::uint32_t kMaxShort = 0xFFFF;

class LengthsDecoder final : public ChunkDecoder {
 public:
  explicit LengthsDecoder(std::unique_ptr<ChunkDecoder> lengths) : lengths_(std::move(lengths)) {}
  std::size_t num_buffers() const noexcept override { return 1 + lengths_->num_buffers(); }

  Result<StringsView> View(const Chunk& chunk, ValueRange range, Scratch* scratch) const override {
    const std::uint64_t end = range.first + range.count;
    ValueSink* const lengths = scratch->InnerValues(kLengthBits);
    LANCEKIT_TRY(lengths_->Decode({chunk.buffers.subspan(1), chunk.num_values}, {0, end}, lengths, scratch->Inner()));
    scratch->block.Resize((end + 1) * sizeof(std::uint32_t));
    auto* const offsets = scratch->block.as<std::uint32_t>();
    const auto* const sizes = lengths->values().as<std::uint32_t>();
    std::uint64_t sum = 0;
    offsets[0] = 0;
    if (end <= kMaxChunkValues && (end == 0 || kernels::MaxValue(sizes, end) <= kMaxShort)) {
      kernels::PrefixSums(sizes, end, std::uint32_t{0}, offsets + 1);
      sum = offsets[end];
    } else {
      for (std::uint64_t i = 0; i < end; ++i) offsets[i + 1] = static_cast<std::uint32_t>(sum += sizes[i]);
    }
    const std::uint64_t size = chunk.buffers[0].size();
    if (sum > size || size > std::uint32_t(-1) || (end == chunk.num_values && sum != size)) {
      return Corrupt("lengths: strings of {} bytes in {}", sum, size);
    }
    return StringsView{scratch->block.data(), false, chunk.buffers[0].data()};
  }

  Status Decode(const Chunk& chunk, ValueRange range, ValueSink* sink, Scratch* scratch) const override {
    LANCEKIT_ASSIGN(const StringsView view, View(chunk, range, scratch));
    return sink->AppendStrings(scratch->block.as<std::uint32_t>() + range.first, view.data, range.count);
  }
  Status DecodeRanges(const Chunk& chunk, std::span<const ValueRange> ranges, ValueSink* sink, Scratch* scratch) const override {
    const std::uint64_t end = ranges.back().first + ranges.back().count;
    LANCEKIT_ASSIGN(const StringsView view, View(chunk, {0, end}, scratch));
    for (const ValueRange& range : ranges) {
      LANCEKIT_TRY(sink->AppendStrings(scratch->block.as<std::uint32_t>() + range.first, view.data, range.count));
    }
    return {};
  }

 private:
  std::unique_ptr<ChunkDecoder> lengths_;
};

Result<std::unique_ptr<ChunkDecoder>> MakeChunk(const format::Encoding& encoding, const ValueShape& shape) {
  if (!shape.variable()) return Corrupt("lengths: stands where values of fixed width are stored");
  LANCEKIT_ASSIGN(std::unique_ptr<ChunkDecoder> lengths, MakeInnerDecoder(encoding, FixedShape(kLengthBits)));
  return std::unique_ptr<ChunkDecoder>(std::make_unique<LengthsDecoder>(std::move(lengths)));
}

class LengthsEncoder final : public ChunkEncoder {
 public:
  LengthsEncoder(ValuesView values, std::uint64_t chunk_bytes, const InnerEncoder& inner)
      : values_(std::move(values)), chunk_bytes_(chunk_bytes), lengths_(values_.length) {
    for (std::uint64_t i = 0; i < values_.length; ++i) {
      lengths_[i] = static_cast<std::uint32_t>(values_.Offset(i + 1) - values_.Offset(i));
    }
    inner_ = inner(NumbersView(lengths_.data(), values_.length, kLengthBits));
  }

  format::Encoding Describe() const override {
    format::Encoding encoding;
    encoding.id = format::EncodingId::kLengths;
    encoding.children.push_back(inner_->Describe());
    return encoding;
  }
  std::size_t num_buffers() const noexcept override { return 1 + inner_->num_buffers(); }
  std::uint64_t ChunkSize(std::uint64_t first) const override {
    const std::uint64_t left = values_.length - first;
    const auto bytes = [&](std::uint64_t count) { return values_.Offset(first + count) - values_.Offset(first); };
    if (left <= kMaxChunkValues && bytes(left) <= chunk_bytes_) return left;
    std::uint64_t count = 2;
    while (count * 2 <= std::min(left, kMaxChunkValues) && bytes(count * 2) <= chunk_bytes_) count *= 2;
    return std::min(count, left);
  }
  void Encode(ValueRange range, ChunkWriter* out) const override {
    const std::uint64_t first = values_.Offset(range.first);
    const std::uint64_t size = values_.Offset(range.first + range.count) - first;
    std::byte* const to = out->Begin(size);
    if (size != 0) std::memcpy(to, values_.data + first, size);
    out->End(size);
    inner_->Encode(range, out);
  }

 private:
  ValuesView values_;
  std::uint64_t chunk_bytes_;
  PooledVector<std::uint32_t> lengths_;
  std::unique_ptr<ChunkEncoder> inner_;
};

}  // namespace

std::unique_ptr<ChunkEncoder> MakeLengthsEncoder(ValuesView values, std::uint64_t chunk_bytes, const InnerEncoder& inner) {
  return std::make_unique<LengthsEncoder>(std::move(values), chunk_bytes, inner);
}

constinit const EncodingDef kLengths{
    .id = format::EncodingId::kLengths,
    .name = "lengths",
    .make_chunk_decoder = &MakeChunk,
};

}  // namespace lancekit
