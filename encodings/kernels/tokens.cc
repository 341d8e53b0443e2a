#include "encodings/kernels/tokens.h"

#include <algorithm>
#include <cstring>

#include "base/endian.h"

namespace lancekit::kernels {
namespace {

/// Code i, without reading beyond the end of the codes.
std::size_t CodeAt(Bytes codes, std::uint64_t i, int width) {
  const std::uint64_t bit = i * static_cast<std::uint64_t>(width);
  const std::size_t at = bit / 8;
  std::uint32_t word = 0;
  std::memcpy(&word, codes.data() + at, std::min<std::size_t>(sizeof(word), codes.size() - at));
  return word >> bit % 8 & ((1u << width) - 1);
}

}  // namespace

void TokenDecoder::Set(std::size_t code, const std::byte* text, std::size_t length) noexcept {
  std::memcpy(texts_[code].data(), text, length);
  lengths_[code] = static_cast<std::uint8_t>(length);
  ++num_tokens_;
}

void TokenDecoder::Decode(Bytes codes, std::uint64_t first, std::uint64_t count, std::byte* out,
                          std::uint32_t* positions) const noexcept {
  const std::byte* const begin = out;
  // Locals, because what is stored may alias members.
  const Text* const texts = texts_.data();
  const std::uint8_t* const lengths = lengths_.data();
  const auto decode_code = [&](std::size_t code) __attribute__((always_inline)) {
    *positions++ = static_cast<std::uint32_t>(out - begin);
    std::memcpy(out, texts[code].data(), kMaxTokenLength);
    out += lengths[code];
  };
  const std::uint64_t end = first + count;
  std::uint64_t i = first;
  for (const std::uint64_t stop = std::min(end, (first + 7) / 8 * 8); i < stop; ++i) decode_code(CodeAt(codes, i, width_));
  // 8 codes take `width` bytes; the last 4 of them start at a half byte when the width is odd.
  const auto width = static_cast<std::size_t>(width_);
  const std::uint64_t mask = (std::uint64_t{1} << width) - 1;
  const std::byte* in = codes.data() + i / 8 * width;
  const std::byte* const in_end = codes.data() + codes.size();
  for (; end - i >= 8 && static_cast<std::size_t>(in_end - in) >= width / 2 + 8; i += 8, in += width) {
    std::uint64_t low = LoadLe<std::uint64_t>(in);
    std::uint64_t high = LoadLe<std::uint64_t>(in + width / 2) >> width % 2 * 4;
#pragma GCC unroll 4
    for (int k = 0; k < 4; ++k, low >>= width) decode_code(low & mask);
#pragma GCC unroll 4
    for (int k = 0; k < 4; ++k, high >>= width) decode_code(high & mask);
  }
  for (; i < end; ++i) decode_code(CodeAt(codes, i, width_));
  *positions = static_cast<std::uint32_t>(out - begin);
}

std::uint64_t PackTokenCodes(const std::uint16_t* codes, std::uint64_t count, int width, std::byte* out) noexcept {
  std::uint64_t word = 0;
  int bits = 0;
  std::byte* to = out;
  for (std::uint64_t i = 0; i < count; ++i) {
    word |= std::uint64_t{codes[i]} << bits;
    bits += width;
    if (bits < 32) continue;
    StoreLe(to, static_cast<std::uint32_t>(word));
    to += 4;
    word >>= 32;
    bits -= 32;
  }
  StoreLe(to, word);
  return static_cast<std::uint64_t>(to - out) + static_cast<std::uint64_t>(bits + 7) / 8;
}

}  // namespace lancekit::kernels
