#include "io/source.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/checked_math.h"

namespace lancekit {
namespace {

Error IoError(const std::string& path, const char* what, int error_number) {
  Error error = MakeError(ErrorCode::kIo, "{}: {}", what, std::strerror(error_number));
  error.path = path;
  return error;
}

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
  bool mapped() const noexcept override { return true; }

 protected:
  Result<Buffer> DoRead(std::uint64_t offset, std::uint64_t size) const override {
    return Buffer(mapping_, Bytes(mapping_->data() + offset, size));
  }

 private:
  std::shared_ptr<const Mapping> mapping_;
};

class PreadSource final : public Source {
 public:
  PreadSource(std::string path, std::uint64_t size, ContextImpl* context, FileDescriptor fd)
      : Source(std::move(path), size, context), fd_(std::move(fd)) {}

 protected:
  Result<Buffer> DoRead(std::uint64_t offset, std::uint64_t size) const override {
    MutableBuffer buffer(size);
    std::size_t done = 0;
    while (done < size) {
      const ssize_t got = ::pread(fd_.get(), buffer.data() + done, size - done, static_cast<off_t>(offset + done));
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return IoError(path(), "cannot read", errno);
      if (got == 0) return IoError(path(), "file became shorter while it was read", EIO);
      done += static_cast<std::size_t>(got);
    }
    return std::move(buffer).Freeze();
  }

 private:
  FileDescriptor fd_;
};

class MemorySource final : public Source {
 public:
  MemorySource(Buffer bytes, std::string path) : Source(std::move(path), bytes.size(), nullptr), bytes_(std::move(bytes)) {}
  bool mapped() const noexcept override { return true; }

 protected:
  Result<Buffer> DoRead(std::uint64_t offset, std::uint64_t size) const override { return bytes_.Slice(offset, size); }

 private:
  Buffer bytes_;
};

}  // namespace

Result<Buffer> Source::Read(std::uint64_t offset, std::uint64_t size) const {
  if (!RangeFits(offset, size, size_)) {
    Error error = Corrupt("{} bytes at {} lie outside the file of {} bytes", size, offset, size_);
    error.path = path_;
    return error;
  }
  if (size == 0) return Buffer();
  if (context_ != nullptr) context_->CountRead(size);
  return DoRead(offset, size);
}

Result<std::shared_ptr<Source>> OpenFileSource(ContextImpl& context, const std::string& path) {
  FileDescriptor fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (fd.get() < 0) return IoError(path, "cannot open", errno);
  struct stat info{};
  if (::fstat(fd.get(), &info) != 0) return IoError(path, "cannot stat", errno);
  if (S_ISDIR(info.st_mode)) return IoError(path, "cannot open", EISDIR);
  const auto size = static_cast<std::uint64_t>(info.st_size);
  if (S_ISREG(info.st_mode) && size != 0 && context.options().io_mode == IoMode::kMap) {
    void* const address = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, fd.get(), 0);
    if (address != MAP_FAILED) {
      auto mapping = std::make_shared<const Mapping>(address, size);
      return std::shared_ptr<Source>(std::make_shared<MappedSource>(path, size, &context, std::move(mapping)));
    }
  }
  return std::shared_ptr<Source>(std::make_shared<PreadSource>(path, size, &context, std::move(fd)));
}

std::shared_ptr<Source> MakeMemorySource(Buffer bytes, std::string path) {
  return std::make_shared<MemorySource>(std::move(bytes), std::move(path));
}

}  // namespace lancekit
