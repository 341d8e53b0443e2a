// What every array of a Lance 2.0 page is opened from, and the ways from an encoding to the page's bytes.
#pragma once

#include <array>
#include <mutex>
#include <utility>

#include "format/array_encoding.h"
#include "format/file_metadata.h"
#include "io/source.h"
#include "structural/leaf.h"

namespace lancekit::legacy {

/// The buffers that were decompressed last. A compressed buffer can only be read whole, so readers of neighbouring rows share
/// it; the column keeps few of them. Thread-safe.
class RecentBuffers {
 public:
  /// The buffer of `key`, or what make() returns for it.
  template <class Make>
  Result<Buffer> Get(const void* key, Make make) {
    {
      const std::lock_guard lock(mutex_);
      for (const auto& [known, buffer] : kept_) {
        if (known == key) return buffer;
      }
    }
    LANCEKIT_ASSIGN(Buffer buffer, make());
    const std::lock_guard lock(mutex_);
    kept_[next_++ % kept_.size()] = {key, buffer};
    return buffer;
  }

 private:
  std::mutex mutex_;
  std::array<std::pair<const void*, Buffer>, 4> kept_;
  std::size_t next_ = 0;
};

/// Source and buffers must outlive what is opened; page and leaf too.
struct PageInput {
  const Source* source = nullptr;
  const format::PageMetadata* page = nullptr;
  const LeafType* leaf = nullptr;
  RecentBuffers* decompressed = nullptr;
};

/// The buffer that an encoding names. Errors: kCorruption, kUnsupported for buffers of the column or the file.
Result<format::FileRange> FindBuffer(const PageInput& input, const format::BufferReference& reference);

/// What stands in any number of nullables that have no nulls.
const format::ArrayEncoding& WithoutNullable(const format::ArrayEncoding& encoding);

/// Values that take no bytes in the file are bounded by this many bytes in memory, of one batch.
inline constexpr std::uint64_t kMaxFreeBytes = std::uint64_t{1} << 31;

}  // namespace lancekit::legacy
