#include "base/buffer.h"

#include <sys/mman.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <mutex>
#include <new>
#include <vector>

#include "base/core.h"

namespace lancekit {
namespace {

// Sizes are rounded up to classes: a quarter of a power of two, four to seven times, and the padding, so that what is a power of
// two itself takes no more. Classes from kPooledClass up are recycled, smaller ones are left to malloc, which recycles them well.
constexpr std::size_t kMinClass = 256;
constexpr std::size_t kPooledClass = 8 << 10;
constexpr std::size_t kHugePage = 2 << 20;
constexpr std::size_t kClasses = 256;
constexpr std::size_t kMostOfClass = 4096;

std::size_t ClassSize(std::size_t size) {
  if (size <= kMinClass) return kMinClass;
  const std::size_t body = size - MutableBuffer::kPadding;
  const std::size_t quarter = std::bit_floor(body) / 4;
  return (body + quarter - 1) / quarter * quarter + MutableBuffer::kPadding;
}

std::size_t ClassIndex(std::size_t class_size) {
  const std::size_t body = class_size - MutableBuffer::kPadding;
  const auto log = static_cast<std::size_t>(std::bit_width(body)) - 1;
  return log * 4 + (body >> (log - 2)) % 4;
}

std::size_t SizeOfClass(std::size_t index) { return ((4 + index % 4) << (index / 4 - 2)) + MutableBuffer::kPadding; }

/// Idle memory, kept apart by the core that took it from here.
class Pool {
 public:
  /// Memory of this class, or of one up to the `last` where that lies idle, which `wanted` becomes: fresh memory has to be
  /// cleared by the kernel first. That of the own shard comes first.
  std::byte* Get(std::size_t* wanted, std::size_t last, std::size_t shard) {
    const std::size_t class_size = *wanted;
    if (class_size >= kPooledClass) {
      for (std::size_t i = 0; i < kCoreShards; ++i) {
        if (std::byte* const memory = shards_[(shard + i) % kCoreShards].Take(wanted, last)) return memory;
      }
    }
    const std::size_t alignment = class_size >= kHugePage ? kHugePage : MutableBuffer::kAlignment;
    void* memory = std::aligned_alloc(alignment, (class_size + alignment - 1) / alignment * alignment);
    if (memory == nullptr) throw std::bad_alloc();
    if (class_size >= kHugePage) madvise(memory, class_size, MADV_HUGEPAGE);
    return static_cast<std::byte*>(memory);
  }

  void Put(std::byte* memory, std::size_t class_size, std::size_t shard) noexcept {
    const std::size_t limit = limit_.load(std::memory_order_relaxed);
    if (class_size < kPooledClass || class_size > limit || !shards_[shard].Add(memory, class_size)) {
      std::free(memory);
      return;
    }
    // Within its part of the limit a shard need not look at the others.
    if (shards_[shard].held() <= limit / kCoreShards) return;
    while (Held() > limit && std::ranges::max_element(shards_, {}, &Shard::held)->FreeOldest()) {
    }
  }

  std::atomic<std::size_t> limit_{256 << 20};

 private:
  struct Free {
    std::byte* memory;
    std::uint64_t time;  ///< when it came, counted in such events
  };

  class alignas(kShardAlignment) Shard {
   public:
    std::byte* Take(std::size_t* wanted, std::size_t last) {
      if (held() == 0) return nullptr;
      std::lock_guard lock(mutex_);
      if (held() == 0) return nullptr;
      for (std::size_t i = ClassIndex(*wanted); i <= std::min(last, kClasses - 1); ++i) {
        auto& list = (*lists_)[i];
        if (list.empty()) continue;
        std::byte* const memory = list.back().memory;
        list.pop_back();
        *wanted = SizeOfClass(i);
        SetHeld(held() - *wanted);
        return memory;
      }
      return nullptr;
    }

    /// false: there are too many of the class, or no memory to remember it.
    bool Add(std::byte* memory, std::size_t class_size) noexcept {
      std::lock_guard lock(mutex_);
      try {
        if (lists_ == nullptr) lists_ = std::make_unique<Lists>();
        auto& list = (*lists_)[ClassIndex(class_size)];
        if (list.size() >= kMostOfClass) return false;
        list.push_back({memory, ++time_});
      } catch (const std::bad_alloc&) {
        return false;
      }
      SetHeld(held() + class_size);
      return true;
    }

    /// Gives back what was not needed for longest: the first of each list is its oldest.
    bool FreeOldest() noexcept {
      std::lock_guard lock(mutex_);
      if (held() == 0) return false;
      std::vector<Free>* oldest = nullptr;
      for (std::vector<Free>& list : *lists_) {
        if (!list.empty() && (oldest == nullptr || list.front().time < oldest->front().time)) oldest = &list;
      }
      std::free(oldest->front().memory);
      oldest->erase(oldest->begin());
      SetHeld(held() - SizeOfClass(static_cast<std::size_t>(oldest - lists_->data())));
      return true;
    }

    std::size_t held() const noexcept { return held_.load(std::memory_order_relaxed); }

   private:
    using Lists = std::array<std::vector<Free>, kClasses>;  // the oldest first

    void SetHeld(std::size_t bytes) noexcept { held_.store(bytes, std::memory_order_relaxed); }

    std::mutex mutex_;
    std::atomic<std::size_t> held_{0};  // bytes; changes under the mutex
    std::unique_ptr<Lists> lists_;      // made when there is something to put in
    std::uint64_t time_ = 0;
  };

  std::size_t Held() const noexcept {
    std::size_t held = 0;
    for (const Shard& shard : shards_) held += shard.held();
    return held;
  }

  std::array<Shard, kCoreShards> shards_;
};

// Never destroyed: buffers held by static objects may be released after main.
Pool& ThePool() {
  static Pool* const pool = new Pool;
  return *pool;
}

}  // namespace

MutableBuffer& MutableBuffer::operator=(MutableBuffer&& other) noexcept {
  if (this != &other) {
    Release();
    data_ = std::exchange(other.data_, nullptr);
    size_ = std::exchange(other.size_, 0);
    capacity_ = std::exchange(other.capacity_, 0);
    shard_ = other.shard_;
  }
  return *this;
}

void MutableBuffer::Release() noexcept {
  if (data_ != nullptr) ThePool().Put(data_, capacity_ + kPadding, shard_);
  data_ = nullptr;
  size_ = capacity_ = 0;
}

void MutableBuffer::MoveToRoomFor(std::size_t size) {
  std::size_t class_size = ClassSize(size + kPadding);
  const std::size_t shard = CoreShard();
  std::byte* const memory = ThePool().Get(&class_size, ClassIndex(class_size) + 2, shard);
  if (size_ != 0) std::memcpy(memory, data_, size_);
  if (data_ != nullptr) ThePool().Put(data_, capacity_ + kPadding, shard_);
  data_ = memory;
  shard_ = shard;
  capacity_ = class_size - kPadding;
}

void MutableBuffer::Resize(std::size_t size) {
  if (size > capacity_ || data_ == nullptr) MoveToRoomFor(size_ == 0 ? size : std::max(size, 2 * capacity_));
  size_ = size;
}

void MutableBuffer::Reserve(std::size_t capacity) {
  if (capacity > capacity_) MoveToRoomFor(capacity);
}

void MutableBuffer::Append(Bytes bytes) {
  if (bytes.empty()) return;
  const std::size_t at = size_;
  Resize(at + bytes.size());
  std::memcpy(data_ + at, bytes.data(), bytes.size());
}

void MutableBuffer::AppendFill(std::size_t count, std::byte value) {
  if (count == 0) return;
  const std::size_t at = size_;
  Resize(at + count);
  std::memset(data_ + at, static_cast<int>(value), count);
}

Buffer MutableBuffer::Freeze() && {
  auto owner = std::make_shared<MutableBuffer>(std::move(*this));
  const Bytes bytes = owner->bytes();
  return {std::move(owner), bytes};
}

void* AllocatePooled(std::size_t size) {
  std::size_t class_size = ClassSize(size);
  return ThePool().Get(&class_size, ClassIndex(class_size), CoreShard());
}

void FreePooled(void* memory, std::size_t size) noexcept {
  ThePool().Put(static_cast<std::byte*>(memory), ClassSize(size), CoreShard());
}

void SetBufferCacheLimit(std::size_t bytes) noexcept { ThePool().limit_.store(bytes, std::memory_order_relaxed); }

}  // namespace lancekit
