// The least of some numbers and how far the greatest is from it: what encodings of small ranges share.
#pragma once

#include <cstdint>
#include <type_traits>

#include "encodings/kernels/stats.h"

namespace lancekit {

template <class T>
struct Extent {
  T base = 0;
  T range = 0;
};

/// In the order, signed or unsigned, in which the numbers lie closer together. Differences wrap. T: unsigned, of at most 64 bits.
template <class T>
Extent<T> ExtentOf(const T* values, std::uint64_t count) {
  using Signed = std::make_signed_t<T>;
  T low = 0, high = 0;
  kernels::MinMax(values, count, &low, &high);
  const Extent<T> extent{low, static_cast<T>(high - low)};
  if (static_cast<Signed>(low) < 0 || static_cast<Signed>(high) >= 0) return extent;  // the orders are the same
  Signed signed_low = 0, signed_high = 0;
  kernels::MinMax(reinterpret_cast<const Signed*>(values), count, &signed_low, &signed_high);
  const T signed_range = static_cast<T>(static_cast<T>(signed_high) - static_cast<T>(signed_low));
  return signed_range < extent.range ? Extent<T>{static_cast<T>(signed_low), signed_range} : extent;
}

}  // namespace lancekit
