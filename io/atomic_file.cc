#include "io/atomic_file.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "io/uninterrupted.h"

namespace lancekit {
namespace {

constexpr std::size_t kGatherBytes = 1 << 20;

Error OutputError(const std::string& path, const char* what, int error_number) {
  Error error = MakeError(ErrorCode::kOutput, "{}: {}", what, std::strerror(error_number));
  error.path = path;
  return error;
}

std::string FolderOf(const std::string& path) {
  const std::string folder = std::filesystem::path(path).parent_path().string();
  return folder.empty() ? "." : folder;
}

}  // namespace

std::string TemporaryPathFor(const std::string& target) {
  static std::atomic<unsigned> counter{0};
  const std::filesystem::path path(target);
  return (path.parent_path() / fmt::format(".{}.tmp-{}-{}", path.filename().string(), ::getpid(), counter.fetch_add(1))).string();
}

Result<AtomicFile> AtomicFile::Create(const std::string& target) {
  AtomicFile file;
  file.target_ = target;
  do {
    file.temporary_ = TemporaryPathFor(target);
    file.fd_ = Uninterrupted([&] { return ::open(file.temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666); });
  } while (file.fd_ < 0 && errno == EEXIST);
  if (file.fd_ < 0) return OutputError(target, "cannot create", errno);
  return file;
}

AtomicFile& AtomicFile::operator=(AtomicFile&& other) noexcept {
  if (this != &other) {
    Discard();
    target_ = std::move(other.target_);
    temporary_ = std::move(other.temporary_);
    fd_ = std::exchange(other.fd_, -1);
    size_ = other.size_;
    name_was_taken_ = other.name_was_taken_;
    pending_ = std::move(other.pending_);
  }
  return *this;
}

AtomicFile::~AtomicFile() { Discard(); }

void AtomicFile::Discard() noexcept {
  if (fd_ < 0) return;
  ::close(fd_);
  fd_ = -1;
  ::unlink(temporary_.c_str());
}

Status AtomicFile::WriteAll(Bytes bytes) {
  while (!bytes.empty()) {
    const ssize_t written = Uninterrupted([&] { return ::write(fd_, bytes.data(), bytes.size()); });
    if (written < 0) return OutputError(target_, "cannot write", errno);
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
  return {};
}

Status AtomicFile::Flush() {
  LANCEKIT_TRY(WriteAll(pending_.bytes()));
  pending_.Clear();
  return {};
}

Status AtomicFile::Append(Bytes bytes) {
  size_ += bytes.size();
  if (pending_.size() + bytes.size() > kGatherBytes) LANCEKIT_TRY(Flush());
  if (bytes.size() >= kGatherBytes) return WriteAll(bytes);
  pending_.Append(bytes);
  return {};
}

Status AtomicFile::Publish(bool replace) {
  LANCEKIT_TRY(Flush());
  if (Uninterrupted([&] { return ::fsync(fd_); }) != 0) return OutputError(target_, "cannot fsync", errno);
  if (::close(std::exchange(fd_, -1)) != 0 && errno != EINTR) {
    const int error_number = errno;
    ::unlink(temporary_.c_str());
    return OutputError(target_, "cannot close", error_number);
  }
  // Never onto an existing name; a file system without the no-replace rename gets link(), which refuses it too.
  int result = 0;
  if (replace) {
    result = ::rename(temporary_.c_str(), target_.c_str());
  } else {
    result = ::renameat2(AT_FDCWD, temporary_.c_str(), AT_FDCWD, target_.c_str(), RENAME_NOREPLACE);
    if (result != 0 && errno == EINVAL) {
      result = ::link(temporary_.c_str(), target_.c_str());
      if (result == 0) ::unlink(temporary_.c_str());
    }
  }
  if (result != 0) {
    const int error_number = errno;
    ::unlink(temporary_.c_str());
    name_was_taken_ = error_number == EEXIST;
    return OutputError(target_, error_number == EEXIST ? "already exists" : "cannot rename to it", error_number);
  }
  return SyncFolder(FolderOf(target_));
}

Status SyncFolder(const std::string& folder) {
  const int fd = Uninterrupted([&] { return ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); });
  if (fd < 0) return OutputError(folder, "cannot open the folder", errno);
  const int result = Uninterrupted([&] { return ::fsync(fd); });
  const int error_number = errno;
  ::close(fd);
  if (result != 0 && error_number != EINVAL) return OutputError(folder, "cannot fsync the folder", error_number);
  return {};
}

}  // namespace lancekit
