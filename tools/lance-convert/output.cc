#include "tools/lance-convert/output.h"

#include <arrow/io/compressed.h>
#include <arrow/util/compression.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "io/uninterrupted.h"
#include "tools/lance-convert/arrow_error.h"

namespace lancekit::convert {

Error OutputFailed(const std::string& path, std::string what) {
  Error error;
  error.code = ErrorCode::kOutput;
  error.path = path;
  error.message = std::move(what);
  return error;
}

namespace {

Error Failed(const std::string& name, const char* what, int error_number) {
  return OutputFailed(name, fmt::format("{}: {}", what, std::strerror(error_number)));
}

}  // namespace

Target LookAt(const std::string& path) {
  struct stat info{};
  if (path == "-") return Target::kStream;
  if (::stat(path.c_str(), &info) != 0) return Target::kNothing;
  if (S_ISREG(info.st_mode)) return Target::kFile;
  return S_ISDIR(info.st_mode) ? Target::kFolder : Target::kStream;
}

Result<std::shared_ptr<Output>> Output::Open(const std::string& path, bool overwrite) {
  std::shared_ptr<Output> output(new Output());
  output->name_ = path == "-" ? "<stdout>" : path;
  output->overwrite_ = overwrite;
  if (LookAt(path) == Target::kStream) {
    output->fd_ = path == "-" ? ::dup(STDOUT_FILENO) : Uninterrupted([&] { return ::open(path.c_str(), O_WRONLY | O_CLOEXEC); });
    if (output->fd_ < 0) return Failed(output->name_, "cannot open", errno);
    return output;
  }
  // A link keeps pointing at its target, which is what gets replaced.
  std::error_code no_link;
  const std::filesystem::path real = std::filesystem::canonical(path, no_link);
  LANCEKIT_ASSIGN(output->file_, AtomicFile::Create(no_link ? path : real.string()));
  return output;
}

Output::~Output() {
  if (fd_ >= 0) ::close(fd_);
}

arrow::Status Output::Write(const void* data, std::int64_t size) {
  const auto* bytes = static_cast<const std::byte*>(data);
  position_ += size;
  if (file_) return ToArrow(file_->Append({bytes, static_cast<std::size_t>(size)}));
  while (size > 0) {
    const ssize_t written = Uninterrupted([&] { return ::write(fd_, bytes, static_cast<std::size_t>(size)); });
    if (written < 0) return ToArrow(Failed(name_, "cannot write", errno));
    bytes += written;
    size -= written;
  }
  return arrow::Status::OK();
}

arrow::Status Output::Close() {
  closed_ = true;
  return arrow::Status::OK();
}

Status Output::Publish() {
  if (file_) return file_->Publish(overwrite_);
  if (::close(std::exchange(fd_, -1)) != 0 && errno != EINTR) return Failed(name_, "cannot close", errno);
  return {};
}

arrow::Result<std::shared_ptr<arrow::io::OutputStream>> TextStream(std::shared_ptr<Output> output, Compression compression) {
  if (compression == Compression::kNone) return std::shared_ptr<arrow::io::OutputStream>(std::move(output));
  const auto type = compression == Compression::kGzip ? arrow::Compression::GZIP : arrow::Compression::ZSTD;
  ARROW_ASSIGN_OR_RAISE(std::unique_ptr<arrow::util::Codec> codec, arrow::util::Codec::Create(type));
  ARROW_ASSIGN_OR_RAISE(auto deflated, arrow::io::CompressedOutputStream::Make(codec.get(), std::move(output)));
  return std::shared_ptr<arrow::io::OutputStream>(std::move(deflated));
}

}  // namespace lancekit::convert
