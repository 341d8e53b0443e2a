// Narrow: values less a base of the page, in fewer bits: what makes decimals and small numbers short before other encodings. X1.
//
//   message: bits of an inner value (1, 2, 4, 8, 16, 32 or 64, fewer than a value has), base (as many bytes as a value has)
//   chunk: as the inner encoding; value = base + inner value, modulo the width of the value
#include <algorithm>
#include <cstring>
#include <limits>
#include <mutex>

#include "base/checked_math.h"
#include "encodings/definitions.h"
#include "encodings/extent.h"
#include "encodings/kernels/arithmetic.h"
#include "encodings/widths.h"

namespace lancekit {
namespace {

using Wide = unsigned __int128;

/// Calls function(T{}) with T as wide as the values.
template <class Function>
auto ForValueWidth(std::uint64_t bits, Function function) {
  return bits == 128 ? function(Wide{}) : ForWidth(bits, function);
}

template <class Inner>
void WidenTo128(const Inner* from, std::uint64_t count, Wide base, std::byte* to) {
  auto* const values = reinterpret_cast<Wide*>(to);
  for (std::uint64_t i = 0; i < count; ++i) values[i] = base + from[i];
}

/// Copies an entry of kEntry bytes of the table for each byte.
template <std::size_t kEntry>
void CopyEntries(const std::byte* table, const std::byte* from, std::uint64_t count, std::byte* to) {
#pragma GCC unroll 4
  for (std::uint64_t i = 0; i < count; ++i) {
    std::memcpy(to + i * kEntry, table + static_cast<std::size_t>(from[i]) * kEntry, kEntry);
  }
}

/// Inner values of at most a byte: a table says which values each byte stands for.
template <class T>
class ByteTable {
 public:
  /// Inner values are added to `inner_base`, modulo 2^8, and then to `base`.
  ByteTable(T base, std::uint8_t inner_base, std::uint64_t bits) : base_(base), inner_base_(inner_base), bits_(bits) {}

  /// Appends what `count` inner values, from bit 0 on, stand for.
  void Append(const std::byte* from, std::uint64_t count, std::byte* to) const {
    constexpr std::uint64_t kFew = 256;  // for which the table is not worth making
    const std::uint64_t per_byte = 8 / bits_;
    const std::uint64_t bytes = count < kFew ? 0 : count / per_byte;
    if (bytes != 0) CopyBytes(from, bytes, to);
    for (std::uint64_t i = bytes * per_byte; i < count; ++i) {
      StoreLe(to + i * sizeof(T), Value(static_cast<unsigned>(from[i * bits_ / 8]) >> i * bits_ % 8));
    }
  }

 private:
  T Value(unsigned inner) const {
    const unsigned mask = (1u << bits_) - 1;
    return static_cast<T>(base_ + static_cast<std::uint8_t>(inner_base_ + (inner & mask)));
  }

  void CopyBytes(const std::byte* from, std::uint64_t bytes, std::byte* to) const {
    const std::uint64_t per_byte = 8 / bits_;
    std::call_once(once_, [&] {
      entries_.Resize(256 * per_byte * sizeof(T));
      for (unsigned byte = 0; byte < 256; ++byte) {
        for (std::uint64_t i = 0; i < per_byte; ++i)
          StoreLe(entries_.data() + (byte * per_byte + i) * sizeof(T), Value(byte >> i * bits_));
      }
    });
    switch (per_byte) {
      case 1:
        return CopyEntries<sizeof(T)>(entries_.data(), from, bytes, to);
      case 2:
        return CopyEntries<2 * sizeof(T)>(entries_.data(), from, bytes, to);
      case 4:
        return CopyEntries<4 * sizeof(T)>(entries_.data(), from, bytes, to);
      default:
        return CopyEntries<8 * sizeof(T)>(entries_.data(), from, bytes, to);
    }
  }

  T base_;
  std::uint8_t inner_base_;
  std::uint64_t bits_;
  mutable std::once_flag once_;
  mutable MutableBuffer entries_;
};

template <class T>
class NarrowDecoder final : public ChunkDecoder {
 public:
  NarrowDecoder(T base, std::uint8_t inner_base, std::uint64_t inner_bits, std::unique_ptr<ChunkDecoder> inner)
      : base_(base), inner_bits_(inner_bits), inner_(std::move(inner)), table_(base, inner_base, inner_bits) {}
  std::size_t num_buffers() const noexcept override { return inner_->num_buffers(); }

  Status Decode(const Chunk& chunk, ValueRange range, ValueSink* sink, Scratch* scratch) const override {
    return DecodeRanges(chunk, {&range, 1}, sink, scratch);
  }
  Status DecodeRanges(const Chunk& chunk, std::span<const ValueRange> ranges, ValueSink* sink, Scratch* scratch) const override {
    ValueSink* const narrow = scratch->InnerValues(inner_bits_);
    LANCEKIT_TRY(inner_->DecodeRanges(chunk, ranges, narrow, scratch->Inner()));
    const std::uint64_t count = narrow->length();
    const std::byte* const from = narrow->values().data();
    std::byte* const to = sink->AppendFixed(count);
    if (inner_bits_ < 8 || (inner_bits_ == 8 && sizeof(T) == sizeof(Wide))) {
      table_.Append(from, count, to);
    } else if constexpr (sizeof(T) == sizeof(Wide)) {
      ForWidth(inner_bits_, [&]<class Inner>(Inner) { WidenTo128(narrow->values().as<Inner>(), count, base_, to); });
    } else {
      kernels::Widen(from, inner_bits_ / 8, count, base_, to, sizeof(T));
    }
    return {};
  }

 private:
  T base_;
  std::uint64_t inner_bits_;
  std::unique_ptr<ChunkDecoder> inner_;
  ByteTable<T> table_;
};

Status CheckNarrow(const format::Encoding& encoding, const ValueShape& shape) {
  LANCEKIT_TRY(CheckWidth(shape, 8, 128, "narrow"));
  LANCEKIT_TRY(CheckWidth(FixedShape(encoding.bits), 1, 64, "narrow"));
  if (encoding.table.size() != shape.width_bits / 8) {
    return Corrupt("narrow: a base of {} bytes for values of {} bits", encoding.table.size(), shape.width_bits);
  }
  if (encoding.bits >= shape.width_bits) return Corrupt("narrow: {} bits for values of {}", encoding.bits, shape.width_bits);
  return {};
}

Result<std::unique_ptr<ChunkDecoder>> MakeChunk(const format::Encoding& encoding, const ValueShape& shape) {
  LANCEKIT_TRY(CheckNarrow(encoding, shape));
  // One narrow in another is done in one step where a table can do it.
  const format::Encoding* innermost = &encoding;
  std::uint8_t inner_base = 0;
  if (encoding.bits == 8 && encoding.children.size() == 1 && encoding.children[0].id == format::EncodingId::kNarrow) {
    LANCEKIT_TRY(CheckNarrow(encoding.children[0], FixedShape(8)));
    if (encoding.children[0].bits < 8) {
      innermost = &encoding.children[0];
      inner_base = static_cast<std::uint8_t>(innermost->table[0]);
    }
  }
  LANCEKIT_ASSIGN(std::unique_ptr<ChunkDecoder> inner, MakeInnerDecoder(*innermost, FixedShape(innermost->bits)));
  return ForValueWidth(shape.width_bits, [&]<class T>(T) -> std::unique_ptr<ChunkDecoder> {
    return std::make_unique<NarrowDecoder<T>>(LoadLe<T>(encoding.table.data()), inner_base, innermost->bits, std::move(inner));
  });
}

/// Whether these values of 128 bits are signed numbers of 64.
bool FitInto64Bits(const std::byte* values, std::uint64_t count) {
  std::uint64_t lost = 0;
  for (std::uint64_t i = 0; i < count; ++i) {
    const auto low = LoadLe<std::int64_t>(values + 16 * i);
    lost |= LoadLe<std::uint64_t>(values + 16 * i + 8) ^ static_cast<std::uint64_t>(low >> 63);
  }
  return lost == 0;
}

/// The same of wider values too.
template <class T>
Extent<T> ExtentOfBytes(const std::byte* values, std::uint64_t count) {
  if constexpr (sizeof(T) <= 8) {
    return ExtentOf(reinterpret_cast<const T*>(values), count);
  } else if (FitInto64Bits(values, count)) {
    std::int64_t low = std::numeric_limits<std::int64_t>::max(), high = std::numeric_limits<std::int64_t>::min();
    for (std::uint64_t i = 0; i < count; ++i) {
      const auto value = LoadLe<std::int64_t>(values + i * sizeof(T));
      low = std::min(low, value);
      high = std::max(high, value);
    }
    return {static_cast<T>(low), static_cast<T>(static_cast<T>(high) - static_cast<T>(low))};
  }
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
    inner_ = inner(NumbersView(narrow_.data(), values.length, bits));
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
    const Extent<T> extent = ExtentOfBytes<T>(values.values, values.length);
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
