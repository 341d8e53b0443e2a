// General: zstd, LZ4 or, in X1, Snappy around another encoding.
//
//   zstd: u64 uncompressed size, one frame (a bare frame without the size is accepted); lz4: u32 uncompressed size, one block;
//   snappy: one block, which begins with its size
//   chunk: the first buffer of the inner encoding is framed, the others stay as they are; in X1 the message may hold a zstd
//          dictionary for all chunks of the page
//   block: the whole buffer is framed;  full-zip value: each value is framed by itself
//
// Source: lance protos/encodings_v2_1.proto (General), rust lance-encoding physical/block.rs and general.rs.
#include <algorithm>
#include <array>
#include <cstring>
#include <optional>

#include "encodings/compression.h"
#include "encodings/definitions.h"

namespace lancekit {
namespace {

using format::CompressionScheme;

constexpr std::size_t kMaxChunkBuffers = 16;

Result<CompressionScheme> Validate(const format::Encoding& encoding) {
  if (encoding.children.size() != 1 || !encoding.compression.has_value())
    return Corrupt("general: no inner encoding or compression");
  if (encoding.children[0].id == format::EncodingId::kGeneral) return Unsupported("general: compressed twice");
  const CompressionScheme scheme = encoding.compression->scheme;
  if (scheme != CompressionScheme::kZstd && scheme != CompressionScheme::kLz4 && scheme != CompressionScheme::kSnappy) {
    return Unsupported("general: unknown compression {}", static_cast<std::uint32_t>(scheme));
  }
  if (!encoding.table.empty() && scheme != CompressionScheme::kZstd) return Corrupt("general: a dictionary that is not for zstd");
  return scheme;
}

Result<CompressionScheme> ValidateWithoutDictionary(const format::Encoding& encoding) {
  if (!encoding.table.empty()) return Corrupt("general: a dictionary outside of chunks");
  return Validate(encoding);
}

// What is inside may be compressed again, deeper down: it gets memory of its own.
class GeneralDecoder final : public ChunkDecoder {
 public:
  GeneralDecoder(CompressionScheme scheme, std::optional<ZstdDictionary> dictionary, std::unique_ptr<ChunkDecoder> inner)
      : scheme_(scheme), dictionary_(std::move(dictionary)), inner_(std::move(inner)) {}
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
      const ZstdDictionary* const dictionary = dictionary_.has_value() ? &*dictionary_ : nullptr;
      LANCEKIT_TRY(Decompress(buffers[0], scheme_, dictionary, scratch, &scratch->decompressed));
      buffers[0] = scratch->decompressed.bytes();
    }
    return Chunk{{buffers.data(), chunk.buffers.size()}, chunk.num_values};
  }

  CompressionScheme scheme_;
  std::optional<ZstdDictionary> dictionary_;
  std::unique_ptr<ChunkDecoder> inner_;
};

Result<std::unique_ptr<ChunkDecoder>> MakeChunk(const format::Encoding& encoding, const ValueShape& shape) {
  LANCEKIT_ASSIGN(const CompressionScheme scheme, Validate(encoding));
  LANCEKIT_ASSIGN(std::unique_ptr<ChunkDecoder> inner, MakeChunkDecoder(encoding.children[0], shape));
  if (inner->num_buffers() > kMaxChunkBuffers) return Unsupported("general: {} buffers in a chunk", inner->num_buffers());
  std::optional<ZstdDictionary> dictionary;
  if (!encoding.table.empty()) {
    LANCEKIT_ASSIGN(dictionary, ZstdDictionary::Parse(encoding.table));
  }
  return std::unique_ptr<ChunkDecoder>(std::make_unique<GeneralDecoder>(scheme, std::move(dictionary), std::move(inner)));
}

Status DecodeWhole(const format::Encoding& encoding, Bytes bytes, std::uint64_t num_values, ValueSink* sink, Scratch* scratch) {
  LANCEKIT_ASSIGN(const CompressionScheme scheme, ValidateWithoutDictionary(encoding));
  LANCEKIT_TRY(Decompress(bytes, scheme, nullptr, scratch, &scratch->decompressed));
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
    Status status = Decompress(stored, scheme_, nullptr, scratch, &plain);
    if (status.ok()) status = inner_->Append(plain.bytes(), sink, scratch);
    scratch->decompressed = std::move(plain);
    return status;
  }

 private:
  CompressionScheme scheme_;
  std::unique_ptr<ValueDecoder> inner_;
};

Result<std::unique_ptr<ValueDecoder>> MakeValue(const format::Encoding& encoding, const ValueShape& shape) {
  LANCEKIT_ASSIGN(const CompressionScheme scheme, ValidateWithoutDictionary(encoding));
  LANCEKIT_ASSIGN(std::unique_ptr<ValueDecoder> inner, MakeValueDecoder(encoding.children[0], shape));
  if (inner->stored_bytes() != 0) return Unsupported("general: compressed values of fixed width in a full-zip page");
  return std::unique_ptr<ValueDecoder>(std::make_unique<GeneralValueDecoder>(scheme, std::move(inner)));
}

/// Keeps the first buffer of a chunk back, to compress it, and passes the others on.
class FirstBufferWriter final : public ChunkWriter {
 public:
  FirstBufferWriter(Compressor* compressor, ChunkWriter* out) : compressor_(compressor), out_(out) {}
  std::byte* Begin(std::size_t capacity) override {
    if (!is_first_) return out_->Begin(capacity);
    plain_.Resize(capacity);
    return plain_.data();
  }
  void End(std::size_t size) override {
    if (!is_first_) return out_->End(size);
    is_first_ = false;
    MutableBuffer compressed;
    compressor_->Append(plain_.bytes().first(size), &compressed);
    std::memcpy(out_->Begin(compressed.size()), compressed.data(), compressed.size());
    out_->End(compressed.size());
  }

 private:
  Compressor* compressor_;
  ChunkWriter* out_;
  bool is_first_ = true;
  MutableBuffer plain_;
};

class GeneralEncoder final : public ChunkEncoder {
 public:
  GeneralEncoder(std::unique_ptr<ChunkEncoder> inner, format::BufferCompression compression, std::vector<std::byte> dictionary)
      : inner_(std::move(inner)),
        compression_(compression),
        dictionary_(std::move(dictionary)),
        compressor_(std::make_unique<Compressor>(compression, dictionary_)) {}
  format::Encoding Describe() const override {
    format::Encoding encoding;
    encoding.id = format::EncodingId::kGeneral;
    encoding.compression = compression_;
    encoding.table = dictionary_;
    encoding.children.push_back(inner_->Describe());
    return encoding;
  }
  std::size_t num_buffers() const noexcept override { return inner_->num_buffers(); }
  std::uint64_t ChunkSize(std::uint64_t first) const override { return inner_->ChunkSize(first); }
  void Encode(ValueRange range, ChunkWriter* out) const override {
    FirstBufferWriter writer(compressor_.get(), out);
    inner_->Encode(range, &writer);
  }

 private:
  std::unique_ptr<ChunkEncoder> inner_;
  format::BufferCompression compression_;
  std::vector<std::byte> dictionary_;
  std::unique_ptr<Compressor> compressor_;
};

/// Collects the first buffer of each chunk.
class FirstBufferCollector final : public ChunkWriter {
 public:
  std::byte* Begin(std::size_t capacity) override {
    std::size_t at = bytes_.size();
    if (!is_first_) at = 0;
    MutableBuffer& to = is_first_ ? bytes_ : other_;
    to.Resize(at + capacity);
    return to.data() + at;
  }
  void End(std::size_t size) override {
    if (is_first_) {
      bytes_.Resize(start_ + size);
      sizes_.push_back(size);
    }
    is_first_ = false;
  }
  void Collect(const ChunkEncoder& encoder, ValueRange range) {
    is_first_ = true;
    start_ = bytes_.size();
    encoder.Encode(range, this);
  }
  Bytes bytes() const { return bytes_.bytes(); }
  const std::vector<std::size_t>& sizes() const { return sizes_; }

 private:
  MutableBuffer bytes_;
  MutableBuffer other_;
  std::vector<std::size_t> sizes_;
  std::size_t start_ = 0;
  bool is_first_ = true;
};

/// About `count` of the chunks, from all over the page, the first one behind `skip` others.
FirstBufferCollector CollectChunks(const ChunkEncoder& encoder, const std::vector<ValueRange>& chunks, std::size_t skip,
                                   std::size_t count) {
  FirstBufferCollector collector;
  const std::size_t step = std::max<std::size_t>(1, chunks.size() / std::max<std::size_t>(1, count));
  for (std::size_t i = std::min(skip, step - 1); i < chunks.size(); i += step) collector.Collect(encoder, chunks[i]);
  return collector;
}

std::uint64_t CompressedBytes(const FirstBufferCollector& chunks, format::BufferCompression compression, Bytes dictionary) {
  Compressor compressor(compression, dictionary);
  MutableBuffer compressed;
  for (std::size_t i = 0, at = 0; i < chunks.sizes().size(); at += chunks.sizes()[i++]) {
    compressor.Append(chunks.bytes().subspan(at, chunks.sizes()[i]), &compressed);
  }
  return compressed.size();
}

constexpr std::size_t kTrainBytes = 256 << 10;
constexpr std::size_t kTrialBytes = 1 << 20;
constexpr std::size_t kBytesPerDictionaryByte = 512;
constexpr std::size_t kMinDictionaryBytes = 1024;

/// A dictionary for the chunks; empty when they become smaller by less than it takes.
std::vector<std::byte> TrainDictionary(const ChunkEncoder& encoder, std::uint64_t num_values,
                                       format::BufferCompression compression) {
  std::vector<ValueRange> chunks;
  for (std::uint64_t first = 0; first < num_values; first += chunks.back().count) {
    chunks.push_back({first, encoder.ChunkSize(first)});
  }
  if (chunks.empty()) return {};
  const std::size_t chunk_bytes = std::max<std::size_t>(1, CollectChunks(encoder, chunks, 0, 1).bytes().size());
  const FirstBufferCollector samples = CollectChunks(encoder, chunks, 0, kTrainBytes / chunk_bytes);
  const std::size_t page_bytes = samples.bytes().size() / samples.sizes().size() * chunks.size();
  std::vector<std::byte> dictionary =
      TrainZstdDictionary(samples.bytes(), samples.sizes(), std::max(kMinDictionaryBytes, page_bytes / kBytesPerDictionaryByte));
  if (dictionary.empty()) return {};
  // Others than those that it was trained on, where there are.
  const FirstBufferCollector trial = CollectChunks(encoder, chunks, 1, kTrialBytes / chunk_bytes);
  const std::uint64_t plain = CompressedBytes(trial, compression, {});
  const std::uint64_t with = CompressedBytes(trial, compression, dictionary);
  const std::uint64_t gain = plain > with ? (plain - with) * chunks.size() / trial.sizes().size() : 0;
  if (gain <= dictionary.size()) dictionary.clear();
  return dictionary;
}

std::string DescribeGeneral(const format::Encoding& encoding) {
  if (!encoding.compression.has_value()) return "";
  switch (encoding.compression->scheme) {
    case CompressionScheme::kZstd:
      return encoding.table.empty() ? "zstd" : fmt::format("zstd, dictionary of {} bytes", encoding.table.size());
    case CompressionScheme::kLz4:
      return "lz4";
    case CompressionScheme::kSnappy:
      return "snappy";
    default:
      return "unknown compression";
  }
}

}  // namespace

std::unique_ptr<ChunkEncoder> MakeGeneralEncoder(std::unique_ptr<ChunkEncoder> inner, format::BufferCompression compression) {
  return std::make_unique<GeneralEncoder>(std::move(inner), compression, std::vector<std::byte>());
}

std::unique_ptr<ChunkEncoder> MakeTrainedEncoder(std::unique_ptr<ChunkEncoder> inner, std::uint64_t num_values,
                                                 std::optional<std::int32_t> level) {
  const format::BufferCompression compression{CompressionScheme::kZstd, level};
  std::vector<std::byte> dictionary = TrainDictionary(*inner, num_values, compression);
  return std::make_unique<GeneralEncoder>(std::move(inner), compression, std::move(dictionary));
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
