// Chooses the tokens of a page from a sample of its strings: neighbouring tokens that occur often become a token, round by round;
// then the least used are dropped again while that makes the page smaller. The same sample always gives the same tokens.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "encodings/kernels/tokens_matcher.h"

namespace lancekit::kernels {

/// Bytes that a token takes in a compressed table, about.
inline constexpr double kTokenTableBytes = 2.2;

struct TrainedTokens {
  std::vector<Token> tokens;    ///< in the order of TokenLess; at most 2^width; all bytes of the sample are among them
  int width = 0;                ///< of a code, in bits
  std::uint64_t num_codes = 0;  ///< that all strings take, about
};

struct TokenSample {
  std::vector<std::string_view> texts;  ///< strings, or pieces of them, none empty, of one buffer
  const std::byte* data_end = nullptr;  ///< of this buffer
  std::uint64_t total_bytes = 0;        ///< of all strings
};

/// Leaves room for tokens of bytes that are not in the sample. Pre: at least one text.
TrainedTokens TrainTokens(const TokenSample& sample);

}  // namespace lancekit::kernels
