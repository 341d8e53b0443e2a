// Large arrays of zeros, in huge pages where the system has them: walks touch them everywhere.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "base/status.h"

namespace lancekit::index {

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
