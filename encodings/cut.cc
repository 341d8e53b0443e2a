// Cut: the high bits of numbers and their low bits apart, so that each gets what suits it: the high ones of skewed numbers, such
// as dictionary indices by frequency, compress well where the low ones are noise. X1.
//
//   message: number of low bits k
//   chunk: the buffers of the encoding of the high bits, then those of the low bits; both have values as wide as the numbers;
//          value = high x 2^k + low
#include <algorithm>
#include <bit>
#include <cstring>

#include "encodings/definitions.h"
#include "encodings/widths.h"

namespace lancekit {
namespace {

// A high part of more than a byte is hardly compressed better than the whole number.
constexpr int kHighBits = 8;
// As much again of noise, and nothing is won.
constexpr int kMaxLowBits = 16;

template <class T>
class CutDecoder final : public ChunkDecoder {
 public:
  CutDecoder(std::uint64_t low_bits, std::unique_ptr<ChunkDecoder> high, std::unique_ptr<ChunkDecoder> low)
      : low_bits_(low_bits), high_(std::move(high)), low_(std::move(low)) {}
  std::size_t num_buffers() const noexcept override { return high_->num_buffers() + low_->num_buffers(); }

  Status Decode(const Chunk& chunk, ValueRange range, ValueSink* sink, Scratch* scratch) const override {
    return DecodeRanges(chunk, {&range, 1}, sink, scratch);
  }
  Status DecodeRanges(const Chunk& chunk, std::span<const ValueRange> ranges, ValueSink* sink, Scratch* scratch) const override {
    const std::uint64_t before = sink->length();
    const std::size_t num_high = high_->num_buffers();
    LANCEKIT_TRY(high_->DecodeRanges({chunk.buffers.first(num_high), chunk.num_values}, ranges, sink, scratch));
    ValueSink* const low = scratch->InnerValues(8 * sizeof(T));
    LANCEKIT_TRY(low_->DecodeRanges({chunk.buffers.subspan(num_high), chunk.num_values}, ranges, low, scratch->Inner()));
    Join(low->values().as<T>(), low->length(), sink->values().as<T>() + before);
    return {};
  }

 private:
  void Join(const T* __restrict low, std::uint64_t count, T* __restrict to) const {
    const auto shift = static_cast<int>(low_bits_);
    for (std::uint64_t i = 0; i < count; ++i) to[i] = static_cast<T>(static_cast<T>(to[i] << shift) | low[i]);
  }

  std::uint64_t low_bits_;
  std::unique_ptr<ChunkDecoder> high_;
  std::unique_ptr<ChunkDecoder> low_;
};

Result<std::unique_ptr<ChunkDecoder>> MakeChunk(const format::Encoding& encoding, const ValueShape& shape) {
  LANCEKIT_TRY(CheckWidth(shape, 8, 64, "cut"));
  if (encoding.bits >= shape.width_bits) return Corrupt("cut: {} low bits of {}", encoding.bits, shape.width_bits);
  if (encoding.children.size() != 2) return Corrupt("cut: {} inner encodings", encoding.children.size());
  LANCEKIT_ASSIGN(std::unique_ptr<ChunkDecoder> high, MakeChunkDecoder(encoding.children[0], shape));
  LANCEKIT_ASSIGN(std::unique_ptr<ChunkDecoder> low, MakeChunkDecoder(encoding.children[1], shape));
  return ForWidth(shape.width_bits, [&]<class T>(T) -> std::unique_ptr<ChunkDecoder> {
    return std::make_unique<CutDecoder<T>>(encoding.bits, std::move(high), std::move(low));
  });
}

class CutEncoder final : public ChunkEncoder {
 public:
  template <class T>
  CutEncoder(const ValuesView& values, int low_bits, T, const InnerEncoder& high, const InnerEncoder& low) : low_bits_(low_bits) {
    high_values_.Resize(values.length * sizeof(T));
    low_values_.Resize(values.length * sizeof(T));
    const auto mask = static_cast<T>((T{1} << low_bits) - 1);
    for (std::uint64_t i = 0; i < values.length; ++i) {
      const T value = LoadLe<T>(values.values + i * sizeof(T));
      high_values_.as<T>()[i] = static_cast<T>(value >> low_bits);
      low_values_.as<T>()[i] = static_cast<T>(value & mask);
    }
    high_ = high(Part(values, high_values_));
    low_ = low(Part(values, low_values_));
  }

  format::Encoding Describe() const override {
    format::Encoding encoding;
    encoding.id = format::EncodingId::kCut;
    encoding.bits = static_cast<std::uint64_t>(low_bits_);
    encoding.children.push_back(high_->Describe());
    encoding.children.push_back(low_->Describe());
    return encoding;
  }
  std::size_t num_buffers() const noexcept override { return high_->num_buffers() + low_->num_buffers(); }
  std::uint64_t ChunkSize(std::uint64_t first) const override { return high_->ChunkSize(first); }
  void Encode(ValueRange range, ChunkWriter* out) const override {
    high_->Encode(range, out);
    low_->Encode(range, out);
  }

 private:
  static ValuesView Part(const ValuesView& values, const MutableBuffer& part) {
    ValuesView view = values;
    view.values = part.data();
    return view;
  }

  int low_bits_;
  MutableBuffer high_values_;
  MutableBuffer low_values_;
  std::unique_ptr<ChunkEncoder> high_;
  std::unique_ptr<ChunkEncoder> low_;
};

/// The fewest low bits that leave kHighBits of the largest value.
template <class T>
int LowBits(const ValuesView& values) {
  T any = 0;
  for (std::uint64_t i = 0; i < values.length; ++i) any |= LoadLe<T>(values.values + i * sizeof(T));
  return std::max(0, static_cast<int>(std::bit_width(any)) - kHighBits);
}

std::string DescribeCut(const format::Encoding& encoding) { return fmt::format("{} low bits", encoding.bits); }

}  // namespace

std::unique_ptr<ChunkEncoder> MakeCutEncoder(const ValuesView& values, const InnerEncoder& high, const InnerEncoder& low) {
  return ForWidth(values.shape.width_bits, [&]<class T>(T type) -> std::unique_ptr<ChunkEncoder> {
    const int low_bits = LowBits<T>(values);
    if (low_bits == 0 || low_bits > kMaxLowBits) return nullptr;
    return std::make_unique<CutEncoder>(values, low_bits, type, high, low);
  });
}

constinit const EncodingDef kCut{
    .id = format::EncodingId::kCut,
    .name = "cut",
    .make_chunk_decoder = &MakeChunk,
    .describe = &DescribeCut,
};

}  // namespace lancekit
