// General: zstd or LZ4 around another encoding.
//
//   zstd: u64 uncompressed size, one frame (a bare frame without the size is accepted); lz4: u32 uncompressed size, one block
//   chunk: the first buffer of the inner encoding is framed, the others stay as they are
//   block: the whole buffer is framed;  full-zip value: each value is framed by itself
//
// Source: lance protos/encodings_v2_1.proto (General), rust lance-encoding physical/block.rs and general.rs.
#include <lz4.h>
#include <zstd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>

#include "encodings/definitions.h"

namespace lancekit {
namespace {

using format::CompressionScheme;

constexpr std::uint32_t kZstdMagic = 0xFD2FB528;
// Neither codec can expand a byte further than this (zstd: an RLE block of 128 KiB takes 4 bytes; LZ4: 255 per byte), so a
// larger claim is damage, found before memory is asked for.
constexpr std::uint64_t kMaxZstdRatio = 33'000;
constexpr std::uint64_t kMaxLz4Ratio = 256;
constexpr std::uint64_t kSlack = 1024;
constexpr std::size_t kMaxChunkBuffers = 16;

Status DecompressZstd(Bytes bytes, MutableBuffer* out) {
  if (bytes.size() < 8) return Corrupt("zstd: {} bytes hold no frame", bytes.size());
  std::uint64_t size = 0;
  if (LoadLe<std::uint32_t>(bytes.data()) == kZstdMagic) {
    size = ZSTD_getFrameContentSize(bytes.data(), bytes.size());
    if (size == ZSTD_CONTENTSIZE_ERROR || size == ZSTD_CONTENTSIZE_UNKNOWN) return Corrupt("zstd: a frame of unknown size");
  } else {
    size = LoadLe<std::uint64_t>(bytes.data());
    bytes = bytes.subspan(8);
  }
  if (size > bytes.size() * kMaxZstdRatio + kSlack) return Corrupt("zstd: {} bytes cannot hold {}", bytes.size(), size);
  out->Clear();
  out->Resize(size);
  const std::size_t got = ZSTD_decompress(out->data(), size, bytes.data(), bytes.size());
  if (ZSTD_isError(got) != 0) return Corrupt("zstd: {}", ZSTD_getErrorName(got));
  if (got != size) return Corrupt("zstd: {} bytes where {} were announced", got, size);
  return {};
}

Status DecompressLz4(Bytes bytes, MutableBuffer* out) {
  if (bytes.size() < 4) return Corrupt("lz4: {} bytes hold no block", bytes.size());
  const std::uint64_t size = LoadLe<std::uint32_t>(bytes.data());
  bytes = bytes.subspan(4);
  constexpr std::uint64_t kMaxInt = std::numeric_limits<int>::max();
  if (size > bytes.size() * kMaxLz4Ratio + kSlack || size > kMaxInt || bytes.size() > kMaxInt) {
    return Corrupt("lz4: {} bytes cannot hold {}", bytes.size(), size);
  }
  out->Clear();
  out->Resize(size);
  const int got = LZ4_decompress_safe(reinterpret_cast<const char*>(bytes.data()), reinterpret_cast<char*>(out->data()),
                                      static_cast<int>(bytes.size()), static_cast<int>(size));
  if (got < 0 || static_cast<std::uint64_t>(got) != size) return Corrupt("lz4: damaged block of {} bytes", bytes.size());
  return {};
}

Result<CompressionScheme> Validate(const format::Encoding& encoding) {
  if (encoding.children.size() != 1 || !encoding.compression.has_value())
    return Corrupt("general: no inner encoding or compression");
  if (encoding.children[0].id == format::EncodingId::kGeneral) return Unsupported("general: compressed twice");
  const CompressionScheme scheme = encoding.compression->scheme;
  if (scheme != CompressionScheme::kZstd && scheme != CompressionScheme::kLz4) {
    return Unsupported("general: unknown compression {}", static_cast<std::uint32_t>(scheme));
  }
  return scheme;
}

// What is inside may be compressed again, deeper down: it gets memory of its own.
class GeneralDecoder final : public ChunkDecoder {
 public:
  GeneralDecoder(CompressionScheme scheme, std::unique_ptr<ChunkDecoder> inner) : scheme_(scheme), inner_(std::move(inner)) {}
  std::size_t num_buffers() const noexcept override { return inner_->num_buffers(); }

  Status Decode(const Chunk& chunk, ValueRange range, ValueSink* sink, Scratch* scratch) const override {
    std::array<Bytes, kMaxChunkBuffers> buffers;
    LANCEKIT_ASSIGN(const Chunk inner, Open(chunk, buffers, scratch));
    return inner_->Decode(inner, range, sink, scratch->Inner());
  }

  Status DecodeRanges(const Chunk& chunk, std::span<const ValueRange> ranges, ValueSink* sink, Scratch* scratch) const override {
    std::array<Bytes, kMaxChunkBuffers> buffers;
    LANCEKIT_ASSIGN(const Chunk inner, Open(chunk, buffers, scratch));
    return inner_->DecodeRanges(inner, ranges, sink, scratch->Inner());
  }

  bool has_runs() const noexcept override { return inner_->has_runs(); }
  Status DecodeRuns(const Chunk& chunk, std::span<const ValueRange> ranges, ValueSink* sink, std::vector<std::uint64_t>* counts,
                    Scratch* scratch) const override {
    std::array<Bytes, kMaxChunkBuffers> buffers;
    LANCEKIT_ASSIGN(const Chunk inner, Open(chunk, buffers, scratch));
    return inner_->DecodeRuns(inner, ranges, sink, counts, scratch->Inner());
  }

  Result<StringsView> View(const Chunk& chunk, ValueRange range, Scratch* scratch) const override {
    std::array<Bytes, kMaxChunkBuffers> buffers;
    LANCEKIT_ASSIGN(const Chunk inner, Open(chunk, buffers, scratch));
    return inner_->View(inner, range, scratch->Inner());
  }

 private:
  Result<Chunk> Open(const Chunk& chunk, std::array<Bytes, kMaxChunkBuffers>& buffers, Scratch* scratch) const {
    std::copy(chunk.buffers.begin(), chunk.buffers.end(), buffers.begin());
    if (!buffers[0].empty()) {
      LANCEKIT_TRY(DecompressBuffer(buffers[0], scheme_, &scratch->decompressed));
      buffers[0] = scratch->decompressed.bytes();
    }
    return Chunk{{buffers.data(), chunk.buffers.size()}, chunk.num_values};
  }

  CompressionScheme scheme_;
  std::unique_ptr<ChunkDecoder> inner_;
};

Result<std::unique_ptr<ChunkDecoder>> MakeChunk(const format::Encoding& encoding, const ValueShape& shape) {
  LANCEKIT_ASSIGN(const CompressionScheme scheme, Validate(encoding));
  LANCEKIT_ASSIGN(std::unique_ptr<ChunkDecoder> inner, MakeChunkDecoder(encoding.children[0], shape));
  if (inner->num_buffers() > kMaxChunkBuffers) return Unsupported("general: {} buffers in a chunk", inner->num_buffers());
  return std::unique_ptr<ChunkDecoder>(std::make_unique<GeneralDecoder>(scheme, std::move(inner)));
}

Status DecodeWhole(const format::Encoding& encoding, Bytes bytes, std::uint64_t num_values, ValueSink* sink, Scratch* scratch) {
  LANCEKIT_ASSIGN(const CompressionScheme scheme, Validate(encoding));
  LANCEKIT_TRY(DecompressBuffer(bytes, scheme, &scratch->decompressed));
  return DecodeBlock(encoding.children[0], scratch->decompressed.bytes(), num_values, sink, scratch->Inner());
}

class GeneralValueDecoder final : public ValueDecoder {
 public:
  GeneralValueDecoder(CompressionScheme scheme, std::unique_ptr<ValueDecoder> inner)
      : scheme_(scheme), inner_(std::move(inner)) {}
  std::uint64_t stored_bytes() const noexcept override { return 0; }
  Status Append(Bytes stored, ValueSink* sink, Scratch* scratch) const override {
    // Fields of a packed struct may be compressed as well, with the same scratch memory.
    MutableBuffer plain = std::move(scratch->decompressed);
    Status status = DecompressBuffer(stored, scheme_, &plain);
    if (status.ok()) status = inner_->Append(plain.bytes(), sink, scratch);
    scratch->decompressed = std::move(plain);
    return status;
  }

 private:
  CompressionScheme scheme_;
  std::unique_ptr<ValueDecoder> inner_;
};

Result<std::unique_ptr<ValueDecoder>> MakeValue(const format::Encoding& encoding, const ValueShape& shape) {
  LANCEKIT_ASSIGN(const CompressionScheme scheme, Validate(encoding));
  LANCEKIT_ASSIGN(std::unique_ptr<ValueDecoder> inner, MakeValueDecoder(encoding.children[0], shape));
  if (inner->stored_bytes() != 0) return Unsupported("general: compressed values of fixed width in a full-zip page");
  return std::unique_ptr<ValueDecoder>(std::make_unique<GeneralValueDecoder>(scheme, std::move(inner)));
}

/// Keeps the first buffer of a chunk back, to compress it, and passes the others on.
class FirstBufferWriter final : public ChunkWriter {
 public:
  FirstBufferWriter(format::BufferCompression compression, ChunkWriter* out) : compression_(compression), out_(out) {}
  std::byte* Begin(std::size_t capacity) override {
    if (!is_first_) return out_->Begin(capacity);
    plain_.Resize(capacity);
    return plain_.data();
  }
  void End(std::size_t size) override {
    if (!is_first_) return out_->End(size);
    is_first_ = false;
    MutableBuffer compressed;
    AppendCompressed(plain_.bytes().first(size), compression_, &compressed);
    std::memcpy(out_->Begin(compressed.size()), compressed.data(), compressed.size());
    out_->End(compressed.size());
  }

 private:
  format::BufferCompression compression_;
  ChunkWriter* out_;
  bool is_first_ = true;
  MutableBuffer plain_;
};

class GeneralEncoder final : public ChunkEncoder {
 public:
  GeneralEncoder(std::unique_ptr<ChunkEncoder> inner, format::BufferCompression compression)
      : inner_(std::move(inner)), compression_(compression) {}
  format::Encoding Describe() const override {
    format::Encoding encoding;
    encoding.id = format::EncodingId::kGeneral;
    encoding.compression = compression_;
    encoding.children.push_back(inner_->Describe());
    return encoding;
  }
  std::size_t num_buffers() const noexcept override { return inner_->num_buffers(); }
  std::uint64_t ChunkSize(std::uint64_t first) const override { return inner_->ChunkSize(first); }
  void Encode(ValueRange range, ChunkWriter* out) const override {
    FirstBufferWriter writer(compression_, out);
    inner_->Encode(range, &writer);
  }

 private:
  std::unique_ptr<ChunkEncoder> inner_;
  format::BufferCompression compression_;
};

std::string DescribeGeneral(const format::Encoding& encoding) {
  if (!encoding.compression.has_value()) return "";
  switch (encoding.compression->scheme) {
    case CompressionScheme::kZstd:
      return "zstd";
    case CompressionScheme::kLz4:
      return "lz4";
    default:
      return "unknown compression";
  }
}

}  // namespace

Status DecompressBuffer(Bytes bytes, CompressionScheme scheme, MutableBuffer* out) {
  return scheme == CompressionScheme::kZstd ? DecompressZstd(bytes, out) : DecompressLz4(bytes, out);
}

std::unique_ptr<ChunkEncoder> MakeGeneralEncoder(std::unique_ptr<ChunkEncoder> inner, format::BufferCompression compression) {
  return std::make_unique<GeneralEncoder>(std::move(inner), compression);
}

void AppendCompressed(Bytes bytes, format::BufferCompression compression, MutableBuffer* out) {
  const std::size_t at = out->size();
  if (compression.scheme == CompressionScheme::kZstd) {
    out->AppendLe<std::uint64_t>(bytes.size());
    const std::size_t bound = ZSTD_compressBound(bytes.size());
    out->Resize(at + 8 + bound);
    const std::size_t got = ZSTD_compress(out->data() + at + 8, bound, bytes.data(), bytes.size(), compression.level.value_or(0));
    out->Resize(at + 8 + got);
    return;
  }
  out->AppendLe(static_cast<std::uint32_t>(bytes.size()));
  const int bound = LZ4_compressBound(static_cast<int>(bytes.size()));
  out->Resize(at + 4 + static_cast<std::size_t>(bound));
  const int got = LZ4_compress_default(reinterpret_cast<const char*>(bytes.data()), reinterpret_cast<char*>(out->data() + at + 4),
                                       static_cast<int>(bytes.size()), bound);
  out->Resize(at + 4 + static_cast<std::size_t>(got));
}

constinit const EncodingDef kGeneral{
    .id = format::EncodingId::kGeneral,
    .name = "general",
    .make_chunk_decoder = &MakeChunk,
    .decode_block = &DecodeWhole,
    .make_value_decoder = &MakeValue,
    .describe = &DescribeGeneral,
};

}  // namespace lancekit
