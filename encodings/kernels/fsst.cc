#include "encodings/kernels/fsst.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "base/endian.h"

namespace lancekit::kernels {
namespace {

constexpr std::uint64_t kEveryByte = 0x0101010101010101;
constexpr std::size_t kGroup = 8;  // codes that are looked at together
constexpr std::uint8_t kInsideEscape = 255;

// 8 times the index of the first escape among 8 codes; 64 when there is none. Exact for the first one.
int FirstEscapeBit(std::uint64_t codes) {
  const std::uint64_t inverted = ~codes;
  return std::countr_zero((inverted - kEveryByte) & codes & (kEveryByte * 0x80)) & ~7;
}

/// What became of a group of codes: its bytes, and how many of them there are behind each code, a byte each, with kInsideEscape
/// behind an escape. More than 64 bytes there are not.
struct GroupResult {
  std::uint64_t ends = 0;
  std::uint64_t size = 0;
};

/// Codes without an escape or a literal. The ends gather in a register: a store for each would double the stores.
[[gnu::always_inline]] inline GroupResult DecodeSymbols(const FsstDecoder& decoder, std::uint64_t codes, std::byte* out) {
  GroupResult group;
#pragma GCC unroll 8
  for (int bit = 0; bit < 64; bit += 8) {
    const std::uint64_t code = codes >> bit & 255;
    StoreLe(out + group.size, decoder.symbols[code]);
    group.size += decoder.lengths[code];
    group.ends = std::rotr(group.ends | group.size, 8);
  }
  return group;
}

/// Any codes, one by one. `literal`: the next byte is one.
[[gnu::noinline]] GroupResult DecodeMixed(const FsstDecoder& decoder, const std::byte* codes, std::size_t num_codes,
                                          std::byte* out, bool* literal) {
  GroupResult group;
  for (std::size_t i = 0; i < num_codes; ++i) {
    const auto code = static_cast<std::uint8_t>(codes[i]);
    const bool is_escape = !*literal && code == kFsstEscape;
    if (*literal) {
      out[group.size++] = codes[i];
    } else if (!is_escape) {
      StoreLe(out + group.size, decoder.symbols[code]);
      group.size += decoder.lengths[code];
    }
    group.ends |= (is_escape ? kInsideEscape : group.size) << (8 * i);
    *literal = is_escape;
  }
  return group;
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
  const std::byte* const end = in + size;
  const std::byte* const out_begin = out;
  const auto decode_code = [&](std::uint64_t code) __attribute__((always_inline)) {
    StoreLe(out, decoder.symbols[code]);
    out += decoder.lengths[code];
  };
  while (in < end) {
    if (end - in >= static_cast<std::ptrdiff_t>(kGroup)) {
      const std::uint64_t codes = LoadLe<std::uint64_t>(in);
      const int escape_bit = FirstEscapeBit(codes);
      if (escape_bit == 64) [[likely]] {
#pragma GCC unroll 8
        for (int bit = 0; bit < 64; bit += 8) decode_code(codes >> bit & 255);
        in += kGroup;
        continue;
      }
      for (int bit = 0; bit < escape_bit; bit += 8) decode_code(codes >> bit & 255);
      in += escape_bit / 8;
    } else if (const std::uint8_t code = LoadLe<std::uint8_t>(in); code != kFsstEscape) {
      decode_code(code);
      ++in;
      continue;
    }
    if (end - in < 2) return std::nullopt;
    *out++ = in[1];
    in += 2;
  }
  return static_cast<std::size_t>(out - out_begin);
}

template <class InOffset, class OutOffset>
bool FsstDecodeRun(const FsstDecoder& decoder, const std::byte* in, const InOffset* in_offsets, std::size_t num_strings,
                   std::byte* out, OutOffset base, OutOffset* out_ends) noexcept {
  // Small enough to stay in the first cache level. Where a string ends is looked up, without a branch per string.
  constexpr std::size_t kGroups = 128;
  std::uint64_t group_ends[kGroups];
  OutOffset group_starts[kGroups];
  std::size_t string = 0;
  for (; string < num_strings && in_offsets[string + 1] == in_offsets[0]; ++string) out_ends[string] = base;
  std::uint8_t worst = 0;
  bool literal = false;
  const std::size_t end = in_offsets[num_strings];
  for (std::size_t begin = in_offsets[0]; begin < end;) {
    const std::size_t left = end - begin;
    const std::size_t num_groups = std::min(kGroups, (left + kGroup - 1) / kGroup);
    for (std::size_t i = 0; i < num_groups; ++i) {
      const std::byte* const from = in + begin + i * kGroup;
      const std::size_t num_codes = std::min(kGroup, left - i * kGroup);
      const std::uint64_t codes = num_codes == kGroup ? LoadLe<std::uint64_t>(from) : ~std::uint64_t{0};
      const bool is_plain = FirstEscapeBit(codes) == 64 && !literal;
      const GroupResult group =
          is_plain ? DecodeSymbols(decoder, codes, out) : DecodeMixed(decoder, from, num_codes, out, &literal);
      group_ends[i] = group.ends;
      group_starts[i] = base;
      out += group.size;
      base = static_cast<OutOffset>(base + static_cast<OutOffset>(group.size));
    }
    const std::size_t round_end = std::min(begin + num_groups * kGroup, end);
    const auto* const code_ends = reinterpret_cast<const std::uint8_t*>(group_ends);
    for (; string < num_strings && in_offsets[string + 1] <= round_end; ++string) {
      const std::size_t last = in_offsets[string + 1] - begin - 1;  // it is not in an earlier round
      worst = std::max(worst, code_ends[last]);
      out_ends[string] = static_cast<OutOffset>(group_starts[last / kGroup] + static_cast<OutOffset>(code_ends[last]));
    }
    begin = round_end;
  }
  return worst != kInsideEscape && !literal;
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
