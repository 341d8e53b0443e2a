// Out-of-line bit-packing: a whole buffer of values packed with one width W that the encoding names.
//
//   block: full blocks of 1024 values in the FastLanes layout, ceil(1024 W / T) words of T bits each; then the last
//          r < 1024 values, either padded to a block and packed, or raw: r words. The size tells which.
//
// Source: lance protos/encodings_v2_1.proto (OutOfLineBitpacking), rust lance-encoding physical/bitpacking.rs.
#include <cstring>

#include "base/checked_math.h"
#include "encodings/definitions.h"
#include "encodings/kernels/bitpack.h"

namespace lancekit {
namespace {

using kernels::kBlockValues;

// The official writer packs the tail when that is smaller by more than this count suggests.
bool PacksTail(std::uint64_t tail, std::uint64_t width, std::uint64_t value_bits) {
  return width * (kBlockValues - tail) < (value_bits - width) * tail;
}

/// Only the value `only`, if that is one of them.
template <class T>
Status DecodeOf(Bytes bytes, std::uint64_t num_values, int width, std::uint64_t only, ValueSink* sink, Scratch* scratch) {
  const std::uint64_t block_bytes = kernels::PackedBlockSize(width);
  const std::uint64_t full = num_values / kBlockValues;
  const std::uint64_t tail = num_values % kBlockValues;
  std::uint64_t full_bytes = 0;
  if (width == 0 && num_values > kMaxFreeValues) return Corrupt("out-of-line bit-packing: {} values of width 0", num_values);
  if (!CheckedMul(full, block_bytes, &full_bytes)) return Corrupt("out-of-line bit-packing: {} values are too many", num_values);
  const bool raw = bytes.size() == full_bytes + tail * sizeof(T);
  if (!raw && bytes.size() != full_bytes + block_bytes) {
    return Corrupt("out-of-line bit-packing: {} bytes for {} values of width {}", bytes.size(), num_values, width);
  }
  if (only < num_values) {
    const std::byte* const from = bytes.data() + only / kBlockValues * block_bytes;
    const bool is_raw = raw && only / kBlockValues == full;
    const auto at = static_cast<unsigned>(only % kBlockValues);
    StoreLe(sink->AppendFixed(1), is_raw ? LoadLe<T>(from + at * sizeof(T)) : kernels::UnpackOne<T>(from, width, at));
    return {};
  }
  T* to = reinterpret_cast<T*>(sink->AppendFixed(num_values));
  for (std::uint64_t i = 0; i < full; ++i) kernels::UnpackBlock<T>(bytes.data() + i * block_bytes, width, to + i * kBlockValues);
  if (tail == 0) return {};
  const std::byte* const from = bytes.data() + full_bytes;
  if (raw) {
    std::memcpy(to + full * kBlockValues, from, tail * sizeof(T));
    return {};
  }
  scratch->block.Resize(kBlockValues * sizeof(T));
  kernels::UnpackBlock<T>(from, width, scratch->block.as<T>());
  std::memcpy(to + full * kBlockValues, scratch->block.data(), tail * sizeof(T));
  return {};
}

constexpr std::uint64_t kAll = ~std::uint64_t{0};

Status Decode(const format::Encoding& encoding, Bytes bytes, std::uint64_t num_values, std::uint64_t only, ValueSink* sink,
              Scratch* scratch) {
  const std::uint64_t bits = encoding.bits;
  if (!sink->shape().fixed() || sink->shape().width_bits != bits) {
    return Corrupt("out-of-line bit-packing: {} bits per value where {} are needed", bits, sink->shape().width_bits);
  }
  if (encoding.children.size() != 1 || encoding.children[0].id != format::EncodingId::kFlat) {
    return Unsupported("out-of-line bit-packing: packed values that are not flat");
  }
  const std::uint64_t width = encoding.children[0].bits;
  if (width > bits) return Corrupt("out-of-line bit-packing: width {} > {}", width, bits);
  switch (bits) {
    case 8:
      return DecodeOf<std::uint8_t>(bytes, num_values, static_cast<int>(width), only, sink, scratch);
    case 16:
      return DecodeOf<std::uint16_t>(bytes, num_values, static_cast<int>(width), only, sink, scratch);
    case 32:
      return DecodeOf<std::uint32_t>(bytes, num_values, static_cast<int>(width), only, sink, scratch);
    case 64:
      return DecodeOf<std::uint64_t>(bytes, num_values, static_cast<int>(width), only, sink, scratch);
    default:
      return Corrupt("out-of-line bit-packing: values of {} bits", bits);
  }
}

Status DecodeWhole(const format::Encoding& encoding, Bytes bytes, std::uint64_t num_values, ValueSink* sink, Scratch* scratch) {
  return Decode(encoding, bytes, num_values, kAll, sink, scratch);
}
Status PickFromWhole(const format::Encoding& encoding, Bytes bytes, std::uint64_t num_values, std::uint64_t index,
                     ValueSink* sink) {
  return Decode(encoding, bytes, num_values, index, sink, nullptr);
}

std::string DescribeBitpacking(const format::Encoding& encoding) {
  return fmt::format("{} bit to {} bit", encoding.bits, encoding.children.empty() ? 0 : encoding.children[0].bits);
}

}  // namespace

std::uint64_t OutOfLineBitpackedBytes(std::uint64_t count, int width, int value_bits) {
  const std::uint64_t block_bytes = kernels::PackedBlockSize(width);
  const std::uint64_t tail = count % kBlockValues;
  if (tail == 0) return count / kBlockValues * block_bytes;
  const bool packs = PacksTail(tail, static_cast<std::uint64_t>(width), static_cast<std::uint64_t>(value_bits));
  return count / kBlockValues * block_bytes + (packs ? block_bytes : tail * static_cast<std::uint64_t>(value_bits) / 8);
}

void AppendOutOfLineBitpacked(const std::uint16_t* values, std::uint64_t count, int width, MutableBuffer* out) {
  const std::uint64_t block_bytes = kernels::PackedBlockSize(width);
  std::size_t at = out->size();
  out->Resize(at + OutOfLineBitpackedBytes(count, width, 16));
  for (; count >= kBlockValues; count -= kBlockValues, values += kBlockValues, at += block_bytes) {
    kernels::PackBlock<std::uint16_t>(values, width, out->data() + at);
  }
  if (count == 0) return;
  if (!PacksTail(count, static_cast<std::uint64_t>(width), 16)) {
    std::memcpy(out->data() + at, values, count * 2);
    return;
  }
  std::uint16_t padded[kBlockValues] = {};
  std::memcpy(padded, values, count * 2);
  kernels::PackBlock<std::uint16_t>(padded, width, out->data() + at);
}

constinit const EncodingDef kOutOfLineBitpacking{
    .id = format::EncodingId::kOutOfLineBitpacking,
    .name = "out_of_line_bitpacking",
    .decode_block = &DecodeWhole,
    .pick_from_block = &PickFromWhole,
    .describe = &DescribeBitpacking,
};

}  // namespace lancekit
