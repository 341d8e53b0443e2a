// Loaded into a program by LD_PRELOAD: counts its I/O calls on paths below a folder, and makes one of them fail or ends the
// process there. It sees what goes through libc, whoever calls it: the library, the programs, Arrow C++. io_uring does not
// (programs are run with LANCEKIT_IO=map or read), nor do page faults of mapped files, nor streams of libc (fopen).
// All processes seem to have the same number, so that what a killed one leaves is in the way of the next.
//   FAULTS_BELOW=FOLDER   only calls on this folder and on what is in it count
//   FAULTS_LOG=FILE       gets a line for each call counted: number, name, r or w, path
//   FAULTS_AT=N           the call that FAULTS_DO is for, from 1; 0 or none: every call
//   FAULTS_DO=WHAT        EIO, ENOSPC: it fails. short: it moves half of the bytes. before, after: the process is killed.
//                         torn: half is written, then it is killed. EINTR: a signal seems to interrupt it, every second time;
//                         not the opening of a folder, which libstdc++ does not try again
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string_view>

namespace {

enum class What { kNothing, kError, kInterrupt, kShort, kBefore, kAfter, kTorn };

struct Plan {
  std::string_view below;
  int log = -1;
  long at = 0;
  What what = What::kNothing;
  int error = 0;
};

Plan MakePlan() {
  Plan plan;
  const char* const below = std::getenv("FAULTS_BELOW");
  if (below == nullptr) return plan;
  plan.below = below;
  if (const char* const log = std::getenv("FAULTS_LOG"))
    plan.log = static_cast<int>(::syscall(SYS_openat, AT_FDCWD, log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666));
  if (const char* const at = std::getenv("FAULTS_AT")) plan.at = std::atol(at);
  const char* const text = std::getenv("FAULTS_DO");
  const std::string_view what = text == nullptr ? "" : text;
  if (what == "EIO" || what == "ENOSPC") {
    plan.what = What::kError;
    plan.error = what == "EIO" ? EIO : ENOSPC;
  } else if (what == "EINTR") {
    plan.what = What::kInterrupt;
    plan.error = EINTR;
  } else if (what == "short") {
    plan.what = What::kShort;
  } else if (what == "before") {
    plan.what = What::kBefore;
  } else if (what == "after") {
    plan.what = What::kAfter;
  } else if (what == "torn") {
    plan.what = What::kTorn;
  } else if (!what.empty()) {
    std::abort();
  }
  return plan;
}

const Plan& ThePlan() {
  static const Plan plan = MakePlan();
  return plan;
}

[[noreturn]] void Die() {
  ::syscall(SYS_kill, ::syscall(SYS_getpid), SIGKILL);
  while (true) ::pause();
}

bool IsBelow(const char* path) {
  const std::string_view below = ThePlan().below;
  if (below.empty() || std::strncmp(path, below.data(), below.size()) != 0) return false;
  return path[below.size()] == '/' || path[below.size()] == '\0';
}

/// A call, from its count to its end.
class Call {
 public:
  Call(const char* name, const char* path, bool writes) { Count(name, path, writes); }
  Call(const char* name, int directory, const char* path, bool writes) {
    char whole[2 * PATH_MAX];
    if (directory == AT_FDCWD || *path == '/') {
      Count(name, path, writes);
    } else if (PathOf(directory, whole)) {
      std::strcat(std::strcat(whole, "/"), path);
      Count(name, whole, writes);
    }
  }
  Call(const char* name, int fd) {
    char path[2 * PATH_MAX];
    if (!ThePlan().below.empty() && PathOf(fd, path))
      Count(name, path, (::syscall(SYS_fcntl, fd, F_GETFL) & O_ACCMODE) != O_RDONLY);
  }
  ~Call() {
    const int kept = errno;
    if (hit_ && ThePlan().what == What::kAfter) Die();
    errno = kept;
  }
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;

  /// Whether it fails; errno is set then. `interruptible`: by a signal.
  bool Fails(bool interruptible = false) const {
    const Plan& plan = ThePlan();
    if (!hit_ || (plan.what != What::kError && plan.what != What::kInterrupt)) return false;
    if (plan.what == What::kInterrupt) {
      // The call that is made again gets through.
      static thread_local bool again = false;
      if (!interruptible) return false;
      again = !again;
      if (!again) return false;
    }
    errno = plan.error;
    return true;
  }
  /// Of so many bytes, those that are moved.
  size_t Part(size_t size) const {
    const bool half = hit_ && (ThePlan().what == What::kShort || ThePlan().what == What::kTorn);
    return half && size > 1 ? size / 2 : size;
  }
  /// After half of the bytes were written.
  void Tear() const {
    if (hit_ && ThePlan().what == What::kTorn) Die();
  }

 private:
  static bool PathOf(int fd, char* path) {
    char link[32];
    std::snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    const ssize_t size = ::readlink(link, path, PATH_MAX);
    if (size < 0) return false;
    path[size] = '\0';
    return true;
  }
  void Count(const char* name, const char* path, bool writes) {
    if (!IsBelow(path)) return;
    static std::atomic<long> count{0};
    const Plan& plan = ThePlan();
    const long number = ++count;
    hit_ = plan.at == 0 || plan.at == number;
    if (plan.log >= 0) {
      char line[2 * PATH_MAX + 64];
      const int size = std::snprintf(line, sizeof line, "%ld %s %c %s\n", number, name, writes ? 'w' : 'r', path);
      ::syscall(SYS_write, plan.log, line, size);
    }
    if (hit_ && plan.what == What::kBefore) Die();
  }

  bool hit_ = false;
};

template <class Function>
Function* Next(Function*, const char* name) {
  return reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));
}

}  // namespace

// The function of the same name that comes after this library.
#define NEXT(name)                                \
  static auto* const next = Next(&::name, #name); \
  (void)next

extern "C" {

#define DEFINE_OPEN(name)                                                         \
  int name(const char* path, int flags, ...) {                                    \
    NEXT(name);                                                                   \
    va_list list;                                                                 \
    va_start(list, flags);                                                        \
    const mode_t mode = va_arg(list, mode_t);                                     \
    va_end(list);                                                                 \
    const Call call("open", path, (flags & O_ACCMODE) != O_RDONLY);               \
    return call.Fails((flags & O_DIRECTORY) == 0) ? -1 : next(path, flags, mode); \
  }
#define DEFINE_OPENAT(name)                                                                  \
  int name(int directory, const char* path, int flags, ...) {                                \
    NEXT(name);                                                                              \
    va_list list;                                                                            \
    va_start(list, flags);                                                                   \
    const mode_t mode = va_arg(list, mode_t);                                                \
    va_end(list);                                                                            \
    const Call call("open", directory, path, (flags & O_ACCMODE) != O_RDONLY);               \
    return call.Fails((flags & O_DIRECTORY) == 0) ? -1 : next(directory, path, flags, mode); \
  }
DEFINE_OPEN(open)
DEFINE_OPEN(open64)
DEFINE_OPENAT(openat)
DEFINE_OPENAT(openat64)

pid_t getpid() { return 4711; }

ssize_t read(int fd, void* to, size_t size) {
  NEXT(read);
  const Call call("read", fd);
  return call.Fails(true) ? -1 : next(fd, to, call.Part(size));
}
#define DEFINE_PREAD(name)                                                \
  ssize_t name(int fd, void* to, size_t size, off_t offset) {             \
    NEXT(name);                                                           \
    const Call call("pread", fd);                                         \
    return call.Fails(true) ? -1 : next(fd, to, call.Part(size), offset); \
  }
DEFINE_PREAD(pread)
DEFINE_PREAD(pread64)

ssize_t write(int fd, const void* from, size_t size) {
  NEXT(write);
  const Call call("write", fd);
  if (call.Fails(true)) return -1;
  const ssize_t done = next(fd, from, call.Part(size));
  call.Tear();
  return done;
}
#define DEFINE_PWRITE(name)                                           \
  ssize_t name(int fd, const void* from, size_t size, off_t offset) { \
    NEXT(name);                                                       \
    const Call call("pwrite", fd);                                    \
    if (call.Fails(true)) return -1;                                  \
    const ssize_t done = next(fd, from, call.Part(size), offset);     \
    call.Tear();                                                      \
    return done;                                                      \
  }
DEFINE_PWRITE(pwrite)
DEFINE_PWRITE(pwrite64)

// Of several buffers, the first half of the first one that holds anything.
#define DEFINE_VECTOR(name, parameters, arguments)                                      \
  ssize_t name parameters {                                                             \
    NEXT(name);                                                                         \
    const Call call(#name, fd);                                                         \
    if (call.Fails(true)) return -1;                                                    \
    int first = 0;                                                                      \
    while (first < count && vectors[first].iov_len == 0) ++first;                       \
    iovec half{};                                                                       \
    if (first < count && call.Part(vectors[first].iov_len) != vectors[first].iov_len) { \
      half = {vectors[first].iov_base, call.Part(vectors[first].iov_len)};              \
      vectors = &half;                                                                  \
      count = 1;                                                                        \
    }                                                                                   \
    const ssize_t done = next arguments;                                                \
    call.Tear();                                                                        \
    return done;                                                                        \
  }
DEFINE_VECTOR(readv, (int fd, const iovec* vectors, int count), (fd, vectors, count))
DEFINE_VECTOR(writev, (int fd, const iovec* vectors, int count), (fd, vectors, count))
DEFINE_VECTOR(preadv, (int fd, const iovec* vectors, int count, off_t offset), (fd, vectors, count, offset))
DEFINE_VECTOR(pwritev, (int fd, const iovec* vectors, int count, off_t offset), (fd, vectors, count, offset))

#define DEFINE_SYNC(name)                    \
  int name(int fd) {                         \
    NEXT(name);                              \
    const Call call(#name, fd);              \
    return call.Fails(true) ? -1 : next(fd); \
  }
DEFINE_SYNC(fsync)
DEFINE_SYNC(fdatasync)

// Linux closes the descriptor whatever it answers.
int close(int fd) {
  NEXT(close);
  const Call call("close", fd);
  const int result = next(fd);
  return call.Fails(true) ? -1 : result;
}

int ftruncate(int fd, off_t size) {
  NEXT(ftruncate);
  const Call call("ftruncate", fd);
  return call.Fails(true) ? -1 : next(fd, size);
}

void* mmap(void* address, size_t size, int protection, int flags, int fd, off_t offset) {
  NEXT(mmap);
  if (fd < 0) return next(address, size, protection, flags, fd, offset);
  const Call call("mmap", fd);
  return call.Fails() ? MAP_FAILED : next(address, size, protection, flags, fd, offset);
}

// By the second path, which is what appears.
int rename(const char* from, const char* to) {
  NEXT(rename);
  const Call call("rename", to, true);
  return call.Fails() ? -1 : next(from, to);
}
int renameat2(int from_directory, const char* from, int to_directory, const char* to, unsigned flags) {
  NEXT(renameat2);
  const Call call("renameat2", to_directory, to, true);
  return call.Fails() ? -1 : next(from_directory, from, to_directory, to, flags);
}
int link(const char* from, const char* to) {
  NEXT(link);
  const Call call("link", to, true);
  return call.Fails() ? -1 : next(from, to);
}
int mkdir(const char* path, mode_t mode) {
  NEXT(mkdir);
  const Call call("mkdir", path, true);
  return call.Fails() ? -1 : next(path, mode);
}
int unlink(const char* path) {
  NEXT(unlink);
  const Call call("unlink", path, true);
  return call.Fails() ? -1 : next(path);
}
int unlinkat(int directory, const char* path, int flags) {
  NEXT(unlinkat);
  const Call call("unlink", directory, path, true);
  return call.Fails() ? -1 : next(directory, path, flags);
}

}  // extern "C"
