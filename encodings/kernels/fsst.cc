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

// Decoding keeps the output position of every code byte, if asked: string ends are then looked up without a branch per string.
template <bool kPositions>
class Run {
 public:
  Run(const FsstDecoder& decoder, const std::byte* in, const std::byte* end, std::byte* out)
      : decoder_(decoder), in_(in), end_(end), out_(out) {}

  const std::byte* in() const { return in_; }
  std::byte* out() const { return out_; }

  // Decodes until `stop` is reached; an escape there takes its literal too. Position i belongs to the byte i of this call.
  bool DecodeUntil(const std::byte* stop, std::uint32_t* positions) {
    begin_ = out_;
    positions_ = positions;
    while (stop - in_ >= 8) {
      std::uint64_t codes = LoadLe<std::uint64_t>(in_);
      const int escape_bit = FirstEscapeBit(codes);
      if (escape_bit == 64) [[likely]] {
        for (int i = 0; i < 8; ++i) DecodeCode(codes >> (8 * i) & 255);
        continue;
      }
      for (int bit = 0; bit < escape_bit; bit += 8) DecodeCode(codes >> bit & 255);
      if (!DecodeLiteral()) return false;
    }
    while (in_ < stop) {
      const std::uint8_t code = LoadLe<std::uint8_t>(in_);
      if (code != kFsstEscape) {
        DecodeCode(code);
      } else if (!DecodeLiteral()) {
        return false;
      }
    }
    if constexpr (kPositions) *positions_ = static_cast<std::uint32_t>(out_ - begin_);
    return true;
  }

 private:
  [[gnu::always_inline]] void DecodeCode(std::uint64_t code) {
    if constexpr (kPositions) *positions_++ = static_cast<std::uint32_t>(out_ - begin_);
    StoreLe(out_, decoder_.symbols[code]);
    out_ += decoder_.lengths[code];
    ++in_;
  }
  bool DecodeLiteral() {
    if (end_ - in_ < 2) return false;
    if constexpr (kPositions) {
      *positions_++ = static_cast<std::uint32_t>(out_ - begin_);
      *positions_++ = kInsideEscape;
    }
    *out_++ = in_[1];
    in_ += 2;
    return true;
  }

  const FsstDecoder& decoder_;
  const std::byte* in_;
  const std::byte* end_;
  std::byte* out_;
  std::byte* begin_ = nullptr;
  std::uint32_t* positions_ = nullptr;
};

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
  Run<false> run(decoder, in, in + size, out);
  if (!run.DecodeUntil(in + size, nullptr)) return std::nullopt;
  return static_cast<std::size_t>(run.out() - out);
}

template <class InOffset, class OutOffset>
bool FsstDecodeRun(const FsstDecoder& decoder, const std::byte* in, const InOffset* in_offsets, std::size_t num_strings,
                   std::byte* out, OutOffset base, OutOffset* out_ends) noexcept {
  // Small enough to stay in the first cache level; one more position for a literal and one for the end.
  constexpr std::ptrdiff_t kCodesPerRound = 1024;
  std::uint32_t positions[kCodesPerRound + 2];
  const std::byte* const end = in + in_offsets[num_strings];
  Run<true> run(decoder, in + in_offsets[0], end, out);
  std::size_t string = 0;
  bool ok = true;
  while (string < num_strings) {
    const std::byte* const begin = run.in();
    const auto round_base = static_cast<OutOffset>(base + static_cast<OutOffset>(run.out() - out));
    if (!run.DecodeUntil(begin + std::min(kCodesPerRound, end - begin), positions)) return false;
    const auto round_begin = static_cast<InOffset>(begin - in);
    const auto round_end = static_cast<InOffset>(run.in() - in);
    for (; string < num_strings && in_offsets[string + 1] <= round_end; ++string) {
      const std::uint32_t position = positions[in_offsets[string + 1] - round_begin];
      ok &= position != kInsideEscape;
      out_ends[string] = static_cast<OutOffset>(round_base + static_cast<OutOffset>(position));
    }
  }
  return ok;
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
