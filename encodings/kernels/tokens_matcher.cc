#include "encodings/kernels/tokens_matcher.h"

#include <algorithm>
#include <bit>
#include <utility>

namespace lancekit::kernels {
namespace {

std::uint64_t FirstBytes(std::uint64_t word, int count) {
  return count >= 8 ? word : word & ((std::uint64_t{1} << 8 * count) - 1);
}

// What a token has behind its first `prefix` bytes.
std::uint64_t Rest(const Token& token, int prefix) { return prefix == 8 ? token.high : token.low >> 8 * prefix; }

}  // namespace

bool TokenLess(const Token& a, const Token& b) noexcept {
  if (a.low != b.low) return __builtin_bswap64(a.low) < __builtin_bswap64(b.low);
  if (a.high != b.high) return __builtin_bswap64(a.high) < __builtin_bswap64(b.high);
  return a.length < b.length;
}

Token Concat(const Token& first, const Token& second) noexcept {
  Token token = first;
  token.length += second.length;
  const int bits = 8 * first.length % 64;
  if (first.length >= 8) {
    token.high |= second.low << bits;
  } else {
    token.low |= second.low << bits;
    token.high = second.high << bits | second.low >> 1 >> (63 - bits);
  }
  return token;
}

void TokenMatcher::Groups::Reset(std::size_t num_groups) {
  // Few enough that most probes for a group that is not there end at once. Runs go on behind the last slot.
  const std::size_t num_slots = std::bit_ceil(3 * num_groups + 2);
  shift_ = 64 - std::countr_zero(num_slots);
  slots_.assign(num_slots + num_groups + 1, Group{});
}

void TokenMatcher::Groups::Insert(const Group& group) {
  std::size_t i = SlotOf(group.key);
  while (slots_[i].length != 0) ++i;
  slots_[i] = group;
}

void TokenMatcher::MakeGroups(const std::vector<std::uint16_t>& order, int prefix, int longest, Groups* groups) {
  std::vector<std::uint16_t> codes;
  for (const std::uint16_t code : order) {
    if (tokens_[code].length >= prefix && tokens_[code].length <= longest) codes.push_back(code);
  }
  const auto key_of = [&](std::size_t i) { return FirstBytes(tokens_[codes[i]].low, prefix); };
  std::size_t num_groups = 0;
  for (std::size_t i = 0; i < codes.size(); ++i) num_groups += i == 0 || key_of(i) != key_of(i - 1);
  groups->Reset(num_groups);
  for (std::size_t begin = 0, end = 0; begin < codes.size(); begin = end) {
    const std::uint64_t key = key_of(begin);
    while (end < codes.size() && key_of(end) == key) ++end;
    const Match shorter = FindShort(key, static_cast<std::size_t>(prefix) - 1);
    Group group{key, static_cast<std::uint32_t>(candidates_.size()), shorter.code, shorter.length, 0};
    const auto longest_first = [&](std::uint16_t a, std::uint16_t b) {
      return tokens_[a].length != tokens_[b].length ? tokens_[a].length > tokens_[b].length : a < b;
    };
    std::sort(codes.begin() + static_cast<std::ptrdiff_t>(begin), codes.begin() + static_cast<std::ptrdiff_t>(end),
              longest_first);
    std::size_t last = end;  // but for the token that is as long as the prefix
    if (tokens_[codes[end - 1]].length == prefix) {
      --last;
      group.code = codes[last];
      group.length = static_cast<std::uint8_t>(prefix);
    }
    if (last - begin > kMaxCandidates) {
      AddLarge(codes.data() + begin, last - begin, &group);
    } else {
      group.num_candidates = static_cast<std::uint8_t>(last - begin);
      for (std::size_t i = begin; i < last; ++i) {
        const Token& token = tokens_[codes[i]];
        const Match match{codes[i], static_cast<std::uint8_t>(token.length)};
        candidates_.push_back({Rest(token, prefix), match, static_cast<std::uint8_t>(64 - 8 * (token.length - prefix))});
      }
    }
    groups->Insert(group);
  }
}

void TokenMatcher::AddLarge(const std::uint16_t* codes, std::size_t num_codes, Group* group) {
  if (large_slots_.empty()) {
    large_slots_.resize(std::bit_ceil(2 * tokens_.size()));
    large_shift_ = 64 - std::countr_zero(large_slots_.size());
  }
  group->num_candidates = kLarge;
  group->first_candidate = 0;
  for (std::size_t i = 0; i < num_codes; ++i) {
    const Token& token = tokens_[codes[i]];
    group->first_candidate |= 1u << token.length;
    const std::uint64_t hash = TokenHash(token.low, token.high, token.length);
    std::size_t slot = hash >> large_shift_;
    while (large_slots_[slot] != 0) slot = (slot + 1) & (large_slots_.size() - 1);
    large_slots_[slot] = TokenTag(hash, large_shift_) | codes[i];
  }
}

TokenMatcher::Match TokenMatcher::FindLarge(const Group& group, std::uint64_t low, std::uint64_t high,
                                            std::size_t available) const noexcept {
  std::uint32_t lengths = group.first_candidate;
  if (available < kMaxTokenLength) lengths &= (2u << available) - 1;
  while (lengths != 0) {
    const int length = std::bit_width(lengths) - 1;
    lengths ^= 1u << length;
    const Token wanted{FirstBytes(low, length), length <= 8 ? 0 : FirstBytes(high, length - 8), length};
    const std::uint64_t hash = TokenHash(wanted.low, wanted.high, wanted.length);
    const std::uint32_t tag = TokenTag(hash, large_shift_);
    for (std::size_t slot = hash >> large_shift_; large_slots_[slot] != 0; slot = (slot + 1) & (large_slots_.size() - 1)) {
      if ((large_slots_[slot] ^ tag) > 0xffff) continue;
      const auto code = static_cast<std::uint16_t>(large_slots_[slot]);
      if (tokens_[code] == wanted) return {code, static_cast<std::uint8_t>(length)};
    }
  }
  return group.match();
}

TokenMatcher::TokenMatcher(std::vector<Token> tokens) : tokens_(std::move(tokens)), pairs_(65536) {
  std::vector<std::uint16_t> order(tokens_.size());
  for (std::size_t i = 0; i < tokens_.size(); ++i) {
    order[i] = static_cast<std::uint16_t>(i);
    if (tokens_[i].length == 1) single_[tokens_[i].low] = {order[i], 1};
  }
  for (std::size_t i = 0; i < pairs_.size(); ++i) pairs_[i] = single_[i & 0xff];
  for (const std::uint16_t code : order) {
    if (tokens_[code].length == 2) pairs_[tokens_[code].low] = {code, 2};
  }
  std::sort(order.begin(), order.end(), [&](std::uint16_t a, std::uint16_t b) { return TokenLess(tokens_[a], tokens_[b]); });
  MakeGroups(order, 3, 3, &by_3_);
  MakeGroups(order, 4, 7, &by_4_);
  MakeGroups(order, 8, static_cast<int>(kMaxTokenLength), &by_8_);
}

}  // namespace lancekit::kernels
