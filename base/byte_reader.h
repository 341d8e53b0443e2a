// A cursor over borrowed bytes that never reads past their end.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/endian.h"

namespace lancekit {

using Bytes = std::span<const std::byte>;

class ByteReader {
 public:
  explicit ByteReader(Bytes bytes) noexcept : bytes_(bytes) {}

  std::size_t position() const noexcept { return position_; }
  std::size_t remaining() const noexcept { return bytes_.size() - position_; }

  /// False when too few bytes are left; the cursor then stays.
  template <class T>
  [[nodiscard]] bool Read(T* out) noexcept {
    if (remaining() < sizeof(T)) return false;
    *out = LoadLe<T>(bytes_.data() + position_);
    position_ += sizeof(T);
    return true;
  }
  [[nodiscard]] bool Read(std::size_t size, Bytes* out) noexcept {
    if (remaining() < size) return false;
    *out = bytes_.subspan(position_, size);
    position_ += size;
    return true;
  }
  [[nodiscard]] bool Skip(std::size_t size) noexcept {
    if (remaining() < size) return false;
    position_ += size;
    return true;
  }

 private:
  Bytes bytes_;
  std::size_t position_ = 0;
};

}  // namespace lancekit
