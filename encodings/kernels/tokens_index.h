// Tokens laid out for a look-up of all lengths at once.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "encodings/kernels/tokens_lanes.h"
#include "encodings/kernels/tokens_matcher.h"

namespace lancekit::kernels {

/// Immutable after it was made; any thread may use it.
class TokenIndex {
 public:
  /// Leaves out those tokens of several bytes that their bucket has no room for, a few in a hundred of the most tokens.
  explicit TokenIndex(std::vector<Token> tokens);

  const std::vector<Token>& tokens() const noexcept { return tokens_; }

  /// Encodes by the longest tokens: the same codes on any CPU. Sets `single` and `num_tokens` of the job, and `added`.
  void Encode(TokenJob* job) const;
  /// The same, without the kernel of this CPU.
  void EncodePortably(TokenJob* job) const;

 private:
  void Start(TokenJob* job) const;

  std::vector<Token> tokens_;
  // Two tokens each: from the lowest bit on a code and a tag (tokens_matcher.h), which is 0 where there is none.
  std::vector<std::uint64_t> buckets_;
  int shift_ = 0;
  std::unique_ptr<const TokenMatcher> matcher_;  // where this CPU has no kernel
};

}  // namespace lancekit::kernels
