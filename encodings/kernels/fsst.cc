#include "encodings/kernels/fsst.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "base/endian.h"

namespace lancekit::kernels {
namespace {

constexpr std::uint64_t kEveryByte = 0x0101010101010101;
constexpr std::uint32_t kInsideEscape = UINT32_MAX;

// 8 times the index of the first escape among 8 codes; 64 when there is none. Exact for the first one.
int FirstEscapeBit(std::uint64_t codes) {
  const std::uint64_t inverted = ~codes;
  return std::countr_zero((inverted - kEveryByte) & codes & (kEveryByte * 0x80)) & ~7;
}

// The cursors of a decode. Passed and returned by value, so that they stay in registers: byte stores may alias anything else.
struct Cursors {
  const std::byte* in;
  std::byte* out;
  bool ok = true;  // false when the input ended after an escape
};

// Decodes until `stop` is reached; an escape just before it takes its literal too. With kPositions, positions[i] becomes the
// output position of input byte i of this call (one more for the end), so that string ends are looked up without a branch per
// string.
template <bool kPositions>
[[gnu::always_inline]] inline Cursors DecodeUntil(const FsstDecoder& decoder, Cursors at, const std::byte* stop,
                                                  const std::byte* end, std::uint32_t* positions) {
  const std::byte* in = at.in;
  std::byte* out = at.out;
  const std::byte* const out_begin = out;
  const auto decode_code = [&](std::uint64_t code) __attribute__((always_inline)) {
    if constexpr (kPositions) *positions++ = static_cast<std::uint32_t>(out - out_begin);
    StoreLe(out, decoder.symbols[code]);
    out += decoder.lengths[code];
  };
  while (in < stop) {
    if (stop - in >= 8) {
      std::uint64_t codes = LoadLe<std::uint64_t>(in);
      const int escape_bit = FirstEscapeBit(codes);
      if (escape_bit == 64) [[likely]] {
#pragma GCC unroll 8
        for (int bit = 0; bit < 64; bit += 8) decode_code(codes >> bit & 255);
        in += 8;
        continue;
      }
      for (int bit = 0; bit < escape_bit; bit += 8) decode_code(codes >> bit & 255);
      in += escape_bit / 8;
    } else if (const std::uint8_t code = LoadLe<std::uint8_t>(in); code != kFsstEscape) {
      decode_code(code);
      ++in;
      continue;
    }
    if (end - in < 2) return {in, out, false};
    if constexpr (kPositions) {
      *positions++ = static_cast<std::uint32_t>(out - out_begin);
      *positions++ = kInsideEscape;
    }
    *out++ = in[1];
    in += 2;
  }
  if constexpr (kPositions) *positions = static_cast<std::uint32_t>(out - out_begin);
  return {in, out};
}

}  // namespace

bool ParseFsstTable(Bytes table, FsstDecoder* decoder, bool* compressed) noexcept {
  if (table.size() != kFsstTableSize || std::memcmp(table.data() + 4, "TSSF", 4) != 0) return false;
  const std::size_t num_symbols = LoadLe<std::uint8_t>(table.data());
  const std::byte* symbols = table.data() + 8;
  const std::byte* lengths = symbols + 8 * num_symbols;
  *decoder = FsstDecoder();
  for (std::size_t i = 0; i < num_symbols; ++i) {
    decoder->symbols[i] = LoadLe<std::uint64_t>(symbols + 8 * i);
    decoder->lengths[i] = LoadLe<std::uint8_t>(lengths + i);
    if (decoder->lengths[i] < 1 || decoder->lengths[i] > kFsstMaxSymbolLength) return false;
  }
  *compressed = (LoadLe<std::uint8_t>(table.data() + 3) & 1) != 0;
  return true;
}

std::optional<std::size_t> FsstDecode(const FsstDecoder& decoder, const std::byte* in, std::size_t size,
                                      std::byte* out) noexcept {
  const Cursors at = DecodeUntil<false>(decoder, {in, out}, in + size, in + size, nullptr);
  if (!at.ok) return std::nullopt;
  return static_cast<std::size_t>(at.out - out);
}

template <class InOffset, class OutOffset>
bool FsstDecodeRun(const FsstDecoder& decoder, const std::byte* in, const InOffset* in_offsets, std::size_t num_strings,
                   std::byte* out, OutOffset base, OutOffset* out_ends) noexcept {
  // Small enough to stay in the first cache level; one more position for a literal and one for the end.
  constexpr std::ptrdiff_t kCodesPerRound = 1024;
  std::uint32_t positions[kCodesPerRound + 2];
  const std::byte* const end = in + in_offsets[num_strings];
  Cursors at = {in + in_offsets[0], out};
  std::uint32_t largest_position = 0;
  for (std::size_t string = 0; string < num_strings;) {
    const Cursors begin = at;
    at = DecodeUntil<true>(decoder, begin, begin.in + std::min(kCodesPerRound, end - begin.in), end, positions);
    if (!at.ok) return false;
    const auto in_begin = static_cast<std::size_t>(begin.in - in);
    const auto in_end = static_cast<std::size_t>(at.in - in);
    const auto out_begin = static_cast<OutOffset>(base + static_cast<OutOffset>(begin.out - out));
    for (; string < num_strings && in_offsets[string + 1] <= in_end; ++string) {
      const std::uint32_t position = positions[in_offsets[string + 1] - in_begin];
      largest_position = std::max(largest_position, position);
      out_ends[string] = static_cast<OutOffset>(out_begin + static_cast<OutOffset>(position));
    }
  }
  return largest_position != kInsideEscape;
}

#define LANCEKIT_INSTANTIATE(InOffset, OutOffset)                                                                      \
  template bool FsstDecodeRun<InOffset, OutOffset>(const FsstDecoder&, const std::byte*, const InOffset*, std::size_t, \
                                                   std::byte*, OutOffset, OutOffset*) noexcept;
LANCEKIT_INSTANTIATE(std::uint32_t, std::int32_t)
LANCEKIT_INSTANTIATE(std::uint32_t, std::int64_t)
LANCEKIT_INSTANTIATE(std::uint64_t, std::int32_t)
LANCEKIT_INSTANTIATE(std::uint64_t, std::int64_t)
#undef LANCEKIT_INSTANTIATE

}  // namespace lancekit::kernels
