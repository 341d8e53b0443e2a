#include "structural/leaf_sum.h"

#include <limits>
#include <type_traits>

#include "base/endian.h"
#include "encodings/kernels/stats.h"
#include "encodings/widths.h"
#include "types/scalar.h"

namespace lancekit {
namespace {

constexpr std::uint64_t kDecimalBytes = 16;

/// Calls body(a number of the type).
template <class Body>
void ForInteger(std::uint64_t width, bool is_signed, Body body) {
  ForWidth(8 * width, [&]<class T>(T value) { is_signed ? body(static_cast<std::make_signed_t<T>>(value)) : body(value); });
}

/// One multiplication each. Pre: count < 2^63.
__int128 Product(std::int64_t value, std::uint64_t count) { return __int128{value} * static_cast<std::int64_t>(count); }
__int128 Product(std::uint64_t value, std::uint64_t count) {
  return static_cast<__int128>(static_cast<unsigned __int128>(value) * count);
}

}  // namespace

bool LeafSum::Takes(const DataType& type) noexcept {
  const Domain domain = DomainOf(type);
  if (type.id == TypeId::kDictionary || type.id == TypeId::kBool) return false;
  return domain == Domain::kSigned || domain == Domain::kUnsigned || type.id == TypeId::kDecimal128;
}

LeafSum::LeafSum(const DataType& type) noexcept
    : width_(FixedWidthBits(type) / 8), is_signed_(DomainOf(type) != Domain::kUnsigned) {}

/// place(i, width): where value i is; times(i): how many slots it stands for.
template <class Place, class Times>
void LeafSum::AddEach(std::uint64_t count, Place place, Times times) {
  __int128 low = 0, high = 0;
  if (width_ == kDecimalBytes) {
    for (std::uint64_t i = 0; i < count; ++i) {
      const std::byte* const value = place(i, kDecimalBytes);
      low += Product(LoadLe<std::uint64_t>(value), times(i));
      high += Product(LoadLe<std::int64_t>(value + 8), times(i));
    }
  } else {
    ForInteger(width_, is_signed_, [&]<class T>(T) {
      using Wide = std::conditional_t<std::is_signed_v<T>, std::int64_t, std::uint64_t>;
      for (std::uint64_t i = 0; i < count; ++i) low += Product(Wide{LoadLe<T>(place(i, sizeof(T)))}, times(i));
    });
  }
  low_ += low;
  high_ += high;
}

void LeafSum::Add(const std::byte* values, std::uint64_t count) {
  if (width_ == kDecimalBytes) {
    return AddEach(
        count, [&](std::uint64_t i, std::uint64_t width) { return values + i * width; },
        [](std::uint64_t) { return std::uint64_t{1}; });
  }
  ForInteger(width_, is_signed_,
             [&]<class T>(T) { low_ += kernels::Total(static_cast<const T*>(static_cast<const void*>(values)), count); });
}

void LeafSum::AddTimes(const std::byte* values, std::span<const std::uint64_t> counts) {
  AddEach(
      counts.size(), [&](std::uint64_t i, std::uint64_t width) { return values + i * width; },
      [&](std::uint64_t i) { return counts[i]; });
}

bool LeafSum::AreSmall(const std::byte* items, std::uint64_t count, bool is_signed) noexcept {
  std::int64_t least = 0, greatest = 0;
  kernels::MinMax(static_cast<const std::int64_t*>(static_cast<const void*>(items)), count, &least, &greatest);
  // Read as signed, large unsigned ones are negative.
  return least >= (is_signed ? std::numeric_limits<std::int32_t>::min() : 0) &&
         greatest <= std::numeric_limits<std::int32_t>::max();
}

template <class Index>
void LeafSum::AddItems(const std::byte* items, const Index* indices, std::uint64_t count, bool are_small) {
  if (are_small) {
    std::int64_t sum = 0;
#pragma GCC unroll 4
    for (std::uint64_t i = 0; i < count; ++i) sum += LoadLe<std::int64_t>(items + static_cast<std::uint64_t>(indices[i]) * 8);
    low_ += sum;
    return;
  }
  AddEach(
      count, [&](std::uint64_t i, std::uint64_t width) { return items + static_cast<std::uint64_t>(indices[i]) * width; },
      [](std::uint64_t) { return std::uint64_t{1}; });
}

template void LeafSum::AddItems(const std::byte*, const std::uint8_t*, std::uint64_t, bool);
template void LeafSum::AddItems(const std::byte*, const std::uint16_t*, std::uint64_t, bool);
template void LeafSum::AddItems(const std::byte*, const std::uint32_t*, std::uint64_t, bool);
template void LeafSum::AddItems(const std::byte*, const std::uint64_t*, std::uint64_t, bool);

}  // namespace lancekit
