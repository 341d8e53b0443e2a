// ALP: floating-point numbers that were decimal numbers, as integers. X1.
//
//   message: two bytes e and f (0 ... 18 for 64 bits, 0 ... 10 for 32 bits, f <= e)
//   value: integer x 10^f x 10^-e, rounded by each multiplication, 10^-e being the nearest number of the type
//   chunk: buffer 0: the values for which that is not exact (exceptions.h); then the buffers of the inner encoding, whose values
//          are signed integers as wide as the values
//
// Source: Afroozeh, Kuffo, Boncz: ALP: Adaptive Lossless floating-Point Compression, SIGMOD 2023, section 3.1.
#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

#include "encodings/definitions.h"
#include "encodings/exceptions.h"
#include "encodings/frame.h"
#include "encodings/kernels/arithmetic.h"
#include "encodings/widths.h"

namespace lancekit {
namespace {

constexpr double kPowers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8, 1e9,
                              1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18};
constexpr double kInverse[] = {1e0,   1e-1,  1e-2,  1e-3,  1e-4,  1e-5,  1e-6,  1e-7,  1e-8, 1e-9,
                               1e-10, 1e-11, 1e-12, 1e-13, 1e-14, 1e-15, 1e-16, 1e-17, 1e-18};

template <class Float>
struct Traits;
template <>
struct Traits<double> {
  using Int = std::int64_t;
  static constexpr int kMaxExponent = 18;
  static constexpr double kRound = 0x1.8p52;  // adding it leaves no bits behind the point
  static constexpr double kLimit = 0x1p51;
};
template <>
struct Traits<float> {
  using Int = std::int32_t;
  static constexpr int kMaxExponent = 10;
  static constexpr float kRound = 0x1.8p23F;
  static constexpr float kLimit = 0x1p22F;
};

struct Exponents {
  int e = 0;
  int f = 0;
};

template <class Float>
Float DecodeOne(typename Traits<Float>::Int integer, Exponents exponents) {
  return static_cast<Float>(integer) * static_cast<Float>(kPowers[exponents.f]) * static_cast<Float>(kInverse[exponents.e]);
}

/// False when the integer does not give the value back.
template <class Float>
bool EncodeOne(Float value, Exponents exponents, typename Traits<Float>::Int* integer) {
  const Float scaled = value * static_cast<Float>(kPowers[exponents.e]) * static_cast<Float>(kInverse[exponents.f]);
  if (!(std::abs(scaled) < Traits<Float>::kLimit)) return false;  // nor NaN
  const Float shifted = scaled + Traits<Float>::kRound;
  *integer = static_cast<typename Traits<Float>::Int>(shifted - Traits<Float>::kRound);
  const Float back = DecodeOne<Float>(*integer, exponents);
  return std::memcmp(&back, &value, sizeof(Float)) == 0;
}

template <class Float>
class AlpDecoder final : public ChunkDecoder {
 public:
  AlpDecoder(Exponents exponents, bool is_frame, std::unique_ptr<ChunkDecoder> inner)
      : factor_(static_cast<Float>(kPowers[exponents.f])),
        inverse_(static_cast<Float>(kInverse[exponents.e])),
        is_frame_(is_frame),
        inner_(std::move(inner)) {}
  std::size_t num_buffers() const noexcept override { return 1 + inner_->num_buffers(); }

  Status Decode(const Chunk& chunk, ValueRange range, ValueSink* sink, Scratch* scratch) const override {
    const std::uint64_t before = sink->length();
    const Chunk integers{chunk.buffers.subspan(1), chunk.num_values};
    bool is_done = false;
    if constexpr (sizeof(Float) == 8) {
      is_done = is_frame_;
      if (is_frame_) LANCEKIT_TRY(DecodeFrameOfAlp(integers, range, factor_, inverse_, sink, scratch));
    }
    if (!is_done) LANCEKIT_TRY(inner_->Decode(integers, range, sink, scratch));
    std::byte* const to = sink->values().data() + before * sizeof(Float);
    if (!is_done) kernels::AlpDecode(to, range.count, factor_, inverse_);
    return PutExceptions(chunk.buffers[0], sizeof(Float), chunk.num_values, range, to, "alp");
  }
  Status DecodeRanges(const Chunk& chunk, std::span<const ValueRange> ranges, ValueSink* sink, Scratch* scratch) const override {
    return DecodeSpanOf(*this, chunk, ranges, sink, scratch);
  }

 private:
  Float factor_;
  Float inverse_;
  bool is_frame_;
  std::unique_ptr<ChunkDecoder> inner_;
};

template <class Float>
Result<std::unique_ptr<ChunkDecoder>> MakeFor(const format::Encoding& encoding, const ValueShape& shape) {
  if (encoding.table.size() != 2) return Corrupt("alp: exponents of {} bytes", encoding.table.size());
  const Exponents exponents{static_cast<int>(encoding.table[0]), static_cast<int>(encoding.table[1])};
  if (exponents.e > Traits<Float>::kMaxExponent || exponents.f > exponents.e) {
    return Corrupt("alp: exponents {} and {}", exponents.e, exponents.f);
  }
  LANCEKIT_ASSIGN(std::unique_ptr<ChunkDecoder> inner, MakeInnerDecoder(encoding, shape));
  const bool is_frame = encoding.children[0].id == format::EncodingId::kFrame;
  return std::unique_ptr<ChunkDecoder>(std::make_unique<AlpDecoder<Float>>(exponents, is_frame, std::move(inner)));
}

Result<std::unique_ptr<ChunkDecoder>> MakeChunk(const format::Encoding& encoding, const ValueShape& shape) {
  LANCEKIT_TRY(CheckWidth(shape, 32, 64, "alp"));
  return shape.width_bits == 32 ? MakeFor<float>(encoding, shape) : MakeFor<double>(encoding, shape);
}

/// The exponents with which a sample of the values takes least; nothing when too many of them are exceptions.
template <class Float>
std::optional<Exponents> ChooseExponents(const Float* values, std::uint64_t count) {
  constexpr std::uint64_t kSample = 256;
  constexpr std::uint64_t kExceptionBits = 16 + 8 * sizeof(Float);
  using Int = typename Traits<Float>::Int;
  const std::uint64_t step = std::max<std::uint64_t>(1, count / kSample);
  std::uint64_t least_bits = std::uint64_t(-1);
  std::optional<Exponents> best;
  for (int e = 0; e <= Traits<Float>::kMaxExponent; ++e) {
    for (int f = 0; f <= e; ++f) {
      std::uint64_t taken = 0, exceptions = 0;
      Int low = std::numeric_limits<Int>::max(), high = std::numeric_limits<Int>::min();
      for (std::uint64_t i = 0; i < count; i += step, ++taken) {
        Int integer = 0;
        if (!EncodeOne<Float>(values[i], {e, f}, &integer)) {
          ++exceptions;
          continue;
        }
        low = std::min(low, integer);
        high = std::max(high, integer);
      }
      if (2 * exceptions > taken) continue;
      using Unsigned = std::make_unsigned_t<Int>;
      const int width = std::bit_width(static_cast<Unsigned>(static_cast<Unsigned>(high) - static_cast<Unsigned>(low)));
      const std::uint64_t bits = taken * static_cast<std::uint64_t>(width) + exceptions * kExceptionBits;
      if (bits >= least_bits) continue;
      least_bits = bits;
      best = {e, f};
    }
  }
  return best;
}

template <class Float>
class AlpEncoder final : public ChunkEncoder {
 public:
  AlpEncoder(const ValuesView& values, Exponents exponents, const InnerEncoder& inner)
      : values_(values), exponents_(exponents), integers_(values.length) {
    const auto* const from = reinterpret_cast<const Float*>(values.values);
    typename Traits<Float>::Int last = 0;  // stands in the place of an exception
    for (std::uint64_t i = 0; i < values.length; ++i) {
      typename Traits<Float>::Int integer = 0;
      if (EncodeOne<Float>(from[i], exponents, &integer)) {
        last = integer;
      } else {
        exceptions_.push_back(static_cast<std::uint32_t>(i));
      }
      integers_[i] = last;
    }
    ValuesView view = values;
    view.values = reinterpret_cast<const std::byte*>(integers_.data());
    inner_ = inner(view);
  }

  format::Encoding Describe() const override {
    format::Encoding encoding;
    encoding.id = format::EncodingId::kAlp;
    encoding.table = {static_cast<std::byte>(exponents_.e), static_cast<std::byte>(exponents_.f)};
    encoding.children.push_back(inner_->Describe());
    return encoding;
  }
  std::size_t num_buffers() const noexcept override { return 1 + inner_->num_buffers(); }
  std::uint64_t ChunkSize(std::uint64_t first) const override { return inner_->ChunkSize(first); }
  void Encode(ValueRange range, ChunkWriter* out) const override {
    WriteExceptions(PositionsIn(exceptions_, range), range, values_.values, sizeof(Float), out);
    inner_->Encode(range, out);
  }

 private:
  ValuesView values_;
  Exponents exponents_;
  std::vector<typename Traits<Float>::Int> integers_;
  std::vector<std::uint32_t> exceptions_;
  std::unique_ptr<ChunkEncoder> inner_;
};

template <class Float>
std::unique_ptr<ChunkEncoder> MakeEncoder(const ValuesView& values, const InnerEncoder& inner) {
  const auto exponents = ChooseExponents(reinterpret_cast<const Float*>(values.values), values.length);
  if (!exponents.has_value()) return nullptr;
  return std::make_unique<AlpEncoder<Float>>(values, *exponents, inner);
}

std::string DescribeAlp(const format::Encoding& encoding) {
  if (encoding.table.size() != 2) return "";
  return fmt::format("10^{} / 10^{}", static_cast<int>(encoding.table[1]), static_cast<int>(encoding.table[0]));
}

}  // namespace

std::unique_ptr<ChunkEncoder> MakeAlpEncoder(const ValuesView& values, const InnerEncoder& inner) {
  return values.shape.width_bits == 32 ? MakeEncoder<float>(values, inner) : MakeEncoder<double>(values, inner);
}

constinit const EncodingDef kAlp{
    .id = format::EncodingId::kAlp,
    .name = "alp",
    .make_chunk_decoder = &MakeChunk,
    .describe = &DescribeAlp,
};

}  // namespace lancekit
