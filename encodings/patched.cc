// Patched: values of which a few lie far from the others of their block, so that the rest takes fewer bits. X1.
//
//   chunk: buffer 0: the far values (exceptions.h); then the buffers of the inner encoding, whose values at their places mean
//   nothing
#include <algorithm>
#include <bit>
#include <cstring>

#include "base/checked_math.h"
#include "encodings/definitions.h"
#include "encodings/exceptions.h"
#include "encodings/kernels/bitpack.h"
#include "encodings/kernels/stats.h"
#include "encodings/widths.h"

namespace lancekit {
namespace {

using kernels::kBlockValues;

class PatchedDecoder final : public ChunkDecoder {
 public:
  PatchedDecoder(std::uint64_t width_bytes, std::unique_ptr<ChunkDecoder> inner)
      : width_bytes_(width_bytes), inner_(std::move(inner)) {}
  std::size_t num_buffers() const noexcept override { return 1 + inner_->num_buffers(); }

  Status Decode(const Chunk& chunk, ValueRange range, ValueSink* sink, Scratch* scratch) const override {
    const std::uint64_t before = sink->length();
    LANCEKIT_TRY(inner_->Decode({chunk.buffers.subspan(1), chunk.num_values}, range, sink, scratch));
    return PutExceptions(chunk.buffers[0], width_bytes_, chunk.num_values, range, sink->values().data() + before * width_bytes_,
                         "patched");
  }
  Status DecodeRanges(const Chunk& chunk, std::span<const ValueRange> ranges, ValueSink* sink, Scratch* scratch) const override {
    return DecodeSpanOf(*this, chunk, ranges, sink, scratch);
  }

 private:
  std::uint64_t width_bytes_;
  std::unique_ptr<ChunkDecoder> inner_;
};

Result<std::unique_ptr<ChunkDecoder>> MakeChunk(const format::Encoding& encoding, const ValueShape& shape) {
  LANCEKIT_TRY(CheckWidth(shape, 8, 64, "patched"));
  LANCEKIT_ASSIGN(std::unique_ptr<ChunkDecoder> inner, MakeInnerDecoder(encoding, shape));
  return std::unique_ptr<ChunkDecoder>(std::make_unique<PatchedDecoder>(shape.width_bits / 8, std::move(inner)));
}

/// Sorts numbers below 2^width, one byte after the other; `spare` is as large.
template <class T>
void SortBelow(int width, std::span<T> numbers, T* spare) {
  constexpr int kDigitBits = 8;
  T* from = numbers.data();
  T* to = spare;
  for (int shift = 0; shift < width; shift += kDigitBits) {
    std::uint32_t starts[(1 << kDigitBits) + 1] = {};
    const auto digit = [shift](T number) { return static_cast<std::size_t>(number >> shift & ((1 << kDigitBits) - 1)); };
    for (std::size_t i = 0; i < numbers.size(); ++i) ++starts[digit(from[i]) + 1];
    for (std::size_t i = 1; i < std::size(starts); ++i) starts[i] += starts[i - 1];
    for (std::size_t i = 0; i < numbers.size(); ++i) to[starts[digit(from[i])]++] = from[i];
    std::swap(from, to);
  }
  if (from != numbers.data()) std::copy_n(from, numbers.size(), numbers.data());
}

template <class T>
struct Range {
  T low = 0;
  T high = 0;
};

/// The values of a block that are worth packing: those in [low, high], for which packing and exceptions take least together.
/// `sorted` ascends.
template <class T>
Range<T> BestRange(std::span<const T> sorted) {
  constexpr std::uint64_t kExceptionBits = 16 + 8 * sizeof(T);
  const std::size_t n = sorted.size();
  std::uint64_t least_bits = std::uint64_t(-1);
  Range<T> best;
  for (int width = std::bit_width(sorted[n - 1]); width >= 0; --width) {
    const T mask = width == 0 ? T{0} : static_cast<T>(static_cast<T>(~T{0}) >> (static_cast<int>(8 * sizeof(T)) - width));
    std::size_t first = 0, first_of_most = 0, most = 0;
    for (std::size_t end = 0; end < n; ++end) {
      while (static_cast<T>(sorted[end] - sorted[first]) > mask) ++first;
      if (end + 1 - first <= most) continue;
      most = end + 1 - first;
      first_of_most = first;
    }
    const std::uint64_t exceptions = (n - most) * kExceptionBits;
    if (exceptions >= least_bits) break;  // there are still more of them with fewer bits
    const std::uint64_t bits = n * static_cast<std::uint64_t>(width) + exceptions;
    if (bits <= least_bits) {
      least_bits = bits;
      best = {sorted[first_of_most], sorted[first_of_most + most - 1]};
    }
  }
  return best;
}

/// The same found on some of the values of a block, which are differences from the least of all, and as wide as its bits allow.
template <class T>
Range<T> SampledRange(std::span<const T> differences, int width) {
  constexpr std::size_t kSample = 256;
  constexpr std::uint32_t kScatter = 0x9E3779B1;
  T sample[kSample], spare[kSample];
  const std::size_t every = CeilDiv(differences.size(), kSample);
  std::size_t n = 0;
  for (std::size_t begin = 0; begin < differences.size(); begin += every, ++n) {
    // Somewhere in each step, so that a period does not matter.
    const std::size_t within = (static_cast<std::uint32_t>(begin) * kScatter >> 16) % std::min(every, differences.size() - begin);
    sample[n] = differences[begin + within];
  }
  SortBelow<T>(width, {sample, n}, spare);
  const Range<T> found = BestRange<T>({sample, n});
  const int bits = std::bit_width(static_cast<T>(found.high - found.low));
  const T range = bits == 0 ? T{0} : static_cast<T>(static_cast<T>(~T{0}) >> (static_cast<int>(8 * sizeof(T)) - bits));
  const T spared = static_cast<T>((range - (found.high - found.low)) / 2);
  const T low = static_cast<T>(found.low - std::min(found.low, spared));
  return {low, static_cast<T>(std::min(range, static_cast<T>(~low)) + low)};
}

template <class T>
class PatchedEncoder final : public ChunkEncoder {
 public:
  PatchedEncoder(const ValuesView& values, const InnerEncoder& inner) : values_(values), near_(values.length) {
    using Signed = std::make_signed_t<T>;
    std::memcpy(near_.data(), values.values, values.length * sizeof(T));
    T differences[kBlockValues];
    for (std::uint64_t first = 0; first < values.length; first += kBlockValues) {
      const std::uint64_t count = std::min(kBlockValues, values.length - first);
      // As differences from the least of the signed values, which do not overflow.
      Signed low = 0, high = 0;
      kernels::MinMax(reinterpret_cast<const Signed*>(near_.data() + first), count, &low, &high);
      const T least = static_cast<T>(low);
      for (std::uint64_t i = 0; i < count; ++i) differences[i] = static_cast<T>(near_[first + i] - least);
      const int width = std::bit_width(static_cast<T>(static_cast<T>(high) - least));
      const Range<T> range = SampledRange<T>({differences, count}, width);
      for (std::uint64_t i = first; i < first + count; ++i) {
        if (static_cast<T>(near_[i] - least - range.low) <= static_cast<T>(range.high - range.low)) continue;
        near_[i] = static_cast<T>(least + range.low);
        far_.push_back(static_cast<std::uint32_t>(i));
      }
    }
    ValuesView view = values;
    view.values = reinterpret_cast<const std::byte*>(near_.data());
    inner_ = inner(view);
  }

  format::Encoding Describe() const override {
    format::Encoding encoding;
    encoding.id = format::EncodingId::kPatched;
    encoding.children.push_back(inner_->Describe());
    return encoding;
  }
  std::size_t num_buffers() const noexcept override { return 1 + inner_->num_buffers(); }
  std::uint64_t ChunkSize(std::uint64_t first) const override { return inner_->ChunkSize(first); }
  void Encode(ValueRange range, ChunkWriter* out) const override {
    WriteExceptions(PositionsIn(far_, range), range, values_.values, sizeof(T), out);
    inner_->Encode(range, out);
  }

 private:
  ValuesView values_;
  std::vector<T> near_;
  std::vector<std::uint32_t> far_;
  std::unique_ptr<ChunkEncoder> inner_;
};

}  // namespace

std::unique_ptr<ChunkEncoder> MakePatchedEncoder(const ValuesView& values, const InnerEncoder& inner) {
  return ForWidth(values.shape.width_bits, [&]<class T>(T) -> std::unique_ptr<ChunkEncoder> {
    return std::make_unique<PatchedEncoder<T>>(values, inner);
  });
}

constinit const EncodingDef kPatched{
    .id = format::EncodingId::kPatched,
    .name = "patched",
    .make_chunk_decoder = &MakeChunk,
};

}  // namespace lancekit
