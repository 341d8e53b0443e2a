#include "encodings/compression.h"

#include <lz4.h>
#include <snappy-c.h>
#include <zdict.h>
#include <zstd.h>

#include <cstring>
#include <limits>

#include "encodings/definitions.h"

namespace lancekit {
namespace {

using format::CompressionScheme;

constexpr std::uint32_t kZstdMagic = 0xFD2FB528;
// No codec can expand a byte further than this (zstd: an RLE block of 128 KiB takes 4 bytes; LZ4: 255 per byte; Snappy: 64 of 3),
// so a larger claim is damage, found before memory is asked for.
constexpr std::uint64_t kMaxZstdRatio = 33'000;
constexpr std::uint64_t kMaxLz4Ratio = 256;
constexpr std::uint64_t kMaxSnappyRatio = 22;
constexpr std::uint64_t kSlack = 1024;
constexpr std::size_t kMaxDictionaryBytes = 110 << 10;

const char* Characters(const std::byte* bytes) { return reinterpret_cast<const char*>(bytes); }
char* Characters(std::byte* bytes) { return reinterpret_cast<char*>(bytes); }

/// The context of the last scratch of this thread, as the memory of its buffers goes back to a pool. Making one takes as long as
/// decompressing some 10 KiB.
std::unique_ptr<ZSTD_DCtx, ZstdDeleter>& SpareContext() {
  static thread_local std::unique_ptr<ZSTD_DCtx, ZstdDeleter> spare;
  return spare;
}

/// ZSTD_decompress with a context that is kept.
std::size_t DecompressFrame(Bytes frame, const ZstdDictionary* dictionary, Scratch* scratch, MutableBuffer* out) {
  if (scratch->zstd == nullptr) scratch->zstd.reset(SpareContext().release());
  if (scratch->zstd == nullptr) scratch->zstd.reset(ZSTD_createDCtx());
  if (scratch->zstd == nullptr) return std::size_t(-1);  // an error as any of zstd's
  if (dictionary == nullptr)
    return ZSTD_decompressDCtx(scratch->zstd.get(), out->data(), out->size(), frame.data(), frame.size());
  return ZSTD_decompress_usingDDict(scratch->zstd.get(), out->data(), out->size(), frame.data(), frame.size(),
                                    dictionary->prepared());
}

Status DecompressZstd(Bytes bytes, const ZstdDictionary* dictionary, Scratch* scratch, MutableBuffer* out) {
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
  const std::uint32_t id = ZSTD_getDictID_fromFrame(bytes.data(), bytes.size());
  if (dictionary != nullptr && id != dictionary->id()) {
    return Corrupt("zstd: a frame for dictionary {} in a page with dictionary {}", id, dictionary->id());
  }
  out->Clear();
  out->Resize(size);
  const std::size_t got = DecompressFrame(bytes, dictionary, scratch, out);
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
  const int got = LZ4_decompress_safe(Characters(bytes.data()), Characters(out->data()), static_cast<int>(bytes.size()),
                                      static_cast<int>(size));
  if (got < 0 || static_cast<std::uint64_t>(got) != size) return Corrupt("lz4: damaged block of {} bytes", bytes.size());
  return {};
}

Status DecompressSnappy(Bytes bytes, MutableBuffer* out) {
  std::size_t size = 0;
  if (snappy_uncompressed_length(Characters(bytes.data()), bytes.size(), &size) != SNAPPY_OK) {
    return Corrupt("snappy: {} bytes hold no block", bytes.size());
  }
  if (size > bytes.size() * kMaxSnappyRatio + kSlack) return Corrupt("snappy: {} bytes cannot hold {}", bytes.size(), size);
  out->Clear();
  out->Resize(size);
  // Checks that the block makes so many bytes, no more and no fewer.
  if (snappy_uncompress(Characters(bytes.data()), bytes.size(), Characters(out->data()), &size) != SNAPPY_OK) {
    return Corrupt("snappy: damaged block of {} bytes", bytes.size());
  }
  return {};
}

}  // namespace

void ZstdDeleter::operator()(ZSTD_CCtx_s* context) const noexcept { ZSTD_freeCCtx(context); }
void ZstdDeleter::operator()(ZSTD_CDict_s* dictionary) const noexcept { ZSTD_freeCDict(dictionary); }
void ZstdDeleter::operator()(ZSTD_DDict_s* dictionary) const noexcept { ZSTD_freeDDict(dictionary); }
void ZstdDeleter::operator()(ZSTD_DCtx_s* context) const noexcept { ZSTD_freeDCtx(context); }
void Scratch::ZstdContextDeleter::operator()(ZSTD_DCtx_s* context) const noexcept { SpareContext().reset(context); }

Result<ZstdDictionary> ZstdDictionary::Parse(Bytes bytes) {
  if (bytes.size() > kMaxDictionaryBytes) return Corrupt("zstd: a dictionary of {} bytes", bytes.size());
  ZstdDictionary dictionary;
  // Bytes without the magic of a dictionary would count as plain content, so that any would do.
  dictionary.id_ = ZSTD_getDictID_fromDict(bytes.data(), bytes.size());
  if (dictionary.id_ == 0) return Corrupt("zstd: {} bytes that are no dictionary", bytes.size());
  dictionary.prepared_.reset(ZSTD_createDDict(bytes.data(), bytes.size()));
  if (dictionary.prepared_ == nullptr) return Corrupt("zstd: a damaged dictionary of {} bytes", bytes.size());
  return dictionary;
}

Status Decompress(Bytes bytes, CompressionScheme scheme, const ZstdDictionary* dictionary, Scratch* scratch, MutableBuffer* out) {
  if (scheme == CompressionScheme::kZstd) return DecompressZstd(bytes, dictionary, scratch, out);
  return scheme == CompressionScheme::kLz4 ? DecompressLz4(bytes, out) : DecompressSnappy(bytes, out);
}

Status DecompressBuffer(Bytes bytes, CompressionScheme scheme, MutableBuffer* out) {
  Scratch scratch;
  return Decompress(bytes, scheme, nullptr, &scratch, out);
}

Compressor::Compressor(format::BufferCompression compression, Bytes dictionary) : compression_(compression) {
  if (compression.scheme != CompressionScheme::kZstd) return;
  context_.reset(ZSTD_createCCtx());
  if (dictionary.empty()) return;
  dictionary_.reset(ZSTD_createCDict(dictionary.data(), dictionary.size(), compression.level.value_or(ZSTD_CLEVEL_DEFAULT)));
}

void Compressor::AppendZstd(Bytes bytes, MutableBuffer* out) {
  const std::size_t at = out->size();
  out->AppendLe<std::uint64_t>(bytes.size());
  const std::size_t bound = ZSTD_compressBound(bytes.size());
  out->Resize(at + 8 + bound);
  std::byte* const to = out->data() + at + 8;
  const std::size_t got =
      dictionary_ != nullptr
          ? ZSTD_compress_usingCDict(context_.get(), to, bound, bytes.data(), bytes.size(), dictionary_.get())
          : ZSTD_compressCCtx(context_.get(), to, bound, bytes.data(), bytes.size(), compression_.level.value_or(0));
  out->Resize(at + 8 + got);
}

void Compressor::Append(Bytes bytes, MutableBuffer* out) {
  const std::size_t at = out->size();
  switch (compression_.scheme) {
    case CompressionScheme::kZstd:
      return AppendZstd(bytes, out);
    case CompressionScheme::kSnappy: {
      std::size_t size = snappy_max_compressed_length(bytes.size());
      out->Resize(at + size);
      snappy_compress(Characters(bytes.data()), bytes.size(), Characters(out->data() + at), &size);
      return out->Resize(at + size);
    }
    default: {
      out->AppendLe(static_cast<std::uint32_t>(bytes.size()));
      const int bound = LZ4_compressBound(static_cast<int>(bytes.size()));
      out->Resize(at + 4 + static_cast<std::size_t>(bound));
      const int got =
          LZ4_compress_default(Characters(bytes.data()), Characters(out->data() + at + 4), static_cast<int>(bytes.size()), bound);
      out->Resize(at + 4 + static_cast<std::size_t>(got));
    }
  }
}

void AppendCompressed(Bytes bytes, format::BufferCompression compression, MutableBuffer* out) {
  Compressor(compression).Append(bytes, out);
}

std::vector<std::byte> TrainZstdDictionary(Bytes samples, const std::vector<std::size_t>& sizes, std::size_t most_bytes) {
  std::vector<std::byte> dictionary(std::min(most_bytes, kMaxDictionaryBytes));
  const std::size_t size = ZDICT_trainFromBuffer(dictionary.data(), dictionary.size(), samples.data(), sizes.data(),
                                                 static_cast<unsigned>(sizes.size()));
  dictionary.resize(ZDICT_isError(size) != 0 ? 0 : size);
  return dictionary;
}

}  // namespace lancekit
