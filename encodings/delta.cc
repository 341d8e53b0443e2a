// Delta: differences of neighbours, which are small where values ascend. X1.
//
//   chunk: buffer 0: the first value of each run of 1024 values of the chunk (T bits each); then the buffers of the inner
//          encoding, one difference per value: value i = value i-1 + difference i. That of the first one of a run means nothing.
//
// Sums wrap, so that signed and unsigned values are alike. A run is decoded from its start, never from another run.
#include <algorithm>
#include <cstring>

#include "base/checked_math.h"
#include "encodings/definitions.h"
#include "encodings/kernels/arithmetic.h"
#include "encodings/widths.h"

namespace lancekit {
namespace {

constexpr std::uint64_t kRunValues = 1024;

/// Sums up differences in place; values[0] becomes `first` of the first run.
template <class T>
void SumRuns(const std::byte* firsts, T* values, std::uint64_t count) {
  for (std::uint64_t begin = 0; begin < count; begin += kRunValues, firsts += sizeof(T)) {
    values[begin] = 0;
    kernels::PrefixSums(values + begin, std::min(kRunValues, count - begin), LoadLe<T>(firsts), values + begin);
  }
}

template <class T>
class DeltaDecoder final : public ChunkDecoder {
 public:
  explicit DeltaDecoder(std::unique_ptr<ChunkDecoder> inner) : inner_(std::move(inner)) {}
  std::size_t num_buffers() const noexcept override { return 1 + inner_->num_buffers(); }

  Status Decode(const Chunk& chunk, ValueRange range, ValueSink* sink, Scratch* scratch) const override {
    const Bytes firsts = chunk.buffers[0];
    const std::uint64_t num_runs = CeilDiv(chunk.num_values, kRunValues);
    if (firsts.size() < num_runs * sizeof(T)) {
      return Corrupt("delta: {} bytes of first values for {} runs", firsts.size(), num_runs);
    }
    const Chunk differences{chunk.buffers.subspan(1), chunk.num_values};
    const std::uint64_t run = range.first / kRunValues;
    const std::uint64_t skip = range.first % kRunValues;
    const std::byte* const first = firsts.data() + (range.count == 0 ? 0 : run * sizeof(T));
    if (skip == 0) {
      const std::uint64_t before = sink->length();
      LANCEKIT_TRY(inner_->Decode(differences, range, sink, scratch));
      SumRuns(first, sink->values().as<T>() + before, range.count);
      return {};
    }
    ValueSink* const from_start = scratch->InnerValues(8 * sizeof(T));
    LANCEKIT_TRY(inner_->Decode(differences, {range.first - skip, range.count + skip}, from_start, scratch->Inner()));
    SumRuns(first, from_start->values().as<T>(), range.count + skip);
    std::memcpy(sink->AppendFixed(range.count), from_start->values().as<T>() + skip, range.count * sizeof(T));
    return {};
  }
  Status DecodeRanges(const Chunk& chunk, std::span<const ValueRange> ranges, ValueSink* sink, Scratch* scratch) const override {
    return DecodeSpanOf(*this, chunk, ranges, sink, scratch);
  }

 private:
  std::unique_ptr<ChunkDecoder> inner_;
};

Result<std::unique_ptr<ChunkDecoder>> MakeChunk(const format::Encoding& encoding, const ValueShape& shape) {
  LANCEKIT_TRY(CheckWidth(shape, 8, 64, "delta"));
  LANCEKIT_ASSIGN(std::unique_ptr<ChunkDecoder> inner, MakeInnerDecoder(encoding, shape));
  return ForWidth(shape.width_bits, [&]<class T>(T) -> std::unique_ptr<ChunkDecoder> {
    return std::make_unique<DeltaDecoder<T>>(std::move(inner));
  });
}

template <class T>
class DeltaEncoder final : public ChunkEncoder {
 public:
  DeltaEncoder(const ValuesView& values, const InnerEncoder& inner) : values_(values), differences_(values.length) {
    const std::byte* const from = values.values;
    for (std::uint64_t i = 1; i < values.length; ++i) {
      differences_[i] = static_cast<T>(LoadLe<T>(from + i * sizeof(T)) - LoadLe<T>(from + (i - 1) * sizeof(T)));
    }
    // Means nothing, and is least trouble as one like the others.
    if (values.length > 1) differences_[0] = differences_[1];
    ValuesView view = values;
    view.values = reinterpret_cast<const std::byte*>(differences_.data());
    inner_ = inner(view);
  }

  format::Encoding Describe() const override {
    format::Encoding encoding;
    encoding.id = format::EncodingId::kDelta;
    encoding.children.push_back(inner_->Describe());
    return encoding;
  }
  std::size_t num_buffers() const noexcept override { return 1 + inner_->num_buffers(); }
  std::uint64_t ChunkSize(std::uint64_t first) const override { return inner_->ChunkSize(first); }
  void Encode(ValueRange range, ChunkWriter* out) const override {
    const std::uint64_t num_runs = CeilDiv(range.count, kRunValues);
    std::byte* const to = out->Begin(num_runs * sizeof(T));
    for (std::uint64_t run = 0; run < num_runs; ++run) {
      std::memcpy(to + run * sizeof(T), values_.values + (range.first + run * kRunValues) * sizeof(T), sizeof(T));
    }
    out->End(num_runs * sizeof(T));
    inner_->Encode(range, out);
  }

 private:
  ValuesView values_;
  std::vector<T> differences_;
  std::unique_ptr<ChunkEncoder> inner_;
};

}  // namespace

std::unique_ptr<ChunkEncoder> MakeDeltaEncoder(const ValuesView& values, const InnerEncoder& inner) {
  return ForWidth(values.shape.width_bits,
                  [&]<class T>(T) -> std::unique_ptr<ChunkEncoder> { return std::make_unique<DeltaEncoder<T>>(values, inner); });
}

constinit const EncodingDef kDelta{
    .id = format::EncodingId::kDelta,
    .name = "delta",
    .make_chunk_decoder = &MakeChunk,
};

}  // namespace lancekit
