#include "io/ring.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

#ifdef LANCEKIT_HAS_URING
#include <liburing.h>
#endif

namespace lancekit {
namespace {

#ifdef LANCEKIT_HAS_URING
class KernelRing final : public Ring {
 public:
  /// Deep enough for a disk at its limit; beyond that requests wait in its queue.
  static constexpr unsigned kDepth = 128;

  KernelRing() = default;
  KernelRing(const KernelRing&) = delete;
  KernelRing& operator=(const KernelRing&) = delete;
  ~KernelRing() override {
    if (error_ == 0) io_uring_queue_exit(&ring_);
  }
  bool is_broken() const noexcept override { return is_broken_; }
  bool has_outstanding() const noexcept override { return has_outstanding_; }
  /// 0, or the error number.
  int Open() {
    error_ = -io_uring_queue_init(kDepth, &ring_, 0);
    if (error_ != 0) return error_;
    io_uring_probe* const probe = io_uring_get_probe_ring(&ring_);
    const bool can_read = probe != nullptr && io_uring_opcode_supported(probe, IORING_OP_READ) != 0;
    if (probe != nullptr) io_uring_free_probe(probe);
    return can_read ? 0 : EOPNOTSUPP;
  }

  Status Read(int fd, std::span<const ReadRequest> requests, std::uint64_t* calls) override {
    std::vector<ReadRequest> rest(requests.begin(), requests.end());  // what is still to come of each
    std::vector<std::size_t> again;                                   // that came in part, or were interrupted
    std::size_t next = 0, in_flight = 0;
    int failure = 0;
    again.reserve(requests.size());  // nothing may throw while the kernel writes to the buffers
    while (in_flight != 0 || (failure == 0 && (next < rest.size() || !again.empty()))) {
      while (failure == 0 && in_flight < kDepth && (next < rest.size() || !again.empty())) {
        io_uring_sqe* const entry = io_uring_get_sqe(&ring_);
        if (entry == nullptr) break;
        std::size_t index = next;
        if (again.empty()) {
          ++next;
        } else {
          index = again.back();
          again.pop_back();
        }
        constexpr std::size_t kMost = std::size_t{1} << 30;  // lengths have 32 bits
        const ReadRequest& one = rest[index];
        io_uring_prep_read(entry, fd, one.to, static_cast<unsigned>(std::min(one.size, kMost)), one.offset);
        io_uring_sqe_set_data64(entry, index);
        ++in_flight;
        ++*calls;
      }
      if (!is_broken_) {
        const int got = io_uring_submit_and_wait(&ring_, 1);
        if (got < 0 && got != -EINTR && got != -EAGAIN && got != -EBUSY) {
          // What the kernel did not take over will never come; what it did may still be written, and is waited for.
          if (failure == 0) failure = -got;
          is_broken_ = true;
          in_flight -= std::min<std::size_t>(in_flight, io_uring_sq_ready(&ring_));
        }
      }
      io_uring_cqe* done = nullptr;
      while (is_broken_ && in_flight != 0) {
        const int got = io_uring_wait_cqe(&ring_, &done);
        if (got == 0) break;
        if (got == -EINTR || got == -EAGAIN) continue;
        has_outstanding_ = true;
        return MakeError(ErrorCode::kIo, "cannot read: {}", std::strerror(failure));
      }
      while (in_flight != 0 && io_uring_peek_cqe(&ring_, &done) == 0) {
        const auto index = static_cast<std::size_t>(io_uring_cqe_get_data64(done));
        const int result = done->res;
        io_uring_cqe_seen(&ring_, done);
        --in_flight;
        ReadRequest& one = rest[index];
        if (result == -EINTR || result == -EAGAIN) {
          again.push_back(index);
        } else if (result < 0) {
          failure = -result;
        } else if (result == 0 && one.size != 0) {
          failure = ENODATA;
        } else {
          const auto size = static_cast<std::size_t>(result);
          one = {one.offset + size, one.size - size, one.to + size};
          if (one.size != 0) again.push_back(index);
        }
      }
    }
    if (failure == ENODATA) return MakeError(ErrorCode::kIo, "file became shorter while it was read");
    if (failure != 0) return MakeError(ErrorCode::kIo, "cannot read: {}", std::strerror(failure));
    return {};
  }

 private:
  io_uring ring_{};
  int error_ = ENOSYS;
  bool is_broken_ = false;
  bool has_outstanding_ = false;
};
#endif

}  // namespace

std::unique_ptr<Ring> Ring::Make(std::string* why_not) {
#ifdef LANCEKIT_HAS_URING
  auto ring = std::make_unique<KernelRing>();
  if (const int error = ring->Open(); error != 0) {
    *why_not = std::strerror(error);
    return nullptr;
  }
  return ring;
#else
  *why_not = "this build is without liburing";
  return nullptr;
#endif
}

std::unique_ptr<Ring> RingPool::Take() {
  {
    std::lock_guard lock(mutex_);
    if (!rings_.empty()) {
      auto ring = std::move(rings_.back());
      rings_.pop_back();
      return ring;
    }
  }
  std::string why_not;
  return Ring::Make(&why_not);
}

void RingPool::Return(std::unique_ptr<Ring> ring) {
  if (ring->is_broken()) return;
  std::lock_guard lock(mutex_);
  rings_.push_back(std::move(ring));
}

}  // namespace lancekit
