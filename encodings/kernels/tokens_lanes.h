// Encoding strings as tokens: several runs of strings at a time, so that while one waits for memory the others go on.
#pragma once

#include <cstddef>
#include <cstdint>

#include "encodings/kernels/tokens_matcher.h"

namespace lancekit::kernels {

inline constexpr std::uint64_t kTokenLanes = 4;

/// Strings to encode, and where to.
struct TokenJob {
  const std::byte* data = nullptr;
  const std::byte* data_end = nullptr;    ///< bytes up to here may be read
  const std::int32_t* offsets = nullptr;  ///< num_strings + 1 of them; nullptr: they have 64 bits
  const std::int64_t* large_offsets = nullptr;
  std::uint64_t num_strings = 0;
  std::uint16_t* codes = nullptr;  ///< room for one per byte; those of a lane start where its first byte would have its code
  std::uint32_t* ends = nullptr;   ///< per string: the codes of its lane up to its end
  std::int32_t single[256] = {};   ///< codes of bytes; -1: none yet
  std::uint32_t num_tokens = 0;    ///< ascends with each byte that gets a code
  std::uint8_t added[256] = {};    ///< these bytes
  std::uint32_t num_added = 0;

  // No copies: code for newer CPUs calls these.
  [[gnu::always_inline]] std::uint64_t FirstString(std::uint64_t lane) const noexcept { return num_strings * lane / kTokenLanes; }
  [[gnu::always_inline]] std::uint16_t CodeOf(std::uint8_t byte) noexcept {
    if (single[byte] < 0) {
      added[num_added++] = byte;
      single[byte] = static_cast<std::int32_t>(num_tokens++);
    }
    return static_cast<std::uint16_t>(single[byte]);
  }
};

/// Pre: `offsets` are those of the job. find(at, end) -> TokenMatcher::Match, of length 0 when there is none; its type has
/// internal linkage. No branch depends on where strings end, which cannot be foretold.
template <class Offset, class Find>
void EncodeLanesBy(const Offset* offsets, TokenJob* job, Find find) noexcept {
  struct Lane {
    const std::byte* at;
    const std::byte* end;  // of the string
    std::uint16_t* codes;
    std::uint16_t* first_code;
    std::uint64_t string;
    std::uint64_t last_string;
  };
  const std::byte* const data = job->data;
  std::uint32_t* const ends = job->ends;
  // Leaves strings behind that have come to their end; false when the lane has.
  const auto skip_ended = [&](Lane* lane) {
    while (lane->at == lane->end) {
      ends[lane->string] = static_cast<std::uint32_t>(lane->codes - lane->first_code);
      if (++lane->string == lane->last_string) return false;
      lane->end = data + offsets[lane->string + 1];
    }
    return true;
  };
  Lane lanes[kTokenLanes];
  Lane* last = lanes;
  for (std::uint64_t i = 0; i < kTokenLanes; ++i) {
    const std::uint64_t first_string = job->FirstString(i);
    const std::uint64_t last_string = job->FirstString(i + 1);
    if (first_string == last_string) continue;
    std::uint16_t* const to = job->codes + (offsets[first_string] - offsets[0]);
    *last = {data + offsets[first_string], data + offsets[first_string + 1], to, to, first_string, last_string};
    if (skip_ended(last)) ++last;
  }
  while (last != lanes) {
    for (Lane* lane = lanes; lane != last;) {
      const std::byte* const at = lane->at;
      const std::byte* const end = lane->end;
      TokenMatcher::Match match = find(at, end);
      if (match.length == 0) [[unlikely]]
        match = {job->CodeOf(static_cast<std::uint8_t>(*at)), 1};
      std::uint16_t* const code = lane->codes;
      *code = match.code;
      lane->codes = code + 1;
      lane->at = at + match.length;
      std::uint64_t string = lane->string;
      ends[string] = static_cast<std::uint32_t>(code + 1 - lane->first_code);
      string += lane->at == end;
      lane->string = string;
      if (string != lane->last_string) [[likely]] {
        lane->end = data + offsets[string + 1];
        if (lane->at != lane->end || skip_ended(lane)) [[likely]] {
          ++lane;
          continue;
        }
      }
      *lane = *--last;
    }
  }
}

/// By the offsets that the job has.
template <class Find>
void EncodeLanes(TokenJob* job, Find find) noexcept {
  job->offsets != nullptr ? EncodeLanesBy(job->offsets, job, find) : EncodeLanesBy(job->large_offsets, job, find);
}

}  // namespace lancekit::kernels
