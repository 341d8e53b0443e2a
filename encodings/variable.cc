// Variable: values of any length with their offsets.
//
//   chunk: (n + 1) offsets (u32 or u64), positions from the start of the buffer, the first one (n + 1) x width;
//          value bytes; padding with 'H' to a multiple of 4 (32-bit) or 8 (64-bit), which counts as part of the buffer
//   block: u32 32, u32 S (or u64 64, u64 S); (n + 1) offsets from 0 on; value bytes at S
//          before release: u8 bits, the number of values, S (each u32 or u64), then the same
//   full-zip value: the bytes
//
// Source: lance protos/encodings_v2_1.proto (Variable), rust lance-encoding physical/binary.rs.
#include <algorithm>
#include <cstring>

#include "base/checked_math.h"
#include "encodings/definitions.h"

namespace lancekit {
namespace {

constexpr std::byte kPadding{72};
constexpr std::uint64_t kMaxChunkValues = 8192;

/// True when offsets[0 ... count] ascend and the last one is at most `size`.
template <class T>
bool OffsetsAscend(const std::byte* offsets, std::uint64_t count, std::uint64_t size) {
  bool ok = true;
  for (std::uint64_t i = 0; i < count; ++i) {
    ok &= LoadLe<T>(offsets + i * sizeof(T)) <= LoadLe<T>(offsets + (i + 1) * sizeof(T));
  }
  return ok && LoadLe<T>(offsets + count * sizeof(T)) <= size;
}

bool OffsetsAscend(bool wide, const std::byte* offsets, std::uint64_t count, std::uint64_t size) {
  return wide ? OffsetsAscend<std::uint64_t>(offsets, count, size) : OffsetsAscend<std::uint32_t>(offsets, count, size);
}

/// The offsets, or a copy of them where the file does not align them (as the old 9 or 17 byte header of a block).
const std::byte* Aligned(const std::byte* offsets, std::uint64_t size, std::uint64_t width, MutableBuffer* copy) {
  if (reinterpret_cast<std::uintptr_t>(offsets) % width == 0) return offsets;
  copy->Clear();
  copy->Append({offsets, size});
  return copy->data();
}

Status AppendView(const StringsView& view, ValueRange range, ValueSink* sink) {
  if (view.wide) {
    return sink->AppendStrings(reinterpret_cast<const std::uint64_t*>(view.offsets) + range.first, view.data, range.count);
  }
  return sink->AppendStrings(reinterpret_cast<const std::uint32_t*>(view.offsets) + range.first, view.data, range.count);
}

Result<bool> HasWideOffsets(const format::Encoding& encoding) {
  if (encoding.compression.has_value()) return Unsupported("variable: compressed values are not supported");
  if (encoding.children.size() != 1 || encoding.children[0].id != format::EncodingId::kFlat) {
    return Unsupported("variable: offsets that are not flat");
  }
  const std::uint64_t bits = encoding.children[0].bits;
  if (bits != 32 && bits != 64) return Corrupt("variable: offsets of {} bits", bits);
  return bits == 64;
}

class VariableDecoder final : public ChunkDecoder {
 public:
  explicit VariableDecoder(bool wide) : wide_(wide) {}

  Result<StringsView> View(const Chunk& chunk, ValueRange range, Scratch* scratch) const override {
    const Bytes bytes = chunk.buffers[0];
    const std::uint64_t width = wide_ ? 8 : 4;
    if (bytes.size() / width < chunk.num_values + 1) {
      return Corrupt("variable: {} bytes for the offsets of {} values", bytes.size(), chunk.num_values);
    }
    if (!OffsetsAscend(wide_, bytes.data() + range.first * width, range.count, bytes.size())) {
      return Corrupt("variable: offsets do not ascend within {} bytes", bytes.size());
    }
    return StringsView{Aligned(bytes.data(), (range.first + range.count + 1) * width, width, &scratch->block), wide_,
                       bytes.data()};
  }

  Status Decode(const Chunk& chunk, ValueRange range, ValueSink* sink, Scratch* scratch) const override {
    LANCEKIT_ASSIGN(const StringsView view, View(chunk, range, scratch));
    return AppendView(view, range, sink);
  }
  void Prefetch(const Chunk& chunk, std::uint64_t value) const override {
    __builtin_prefetch(chunk.buffers[0].data() + value * (wide_ ? 8 : 4));
  }

 private:
  bool wide_;
};

Result<std::unique_ptr<ChunkDecoder>> MakeChunk(const format::Encoding& encoding, const ValueShape& shape) {
  if (!shape.variable()) return Corrupt("variable: stands where values of fixed width are stored");
  LANCEKIT_ASSIGN(const bool wide, HasWideOffsets(encoding));
  return std::unique_ptr<ChunkDecoder>(std::make_unique<VariableDecoder>(wide));
}

struct BlockHeader {
  std::uint64_t offsets_at = 0;
  std::uint64_t data_at = 0;
};

Result<BlockHeader> ParseBlockHeader(Bytes bytes, bool wide) {
  const std::uint64_t width = wide ? 8 : 4;
  const auto word = [&](std::uint64_t at) -> std::uint64_t {
    return wide ? LoadLe<std::uint64_t>(bytes.data() + at) : LoadLe<std::uint32_t>(bytes.data() + at);
  };
  if (bytes.size() < 2 * width + 1) return Corrupt("variable: {} bytes hold no header", bytes.size());
  const bool released = bytes[1] == std::byte{0} && bytes[2] == std::byte{0} && bytes[3] == std::byte{0};
  const std::uint64_t bits = released ? word(0) : static_cast<std::uint64_t>(bytes[0]);
  if (bits != width * 8) return Corrupt("variable: a header for offsets of {} bits where there are {}", bits, width * 8);
  if (released) return BlockHeader{2 * width, word(width)};
  return BlockHeader{2 * width + 1, word(1 + width)};
}

Status DecodeWhole(const format::Encoding& encoding, Bytes bytes, std::uint64_t num_values, ValueSink* sink, Scratch* scratch) {
  if (!sink->shape().variable()) return Corrupt("variable: stands where values of fixed width are stored");
  LANCEKIT_ASSIGN(const bool wide, HasWideOffsets(encoding));
  LANCEKIT_ASSIGN(const BlockHeader header, ParseBlockHeader(bytes, wide));
  const std::uint64_t width = wide ? 8 : 4;
  std::uint64_t offsets_end = 0;
  if (num_values >= bytes.size() || !CheckedAdd((num_values + 1) * width, header.offsets_at, &offsets_end) ||
      offsets_end > header.data_at || header.data_at > bytes.size()) {
    return Corrupt("variable: {} bytes with data at {} for {} values", bytes.size(), header.data_at, num_values);
  }
  const std::byte* const offsets = bytes.data() + header.offsets_at;
  if (!OffsetsAscend(wide, offsets, num_values, bytes.size() - header.data_at)) {
    return Corrupt("variable: offsets do not ascend within {} bytes", bytes.size() - header.data_at);
  }
  const std::byte* const aligned = Aligned(offsets, (num_values + 1) * width, width, &scratch->block);
  return AppendView({aligned, wide, bytes.data() + header.data_at}, {0, num_values}, sink);
}

class VariableValueDecoder final : public ValueDecoder {
 public:
  std::uint64_t stored_bytes() const noexcept override { return 0; }
  bool is_plain() const noexcept override { return true; }
  Status Append(Bytes stored, ValueSink* sink, Scratch*) const override {
    const std::int64_t end = static_cast<std::int64_t>(stored.size());
    if (!stored.empty()) std::memcpy(sink->ReserveData(stored.size()), stored.data(), stored.size());
    return sink->AppendEnds(&end, 1);
  }
};

Result<std::unique_ptr<ValueDecoder>> MakeValue(const format::Encoding& encoding, const ValueShape& shape) {
  if (!shape.variable()) return Corrupt("variable: stands where values of fixed width are stored");
  if (auto wide = HasWideOffsets(encoding); !wide) return std::move(wide).status();
  return std::unique_ptr<ValueDecoder>(std::make_unique<VariableValueDecoder>());
}

class VariableEncoder final : public ChunkEncoder {
 public:
  VariableEncoder(ValuesView values, std::uint64_t chunk_bytes)
      : values_(std::move(values)), chunk_bytes_(chunk_bytes), width_(values_.shape.large_offsets ? 8 : 4) {}

  format::Encoding Describe() const override {
    format::Encoding offsets;
    offsets.id = format::EncodingId::kFlat;
    offsets.bits = width_ * 8;
    format::Encoding encoding;
    encoding.id = format::EncodingId::kVariable;
    encoding.children.push_back(std::move(offsets));
    return encoding;
  }

  std::uint64_t ChunkSize(std::uint64_t first) const override {
    const std::uint64_t left = values_.length - first;
    const auto bytes = [&](std::uint64_t count) {
      return (count + 1) * width_ + values_.Offset(first + count) - values_.Offset(first);
    };
    if (left <= kMaxChunkValues && bytes(left) <= chunk_bytes_) return left;
    std::uint64_t count = 2;
    while (count * 2 <= kMaxChunkValues && count * 2 <= left && bytes(count * 2) <= chunk_bytes_) count *= 2;
    return std::min(count, left);
  }

  void Encode(ValueRange range, ChunkWriter* out) const override {
    const std::uint64_t first = values_.Offset(range.first);
    const std::uint64_t bytes = values_.Offset(range.first + range.count) - first;
    const std::uint64_t data_at = (range.count + 1) * width_;
    const std::size_t size = AlignUp(data_at + bytes, width_);
    std::byte* const to = out->Begin(size);
    for (std::uint64_t i = 0; i <= range.count; ++i) {
      const std::uint64_t offset = values_.Offset(range.first + i) - first + data_at;
      if (width_ == 8) {
        StoreLe(to + i * 8, offset);
      } else {
        StoreLe(to + i * 4, static_cast<std::uint32_t>(offset));
      }
    }
    if (bytes != 0) std::memcpy(to + data_at, values_.data + first, bytes);
    std::memset(to + data_at + bytes, static_cast<int>(kPadding), size - data_at - bytes);
    out->End(size);
  }

 private:
  ValuesView values_;
  std::uint64_t chunk_bytes_;
  std::uint64_t width_;
};

}  // namespace

std::unique_ptr<ChunkEncoder> MakeVariableEncoder(ValuesView values, std::uint64_t chunk_bytes) {
  return std::make_unique<VariableEncoder>(std::move(values), chunk_bytes);
}

void AppendVariableBlock(const ValuesView& values, MutableBuffer* out) {
  const bool wide = values.shape.large_offsets;
  const std::uint64_t width = wide ? 8 : 4;
  const std::uint64_t data_at = width * (values.length + 3);
  const auto put = [&](std::uint64_t word) { wide ? out->AppendLe(word) : out->AppendLe(static_cast<std::uint32_t>(word)); };
  put(width * 8);
  put(data_at);
  const std::uint64_t first = values.Offset(0);
  for (std::uint64_t i = 0; i <= values.length; ++i) put(values.Offset(i) - first);
  out->Append({values.data + first, values.StringBytes()});
}

constinit const EncodingDef kVariable{
    .id = format::EncodingId::kVariable,
    .name = "variable",
    .make_chunk_decoder = &MakeChunk,
    .decode_block = &DecodeWhole,
    .make_value_decoder = &MakeValue,
};

}  // namespace lancekit
