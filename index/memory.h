// Large arrays of zeros, in huge pages where the system has them: walks touch them everywhere.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "base/status.h"

namespace lancekit::index {

/// Brings bytes closer that are read soon.
inline void PrefetchBytes(const std::byte* bytes, std::size_t size) noexcept {
  for (std::size_t at = 0; at < size; at += 64) __builtin_prefetch(bytes + at);
}

class HugeMemory {
 public:
  HugeMemory() = default;
  /// Errors: kResourceLimit.
  static Result<HugeMemory> Make(std::uint64_t bytes);
  std::byte* data() const noexcept { return data_.get(); }
  template <class T>
  T* as() const noexcept {
    return reinterpret_cast<T*>(data_.get());
  }

 private:
  struct Unmap {
    std::uint64_t bytes;
    void operator()(std::byte* data) const noexcept;
  };
  std::unique_ptr<std::byte, Unmap> data_{nullptr, Unmap{0}};
};

}  // namespace lancekit::index
