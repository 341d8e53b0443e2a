// Local files: mapped, or read into buffers by pread or io_uring with a cache of small blocks.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include "base/checked_math.h"
#include "base/trace.h"
#include "io/block_cache.h"
#include "io/ring.h"
#include "io/source.h"
#include "io/uninterrupted.h"

namespace lancekit {
namespace {

// Reads up to here go through the cache: tables, dictionaries and chunks, not the pages of a scan.
constexpr std::uint64_t kMaxCachedBytes = 64 << 10;
constexpr std::uint64_t kBlockBytes = BlockCache::kBlockBytes;
// Of the memory budget.
constexpr std::uint64_t kCacheShare = 8;
// Ranges that tell whether a mapped file is in memory.
constexpr std::size_t kProbes = 4;

Error IoError(const std::string& path, const char* what, int error_number) {
  Error error = MakeError(ErrorCode::kIo, "{}: {}", what, std::strerror(error_number));
  error.path = path;
  return error;
}

IoMode ModeOfEnvironment() {
  const char* const text = std::getenv("LANCEKIT_IO");
  const std::string_view mode = text == nullptr ? "" : text;
  if (mode == "read") return IoMode::kRead;
  if (mode == "uring") return IoMode::kUring;
  return IoMode::kMap;
}

class FileIoState final : public IoState {
 public:
  explicit FileIoState(const ContextOptions& options)
      : mode_(options.io_mode == IoMode::kDefault ? ModeOfEnvironment() : options.io_mode),
        cache_(options.memory_budget / kCacheShare) {
    if (mode_ != IoMode::kUring) return;
    std::string why_not;
    if (auto ring = Ring::Make(&why_not); ring != nullptr) {
      rings_.Return(std::move(ring));
      return;
    }
    mode_ = IoMode::kRead;
    note_ = fmt::format("there is no io_uring ({}); files are read by pread", why_not);
  }

  IoMode mode() const noexcept override { return mode_; }
  const std::string& note() const noexcept override { return note_; }
  void AddTo(Metrics* metrics) const override {
    const BlockCache::Counters counters = cache_.counters();
    metrics->cache_hits = counters.hits;
    metrics->cache_misses = counters.misses;
    metrics->cache_evictions = counters.evictions;
    metrics->cache_bytes = counters.bytes;
  }
  BlockCache& cache() noexcept { return cache_; }
  RingPool& rings() noexcept { return rings_; }

 private:
  IoMode mode_;
  std::string note_;
  BlockCache cache_;
  RingPool rings_;
};

class FileDescriptor {
 public:
  explicit FileDescriptor(int fd) : fd_(fd) {}
  FileDescriptor(FileDescriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  FileDescriptor& operator=(FileDescriptor&&) = delete;
  ~FileDescriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  int get() const { return fd_; }

 private:
  int fd_;
};

class Mapping {
 public:
  Mapping(void* address, std::size_t size) : address_(address), size_(size) {}
  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;
  ~Mapping() { ::munmap(address_, size_); }
  const std::byte* data() const { return static_cast<const std::byte*>(address_); }

 private:
  void* address_;
  std::size_t size_;
};

class MappedSource final : public Source {
 public:
  MappedSource(std::string path, std::uint64_t size, ContextImpl* context, std::shared_ptr<const Mapping> mapping)
      : Source(std::move(path), size, context), mapping_(std::move(mapping)) {}
  const std::byte* mapped_bytes() const noexcept override { return mapping_->data(); }

  bool MayWait(std::span<const FileRange> ranges) const override {
    const std::size_t step = std::max<std::size_t>(1, ranges.size() / kProbes);
    for (std::size_t i = 0; i < ranges.size(); i += step) {
      if (RangeFits(ranges[i].offset, 1, size()) && !IsResident(ranges[i].offset)) return true;
    }
    return false;
  }

 protected:
  Result<Buffer> DoRead(std::uint64_t offset, std::uint64_t size) const override {
    return Buffer(mapping_, Bytes(mapping_->data() + offset, size));
  }
  void DoPrefetch(std::span<const FileRange> ranges) const override {
    for (const FileRange& range : ranges) Advise(range);
  }
  bool DoWillRead(FileRange range) const override {
    if (IsResident(range.offset) && IsResident(range.offset + range.size - 1)) return false;
    Advise(range);
    return true;
  }

 private:
  static std::uint64_t PageBytes() {
    static const auto bytes = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
    return bytes;
  }
  std::byte* Page(std::uint64_t offset) const {
    return const_cast<std::byte*>(mapping_->data() + offset / PageBytes() * PageBytes());
  }
  bool IsResident(std::uint64_t offset) const {
    unsigned char state = 1;
    return ::mincore(Page(offset), 1, &state) != 0 || (state & 1) != 0;
  }
  void Advise(const FileRange& range) const {
    std::byte* const begin = Page(range.offset);
    ::madvise(begin, static_cast<std::size_t>(mapping_->data() + range.offset + range.size - begin), MADV_WILLNEED);
  }

  std::shared_ptr<const Mapping> mapping_;
};

class ReadSource final : public Source {
 public:
  ReadSource(std::string path, std::uint64_t size, ContextImpl* context, FileDescriptor fd)
      : Source(std::move(path), size, context),
        fd_(std::move(fd)),
        io_(std::static_pointer_cast<FileIoState>(context->shared_io())),
        number_(io_->cache().NewSource()) {}
  ReadSource(const ReadSource&) = delete;
  ReadSource& operator=(const ReadSource&) = delete;
  ~ReadSource() override {
    if (has_blocks_.load(std::memory_order_relaxed)) io_->cache().Drop(number_);
  }

  bool MayWait(std::span<const FileRange>) const override { return true; }

 protected:
  Result<Buffer> DoRead(std::uint64_t offset, std::uint64_t size) const override {
    if (size > kMaxCachedBytes) return ReadAll(offset, size);
    const std::uint64_t first = offset / kBlockBytes, end = (offset + size - 1) / kBlockBytes + 1;
    MutableBuffer out(size);
    // From block `begin` on, bytes that lie in the range wanted.
    const auto copy = [&](std::uint64_t begin, const Buffer& bytes) {
      const std::uint64_t at = begin * kBlockBytes;
      const std::uint64_t from = std::max(at, offset), to = std::min(at + bytes.size(), offset + size);
      std::memcpy(out.data() + (from - offset), bytes.data() + (from - at), to - from);
    };
    for (std::uint64_t block = first; block < end; ++block) {
      if (const std::optional<Buffer> found = io_->cache().Find(number_, block)) {
        copy(block, *found);
        continue;
      }
      // From the first block that is missing on all are read at once.
      LANCEKIT_ASSIGN(const Buffer rest, ReadBlocks(block, end));
      copy(block, rest);
      break;
    }
    return std::move(out).Freeze();
  }

  void DoPrefetch(std::span<const FileRange> ranges) const override {
    std::vector<FileRange> missing;  // in blocks
    const std::uint64_t most = io_->cache().limit() / 2 / kBlockBytes;
    std::uint64_t blocks = 0;
    for (const FileRange& range : ranges) {
      if (range.size > kMaxCachedBytes) continue;
      const std::uint64_t end = (range.offset + range.size - 1) / kBlockBytes + 1;
      for (std::uint64_t block = range.offset / kBlockBytes; block < end && blocks < most; ++block) {
        if (!missing.empty() && block < missing.back().offset + missing.back().size) continue;
        if (io_->cache().Holds(number_, block)) continue;
        ++blocks;
        const bool joins = !missing.empty() && missing.back().offset + missing.back().size == block &&
                           missing.back().size < kMaxCachedBytes / kBlockBytes;
        if (joins) {
          ++missing.back().size;
        } else {
          missing.push_back({block, 1});
        }
      }
    }
    if (io_->mode() == IoMode::kUring && missing.size() > 1) {
      if (auto ring = io_->rings().Take(); ring != nullptr) {
        FetchByRing(*ring, missing);
        io_->rings().Return(std::move(ring));
        return;
      }
    }
    // What cannot be read now will say so when it is wanted.
    context()->pool().ParallelFor(missing.size(), [&](std::size_t i) {
      try {
        static_cast<void>(ReadBlocks(missing[i].offset, missing[i].offset + missing[i].size));
      } catch (const std::bad_alloc&) {  // as well
      }
    });
  }

  bool DoWillRead(FileRange range) const override {
    return ::posix_fadvise(fd_.get(), static_cast<off_t>(range.offset), static_cast<off_t>(range.size), POSIX_FADV_WILLNEED) == 0;
  }

 private:
  FileRange BytesOf(std::uint64_t first, std::uint64_t end) const {
    return {first * kBlockBytes, std::min(end * kBlockBytes, size()) - first * kBlockBytes};
  }
  void Keep(std::uint64_t first, const Buffer& bytes) const {
    has_blocks_.store(true, std::memory_order_relaxed);
    // Each block has memory of its own, or a single one would keep all that was read with it.
    for (std::uint64_t at = 0; at < bytes.size(); at += kBlockBytes) {
      const std::size_t size = std::min(kBlockBytes, bytes.size() - at);
      auto block = std::make_shared<std::array<std::byte, kBlockBytes>>();
      std::memcpy(block->data(), bytes.data() + at, size);
      const Bytes part(block->data(), size);
      io_->cache().Insert(number_, first + at / kBlockBytes, Buffer(std::move(block), part));
    }
  }

  /// Blocks [first, end), which the cache gets.
  Result<Buffer> ReadBlocks(std::uint64_t first, std::uint64_t end) const {
    const FileRange range = BytesOf(first, end);
    LANCEKIT_ASSIGN(Buffer bytes, ReadAll(range.offset, range.size));
    Keep(first, bytes);
    return bytes;
  }

  void FetchByRing(Ring& ring, std::span<const FileRange> missing) const {
    TraceSpan span(context(), "read");
    std::vector<MutableBuffer> buffers;
    std::vector<ReadRequest> requests;
    std::uint64_t calls = 0, bytes = 0;
    for (const FileRange& blocks : missing) {
      const FileRange range = BytesOf(blocks.offset, blocks.offset + blocks.size);
      requests.push_back({range.offset, range.size, buffers.emplace_back(range.size).data()});
      bytes += range.size;
    }
    const bool all = ring.Read(fd_.get(), requests, &calls).ok();
    context()->Count(Counter::kIoCalls, calls);
    if (all) context()->Count(Counter::kIoBytes, bytes);
    span.Set("ranges", missing.size());
    span.Set("bytes", bytes);
    if (ring.has_outstanding()) static_cast<void>(new std::vector<MutableBuffer>(std::move(buffers)));  // the kernel has them
    for (std::size_t i = 0; all && i < missing.size(); ++i) Keep(missing[i].offset, std::move(buffers[i]).Freeze());
  }

  Result<Buffer> ReadAll(std::uint64_t offset, std::uint64_t size) const {
    TraceSpan span(context(), "read");
    span.Set("offset", offset);
    span.Set("bytes", size);
    MutableBuffer buffer(size);
    std::size_t done = 0;
    std::uint64_t calls = 0;
    while (done < size) {
      const ssize_t got =
          Uninterrupted([&] { return ::pread(fd_.get(), buffer.data() + done, size - done, static_cast<off_t>(offset + done)); });
      if (got < 0) return IoError(path(), "cannot read", errno);
      if (got == 0) return IoError(path(), "file became shorter while it was read", EIO);
      done += static_cast<std::size_t>(got);
      ++calls;
    }
    context()->Count(Counter::kIoCalls, calls);
    context()->Count(Counter::kIoBytes, size);
    return std::move(buffer).Freeze();
  }

  FileDescriptor fd_;
  std::shared_ptr<FileIoState> io_;  // blocks are dropped after the context has gone, perhaps
  std::uint64_t number_;
  mutable std::atomic<bool> has_blocks_{false};
};

}  // namespace

std::unique_ptr<IoState> MakeIoState(const ContextOptions& options) { return std::make_unique<FileIoState>(options); }

Result<std::shared_ptr<Source>> OpenFileSource(ContextImpl& context, const std::string& path) {
  FileDescriptor fd(Uninterrupted([&] { return ::open(path.c_str(), O_RDONLY | O_CLOEXEC); }));
  if (fd.get() < 0) return IoError(path, "cannot open", errno);
  struct stat info{};
  if (::fstat(fd.get(), &info) != 0) return IoError(path, "cannot stat", errno);
  if (S_ISDIR(info.st_mode)) return IoError(path, "cannot open", EISDIR);
  const auto size = static_cast<std::uint64_t>(info.st_size);
  if (S_ISREG(info.st_mode) && size != 0 && context.io().mode() == IoMode::kMap) {
    void* const address = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, fd.get(), 0);
    if (address != MAP_FAILED) {
      auto mapping = std::make_shared<const Mapping>(address, size);
      return std::shared_ptr<Source>(std::make_shared<MappedSource>(path, size, &context, std::move(mapping)));
    }
  }
  return std::shared_ptr<Source>(std::make_shared<ReadSource>(path, size, &context, std::move(fd)));
}

}  // namespace lancekit
