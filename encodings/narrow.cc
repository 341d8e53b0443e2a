// Narrow: values less a base of the page, in fewer bits: what makes decimals and small numbers short before other encodings. X1.
//
//   message: bits of an inner value (1, 2, 4, 8, 16, 32 or 64), base (as many bytes as a value has)
//   chunk: as the inner encoding; value = base + inner value, modulo the width of the value
#include <cstring>

#include "base/checked_math.h"
#include "encodings/definitions.h"
#include "encodings/widths.h"

namespace lancekit {
namespace {

using Wide = unsigned __int128;

/// Calls function(T{}) with T as wide as the values.
template <class Function>
auto ForValueWidth(std::uint64_t bits, Function function) {
  return bits == 128 ? function(Wide{}) : ForWidth(bits, function);
}

template <class T, class Inner>
void Widen(const Inner* from, std::uint64_t count, T base, std::byte* to) {
  T* const values = reinterpret_cast<T*>(to);
  for (std::uint64_t i = 0; i < count; ++i) values[i] = static_cast<T>(base + from[i]);
}

/// The same of inner values of less than a byte.
template <class T>
void WidenBits(const std::byte* from, std::uint64_t bits, std::uint64_t count, T base, std::byte* to) {
  T* const values = reinterpret_cast<T*>(to);
  const auto mask = static_cast<unsigned>((1u << bits) - 1);
  for (std::uint64_t i = 0, bit = 0; i < count; ++i, bit += bits) {
    values[i] = static_cast<T>(base + (static_cast<unsigned>(from[bit / 8]) >> bit % 8 & mask));
  }
}

template <class T>
class NarrowDecoder final : public ChunkDecoder {
 public:
  NarrowDecoder(T base, std::uint64_t inner_bits, std::unique_ptr<ChunkDecoder> inner)
      : base_(base), inner_bits_(inner_bits), inner_(std::move(inner)) {}
  std::size_t num_buffers() const noexcept override { return inner_->num_buffers(); }

  Status Decode(const Chunk& chunk, ValueRange range, ValueSink* sink, Scratch* scratch) const override {
    return DecodeRanges(chunk, {&range, 1}, sink, scratch);
  }
  Status DecodeRanges(const Chunk& chunk, std::span<const ValueRange> ranges, ValueSink* sink, Scratch* scratch) const override {
    ValueSink* const narrow = scratch->InnerValues(inner_bits_);
    LANCEKIT_TRY(inner_->DecodeRanges(chunk, ranges, narrow, scratch->Inner()));
    const std::uint64_t count = narrow->length();
    std::byte* const to = sink->AppendFixed(count);
    if (inner_bits_ < 8) {
      WidenBits<T>(narrow->values().data(), inner_bits_, count, base_, to);
      return {};
    }
    ForWidth(inner_bits_, [&]<class Inner>(Inner) { Widen<T, Inner>(narrow->values().as<Inner>(), count, base_, to); });
    return {};
  }

 private:
  T base_;
  std::uint64_t inner_bits_;
  std::unique_ptr<ChunkDecoder> inner_;
};

Result<std::unique_ptr<ChunkDecoder>> MakeChunk(const format::Encoding& encoding, const ValueShape& shape) {
  LANCEKIT_TRY(CheckWidth(shape, 8, 128, "narrow"));
  const ValueShape inner_shape = FixedShape(encoding.bits);
  LANCEKIT_TRY(CheckWidth(inner_shape, 1, 64, "narrow"));
  if (encoding.table.size() != shape.width_bits / 8) {
    return Corrupt("narrow: a base of {} bytes for values of {} bits", encoding.table.size(), shape.width_bits);
  }
  LANCEKIT_ASSIGN(std::unique_ptr<ChunkDecoder> inner, MakeInnerDecoder(encoding, inner_shape));
  return ForValueWidth(shape.width_bits, [&]<class T>(T) -> std::unique_ptr<ChunkDecoder> {
    return std::make_unique<NarrowDecoder<T>>(LoadLe<T>(encoding.table.data()), encoding.bits, std::move(inner));
  });
}

/// The least value and how far the greatest is from it, in the order in which they lie closer together.
template <class T>
struct Extent {
  T base = 0;
  T range = 0;
};

template <class T>
Extent<T> ExtentOf(const std::byte* values, std::uint64_t count) {
  constexpr T kSign = static_cast<T>(T{1} << (8 * sizeof(T) - 1));
  T low = static_cast<T>(~T{0}), high = 0, signed_low = low, signed_high = 0;
  for (std::uint64_t i = 0; i < count; ++i) {
    const T value = LoadLe<T>(values + i * sizeof(T));
    const T turned = static_cast<T>(value ^ kSign);
    low = value < low ? value : low;
    high = value > high ? value : high;
    signed_low = turned < signed_low ? turned : signed_low;
    signed_high = turned > signed_high ? turned : signed_high;
  }
  const T signed_range = static_cast<T>(signed_high - signed_low);
  if (signed_range < static_cast<T>(high - low)) return {static_cast<T>(signed_low ^ kSign), signed_range};
  return {low, static_cast<T>(high - low)};
}

/// The bits in which so large a number fits, `least` or more; as many as T has when in no fewer.
template <class T>
std::uint64_t InnerBits(T range, std::uint64_t least) {
  std::uint64_t bits = least;
  while (bits < 8 * sizeof(T) && range >> bits != 0) bits *= 2;
  return bits;
}

class NarrowEncoder final : public ChunkEncoder {
 public:
  template <class T>
  NarrowEncoder(const ValuesView& values, Extent<T> extent, std::uint64_t bits, const InnerEncoder& inner) : bits_(bits) {
    base_.resize(sizeof(T));
    std::memcpy(base_.data(), &extent.base, sizeof(T));
    narrow_.AppendFill(CeilDiv(values.length * bits, 8), std::byte{0});
    const auto inner_value = [&](std::uint64_t i) { return LoadLe<T>(values.values + i * sizeof(T)) - extent.base; };
    if (bits < 8) {
      for (std::uint64_t i = 0; i < values.length; ++i) {
        narrow_.data()[i * bits / 8] |= static_cast<std::byte>(static_cast<unsigned>(inner_value(i)) << i * bits % 8);
      }
    } else {
      ForWidth(bits, [&]<class Inner>(Inner) {
        for (std::uint64_t i = 0; i < values.length; ++i) narrow_.as<Inner>()[i] = static_cast<Inner>(inner_value(i));
      });
    }
    ValuesView view;
    view.shape = FixedShape(bits);
    view.length = values.length;
    view.values = narrow_.data();
    inner_ = inner(view);
  }

  format::Encoding Describe() const override {
    format::Encoding encoding;
    encoding.id = format::EncodingId::kNarrow;
    encoding.bits = bits_;
    encoding.table = base_;
    encoding.children.push_back(inner_->Describe());
    return encoding;
  }
  std::size_t num_buffers() const noexcept override { return inner_->num_buffers(); }
  std::uint64_t ChunkSize(std::uint64_t first) const override { return inner_->ChunkSize(first); }
  void Encode(ValueRange range, ChunkWriter* out) const override { inner_->Encode(range, out); }

 private:
  std::uint64_t bits_;
  std::vector<std::byte> base_;
  MutableBuffer narrow_;
  std::unique_ptr<ChunkEncoder> inner_;
};

std::string DescribeNarrow(const format::Encoding& encoding) { return fmt::format("{} bit", encoding.bits); }

}  // namespace

std::unique_ptr<ChunkEncoder> MakeNarrowEncoder(const ValuesView& values, const InnerEncoder& inner, std::uint64_t least_bits) {
  return ForValueWidth(values.shape.width_bits, [&]<class T>(T) -> std::unique_ptr<ChunkEncoder> {
    const Extent<T> extent = ExtentOf<T>(values.values, values.length);
    const std::uint64_t bits = InnerBits(extent.range, least_bits);
    if (bits >= 8 * sizeof(T)) return nullptr;
    return std::make_unique<NarrowEncoder>(values, extent, bits, inner);
  });
}

constinit const EncodingDef kNarrow{
    .id = format::EncodingId::kNarrow,
    .name = "narrow",
    .make_chunk_decoder = &MakeChunk,
    .describe = &DescribeNarrow,
};

}  // namespace lancekit
