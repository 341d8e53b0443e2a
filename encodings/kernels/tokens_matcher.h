// Finds the longest token that a text starts with. Immutable after it was made; any thread may use it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

#include "base/byte_reader.h"
#include "encodings/kernels/tokens.h"

namespace lancekit::kernels {

/// 1 to 16 bytes, the first one the lowest; zeros above the length.
struct Token {
  std::uint64_t low = 0;
  std::uint64_t high = 0;
  int length = 0;

  friend bool operator==(const Token&, const Token&) = default;
};

/// As their bytes, a prefix first.
bool TokenLess(const Token& a, const Token& b) noexcept;
/// Pre: together at most 16 bytes.
Token Concat(const Token& first, const Token& second) noexcept;

// Code for newer CPUs uses these too, so no copy of them may be left for others.
// A hash has a tag below the bits that choose a place; in a table the tag stands above the 16 bits of a code.
inline constexpr std::uint64_t kTokenLowFactor = 0x9E3779B97F4A7C15;
inline constexpr std::uint64_t kTokenHighFactor = 0xC2B2AE3D27D4EB4F;
inline constexpr std::uint64_t kTokenLengthFactor = 0x165667B19E3779F9;
inline constexpr int kTokenTagBits = 15;
inline constexpr std::uint32_t kTokenTagPresent = 0x80000000;
/// The length tells texts apart that differ by zeros at the end.
[[gnu::always_inline]] inline std::uint64_t TokenHash(std::uint64_t low, std::uint64_t high, int length) noexcept {
  return (low * kTokenLowFactor) ^ (high * kTokenHighFactor) ^ (static_cast<std::uint64_t>(length) * kTokenLengthFactor);
}
/// `shift`: by what the hash is shifted for the place.
[[gnu::always_inline]] inline std::uint32_t TokenTag(std::uint64_t hash, int shift) noexcept {
  constexpr std::uint32_t kMask = (1u << kTokenTagBits) - 1;
  return (static_cast<std::uint32_t>(hash >> (shift - kTokenTagBits)) & kMask) << 16 | kTokenTagPresent;
}

/// Tokens are grouped by their first 8 bytes, those of fewer by their first 4. A small group lists its tokens, the longest first;
/// those of a large one are found by hashes of each length that there is. So a look-up takes few probes and comparisons.
class TokenMatcher {
 public:
  struct Match {
    std::uint16_t code;
    std::uint8_t length;
  };

  /// Code i is tokens[i]. Pre: tokens differ, at most kMaxTokens; each byte in them is a token.
  explicit TokenMatcher(std::vector<Token> tokens);

  const std::vector<Token>& tokens() const noexcept { return tokens_; }

  /// The longest token at the start of the bytes [at, end); length 0 when there is none. Bytes up to `readable_end` may be read.
  /// Pre: at < end <= readable_end.
  Match Find(const std::byte* at, const std::byte* end, const std::byte* readable_end) const noexcept;

 private:
  static constexpr std::uint8_t kMaxCandidates = 8;
  static constexpr std::uint8_t kLarge = 255;

  /// Tokens with the same first bytes: the longest one of no more than these, and those that go on.
  struct Group {
    std::uint64_t key = 0;
    std::uint32_t first_candidate = 0;  // in a large group: bit L is 1 when it has tokens of L bytes
    std::uint16_t code = 0;
    std::uint8_t length = 0;          // 0 in a slot without a group
    std::uint8_t num_candidates = 0;  // kLarge: of a large group

    Match match() const { return {code, length}; }
  };
  struct Candidate {
    std::uint64_t rest;  // what follows the first bytes
    Match match;
    std::uint8_t ignored_bits;  // of a word that is compared with `rest`
  };
  class Groups {
   public:
    /// With room for so many groups.
    void Reset(std::size_t num_groups);
    /// Pre: the key is new.
    void Insert(const Group& group);
    const Group* Find(std::uint64_t key) const noexcept;

   private:
    std::size_t SlotOf(std::uint64_t key) const noexcept;

    int shift_ = 0;
    std::vector<Group> slots_;
  };

  /// Of the tokens of `prefix` to `longest` bytes. Pre: `order` is that of TokenLess; the groups of shorter tokens are made.
  void MakeGroups(const std::vector<std::uint16_t>& order, int prefix, int longest, Groups* groups);
  void AddLarge(const std::uint16_t* codes, std::size_t num_codes, Group* group);
  /// `low`, `high`: the text.
  Match FindLarge(const Group& group, std::uint64_t low, std::uint64_t high, std::size_t available) const noexcept;
  Match FindIn(const Group& group, std::uint64_t rest, std::size_t available) const noexcept;
  Match FindShort(std::uint64_t word, std::size_t available) const noexcept;

  std::vector<Token> tokens_;
  Groups by_3_;
  Groups by_4_;
  Groups by_8_;
  std::vector<Candidate> candidates_;
  int large_shift_ = 0;
  // Of the tokens of large groups: the code, above it the tag; 0: free.
  std::vector<std::uint32_t> large_slots_;
  std::vector<Match> pairs_;  // by the first two bytes: the token of two bytes, else that of one byte
  Match single_[256] = {};
};

inline std::size_t TokenMatcher::Groups::SlotOf(std::uint64_t key) const noexcept {
  constexpr std::uint64_t kHashFactor = 0x9E3779B97F4A7C15;
  return static_cast<std::size_t>((key * kHashFactor) >> shift_);
}

inline const TokenMatcher::Group* TokenMatcher::Groups::Find(std::uint64_t key) const noexcept {
  for (std::size_t i = SlotOf(key);; ++i) {
    const Group& group = slots_[i];
    if (group.length == 0) return nullptr;
    if (group.key == key) return &group;
  }
}

inline TokenMatcher::Match TokenMatcher::FindIn(const Group& group, std::uint64_t rest, std::size_t available) const noexcept {
  const Candidate* candidate = candidates_.data() + group.first_candidate;
  for (const Candidate* const end = candidate + group.num_candidates; candidate != end; ++candidate) {
    if (((candidate->rest ^ rest) << candidate->ignored_bits) == 0 && candidate->match.length <= available) {
      return candidate->match;
    }
  }
  return group.match();
}

inline TokenMatcher::Match TokenMatcher::FindShort(std::uint64_t word, std::size_t available) const noexcept {
  if (available >= 4) {
    const Group* const group = by_4_.Find(word & 0xffffffff);
    if (group != nullptr) {
      return group->num_candidates == kLarge ? FindLarge(*group, word, 0, available) : FindIn(*group, word >> 32, available);
    }
  }
  if (available >= 3) {
    const Group* const group = by_3_.Find(word & 0xffffff);
    if (group != nullptr) return group->match();
  }
  return available >= 2 ? pairs_[word & 0xffff] : single_[word & 0xff];
}

inline TokenMatcher::Match TokenMatcher::Find(const std::byte* at, const std::byte* end,
                                              const std::byte* readable_end) const noexcept {
  const auto available = static_cast<std::size_t>(end - at);
  const auto readable = static_cast<std::size_t>(readable_end - at);
  if (available < 8) {
    std::uint64_t word = 0;
    if (readable >= 8) [[likely]] {
      word = LoadLe<std::uint64_t>(at);
    } else {
      std::memcpy(&word, at, available);
    }
    return FindShort(word, available);
  }
  const auto word = LoadLe<std::uint64_t>(at);
  const Group* const group = by_8_.Find(word);
  if (group == nullptr) return FindShort(word, available);
  if (group->num_candidates == 0) return group->match();
  std::uint64_t rest = 0;
  if (readable >= 16) [[likely]] {
    rest = LoadLe<std::uint64_t>(at + 8);
  } else {
    std::memcpy(&rest, at + 8, available - 8);
  }
  return group->num_candidates == kLarge ? FindLarge(*group, word, rest, available) : FindIn(*group, rest, available);
}

}  // namespace lancekit::kernels
