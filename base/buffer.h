// Byte buffers: 64-byte aligned memory with shared ownership, and the pool that recycles it.
//
// Fresh memory costs a page fault per 4 KiB, several times more than decoding into it, so released buffers are kept and
// handed out again, and large ones ask for huge pages.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/byte_reader.h"
#include "lancekit/export.h"

namespace lancekit {

/// Immutable bytes that keep their owner (an allocation, a file mapping) alive. Cheap to copy.
class Buffer {
 public:
  Buffer() = default;
  Buffer(std::shared_ptr<const void> owner, Bytes bytes) : owner_(std::move(owner)), bytes_(bytes) {}

  const std::byte* data() const noexcept { return bytes_.data(); }
  std::size_t size() const noexcept { return bytes_.size(); }
  bool empty() const noexcept { return bytes_.empty(); }
  Bytes bytes() const noexcept { return bytes_; }
  /// A part of the same memory. Pre: the range fits.
  Buffer Slice(std::size_t offset, std::size_t size) const { return {owner_, bytes_.subspan(offset, size)}; }

 private:
  std::shared_ptr<const void> owner_;
  Bytes bytes_;
};

/// Writable memory that becomes a Buffer. Bytes beyond what was written are unspecified. At least kPadding bytes lie
/// behind size(), so that kernels may store whole vectors.
class LANCEKIT_EXPORT MutableBuffer {
 public:
  static constexpr std::size_t kAlignment = 64;
  static constexpr std::size_t kPadding = 64;

  MutableBuffer() = default;
  explicit MutableBuffer(std::size_t size) { Resize(size); }
  MutableBuffer(MutableBuffer&& other) noexcept { *this = std::move(other); }
  MutableBuffer& operator=(MutableBuffer&& other) noexcept;
  MutableBuffer(const MutableBuffer&) = delete;
  MutableBuffer& operator=(const MutableBuffer&) = delete;
  ~MutableBuffer() { Release(); }

  std::byte* data() noexcept { return data_; }
  const std::byte* data() const noexcept { return data_; }
  template <class T>
  T* as() noexcept {
    return reinterpret_cast<T*>(data_);
  }
  template <class T>
  const T* as() const noexcept {
    return reinterpret_cast<const T*>(data_);
  }
  std::size_t size() const noexcept { return size_; }
  /// Bytes usable without a new allocation.
  std::size_t capacity() const noexcept { return capacity_; }
  Bytes bytes() const noexcept { return {data_, size_}; }

  /// Keeps the content up to min(old size, size). Grows twofold at least, so that appending is linear.
  void Resize(std::size_t size);
  /// Makes room without changing size(), for content whose size is known before.
  void Reserve(std::size_t capacity);
  /// Forgets the content.
  void Clear() noexcept { size_ = 0; }
  void Append(Bytes bytes);
  void AppendFill(std::size_t count, std::byte value);
  template <class T>
  void AppendLe(T value) {
    const std::size_t at = size_;
    Resize(at + sizeof(T));
    StoreLe(data_ + at, value);
  }
  /// Hands the memory over; this buffer is empty afterwards.
  Buffer Freeze() &&;

 private:
  void Release() noexcept;
  void MoveToRoomFor(std::size_t size);

  std::byte* data_ = nullptr;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
  std::size_t shard_ = 0;  // of the core that took the memory from the pool: its cache has most of it
};

/// Memory of the pool, aligned to MutableBuffer::kAlignment; what it holds is unspecified. Throws std::bad_alloc.
void* AllocatePooled(std::size_t size);
/// Pre: `size` is that of the allocation.
void FreePooled(void* memory, std::size_t size) noexcept;

/// Memory of the pool for vectors; elements that a vector makes without a value are not set.
template <class T>
class PoolAllocator {
  static_assert(std::is_trivial_v<T> && alignof(T) <= MutableBuffer::kAlignment);

 public:
  using value_type = T;

  PoolAllocator() = default;
  template <class U>
  PoolAllocator(const PoolAllocator<U>&) noexcept {}

  T* allocate(std::size_t count) {
    if (count > std::size_t(-1) / (2 * sizeof(T))) throw std::bad_alloc();
    return static_cast<T*>(AllocatePooled(count * sizeof(T)));
  }
  void deallocate(T* memory, std::size_t count) noexcept { FreePooled(memory, count * sizeof(T)); }
  template <class U>
  void construct(U* element) noexcept {
    ::new (static_cast<void*>(element)) U;
  }
  template <class U, class... Args>
  void construct(U* element, Args&&... args) {
    ::new (static_cast<void*>(element)) U(std::forward<Args>(args)...);
  }

  friend bool operator==(const PoolAllocator&, const PoolAllocator&) { return true; }
};

/// For temporaries as long as a page: neither PooledVector<T>(n) nor resize(n) sets the new elements. Unlike behind a
/// MutableBuffer there is no padding.
template <class T>
using PooledVector = std::vector<T, PoolAllocator<T>>;

/// Bytes that released buffers may keep in the process-wide free lists.
void SetBufferCacheLimit(std::size_t bytes) noexcept;

}  // namespace lancekit
