// The part of level_kernels.h that works on bits for entries, 64 a word; included there, once for each CPU level.

namespace lancekit::kernels::LANCEKIT_LEVEL {
namespace {

LANCEKIT_ALWAYS_INLINE std::size_t CountOnes(std::uint64_t word) { return static_cast<std::size_t>(__builtin_popcountll(word)); }

/// Bit i: low <= in[i] <= low + span, of `count` numbers, at most 64.
LANCEKIT_ALWAYS_INLINE std::uint64_t InRange(const std::uint16_t* in, std::size_t count, std::uint16_t low, std::uint16_t span) {
#if LANCEKIT_VECTOR_BYTES == 64
  const std::uint64_t there = count == 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << count) - 1;
  const __m512i lows = _mm512_set1_epi16(static_cast<short>(low)), spans = _mm512_set1_epi16(static_cast<short>(span));
  const auto first = static_cast<__mmask32>(there), second = static_cast<__mmask32>(there >> 32);
  const __m512i a = _mm512_sub_epi16(_mm512_maskz_loadu_epi16(first, in), lows);
  const __m512i b = _mm512_sub_epi16(_mm512_maskz_loadu_epi16(second, in + 32), lows);
  return _mm512_mask_cmple_epu16_mask(first, a, spans) | std::uint64_t{_mm512_mask_cmple_epu16_mask(second, b, spans)} << 32;
#else
  std::uint64_t bits = 0;
  if (count < 64) {
    for (std::size_t i = 0; i < count; ++i)
      bits |= static_cast<std::uint64_t>(static_cast<std::uint16_t>(in[i] - low) <= span) << i;
    return bits;
  }
  std::uint8_t flags[64];
  for (int i = 0; i < 64; ++i) flags[i] = static_cast<std::uint16_t>(in[i] - low) <= span;
  for (int i = 0; i < 8; ++i) {
    std::uint64_t word;
    __builtin_memcpy(&word, flags + 8 * i, 8);
    bits |= (word * 0x0102040810204080) >> 56 << 8 * i;  // the lowest bit of each byte
  }
  return bits;
#endif
}

std::size_t MaskRange(const std::uint16_t* in, std::size_t count, std::uint16_t low, std::uint16_t high,
                      const std::uint64_t* with, std::uint64_t* out) noexcept {
  const auto span = static_cast<std::uint16_t>(high - low);
  std::size_t total = 0;
  for (std::size_t at = 0, i = 0; at < count; at += 64, ++i) {
    const std::uint64_t bits = InRange(in + at, count - at < 64 ? count - at : 64, low, span);
    out[i] = with == nullptr ? bits : bits & with[i];
    total += CountOnes(out[i]);
  }
  return total;
}

/// The bits of `word` where `mask` has one, side by side.
LANCEKIT_ALWAYS_INLINE std::uint64_t Extract(std::uint64_t word, std::uint64_t mask) {
#ifdef __BMI2__
  return __builtin_ia32_pext_di(word, mask);
#else
  std::uint64_t bits = 0;
  for (unsigned at = 0; mask != 0; ++at, mask &= mask - 1) {
    if ((word & mask & (~mask + 1)) != 0) bits |= std::uint64_t{1} << at;
  }
  return bits;
#endif
}

std::size_t SelectBits(const std::uint64_t* in, const std::uint64_t* mask, std::size_t num_words, std::uint64_t* out) noexcept {
  std::uint64_t word = 0;
  unsigned filled = 0;  // bits of the word
  std::size_t total = 0;
  for (std::size_t i = 0; i < num_words; ++i) {
    const std::uint64_t bits = Extract(in[i], mask[i]);
    total += CountOnes(bits);
    word |= bits << filled;
    const unsigned end = filled + static_cast<unsigned>(CountOnes(mask[i]));
    if (end >= 64) {
      *out++ = word;
      word = filled == 0 ? 0 : bits >> (64 - filled);
    }
    filled = end % 64;
  }
  *out = word;
  return total;
}

template <class Offset>
std::uint64_t ListStarts(const std::uint64_t* slots, const std::uint64_t* items, std::size_t num_words, std::uint64_t first,
                         Offset* out) noexcept {
  for (std::size_t i = 0; i < num_words; ++i) {
    Offset* to = out;
    // Several at once, maybe more than there are: how many a word has cannot be foreseen.
    for (std::uint64_t left = slots[i]; left != 0; to += 4) {
      for (int j = 0; j < 4; ++j, left &= left - 1) to[j] = static_cast<Offset>(first + CountOnes(items[i] & (left - 1) & ~left));
    }
    out += CountOnes(slots[i]);
    first += CountOnes(items[i]);
  }
  return first;
}

#if LANCEKIT_VECTOR_BYTES == 64
/// A byte for each of 8 bits: how many ones are before it.
LANCEKIT_ALWAYS_INLINE std::uint64_t OnesBefore(std::uint64_t bits) {
  constexpr std::uint64_t kOneEach = 0x0101010101010101;
  return (_pdep_u64(bits, kOneEach) * kOneEach) << 8;
}

// Without a branch on what the masks hold.
template <>
std::uint64_t ListStarts(const std::uint64_t* slots, const std::uint64_t* items, std::size_t num_words, std::uint64_t first,
                         std::uint32_t* out) noexcept {
  for (std::size_t i = 0; i < num_words; ++i) {
    for (int part = 0; part < 64; part += 16) {
      const std::uint64_t some_items = items[i] >> part & 0xFFFF;
      const auto some_slots = static_cast<__mmask16>(slots[i] >> part);
      const __m512i low = _mm512_set1_epi32(static_cast<int>(first));
      const std::uint64_t middle = CountOnes(some_items & 0xFF) * 0x0101010101010101;
      const __m128i before = _mm_set_epi64x(static_cast<long long>(OnesBefore(some_items >> 8) + middle),
                                            static_cast<long long>(OnesBefore(some_items & 0xFF)));
      const __m512i starts = _mm512_add_epi32(low, _mm512_maskz_cvtepu8_epi32(0xFFFF, before));
      _mm512_storeu_si512(out, _mm512_maskz_compress_epi32(some_slots, starts));
      out += CountOnes(some_slots);
      first += CountOnes(some_items);
    }
  }
  return first;
}
#endif

}  // namespace
}  // namespace lancekit::kernels::LANCEKIT_LEVEL
