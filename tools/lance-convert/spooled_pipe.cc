#include "tools/lance-convert/spooled_pipe.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "io/uninterrupted.h"
#include "tools/common/interrupt.h"

namespace lancekit::convert {
namespace {

bool WaitForInput(int fd) {
  constexpr int kMillisBetweenLooks = 100;
  pollfd entry{.fd = fd, .events = POLLIN};
  while (!tools::Interrupted()) {
    if (::poll(&entry, 1, kMillisBetweenLooks) > 0) return true;
  }
  return false;
}

bool WriteFully(int fd, const char* data, std::size_t size) {
  while (size > 0) {
    const ssize_t written = Uninterrupted([&] { return ::write(fd, data, size); });
    if (written < 0) return false;
    data += written;
    size -= static_cast<std::size_t>(written);
  }
  return true;
}

}  // namespace

std::int64_t ReadFully(int fd, char* data, std::size_t size) {
  std::size_t have = 0;
  while (have < size) {
    if (!WaitForInput(fd)) {
      errno = ECANCELED;
      return -1;
    }
    const ssize_t got = Uninterrupted([&] { return ::read(fd, data + have, size - have); });
    if (got < 0) return -1;
    if (got == 0) break;
    have += static_cast<std::size_t>(got);
  }
  return static_cast<std::int64_t>(have);
}

Result<std::shared_ptr<SpooledPipe>> SpooledPipe::Make(int fd, const std::string& head) {
  const char* folder = std::getenv("TMPDIR");
  std::string name = std::string(folder != nullptr && *folder != '\0' ? folder : "/tmp") + "/lance-convert-XXXXXX";
  const int spool = ::mkstemp(name.data());
  if (spool < 0) return MakeError(ErrorCode::kOutput, "cannot create a temporary file as {}: {}", name, std::strerror(errno));
  ::unlink(name.c_str());  // reached by its descriptor only, so it is gone whatever happens
  std::shared_ptr<SpooledPipe> pipe(new SpooledPipe(fd, spool));
  pipe->complete_ = WriteFully(spool, head.data(), head.size());
  pipe->size_ = head.size();
  return pipe;
}

SpooledPipe::~SpooledPipe() {
  ::close(pipe_);
  ::close(spool_);
}

bool SpooledPipe::complete() const {
  const std::lock_guard lock(mutex_);
  return complete_;
}

std::uint64_t SpooledPipe::size() const {
  const std::lock_guard lock(mutex_);
  return size_;
}

std::int64_t SpooledPipe::ReadAt(std::uint64_t position, char* data, std::size_t size) {
  const std::lock_guard lock(mutex_);
  std::size_t have = 0;
  while (have < size && position + have < size_) {
    const std::size_t wanted = std::min<std::uint64_t>(size - have, size_ - position - have);
    const ssize_t got = Uninterrupted([&] { return ::pread(spool_, data + have, wanted, static_cast<off_t>(position + have)); });
    if (got <= 0) {
      if (got == 0) errno = ENOSPC;
      return -1;
    }
    have += static_cast<std::size_t>(got);
  }
  const std::int64_t fresh = ReadFully(pipe_, data + have, size - have);
  if (fresh < 0) return -1;
  // A full disk does not stop a conversion that needs the rows only once.
  if (complete_) complete_ = WriteFully(spool_, data + have, static_cast<std::size_t>(fresh));
  size_ += static_cast<std::uint64_t>(fresh);
  return static_cast<std::int64_t>(have) + fresh;
}

}  // namespace lancekit::convert
