#include "base/bitmap.h"

#include <bit>
#include <cstring>

#include "base/endian.h"

namespace lancekit {

std::uint64_t LoadBits(const std::byte* bits, std::uint64_t first, unsigned count) noexcept {
  const std::byte* from = bits + first / 8;
  const unsigned shift = first % 8;
  const unsigned num_bytes = (shift + count + 7) / 8;
  std::uint64_t low = 0;
  std::memcpy(&low, from, num_bytes < 8 ? num_bytes : 8);
  std::uint64_t value = low >> shift;
  if (num_bytes > 8) value |= static_cast<std::uint64_t>(from[8]) << (64 - shift);
  return count == 64 ? value : value & ((std::uint64_t{1} << count) - 1);
}

void CopyBits(const std::byte* from, std::uint64_t from_bit, std::byte* to, std::uint64_t to_bit, std::uint64_t count) noexcept {
  std::byte* out = to + to_bit / 8;
  // Up to 8 bits of one byte.
  const auto copy_within_byte = [&](unsigned shift, unsigned size) {
    const auto mask = static_cast<std::byte>(((1u << size) - 1) << shift);
    const auto bits = static_cast<std::byte>(LoadBits(from, from_bit, size) << shift);
    *out = (*out & ~mask) | bits;
    ++out;
    from_bit += size;
    count -= size;
  };
  if (const unsigned shift = to_bit % 8; shift != 0 && count != 0)
    copy_within_byte(shift, static_cast<unsigned>(count < 8 - shift ? count : 8 - shift));
  if (from_bit % 8 == 0) {
    const std::uint64_t bytes = count / 8;
    if (bytes != 0) std::memcpy(out, from + from_bit / 8, bytes);
    out += bytes;
    from_bit += bytes * 8;
    count %= 8;
  }
  for (; count >= 64; count -= 64, from_bit += 64, out += 8) StoreLe(out, LoadBits(from, from_bit, 64));
  while (count != 0) copy_within_byte(0, static_cast<unsigned>(count < 8 ? count : 8));
}

void FillBits(std::byte* to, std::uint64_t to_bit, std::uint64_t count, bool value) noexcept {
  for (; count != 0 && to_bit % 8 != 0; --count) SetBitTo(to, to_bit++, value);
  std::memset(to + to_bit / 8, value ? 0xFF : 0, count / 8);
  to_bit += count / 8 * 8;
  for (count %= 8; count != 0; --count) SetBitTo(to, to_bit++, value);
}

std::uint64_t CountSetBits(const std::byte* bits, std::uint64_t first, std::uint64_t count) noexcept {
  std::uint64_t total = 0;
  for (; count >= 64; count -= 64, first += 64) total += static_cast<std::uint64_t>(std::popcount(LoadBits(bits, first, 64)));
  if (count != 0) total += static_cast<std::uint64_t>(std::popcount(LoadBits(bits, first, static_cast<unsigned>(count))));
  return total;
}

}  // namespace lancekit
