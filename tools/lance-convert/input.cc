#include "tools/lance-convert/input.h"

#include <arrow/buffer.h>
#include <arrow/io/compressed.h>
#include <arrow/util/compression.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <functional>
#include <vector>

#include "io/uninterrupted.h"
#include "tools/lance-convert/arrow_error.h"

namespace lancekit::convert {
namespace {

constexpr std::size_t kCopyBytes = 1 << 20;

/// Up to `size` bytes from `offset` on; false with errno on an error.
bool PreadFully(int fd, char* data, off_t offset, std::size_t size) {
  while (size > 0) {
    const ssize_t got = Uninterrupted([&] { return ::pread(fd, data, size, offset); });
    if (got <= 0) return got == 0;
    data += got;
    offset += got;
    size -= static_cast<std::size_t>(got);
  }
  return true;
}

int OpenToRead(const std::string& path) {
  return Uninterrupted([&] { return ::open(path.c_str(), O_RDONLY | O_CLOEXEC); });
}

Error Failed(const std::string& name, const char* what, int error_number) {
  const ErrorCode code = error_number == ECANCELED ? ErrorCode::kCancelled : ErrorCode::kIo;
  Error error = MakeError(code, "{}: {}", what, std::strerror(error_number));
  error.path = name;
  return error;
}

/// A function that reads from a position on, as an Arrow stream.
class ReadStream : public arrow::io::InputStream {
 public:
  using Read_ = std::function<std::int64_t(std::uint64_t position, char* data, std::size_t size)>;

  ReadStream(Read_ read, std::string name, std::shared_ptr<std::atomic<std::uint64_t>> bytes_read)
      : read_(std::move(read)), name_(std::move(name)), bytes_read_(std::move(bytes_read)) {}

  arrow::Status Close() override {
    closed_ = true;
    return arrow::Status::OK();
  }
  bool closed() const override { return closed_; }
  arrow::Result<std::int64_t> Tell() const override { return position_; }

  arrow::Result<std::int64_t> Read(std::int64_t wanted, void* out) override {
    const std::int64_t got =
        read_(static_cast<std::uint64_t>(position_), static_cast<char*>(out), static_cast<std::size_t>(wanted));
    if (got < 0) return ToArrow(Failed(name_, "cannot read", errno));
    position_ += got;
    *bytes_read_ += static_cast<std::uint64_t>(got);
    return got;
  }

  arrow::Result<std::shared_ptr<arrow::Buffer>> Read(std::int64_t wanted) override {
    ARROW_ASSIGN_OR_RAISE(std::unique_ptr<arrow::ResizableBuffer> buffer, arrow::AllocateResizableBuffer(wanted));
    ARROW_ASSIGN_OR_RAISE(const std::int64_t got, Read(wanted, buffer->mutable_data()));
    ARROW_RETURN_NOT_OK(buffer->Resize(got, /*shrink_to_fit=*/false));
    return std::shared_ptr<arrow::Buffer>(std::move(buffer));
  }

 private:
  Read_ read_;
  std::string name_;
  std::shared_ptr<std::atomic<std::uint64_t>> bytes_read_;
  std::int64_t position_ = 0;
  bool closed_ = false;
};

/// Owns a descriptor.
struct File {
  explicit File(int descriptor) : fd(descriptor) {}
  ~File() { ::close(fd); }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  int fd;
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
  input->fd_ = path == "-" ? ::dup(STDIN_FILENO) : OpenToRead(path);
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
    ::close(std::exchange(fd_, -1));  // there may be more inputs than descriptors
    return {};
  }
  head_.resize(kHeadBytes);
  const ssize_t got = ReadFully(fd_, head_.data(), head_.size());
  if (got < 0) return Failed(name_, "cannot read", errno);
  head_.resize(static_cast<std::size_t>(got));
  compression_ = CompressionOfMagic(head_);
  if (!seekable_) return {};
  size_ = static_cast<std::uint64_t>(info.st_size);
  char tail[4] = {};
  if (!PreadFully(fd_, tail, std::max<off_t>(0, info.st_size - 4), sizeof(tail))) return Failed(name_, "cannot read", errno);
  lance_tail_ = std::memcmp(tail, "LANC", 4) == 0;
  ::close(std::exchange(fd_, -1));
  return {};
}

Status Input::KeepForRetry() {
  if (seekable_ || pipe_ != nullptr) return {};
  LANCEKIT_ASSIGN(pipe_, SpooledPipe::Make(fd_, head_));
  fd_ = -1;
  return {};
}

bool Input::rereadable() const { return seekable_ || (pipe_ != nullptr && pipe_->complete()); }

Status Input::Spool() {
  if (seekable_) return {};
  LANCEKIT_TRY(KeepForRetry());
  std::vector<char> ignored(kCopyBytes);
  for (std::int64_t got = 1; got > 0;) {
    got = pipe_->ReadAt(pipe_->size(), ignored.data(), ignored.size());
    if (got < 0) return Failed(name_, "cannot read", errno);
    if (!pipe_->complete())
      return MakeError(ErrorCode::kOutput, "cannot write the temporary file: {} (TMPDIR names its folder)",
                       std::strerror(ENOSPC));
  }
  size_ = pipe_->size();
  path_ = fmt::format("/dev/fd/{}", pipe_->fd());
  seekable_ = true;
  *bytes_read_ = size_;
  return {};
}

arrow::Result<std::shared_ptr<arrow::io::InputStream>> Input::Stream() {
  bytes_read_ = std::make_shared<std::atomic<std::uint64_t>>(0);
  ReadStream::Read_ read;
  if (seekable_) {
    const int fd = OpenToRead(path_);
    if (fd < 0) return ToArrow(Failed(name_, "cannot open", errno));
    read = [file = std::make_shared<File>(fd)](std::uint64_t, char* data, std::size_t size) {
      return ReadFully(file->fd, data, size);
    };
  } else if (pipe_ != nullptr) {
    read = [pipe = pipe_](std::uint64_t position, char* data, std::size_t size) { return pipe->ReadAt(position, data, size); };
  } else {
    if (fd_ < 0) return arrow::Status::UnknownError("a pipe cannot be read twice");
    read = [file = std::make_shared<File>(std::exchange(fd_, -1)), head = head_](std::uint64_t position, char* data,
                                                                                 std::size_t size) -> std::int64_t {
      const std::size_t from_head = position < head.size() ? std::min<std::size_t>(head.size() - position, size) : 0;
      std::memcpy(data, head.data() + std::min<std::uint64_t>(position, head.size()), from_head);
      const std::int64_t got = ReadFully(file->fd, data + from_head, size - from_head);
      return got < 0 ? got : got + static_cast<std::int64_t>(from_head);
    };
  }
  std::shared_ptr<arrow::io::InputStream> stream = std::make_shared<ReadStream>(std::move(read), name_, bytes_read_);
  if (compression_ == Compression::kNone) return stream;
  const auto type = compression_ == Compression::kGzip ? arrow::Compression::GZIP : arrow::Compression::ZSTD;
  ARROW_ASSIGN_OR_RAISE(std::unique_ptr<arrow::util::Codec> codec, arrow::util::Codec::Create(type));
  // The stream keeps a pointer to the codec only while it is made.
  ARROW_ASSIGN_OR_RAISE(auto inflated, arrow::io::CompressedInputStream::Make(codec.get(), stream));
  return inflated;
}

}  // namespace lancekit::convert
