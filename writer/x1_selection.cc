// The encodings of X1: trees of up to three of them are tried on a sample of the page, and the one that costs least is taken.
#include <algorithm>
#include <cstring>

#include "base/checked_math.h"
#include "encodings/definitions.h"
#include "structural/mini_block.h"
#include "writer/selection.h"

namespace lancekit {
namespace {

/// Header, chunk word and padding of a chunk, and what each further buffer adds.
constexpr std::uint64_t kChunkOverhead = 12;
constexpr std::uint64_t kBufferOverhead = 4;
// Bytes that are compressed together: more than chunks of other encodings have, as matches need room.
constexpr ChunkLimits kZstdChunk{.bytes = 256 << 10, .values = mini_block::kMaxChunkValues};
constexpr format::BufferCompression kZstd{format::CompressionScheme::kZstd, 3};

/// One tree of encodings. `cost`: bytes that it takes count so many times, since they are slower to decode.
struct Candidate {
  double cost;
  InnerEncoder make;
};

std::unique_ptr<ChunkEncoder> Flat(const ValuesView& values) { return MakeFlatEncoder(values); }
std::unique_ptr<ChunkEncoder> Frame(const ValuesView& values) { return MakeFrameEncoder(values); }
std::unique_ptr<ChunkEncoder> Patched(const ValuesView& values) { return MakePatchedEncoder(values, Frame); }
std::unique_ptr<ChunkEncoder> DeltaFrame(const ValuesView& values) { return MakeDeltaEncoder(values, Frame); }
std::unique_ptr<ChunkEncoder> DeltaPatched(const ValuesView& values) { return MakeDeltaEncoder(values, Patched); }
std::unique_ptr<ChunkEncoder> Runs(const ValuesView& values) { return MakeRleEncoder(values); }

std::unique_ptr<ChunkEncoder> Zstd(const ValuesView& values) {
  return MakeGeneralEncoder(MakeFlatEncoder(values, kZstdChunk), kZstd);
}
std::unique_ptr<ChunkEncoder> NarrowZstd(const ValuesView& values) {
  if (values.shape.width_bits == 8) return Zstd(values);
  auto narrow = MakeNarrowEncoder(values, Zstd);
  return narrow != nullptr ? std::move(narrow) : Zstd(values);
}
/// With several values in a byte.
std::unique_ptr<ChunkEncoder> BitsZstd(const ValuesView& values) {
  auto narrow = MakeNarrowEncoder(values, Zstd, 1);
  if (narrow != nullptr && narrow->Describe().bits >= 8) return nullptr;
  return narrow;
}
std::unique_ptr<ChunkEncoder> DeltaZstd(const ValuesView& values) { return MakeDeltaEncoder(values, NarrowZstd); }

std::unique_ptr<ChunkEncoder> AlpFrame(const ValuesView& values) { return MakeAlpEncoder(values, Frame); }
std::unique_ptr<ChunkEncoder> AlpPatched(const ValuesView& values) { return MakeAlpEncoder(values, Patched); }
std::unique_ptr<ChunkEncoder> AlpDelta(const ValuesView& values) { return MakeAlpEncoder(values, DeltaFrame); }
std::unique_ptr<ChunkEncoder> AlpZstd(const ValuesView& values) { return MakeAlpEncoder(values, NarrowZstd); }
std::unique_ptr<ChunkEncoder> SplitZstd(const ValuesView& values) {
  return MakeGeneralEncoder(MakeByteStreamSplitEncoder(values), kZstd);
}

std::vector<Candidate> Candidates(bool floating_point, std::uint64_t bits) {
  if (floating_point && (bits == 32 || bits == 64)) {
    return {{1, Flat},       {1.02, AlpFrame},  {1.04, AlpPatched}, {1.05, AlpDelta},
            {1.15, AlpZstd}, {1.15, SplitZstd}, {1.15, Zstd},       {1, Frame}};
  }
  return {{1, Flat},         {1, Frame},      {1, Runs},        {1.02, Patched}, {1.03, DeltaFrame}, {1.05, DeltaPatched},
          {1.1, NarrowZstd}, {1.1, BitsZstd}, {1.12, DeltaZstd}};
}

std::uint64_t TotalBytes(const ChunkEncoder& encoder, std::uint64_t num_values) {
  std::uint64_t chunks = 0;
  for (std::uint64_t first = 0; first < num_values; first += encoder.ChunkSize(first)) ++chunks;
  return BytesOf(encoder, num_values) + chunks * (kChunkOverhead + kBufferOverhead * (encoder.num_buffers() - 1));
}

/// Stretches from all over the page; all of it when it is small.
class NumberSample {
 public:
  explicit NumberSample(const ValuesView& values) : view_(values) {
    constexpr std::uint64_t kStretches = 8;
    constexpr std::uint64_t kStretchValues = 4096;
    if (values.length <= kStretches * kStretchValues) return;
    const std::uint64_t width = values.shape.width_bits / 8;
    for (std::uint64_t i = 0; i < kStretches; ++i) {
      const std::uint64_t first = (values.length - kStretchValues) * i / (kStretches - 1);
      memory_.Append({values.values + first * width, kStretchValues * width});
    }
    view_.length = kStretches * kStretchValues;
    view_.values = memory_.data();
  }
  const ValuesView& view() const { return view_; }

 private:
  MutableBuffer memory_;
  ValuesView view_;
};

/// The candidate that costs least for these values.
InnerEncoder Best(const ValuesView& values, bool floating_point) {
  const NumberSample sample(values);
  InnerEncoder best;
  double least = 0;
  for (const Candidate& candidate : Candidates(floating_point, values.shape.width_bits)) {
    const auto encoder = candidate.make(sample.view());
    if (encoder == nullptr) continue;
    const double cost = candidate.cost * static_cast<double>(TotalBytes(*encoder, sample.view().length));
    if (best != nullptr && cost >= least) continue;
    best = candidate.make;
    least = cost;
  }
  return best;
}

std::unique_ptr<ChunkEncoder> Encode(const ValuesView& values, bool floating_point) {
  if (values.shape.width_bits == 128) {
    auto narrow = MakeNarrowEncoder(values, [](const ValuesView& inner) { return Encode(inner, false); });
    return narrow != nullptr ? std::move(narrow) : Zstd(values);
  }
  auto encoder = Best(values, floating_point)(values);
  return encoder != nullptr ? std::move(encoder) : Flat(values);
}

/// Stretches of the strings of a page, of about so many bytes together.
class StringSample {
 public:
  explicit StringSample(const ValuesView& values) {
    constexpr std::uint64_t kStretches = 8;
    constexpr std::uint64_t kStretchBytes = 64 << 10;
    const std::uint64_t step = CeilDiv(values.length, kStretches);
    offsets_.push_back(0);
    for (std::uint64_t first = 0; first < values.length; first += step) {
      const std::uint64_t end = std::min(first + step, values.length);
      for (std::uint64_t i = first; i < end && values.Offset(i + 1) - values.Offset(first) <= kStretchBytes; ++i) {
        data_.Append({values.data + values.Offset(i), values.Offset(i + 1) - values.Offset(i)});
        offsets_.push_back(static_cast<std::int32_t>(data_.size()));
      }
    }
  }
  ValuesView View() const {
    ValuesView view;
    view.shape.kind = ValueShape::Kind::kVariable;
    view.length = offsets_.size() - 1;
    view.values = reinterpret_cast<const std::byte*>(offsets_.data());
    view.data = data_.data();
    return view;
  }

 private:
  MutableBuffer data_;
  std::vector<std::int32_t> offsets_;
};

constexpr std::uint64_t kStringChunk = 32 << 10;

std::unique_ptr<ChunkEncoder> EncodeLengths(const ValuesView& lengths) { return Encode(lengths, false); }

std::unique_ptr<ChunkEncoder> Plain(const ValuesView& values) { return MakeLengthsEncoder(values, kStringChunk, EncodeLengths); }
std::unique_ptr<ChunkEncoder> ZstdStrings(const ValuesView& values) {
  return MakeGeneralEncoder(MakeLengthsEncoder(values, kZstdChunk.bytes, EncodeLengths), kZstd);
}

}  // namespace

EncoderChoice ChooseX1Numbers(const ValuesView& values, bool floating_point) {
  EncoderChoice choice;
  choice.encoder = Encode(values, floating_point);
  choice.bytes = TotalBytes(*choice.encoder, values.length);
  choice.compressed = true;  // or better without
  return choice;
}

std::unique_ptr<ChunkEncoder> ChooseX1Strings(const ValuesView& values, std::unique_ptr<FsstStrings>* fsst) {
  constexpr double kSymbolsGain = 1.2;  // so much larger may they be: a string is found and decoded without its neighbours
  const StringSample sample(values);
  const ValuesView view = sample.View();
  const auto plain = static_cast<double>(TotalBytes(*Plain(view), view.length));
  const auto compressed = static_cast<double>(TotalBytes(*ZstdStrings(view), view.length));
  const auto symbols = CompressFsst(view);
  const double with_symbols =
      symbols == nullptr ? plain : plain - static_cast<double>(view.StringBytes() - symbols->codes.size());
  if (with_symbols < plain && with_symbols < compressed * kSymbolsGain) *fsst = CompressFsst(values);
  if (*fsst != nullptr) return MakeFsstEncoder(**fsst, Plain((*fsst)->values));
  return compressed * 1.1 < plain ? ZstdStrings(values) : Plain(values);
}

}  // namespace lancekit
