#include <immintrin.h>

#include "encodings/kernels/tokens_lanes.h"

namespace lancekit::kernels::avx512 {
namespace {

/// Looks for tokens of all lengths at once: lane L - 1 is about that of L bytes.
class WideFinder {
 public:
  WideFinder(const Token* tokens, const std::uint64_t* buckets, int shift, const std::byte* data_end)
      : tokens_(tokens), buckets_(buckets), shift_(shift), data_end_(data_end) {}

  TokenMatcher::Match operator()(const std::byte* at, const std::byte* end) const noexcept {
    std::uint64_t text[2] = {};
    const auto left = static_cast<std::uint64_t>(end - at);
    const std::uint64_t available = left < 16 ? left : 16;
    if (data_end_ - at >= 16) [[likely]] {
      __builtin_memcpy(text, at, 16);
    } else {
      __builtin_memcpy(text, at, available);
    }
    const Words prefixes = LoadWords(kMasks + 1);
    alignas(64) std::uint64_t found[16];
    const Words lengths = Words{1, 2, 3, 4, 5, 6, 7, 8} * kTokenLengthFactor;
    const Words longer = Words{9, 10, 11, 12, 13, 14, 15, 16} * kTokenLengthFactor;
    unsigned matches = Probe(((text[0] & prefixes) * kTokenLowFactor) ^ lengths, found);
    matches |= Probe((text[0] * kTokenLowFactor) ^ ((text[1] & prefixes) * kTokenHighFactor) ^ longer, found + 8) << 8;
    matches &= (1u << available) - 1;
    while (matches != 0) [[likely]] {
      const int lane = 31 - __builtin_clz(matches);
      const auto code = static_cast<std::uint16_t>(found[lane]);
      const Token& token = tokens_[code];
      // Lane L - 1 has the first L bytes: the first 8 of them are in text[0].
      const std::uint64_t other = (token.low ^ (text[0] & kMasks[lane + 1])) | (token.high ^ (text[1] & kHighMasks[lane + 1])) |
                                  static_cast<std::uint64_t>(token.length ^ (lane + 1));
      if (other == 0) [[likely]]
        return {code, static_cast<std::uint8_t>(lane + 1)};
      matches ^= 1u << lane;
    }
    return {0, 0};
  }

 private:
  using Words = std::uint64_t __attribute__((vector_size(64)));

  static Words LoadWords(const std::uint64_t* from) noexcept {
    Words words;
    __builtin_memcpy(&words, from, sizeof(words));
    return words;
  }

  /// Which lanes have a bucket with their tag; its code is in the lowest bits of what was found.
  unsigned Probe(Words hash, std::uint64_t* found) const noexcept {
    const Words bucket = reinterpret_cast<Words>(
        _mm512_mask_i64gather_epi64(_mm512_setzero_si512(), 0xff, reinterpret_cast<__m512i>(hash >> shift_), buckets_, 8));
    const Words tag = ((hash >> (shift_ - kTokenTagBits)) & ((1 << kTokenTagBits) - 1)) << 16 | kTokenTagPresent;
    const Words difference = bucket ^ (tag | tag << 32);
    const auto first = reinterpret_cast<__m512i>((difference & 0xffff0000) == 0);
    const auto second = reinterpret_cast<__m512i>((difference & 0xffff000000000000) == 0);
    const __mmask8 in_second = _mm512_movepi64_mask(second);
    const Words codes = reinterpret_cast<Words>(
        _mm512_mask_mov_epi64(reinterpret_cast<__m512i>(bucket), in_second, reinterpret_cast<__m512i>(bucket >> 32)));
    __builtin_memcpy(found, &codes, sizeof(codes));
    return static_cast<unsigned>(_mm512_movepi64_mask(first) | in_second);
  }

  // Of the first 8 bytes and of the others, by how many bytes are wanted of all.
  static constexpr std::uint64_t kAll = ~std::uint64_t{0};
  static constexpr std::uint64_t kMasks[17] = {
      0,    0xff, 0xffff, 0xffffff, 0xffffffff, 0xffffffffff, 0xffffffffffff, 0xffffffffffffff, kAll, kAll, kAll,
      kAll, kAll, kAll,   kAll,     kAll,       kAll};
  static constexpr std::uint64_t kHighMasks[17] = {
      0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xffff, 0xffffff, 0xffffffff, 0xffffffffff, 0xffffffffffff, 0xffffffffffffff, kAll};
  const Token* tokens_;
  const std::uint64_t* buckets_;
  int shift_;
  const std::byte* data_end_;
};

void EncodeTokens(const Token* tokens, const std::uint64_t* buckets, int shift, TokenJob* job) noexcept {
  EncodeLanes(job, WideFinder(tokens, buckets, shift, job->data_end));
}

}  // namespace
}  // namespace lancekit::kernels::avx512

#define LANCEKIT_LEVEL avx512
#define LANCEKIT_VECTOR_BYTES 64
#define LANCEKIT_ANY_WIDTH 0
#define LANCEKIT_ENCODE_TOKENS &EncodeTokens
#include "encodings/kernels/level_kernels.h"
