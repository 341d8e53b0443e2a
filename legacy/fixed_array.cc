// Lance 2.0 arrays of fixed-width items:
//
//   flat: n x width bits, LSB first for bitmaps; or the whole buffer as zstd (u64 size, frame) or LZ4 (u32 size, block)
//   fixed-size binary: bytes, of which each value takes byte_width
//   bitpacked: n values of c bits in one LSB-first stream, signed ones extended from bit c - 1
//   bitpacked for non-negative: FastLanes blocks of 1024 values (encodings/kernels/bitpack.h), 128 x c bytes each
//   constant: one value for all
//
// Source: lance protos/encodings.proto, rust lance-encoding previous/encodings/physical.
#include "legacy/fixed_array.h"

#include <algorithm>
#include <cstring>

#include "base/bitmap.h"
#include "base/checked_math.h"
#include "encodings/definitions.h"
#include "encodings/kernels/bitpack.h"

namespace lancekit::legacy {
namespace {

using format::ArrayEncoding;
using format::ArrayEncodingId;

/// Bits [first, first + count) of `size_bytes` bytes as a range of bytes. Errors: kCorruption.
Result<ValueRange> BytesOfItems(ValueRange items, std::uint64_t width_bits, std::uint64_t size_bytes) {
  std::uint64_t end = 0, end_bit = 0;
  if (!CheckedAdd(items.first, items.count, &end) || !CheckedMul(end, width_bits, &end_bit) || CeilDiv(end_bit, 8) > size_bytes) {
    return Corrupt("{} bytes for {} items of {} bits", size_bytes, end, width_bits);
  }
  const std::uint64_t first = items.first * width_bits / 8;
  return ValueRange{first, CeilDiv(end_bit, 8) - first};
}

class FlatArray final : public FixedArray {
 public:
  FlatArray(const Source& source, const format::FileRange& range, std::uint64_t width_bits)
      : source_(&source), range_(range), width_bits_(width_bits) {}

  Result<ItemBits> Read(ValueRange items, MutableBuffer*) const override {
    if (items.count == 0) return ItemBits{};
    const auto bytes = BytesOfItems(items, width_bits_, range_.size);
    if (!bytes) return At(bytes.error(), {.offset = range_.offset});
    LANCEKIT_ASSIGN(Buffer buffer, source_->Read(range_.offset + bytes->first, bytes->count));
    const std::byte* const bits = buffer.data();
    return ItemBits{std::move(buffer), bits, items.first * width_bits_ % 8};
  }

 private:
  const Source* source_;
  format::FileRange range_;
  std::uint64_t width_bits_;
};

class CompressedArray final : public FixedArray {
 public:
  CompressedArray(const PageInput& input, const format::FileRange& range, std::uint64_t width_bits,
                  format::CompressionScheme scheme)
      : source_(input.source), recent_(input.decompressed), range_(range), width_bits_(width_bits), scheme_(scheme) {}

  Result<ItemBits> Read(ValueRange items, MutableBuffer*) const override {
    if (items.count == 0) return ItemBits{};
    auto whole = recent_->Get(this, [this] { return Decompress(); });
    if (!whole) return At(std::move(whole).status(), {.offset = range_.offset});
    const auto bytes = BytesOfItems(items, width_bits_, whole->size());
    if (!bytes) return At(bytes.error(), {.offset = range_.offset});
    const std::byte* const bits = whole->data() + bytes->first;
    return ItemBits{*std::move(whole), bits, items.first * width_bits_ % 8};
  }

 private:
  Result<Buffer> Decompress() const {
    LANCEKIT_ASSIGN(const Buffer stored, source_->Read(range_.offset, range_.size));
    MutableBuffer whole;
    LANCEKIT_TRY(DecompressBuffer(stored.bytes(), scheme_, &whole));
    return std::move(whole).Freeze();
  }

  const Source* source_;
  RecentBuffers* recent_;
  format::FileRange range_;
  std::uint64_t width_bits_;
  format::CompressionScheme scheme_;
};

/// Bits [first, first + count) of the bytes, count <= 64. Pre: they are there.
std::uint64_t BitsAt(const std::byte* bytes, std::uint64_t first, std::uint64_t count) {
  std::uint64_t value = 0;
  for (std::uint64_t got = 0; got < count;) {
    const std::uint64_t at = first + got, part = std::min(8 - at % 8, count - got);
    value |= (static_cast<std::uint64_t>(bytes[at / 8]) >> (at % 8) & ((1u << part) - 1)) << got;
    got += part;
  }
  return value;
}

class BitpackedArray final : public FixedArray {
 public:
  BitpackedArray(std::unique_ptr<FixedArray> packed, const ArrayEncoding& encoding)
      : packed_(std::move(packed)), bits_(encoding.packed_bits), bytes_(encoding.width / 8), is_signed_(encoding.is_signed) {}

  Result<ItemBits> Read(ValueRange items, MutableBuffer* scratch) const override {
    MutableBuffer unused;
    LANCEKIT_ASSIGN(const ItemBits packed, packed_->Read(items, &unused));
    scratch->Resize(items.count * bytes_);
    for (std::uint64_t i = 0; i < items.count; ++i) {
      std::uint64_t value = BitsAt(packed.bits, packed.first_bit + i * bits_, bits_);
      if (is_signed_ && bits_ < 64 && (value >> (bits_ - 1)) != 0) value |= ~std::uint64_t{0} << bits_;
      std::memcpy(scratch->data() + i * bytes_, &value, bytes_);  // the low bytes: numbers are little endian
    }
    return ItemBits{{}, scratch->data(), 0};
  }

 private:
  std::unique_ptr<FixedArray> packed_;  // items of bits_ bits
  std::uint64_t bits_;
  std::uint64_t bytes_;
  bool is_signed_;
};

template <class T>
class BlockPackedArray final : public FixedArray {
 public:
  BlockPackedArray(std::unique_ptr<FixedArray> blocks, int bits) : blocks_(std::move(blocks)), bits_(bits) {}

  Result<ItemBits> Read(ValueRange items, MutableBuffer* scratch) const override {
    if (items.count == 0) return ItemBits{};
    const std::uint64_t first = items.first / kernels::kBlockValues;
    const std::uint64_t count = CeilDiv(items.first % kernels::kBlockValues + items.count, kernels::kBlockValues);
    MutableBuffer unused;
    LANCEKIT_ASSIGN(const ItemBits blocks, blocks_->Read({first, count}, &unused));
    scratch->Resize(count * kernels::kBlockValues * sizeof(T));
    for (std::uint64_t i = 0; i < count; ++i) {
      kernels::UnpackBlock<T>(blocks.bytes() + i * kernels::PackedBlockSize(bits_), bits_,
                              scratch->as<T>() + i * kernels::kBlockValues);
    }
    return ItemBits{{}, scratch->data(), items.first % kernels::kBlockValues * sizeof(T) * 8};
  }

 private:
  std::unique_ptr<FixedArray> blocks_;  // one item per block
  int bits_;
};

class ConstantArray final : public FixedArray {
 public:
  ConstantArray(std::vector<std::byte> value, std::uint64_t width_bits) : value_(std::move(value)), width_bits_(width_bits) {}

  Result<ItemBits> Read(ValueRange items, MutableBuffer* scratch) const override {
    std::uint64_t num_bits = 0;
    // Bits are bounded as if each took a byte: those of validity become levels on their way.
    if (!CheckedMul(items.count, width_bits_, &num_bits) || std::max(num_bits / 8, items.count) > kMaxFreeBytes) {
      return MakeError(ErrorCode::kResourceLimit, "constant: {} items of {} bits", items.count, width_bits_);
    }
    scratch->Resize(CeilDiv(num_bits, 8));
    if (width_bits_ == 1) {
      FillBits(scratch->data(), 0, items.count, value_[0] != std::byte{0});
    } else {
      for (std::uint64_t i = 0; i < num_bits / 8; i += value_.size()) {
        std::memcpy(scratch->data() + i, value_.data(), value_.size());
      }
    }
    return ItemBits{{}, scratch->data(), 0};
  }

 private:
  std::vector<std::byte> value_;
  std::uint64_t width_bits_;
};

/// Values that are made of several items.
class GroupedArray final : public FixedArray {
 public:
  GroupedArray(std::unique_ptr<FixedArray> items, std::uint64_t group) : items_(std::move(items)), group_(group) {}

  Result<ItemBits> Read(ValueRange values, MutableBuffer* scratch) const override {
    std::uint64_t first = 0, count = 0;
    if (!CheckedMul(values.first, group_, &first) || !CheckedMul(values.count, group_, &count)) {
      return Corrupt("fixed_size_binary: {} values of {} bytes", values.count, group_);
    }
    return items_->Read({first, count}, scratch);
  }

 private:
  std::unique_ptr<FixedArray> items_;
  std::uint64_t group_;
};

using OpenResult = Result<std::unique_ptr<FixedArray>>;

OpenResult OpenFlat(const PageInput& input, const ArrayEncoding& encoding, std::uint64_t width_bits) {
  if (encoding.width != width_bits) return Corrupt("flat: {} bits per value where the type has {}", encoding.width, width_bits);
  LANCEKIT_ASSIGN(const format::FileRange range, FindBuffer(input, encoding.buffer));
  if (encoding.compression.empty() || encoding.compression == "none") return MakeFlatArray(*input.source, range, width_bits);
  format::CompressionScheme scheme = format::CompressionScheme::kZstd;
  if (encoding.compression == "lz4") {
    scheme = format::CompressionScheme::kLz4;
  } else if (encoding.compression != "zstd") {
    return Unsupported("flat: compression \"{}\" is not supported", encoding.compression);
  }
  return std::unique_ptr<FixedArray>(std::make_unique<CompressedArray>(input, range, width_bits, scheme));
}

template <class T>
std::unique_ptr<FixedArray> MakeBlockPacked(const PageInput& input, const format::FileRange& range, std::uint64_t bits) {
  const int width = static_cast<int>(bits);
  return std::make_unique<BlockPackedArray<T>>(MakeFlatArray(*input.source, range, kernels::PackedBlockSize(width) * 8), width);
}

OpenResult OpenBitpacked(const PageInput& input, const ArrayEncoding& encoding, std::uint64_t width_bits) {
  const std::string name = format::ArrayEncodingName(encoding.id);
  if (encoding.width != width_bits)
    return Corrupt("{}: {} bits per value where the type has {}", name, encoding.width, width_bits);
  if (width_bits != 8 && width_bits != 16 && width_bits != 32 && width_bits != 64) {
    return Unsupported("{}: values of {} bits", name, width_bits);
  }
  if (encoding.packed_bits > width_bits || encoding.packed_bits == 0) {
    return Corrupt("{}: values of {} bits packed into {}", name, width_bits, encoding.packed_bits);
  }
  LANCEKIT_ASSIGN(const format::FileRange range, FindBuffer(input, encoding.buffer));
  if (encoding.id == ArrayEncodingId::kBitpacked) {
    auto packed = MakeFlatArray(*input.source, range, encoding.packed_bits);
    return std::unique_ptr<FixedArray>(std::make_unique<BitpackedArray>(std::move(packed), encoding));
  }
  switch (width_bits) {
    case 8:
      return MakeBlockPacked<std::uint8_t>(input, range, encoding.packed_bits);
    case 16:
      return MakeBlockPacked<std::uint16_t>(input, range, encoding.packed_bits);
    case 32:
      return MakeBlockPacked<std::uint32_t>(input, range, encoding.packed_bits);
    default:
      return MakeBlockPacked<std::uint64_t>(input, range, encoding.packed_bits);
  }
}

OpenResult OpenConstant(const ArrayEncoding& encoding, std::uint64_t width_bits) {
  if (encoding.bytes.empty() || encoding.bytes.size() != CeilDiv(width_bits, 8) || (width_bits != 1 && width_bits % 8 != 0)) {
    return Corrupt("constant: {} bytes where the type has {} bits", encoding.bytes.size(), width_bits);
  }
  return std::unique_ptr<FixedArray>(std::make_unique<ConstantArray>(encoding.bytes, width_bits));
}

OpenResult OpenFixedSizeBinary(const PageInput& input, const ArrayEncoding& encoding, std::uint64_t width_bits) {
  if (width_bits % 8 != 0 || encoding.width != width_bits / 8) {
    return Corrupt("fixed_size_binary: {} bytes per value where the type has {} bits", encoding.width, width_bits);
  }
  LANCEKIT_ASSIGN(std::unique_ptr<FixedArray> bytes, OpenFixedArray(input, encoding.children[0], 8));
  return std::unique_ptr<FixedArray>(std::make_unique<GroupedArray>(std::move(bytes), encoding.width));
}

}  // namespace

std::unique_ptr<FixedArray> MakeFlatArray(const Source& source, const format::FileRange& buffer, std::uint64_t width_bits) {
  return std::make_unique<FlatArray>(source, buffer, width_bits);
}

OpenResult OpenFixedArray(const PageInput& input, const ArrayEncoding& outer, std::uint64_t width_bits) {
  const ArrayEncoding& encoding = WithoutNullable(outer);
  switch (encoding.id) {
    case ArrayEncodingId::kFlat:
      return OpenFlat(input, encoding, width_bits);
    case ArrayEncodingId::kFixedSizeBinary:
      return OpenFixedSizeBinary(input, encoding, width_bits);
    case ArrayEncodingId::kBitpacked:
    case ArrayEncodingId::kBitpackedForNonNeg:
      return OpenBitpacked(input, encoding, width_bits);
    case ArrayEncodingId::kConstant:
      return OpenConstant(encoding, width_bits);
    default:
      return Unsupported("{} in the place of fixed-width values", format::ArrayEncodingName(encoding.id));
  }
}

}  // namespace lancekit::legacy
