// Token decoding: a code of up to 16 bits stands for a token of 1 to 16 bytes; one load and one store of 16 bytes each. Pure
// functions; any thread may call. Idea: Gargiulo et al., "OnPair: Short Strings Compression for Fast Random Access", 2025.
//
// Codes are packed back to back: code i is the `width` bits from bit i * width on, the lowest bit of a byte first.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/byte_reader.h"

namespace lancekit::kernels {

inline constexpr int kMaxTokenWidth = 16;
inline constexpr std::size_t kMaxTokens = std::size_t{1} << kMaxTokenWidth;
inline constexpr std::size_t kMaxTokenLength = 16;

/// A token for any code of the width; those beyond the last token have no bytes.
class TokenDecoder {
 public:
  TokenDecoder() = default;
  explicit TokenDecoder(int width) : width_(width), texts_(std::size_t{1} << width), lengths_(std::size_t{1} << width) {}

  int width() const noexcept { return width_; }
  /// Whether every code has a token.
  bool complete() const noexcept { return num_tokens_ == lengths_.size(); }
  /// Pre: 1 to 16 bytes; the code fits the width and was not set before.
  void Set(std::size_t code, const std::byte* text, std::size_t length) noexcept;

  /// Bytes that decoding may write to; the result may be shorter.
  static constexpr std::uint64_t Room(std::uint64_t num_codes) noexcept { return kMaxTokenLength * (num_codes + 1); }

  /// Decodes codes [first, first + count) of `codes` to `out`, which has Room(count) bytes. positions[i], i <= count, becomes
  /// the position in `out` at which code first + i starts; it ascends by 0 where a code has no token. Pre: the codes lie within
  /// `codes`, and Room(count) is below 4 GiB.
  void Decode(Bytes codes, std::uint64_t first, std::uint64_t count, std::byte* out, std::uint32_t* positions) const noexcept;

 private:
  using Text = std::array<std::byte, kMaxTokenLength>;

  int width_ = 0;
  std::size_t num_tokens_ = 0;
  std::vector<Text> texts_;
  std::vector<std::uint8_t> lengths_;
};

/// Packs codes below 2^width; `out` has 8 bytes more than they take. Returns the bytes that they take.
std::uint64_t PackTokenCodes(const std::uint16_t* codes, std::uint64_t count, int width, std::byte* out) noexcept;

}  // namespace lancekit::kernels
