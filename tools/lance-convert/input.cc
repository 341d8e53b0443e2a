#include "tools/lance-convert/input.h"

#include <arrow/buffer.h>
#include <arrow/io/compressed.h>
#include <arrow/util/compression.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <vector>

#include "tools/common/interrupt.h"
#include "tools/lance-convert/arrow_error.h"

namespace lancekit::convert {
namespace {

constexpr std::size_t kCopyBytes = 1 << 20;

/// Waits until the input has something to say, however long; false after Ctrl-C.
bool WaitForInput(int fd) {
  constexpr int kMillisBetweenLooks = 100;
  pollfd entry{.fd = fd, .events = POLLIN};
  while (!tools::Interrupted()) {
    if (::poll(&entry, 1, kMillisBetweenLooks) > 0) return true;
  }
  return false;
}

/// Reads until `size` bytes are there or the input ends; -1 with errno on an error, which is ECANCELED after Ctrl-C.
ssize_t ReadFully(int fd, char* data, std::size_t size) {
  std::size_t have = 0;
  while (have < size) {
    if (!WaitForInput(fd)) {
      errno = ECANCELED;
      return -1;
    }
    const ssize_t got = ::read(fd, data + have, size - have);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return -1;
    if (got == 0) break;
    have += static_cast<std::size_t>(got);
  }
  return static_cast<ssize_t>(have);
}

Error Failed(const std::string& name, const char* what, int error_number) {
  const ErrorCode code = error_number == ECANCELED ? ErrorCode::kCancelled : ErrorCode::kIo;
  Error error = MakeError(code, "{}: {}", what, std::strerror(error_number));
  error.path = name;
  return error;
}

bool WriteFully(int fd, const char* data, std::size_t size) {
  while (size > 0) {
    const ssize_t written = ::write(fd, data, size);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return false;
    data += written;
    size -= static_cast<std::size_t>(written);
  }
  return true;
}

/// A file descriptor as an Arrow stream; `head` was read from it already.
class FdStream : public arrow::io::InputStream {
 public:
  FdStream(int fd, std::string head, std::string name, std::shared_ptr<std::atomic<std::uint64_t>> bytes_read)
      : fd_(fd), head_(std::move(head)), name_(std::move(name)), bytes_read_(std::move(bytes_read)) {}
  ~FdStream() override { ::close(fd_); }

  arrow::Status Close() override {
    closed_ = true;
    return arrow::Status::OK();
  }
  bool closed() const override { return closed_; }
  arrow::Result<std::int64_t> Tell() const override { return position_; }

  arrow::Result<std::int64_t> Read(std::int64_t wanted, void* out) override {
    char* to = static_cast<char*>(out);
    const std::size_t from_head = std::min(head_.size(), static_cast<std::size_t>(wanted));
    std::memcpy(to, head_.data(), from_head);
    head_.erase(0, from_head);
    const ssize_t got = ReadFully(fd_, to + from_head, static_cast<std::size_t>(wanted) - from_head);
    if (got < 0) return ToArrow(Failed(name_, "cannot read", errno));
    const std::int64_t total = static_cast<std::int64_t>(from_head) + got;
    position_ += total;
    *bytes_read_ += static_cast<std::uint64_t>(total);
    return total;
  }

  arrow::Result<std::shared_ptr<arrow::Buffer>> Read(std::int64_t wanted) override {
    ARROW_ASSIGN_OR_RAISE(std::unique_ptr<arrow::ResizableBuffer> buffer, arrow::AllocateResizableBuffer(wanted));
    ARROW_ASSIGN_OR_RAISE(const std::int64_t got, Read(wanted, buffer->mutable_data()));
    ARROW_RETURN_NOT_OK(buffer->Resize(got, /*shrink_to_fit=*/false));
    return std::shared_ptr<arrow::Buffer>(std::move(buffer));
  }

 private:
  int fd_;
  std::string head_;
  std::string name_;
  std::shared_ptr<std::atomic<std::uint64_t>> bytes_read_;
  std::int64_t position_ = 0;
  bool closed_ = false;
};

std::uint64_t FolderBytes(const std::string& path) {
  std::uint64_t bytes = 0;
  std::error_code ignored;
  for (std::filesystem::recursive_directory_iterator it(path, ignored), end; it != end; it.increment(ignored)) {
    if (it->is_regular_file(ignored)) bytes += it->file_size(ignored);
  }
  return bytes;
}

}  // namespace

Result<std::unique_ptr<Input>> Input::Open(const std::string& path) {
  std::unique_ptr<Input> input(new Input());
  input->path_ = path;
  input->name_ = path == "-" ? "<stdin>" : path;
  input->fd_ = path == "-" ? ::dup(STDIN_FILENO) : ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (input->fd_ < 0) return Failed(input->name_, "cannot open", errno);
  LANCEKIT_TRY(input->Look());
  return input;
}

Input::~Input() {
  if (fd_ >= 0) ::close(fd_);
}

Status Input::Look() {
  struct stat info{};
  if (::fstat(fd_, &info) != 0) return Failed(name_, "cannot stat", errno);
  folder_ = S_ISDIR(info.st_mode);
  // A redirected stdin is a file too, but it may stand anywhere in it; it is treated as the pipe it stands for.
  seekable_ = folder_ || (S_ISREG(info.st_mode) && path_ != "-");
  if (folder_) {
    size_ = FolderBytes(path_);
    return {};
  }
  head_.resize(kHeadBytes);
  const ssize_t got = ReadFully(fd_, head_.data(), head_.size());
  if (got < 0) return Failed(name_, "cannot read", errno);
  head_.resize(static_cast<std::size_t>(got));
  if (!seekable_) return {};
  size_ = static_cast<std::uint64_t>(info.st_size);
  char tail[4];
  lance_tail_ = info.st_size >= 4 && ::pread(fd_, tail, 4, info.st_size - 4) == 4 && std::memcmp(tail, "LANC", 4) == 0;
  return {};
}

Status Input::Spool() {
  if (seekable_) return {};
  const char* folder = std::getenv("TMPDIR");
  std::string name = std::string(folder != nullptr && *folder != '\0' ? folder : "/tmp") + "/lance-convert-XXXXXX";
  const int fd = ::mkstemp(name.data());
  if (fd < 0) return MakeError(ErrorCode::kOutput, "cannot create a temporary file as {}: {}", name, std::strerror(errno));
  ::unlink(name.c_str());  // reached by its descriptor only, so it is gone whatever happens
  std::vector<char> buffer(kCopyBytes);
  std::memcpy(buffer.data(), head_.data(), head_.size());
  std::size_t have = head_.size();
  for (bool more = true; more;) {
    const ssize_t got = ReadFully(fd_, buffer.data() + have, buffer.size() - have);
    const int read_error = errno;
    more = got > 0;
    have += got > 0 ? static_cast<std::size_t>(got) : 0;
    const bool written = WriteFully(fd, buffer.data(), have);
    const int write_error = errno;
    size_ += have;
    have = 0;
    if (got >= 0 && written) continue;
    ::close(fd);
    if (got < 0) return Failed(name_, "cannot read", read_error);
    return MakeError(ErrorCode::kOutput, "cannot write the temporary file: {} (TMPDIR names its folder)",
                     std::strerror(write_error));
  }
  ::close(std::exchange(fd_, fd));
  path_ = fmt::format("/dev/fd/{}", fd_);
  seekable_ = true;
  *bytes_read_ = size_;
  return {};
}

arrow::Result<std::shared_ptr<arrow::io::InputStream>> Input::Stream(Compression compression) {
  bytes_read_ = std::make_shared<std::atomic<std::uint64_t>>(0);
  std::shared_ptr<arrow::io::InputStream> stream;
  if (seekable_) {
    const int fd = ::open(path_.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) return ToArrow(Failed(name_, "cannot open", errno));
    stream = std::make_shared<FdStream>(fd, std::string(), name_, bytes_read_);
  } else {
    if (fd_ < 0) return arrow::Status::UnknownError("a pipe cannot be read twice");
    stream = std::make_shared<FdStream>(std::exchange(fd_, -1), head_, name_, bytes_read_);
  }
  if (compression == Compression::kNone) return stream;
  const auto type = compression == Compression::kGzip ? arrow::Compression::GZIP : arrow::Compression::ZSTD;
  ARROW_ASSIGN_OR_RAISE(std::unique_ptr<arrow::util::Codec> codec, arrow::util::Codec::Create(type));
  // The stream keeps a pointer to the codec only while it is made.
  ARROW_ASSIGN_OR_RAISE(auto inflated, arrow::io::CompressedInputStream::Make(codec.get(), stream));
  return inflated;
}

}  // namespace lancekit::convert
