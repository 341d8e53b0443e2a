// Where file bytes come from: random-access reads behind one interface. Thread-safe.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/buffer.h"
#include "base/context_impl.h"
#include "base/status.h"

namespace lancekit {

/// A byte range of a file.
struct FileRange {
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
};

class Source {
 public:
  virtual ~Source() = default;
  const std::string& path() const noexcept { return path_; }
  std::uint64_t size() const noexcept { return size_; }

  /// Exactly the bytes [offset, offset + size). Mapped sources answer without a copy; the Buffer keeps the mapping alive.
  /// Errors: kCorruption when the range does not fit in the file, kIo.
  LANCEKIT_EXPORT Result<Buffer> Read(std::uint64_t offset, std::uint64_t size) const;
  /// The same for as long as the source and `*holder` are there; the latter stays empty where the source has its bytes in memory.
  Result<Bytes> View(std::uint64_t offset, std::uint64_t size, Buffer* holder) const;
  /// All bytes of a source that has them in memory, where Read() costs no copy; else null. Whoever reads them there counts it.
  virtual const std::byte* mapped_bytes() const noexcept { return nullptr; }
  bool mapped() const noexcept { return mapped_bytes() != nullptr; }

  /// Null for sources in memory.
  ContextImpl* context() const noexcept { return context_; }
  /// Counts for the context of the file, if there is one.
  void Count(Counter counter, std::uint64_t amount = 1) const noexcept {
    if (context_ != nullptr) context_->Count(counter, amount);
  }
  void CountReads(std::uint64_t num_reads, std::uint64_t num_bytes) const noexcept {
    if (context_ != nullptr) context_->CountReads(num_reads, num_bytes);
  }

  /// Whether reading these ranges one by one may wait for the disk each time, so that Prefetch had better be told of all that
  /// will be read. A guess from some of them; cheap.
  virtual bool MayWait(std::span<const FileRange>) const { return false; }
  /// Fetches ranges that will be read, in any order, all at once: those that are not in memory. What fails is left to Read, and
  /// so is what lies outside the file.
  LANCEKIT_EXPORT void Prefetch(std::vector<FileRange> ranges) const;
  /// Tells that a range will be read soon, from its start to its end, and does not wait for it.
  LANCEKIT_EXPORT void WillRead(FileRange range) const;

 protected:
  Source(std::string path, std::uint64_t size, ContextImpl* context) : path_(std::move(path)), size_(size), context_(context) {}
  virtual Result<Buffer> DoRead(std::uint64_t offset, std::uint64_t size) const = 0;
  /// Ranges in the file, not empty, ascending, apart from each other.
  virtual void DoPrefetch(std::span<const FileRange>) const {}
  virtual bool DoWillRead(FileRange) const { return false; }

 private:
  Status CheckRange(std::uint64_t offset, std::uint64_t size) const;

  std::string path_;
  std::uint64_t size_;
  ContextImpl* context_;
};

/// A local regular file, by the context's IoMode. The context must outlive the source.
LANCEKIT_EXPORT Result<std::shared_ptr<Source>> OpenFileSource(ContextImpl& context, const std::string& path);
/// Bytes in memory; `path` only names them in errors.
std::shared_ptr<Source> MakeMemorySource(Buffer bytes, std::string path);

}  // namespace lancekit
