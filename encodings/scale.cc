// Scale: values that are multiples of a number, such as timestamps of whole seconds in microseconds: how many times it. X1.
//
//   message: the number (T bits), base (as many bytes as a value has)
//   chunk: as the inner encoding; value = base + number * inner value, modulo the width of the value
#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>
#include <numeric>

#include "encodings/definitions.h"
#include "encodings/extent.h"
#include "encodings/kernels/arithmetic.h"
#include "encodings/widths.h"

namespace lancekit {
namespace {

template <class T>
class ScaleDecoder final : public ChunkDecoder {
 public:
  ScaleDecoder(T unit, T base, std::unique_ptr<ChunkDecoder> inner) : unit_(unit), base_(base), inner_(std::move(inner)) {}
  std::size_t num_buffers() const noexcept override { return inner_->num_buffers(); }

  Status Decode(const Chunk& chunk, ValueRange range, ValueSink* sink, Scratch* scratch) const override {
    const std::uint64_t before = sink->length();
    LANCEKIT_TRY(inner_->Decode(chunk, range, sink, scratch));
    ScaleFrom(before, sink);
    return {};
  }
  Status DecodeRanges(const Chunk& chunk, std::span<const ValueRange> ranges, ValueSink* sink, Scratch* scratch) const override {
    const std::uint64_t before = sink->length();
    LANCEKIT_TRY(inner_->DecodeRanges(chunk, ranges, sink, scratch));
    ScaleFrom(before, sink);
    return {};
  }
  bool has_runs() const noexcept override { return inner_->has_runs(); }
  Status DecodeRuns(const Chunk& chunk, std::span<const ValueRange> ranges, ValueSink* sink, std::vector<std::uint64_t>* counts,
                    Scratch* scratch) const override {
    const std::uint64_t before = sink->length();
    LANCEKIT_TRY(inner_->DecodeRuns(chunk, ranges, sink, counts, scratch));
    ScaleFrom(before, sink);
    return {};
  }

 private:
  void ScaleFrom(std::uint64_t before, ValueSink* sink) const {
    kernels::ScaleAll(sink->values().as<T>() + before, sink->length() - before, unit_, base_);
  }

  T unit_;
  T base_;
  std::unique_ptr<ChunkDecoder> inner_;
};

Result<std::unique_ptr<ChunkDecoder>> MakeChunk(const format::Encoding& encoding, const ValueShape& shape) {
  LANCEKIT_TRY(CheckWidth(shape, 8, 64, "scale"));
  if (encoding.table.size() != shape.width_bits / 8)
    return Corrupt("scale: a base of {} bytes for values of {} bits", encoding.table.size(), shape.width_bits);
  LANCEKIT_ASSIGN(std::unique_ptr<ChunkDecoder> inner, MakeInnerDecoder(encoding, shape));
  return ForWidth(shape.width_bits, [&]<class T>(T) -> std::unique_ptr<ChunkDecoder> {
    return std::make_unique<ScaleDecoder<T>>(static_cast<T>(encoding.bits), LoadLe<T>(encoding.table.data()), std::move(inner));
  });
}

/// Divides numbers that are multiples: by a power of two, and by an odd number, which is a multiplication. 1u: narrow types would
/// become signed.
template <class T>
class ExactDivider {
 public:
  explicit ExactDivider(T unit) : shift_(std::countr_zero(unit)), odd_(static_cast<T>(unit >> shift_)) {
    inverse_ = odd_;  // right in 3 bits, twice as many with each step
    for (int bits = 3; bits < std::numeric_limits<T>::digits; bits *= 2)
      inverse_ = static_cast<T>(1u * inverse_ * (2u - 1u * odd_ * inverse_));
    most_ = static_cast<T>(std::numeric_limits<T>::max() / odd_);
  }
  T Divide(T number) const { return static_cast<T>(1u * static_cast<T>(number >> shift_) * inverse_); }
  bool Divides(T number) const { return (number & static_cast<T>((T{1} << shift_) - 1)) == 0 && Divide(number) <= most_; }

 private:
  int shift_;
  T odd_;
  T inverse_;
  T most_;
};

template <class T>
struct Multiples {
  T unit = 1;
  T base = 0;
};

/// What all values are multiples of, more than the base; a unit of 1 when there is nothing.
template <class T>
Multiples<T> FindUnit(const T* values, std::uint64_t count) {
  constexpr std::uint64_t kSample = 64;
  std::vector<T> sample;
  for (std::uint64_t i = 0; i < count; i += std::max<std::uint64_t>(1, count / kSample)) sample.push_back(values[i]);
  T base = sample.empty() ? T{0} : ExtentOf(sample.data(), sample.size()).base;
  T unit = 0;
  for (std::size_t i = 0; i < sample.size() && unit != 1; ++i) unit = std::gcd(unit, static_cast<T>(sample[i] - base));
  if (unit <= 1) return {};
  base = ExtentOf(values, count).base;
  ExactDivider<T> divider(unit);
  for (std::uint64_t i = 0; i < count; ++i) {
    const T number = static_cast<T>(values[i] - base);
    if (divider.Divides(number)) continue;
    unit = std::gcd(unit, number);
    if (unit == 1) return {};
    divider = ExactDivider<T>(unit);
  }
  return {unit, base};
}

class ScaleEncoder final : public ChunkEncoder {
 public:
  template <class T>
  ScaleEncoder(const ValuesView& values, Multiples<T> multiples, const InnerEncoder& inner) : unit_(multiples.unit) {
    base_.resize(sizeof(T));
    std::memcpy(base_.data(), &multiples.base, sizeof(T));
    numbers_.Resize(values.length * sizeof(T));
    const ExactDivider<T> divider(multiples.unit);
    const auto* const from = reinterpret_cast<const T*>(values.values);
    T* const to = numbers_.as<T>();
    for (std::uint64_t i = 0; i < values.length; ++i) to[i] = divider.Divide(static_cast<T>(from[i] - multiples.base));
    ValuesView view = values;
    view.values = numbers_.data();
    inner_ = inner(view);
  }

  format::Encoding Describe() const override { return Scaled(inner_->Describe()); }
  std::size_t num_buffers() const noexcept override { return inner_->num_buffers(); }
  std::uint64_t ChunkSize(std::uint64_t first) const override { return inner_->ChunkSize(first); }
  void Encode(ValueRange range, ChunkWriter* out) const override { inner_->Encode(range, out); }

 private:
  /// Values of runs are scaled before they are expanded: the same bytes in the chunks, and less to multiply.
  format::Encoding Scaled(format::Encoding inner) const {
    if (inner.id == format::EncodingId::kRuns || inner.id == format::EncodingId::kStairs) {
      inner.bits *= unit_;
      inner.children[0] = Scaled(std::move(inner.children[0]));
      return inner;
    }
    format::Encoding encoding;
    encoding.id = format::EncodingId::kScale;
    encoding.bits = unit_;
    encoding.table = base_;
    encoding.children.push_back(std::move(inner));
    return encoding;
  }

  std::uint64_t unit_;
  std::vector<std::byte> base_;
  MutableBuffer numbers_;
  std::unique_ptr<ChunkEncoder> inner_;
};

std::string DescribeScale(const format::Encoding& encoding) { return fmt::format("by {}", encoding.bits); }

}  // namespace

std::unique_ptr<ChunkEncoder> MakeScaleEncoder(const ValuesView& values, const InnerEncoder& inner, std::uint64_t least_unit) {
  return ForWidth(values.shape.width_bits, [&]<class T>(T) -> std::unique_ptr<ChunkEncoder> {
    const Multiples<T> multiples = FindUnit(reinterpret_cast<const T*>(values.values), values.length);
    if (multiples.unit < least_unit) return nullptr;
    return std::make_unique<ScaleEncoder>(values, multiples, inner);
  });
}

constinit const EncodingDef kScale{
    .id = format::EncodingId::kScale,
    .name = "scale",
    .make_chunk_decoder = &MakeChunk,
    .describe = &DescribeScale,
};

}  // namespace lancekit
