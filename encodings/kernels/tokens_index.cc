#include "encodings/kernels/tokens_index.h"

#include <algorithm>
#include <bit>

#include "encodings/kernels/dispatch.h"

namespace lancekit::kernels {

TokenIndex::TokenIndex(std::vector<Token> tokens) {
  const std::size_t num_buckets = std::max<std::size_t>(1024, std::bit_ceil(4 * tokens.size()));
  shift_ = 64 - std::countr_zero(num_buckets);
  buckets_.resize(num_buckets);
  // Those of one byte first, which must not be left out.
  std::stable_partition(tokens.begin(), tokens.end(), [](const Token& token) { return token.length == 1; });
  for (const Token& token : tokens) {
    const std::uint64_t hash = TokenHash(token.low, token.high, token.length);
    const std::uint64_t tag = TokenTag(hash, shift_);
    std::uint64_t& bucket = buckets_[hash >> shift_];
    // Two of one tag could not be told apart.
    const bool has_room = bucket >> 32 == 0 && (bucket == 0 || ((bucket ^ tag) & 0xffff0000) != 0);
    if (has_room) {
      bucket = bucket << 32 | tag | tokens_.size();
    } else if (token.length > 1) {
      continue;
    }
    tokens_.push_back(token);
  }
  if (ActiveTable().encode_tokens == nullptr) matcher_ = std::make_unique<const TokenMatcher>(tokens_);
}

void TokenIndex::Start(TokenJob* job) const {
  std::fill(std::begin(job->single), std::end(job->single), -1);
  for (std::size_t code = 0; code < tokens_.size(); ++code) {
    if (tokens_[code].length == 1) job->single[tokens_[code].low] = static_cast<std::int32_t>(code);
  }
  job->num_tokens = static_cast<std::uint32_t>(tokens_.size());
  job->num_added = 0;
}

void TokenIndex::Encode(TokenJob* job) const {
  const auto encode = ActiveTable().encode_tokens;
  if (encode == nullptr) return EncodePortably(job);
  Start(job);
  encode(tokens_.data(), buckets_.data(), shift_, job);
}

void TokenIndex::EncodePortably(TokenJob* job) const {
  Start(job);
  const auto encode = [&](const TokenMatcher& matcher) {
    const auto find = [&](const std::byte* at, const std::byte* end) { return matcher.Find(at, end, job->data_end); };
    EncodeLanes(job, find);
  };
  matcher_ != nullptr ? encode(*matcher_) : encode(TokenMatcher(tokens_));
}

}  // namespace lancekit::kernels
