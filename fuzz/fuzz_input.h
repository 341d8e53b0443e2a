// The bytes of one fuzzer run, taken from the front: first the parameters, then buffers; and what every target ends in when a
// property does not hold.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "base/byte_reader.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace lancekit::fuzz {

/// Takes numbers and bytes from the front. At the end of the input numbers are 0 and bytes are few.
class FuzzInput {
 public:
  FuzzInput(const std::uint8_t* data, std::size_t size) : left_(std::as_bytes(std::span(data, size))) {}

  std::size_t remaining() const { return left_.size(); }

  template <class T>
  T Number() {
    if (left_.size() < sizeof(T)) {
      left_ = {};
      return 0;
    }
    const T value = LoadLe<T>(left_.data());
    left_ = left_.subspan(sizeof(T));
    return value;
  }
  std::uint8_t Byte() { return Number<std::uint8_t>(); }
  /// A number in [0, end), from two bytes. Pre: end is not 0.
  std::uint64_t Below(std::uint64_t end) { return Number<std::uint16_t>() % end; }
  bool Flag() { return Byte() % 2 == 1; }

  /// The next bytes, or fewer when fewer are left.
  Bytes Take(std::size_t size) {
    const Bytes bytes = left_.first(std::min(size, left_.size()));
    left_ = left_.subspan(bytes.size());
    return bytes;
  }
  Bytes Rest() { return Take(left_.size()); }

 private:
  Bytes left_;
};

/// Ends the run as a finding when `what` is not empty.
inline void Require(const std::string& what) {
  if (what.empty()) return;
  std::fprintf(stderr, "property violated: %s\n", what.c_str());
  std::abort();
}
inline void Require(bool holds, const char* what) {
  if (!holds) Require(std::string(what));
}

}  // namespace lancekit::fuzz
