// Compression of buffers by zstd, LZ4 and Snappy, with contexts that are kept from buffer to buffer, and dictionaries that chunks
// of a page share.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/buffer.h"
#include "base/status.h"
#include "encodings/encoding.h"
#include "format/encoding.h"

struct ZSTD_CCtx_s;
struct ZSTD_CDict_s;
struct ZSTD_DDict_s;

namespace lancekit {

struct ZstdDeleter {
  void operator()(ZSTD_CCtx_s* context) const noexcept;
  void operator()(ZSTD_CDict_s* dictionary) const noexcept;
  void operator()(ZSTD_DDict_s* dictionary) const noexcept;
  void operator()(ZSTD_DCtx_s* context) const noexcept;
};

/// A zstd dictionary, prepared for decompression. Immutable; thread-safe.
class ZstdDictionary {
 public:
  /// Errors: kCorruption for bytes that are no dictionary, damaged or too many.
  static Result<ZstdDictionary> Parse(Bytes bytes);

  std::uint32_t id() const noexcept { return id_; }
  const ZSTD_DDict_s* prepared() const noexcept { return prepared_.get(); }

 private:
  std::uint32_t id_ = 0;
  std::unique_ptr<ZSTD_DDict_s, ZstdDeleter> prepared_;
};

/// Replaces what is in `out` by what `bytes` frame; `dictionary` may be null, and is for zstd. Errors: kCorruption.
Status Decompress(Bytes bytes, format::CompressionScheme scheme, const ZstdDictionary* dictionary, Scratch* scratch,
                  MutableBuffer* out);

/// Compresses buffers one after the other. For one thread at a time.
class Compressor {
 public:
  /// The dictionary, if there is one, is for zstd.
  explicit Compressor(format::BufferCompression compression, Bytes dictionary = {});
  /// Appends a framed buffer. Pre: less than 2 GiB.
  void Append(Bytes bytes, MutableBuffer* out);

 private:
  void AppendZstd(Bytes bytes, MutableBuffer* out);

  format::BufferCompression compression_;
  std::unique_ptr<ZSTD_CCtx_s, ZstdDeleter> context_;
  std::unique_ptr<ZSTD_CDict_s, ZstdDeleter> dictionary_;
};

/// A dictionary of at most so many bytes for buffers like these, which lie back to back. Empty when they are too few.
std::vector<std::byte> TrainZstdDictionary(Bytes samples, const std::vector<std::size_t>& sizes, std::size_t most_bytes);

}  // namespace lancekit
