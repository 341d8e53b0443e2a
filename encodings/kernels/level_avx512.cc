#include <immintrin.h>

#include "encodings/kernels/fsst_lanes.h"
#include "encodings/kernels/tokens_lanes.h"

namespace lancekit::kernels::avx512 {

void EncodeFsst(const FsstTables& tables, const FsstShare& share) noexcept;  // fsst_avx512.cc

namespace {

/// Looks for tokens of all lengths at once: lane L - 1 is about that of L bytes.
class WideFinder {
 public:
  WideFinder(const Token* tokens, const std::uint64_t* buckets, int shift, const std::byte* data_end)
      : tokens_(tokens), buckets_(buckets), shift_(shift), data_end_(data_end) {}

  [[gnu::always_inline]] TokenMatcher::Match operator()(const std::byte* at, const std::byte* end) const noexcept {
    const auto left = static_cast<std::uint64_t>(end - at);
    const std::uint64_t available = left < kMaxTokenLength ? left : kMaxTokenLength;
    std::byte copy[kMaxTokenLength];
    const std::byte* text = at;
    if (data_end_ - at < 16) [[unlikely]] {
      __builtin_memset(copy, 0, sizeof(copy));
      __builtin_memcpy(copy, at, available);
      text = copy;
    }
    std::uint64_t low;
    std::uint64_t high;
    __builtin_memcpy(&low, text, 8);
    __builtin_memcpy(&high, text + 8, 8);
    constexpr std::uint64_t kAll = ~std::uint64_t{0};
    const Words prefixes = {0xff, 0xffff, kAll >> 40, kAll >> 32, kAll >> 24, kAll >> 16, kAll >> 8, kAll};
    const Words lengths = Words{1, 2, 3, 4, 5, 6, 7, 8} * kTokenLengthFactor;
    const Words longer = Words{9, 10, 11, 12, 13, 14, 15, 16} * kTokenLengthFactor;
    alignas(64) std::uint32_t found[32];
    // Bits 2L - 2 and 2L - 1 are about the two places of tokens of L bytes.
    std::uint64_t matches = Probe(((low & prefixes) * kTokenLowFactor) ^ lengths, found);
    matches |= std::uint64_t{Probe((low * kTokenLowFactor) ^ ((high & prefixes) * kTokenHighFactor) ^ longer, found + 16)} << 16;
    matches &= (std::uint64_t{1} << 2 * available) - 1;
    while (matches != 0) [[likely]] {
      const auto place = static_cast<unsigned>(63 ^ __builtin_clzll(matches));
      const auto code = static_cast<std::uint16_t>(found[place]);
      const unsigned length = place / 2 + 1;
      static_assert(offsetof(Token, low) == 0 && offsetof(Token, high) == 8, "the text of a token is its first 16 bytes");
      const Token& token = tokens_[code];
      const __m128i wanted = _mm_loadu_si128(reinterpret_cast<const __m128i*>(text)) & Mask(length);
      const __m128i other = wanted ^ _mm_loadu_si128(reinterpret_cast<const __m128i*>(&token));
      if (_mm_testz_si128(other, other) != 0 && static_cast<unsigned>(token.length) == length) [[likely]]
        return {code, static_cast<std::uint8_t>(length)};
      matches ^= std::uint64_t{1} << place;
    }
    return {0, 0};
  }

 private:
  using Words = std::uint64_t __attribute__((vector_size(64)));

  /// Which of the places have their tag, two a lane; their codes are in the lowest bits of what was found.
  unsigned Probe(Words hash, std::uint32_t* found) const noexcept {
    const Words bucket = reinterpret_cast<Words>(
        _mm512_mask_i64gather_epi64(_mm512_setzero_si512(), 0xff, reinterpret_cast<__m512i>(hash >> shift_), buckets_, 8));
    __builtin_memcpy(found, &bucket, sizeof(bucket));
    constexpr std::uint64_t kTagMask = ((std::uint64_t{1} << kTokenTagBits) - 1) << 16;
    const Words tag = (hash >> (shift_ - kTokenTagBits - 16) & kTagMask) | kTokenTagPresent;
    const __m512i tags = _mm512_maskz_shuffle_epi32(0xffff, reinterpret_cast<__m512i>(tag), _MM_PERM_CCAA);
    return _mm512_testn_epi32_mask(reinterpret_cast<__m512i>(bucket) ^ tags, _mm512_set1_epi32(static_cast<int>(0xffff0000)));
  }

  /// The first `length` bytes.
  static __m128i Mask(unsigned length) noexcept {
    static constexpr std::uint64_t kBytes[4] = {~std::uint64_t{0}, ~std::uint64_t{0}, 0, 0};
    const auto* const bytes = reinterpret_cast<const std::byte*>(kBytes);
    return _mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes + kMaxTokenLength - length));
  }

  const Token* tokens_;
  const std::uint64_t* buckets_;
  int shift_;
  const std::byte* data_end_;
};

void EncodeTokens(const Token* tokens, const std::uint64_t* buckets, int shift, TokenJob* job) noexcept {
  const WideFinder find(tokens, buckets, shift, job->data_end);
  EncodeLanes(job, find);
}

}  // namespace
}  // namespace lancekit::kernels::avx512

#define LANCEKIT_LEVEL avx512
#define LANCEKIT_VECTOR_BYTES 64
#define LANCEKIT_ANY_WIDTH 0
#define LANCEKIT_ENCODE_TOKENS &EncodeTokens
#define LANCEKIT_ENCODE_FSST &EncodeFsst
#include "encodings/kernels/level_kernels.h"
