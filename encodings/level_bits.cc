#include "encodings/level_bits.h"

#include <algorithm>
#include <bit>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "encodings/kernels/bitmasks.h"

namespace lancekit {
namespace {

/// A bit for each of `count` levels, at most 64 of them.
template <class Is>
std::uint64_t BitsOf(std::uint64_t count, Is is) {
  std::uint64_t bits = 0;
  for (std::uint64_t i = 0; i < count; ++i) bits |= static_cast<std::uint64_t>(is(i)) << i;
  return bits;
}

#ifdef __SSE2__
/// The same of 64, given what says it of eight of them.
template <class IsOfEight>
std::uint64_t BitsOf64(IsOfEight is_of_eight) {
  std::uint64_t bits = 0;
  for (int i = 0; i < 64; i += 16) {
    const __m128i both = _mm_packs_epi16(is_of_eight(i), is_of_eight(i + 8));
    bits |= static_cast<std::uint64_t>(static_cast<std::uint32_t>(_mm_movemask_epi8(both))) << i;
  }
  return bits;
}
__m128i LoadEight(const std::uint16_t* levels) { return _mm_loadu_si128(reinterpret_cast<const __m128i*>(levels)); }
#endif

/// Which of 64 levels differ from the one before. Pre: there is one before the first.
std::uint64_t ChangesOf64(const std::uint16_t* levels) {
#ifdef __SSE2__
  return ~BitsOf64([&](int i) { return _mm_cmpeq_epi16(LoadEight(levels + i), LoadEight(levels + i - 1)); });
#else
  return BitsOf(64, [&](std::uint64_t i) { return levels[i] != levels[static_cast<std::ptrdiff_t>(i) - 1]; });
#endif
}

std::uint64_t NumBits(std::uint64_t bits) {
#ifdef __POPCNT__
  return static_cast<std::uint64_t>(std::popcount(bits));
#else
  // A call of the compiler's library takes longer.
  bits -= bits >> 1 & 0x5555555555555555;
  bits = (bits & 0x3333333333333333) + (bits >> 2 & 0x3333333333333333);
  return ((bits + (bits >> 4)) & 0x0F0F0F0F0F0F0F0F) * 0x0101010101010101 >> 56;
#endif
}

/// Place of set bit number `n`, from 0. Pre: there is one.
std::uint64_t PlaceOf(std::uint64_t bits, std::uint64_t n) {
  std::uint64_t place = 0;
  for (int width = 32; width >= 8; width /= 2) {
    const auto low = NumBits(bits & ((std::uint64_t{1} << width) - 1));
    if (n < low) continue;
    n -= low;
    bits >>= width;
    place += static_cast<std::uint64_t>(width);
  }
  for (; n != 0; --n) bits &= bits - 1;
  return place + static_cast<std::uint64_t>(std::countr_zero(bits));
}

std::uint64_t From(std::uint64_t bit) { return ~std::uint64_t{0} << bit % 64; }
std::uint64_t Before(std::uint64_t bit) { return bit % 64 == 0 ? ~std::uint64_t{0} : ~From(bit); }

}  // namespace

LevelBits LevelBits::Above(std::span<const std::uint16_t> levels, std::uint16_t limit) {
  LevelBits bits(levels.size());
  bits.words_.back() = 0;
  kernels::MaskRange(levels.data(), levels.size(), static_cast<std::uint16_t>(limit + 1), 0xFFFF, nullptr, bits.words_.data());
  return bits;
}

LevelBits LevelBits::Changes(std::span<const std::uint16_t> levels) {
  LevelBits bits(levels.size());
  std::uint64_t i = 0;
  const auto changes = [&](std::uint64_t j) { return i + j != 0 && levels[i + j] != levels[i + j - 1]; };
  for (; i + 64 <= levels.size(); i += 64) bits.words_[i / 64] = i == 0 ? BitsOf(64, changes) : ChangesOf64(levels.data() + i);
  bits.words_[i / 64] = BitsOf(levels.size() - i, changes);
  return bits;
}

std::uint64_t LevelBits::Count(std::uint64_t first, std::uint64_t end) const noexcept {
  if (first >= end || words_.empty()) return 0;
  std::uint64_t count = 0;
  for (std::uint64_t word = first / 64; word <= (end - 1) / 64; ++word) {
    std::uint64_t bits = words_[word];
    if (word == first / 64) bits &= From(first);
    if (word == (end - 1) / 64) bits &= Before(end);
    count += NumBits(bits);
  }
  return count;
}

std::uint64_t LevelBits::FindLast(std::uint64_t first, std::uint64_t end) const noexcept {
  if (first >= end) return end;
  for (std::uint64_t word = (end - 1) / 64 + 1; word-- > first / 64;) {
    std::uint64_t bits = words_[word];
    if (word == first / 64) bits &= From(first);
    if (word == (end - 1) / 64) bits &= Before(end);
    if (bits != 0) return word * 64 + 63 - static_cast<std::uint64_t>(std::countl_zero(bits));
  }
  return end;
}

std::uint64_t LevelBits::Find(std::uint64_t first, bool wanted) const noexcept {
  if (first >= size_) return size_;
  const std::uint64_t flip = wanted ? 0 : ~std::uint64_t{0};
  std::uint64_t bits = (words_[first / 64] ^ flip) & From(first);
  std::uint64_t word = first / 64;
  while (bits == 0 && ++word < words_.size()) bits = words_[word] ^ flip;
  return bits == 0 ? size_ : std::min(size_, word * 64 + static_cast<std::uint64_t>(std::countr_zero(bits)));
}

std::uint64_t LevelBits::Skip(std::uint64_t first, std::uint64_t count, bool wanted) const noexcept {
  if (count == 0) return first;
  const std::uint64_t flip = wanted ? 0 : ~std::uint64_t{0};
  std::uint64_t word = first / 64;
  std::uint64_t bits = (words_[word] ^ flip) & From(first);
  while (true) {
    const auto here = NumBits(bits);
    if (count <= here) return word * 64 + PlaceOf(bits, count - 1) + 1;
    count -= here;
    bits = words_[++word] ^ flip;
  }
}

std::uint64_t LevelBits::CountRuns(std::uint64_t first, std::uint64_t end, std::uint64_t longest) const noexcept {
  if (first >= end) return 0;
  std::uint64_t runs = 1;
  std::uint64_t start = first;  // of the last run
  for (std::uint64_t word = first / 64; word <= (end - 1) / 64; ++word) {
    std::uint64_t bits = words_[word];
    if (word == first / 64) bits &= From(first) & ~(std::uint64_t{1} << first % 64);
    if (word == (end - 1) / 64) bits &= Before(end);
    if (bits == 0) continue;
    const std::uint64_t next = word * 64 + static_cast<std::uint64_t>(std::countr_zero(bits));
    runs += NumBits(bits);
    if (next - start > longest) runs += (next - start - 1) / longest;
    start = word * 64 + 63 - static_cast<std::uint64_t>(std::countl_zero(bits));
  }
  return runs + (end - start - 1) / longest;
}

}  // namespace lancekit
