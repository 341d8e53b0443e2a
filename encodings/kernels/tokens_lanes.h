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
  [[gnu::always_inline]] std::uint64_t Offset(std::uint64_t i) const noexcept {
    return static_cast<std::uint64_t>(offsets != nullptr ? std::int64_t{offsets[i]} : large_offsets[i]);
  }
  [[gnu::always_inline]] std::uint64_t FirstString(std::uint64_t lane) const noexcept { return num_strings * lane / kTokenLanes; }
  [[gnu::always_inline]] std::uint16_t CodeOf(std::uint8_t byte) noexcept {
    if (single[byte] < 0) {
      added[num_added++] = byte;
      single[byte] = static_cast<std::int32_t>(num_tokens++);
    }
    return static_cast<std::uint16_t>(single[byte]);
  }
};

/// find(at, end) -> TokenMatcher::Match, of length 0 when there is none. Its type has internal linkage. No branch depends on
/// where strings end, which cannot be foretold.
template <class Find>
void EncodeLanes(TokenJob* job, Find find) noexcept {
  struct Lane {
    const std::byte* at;
    const std::byte* end;  // of the string
    std::uint16_t* codes;
    std::uint16_t* first_code;
    std::uint64_t string;
    std::uint64_t last_string;
  };
  const auto end_of = [&](std::uint64_t string) { return job->data + job->Offset(string + 1); };
  // Leaves strings behind that have come to their end; false when the lane has.
  const auto skip_ended = [&](Lane* lane) {
    while (lane->at == lane->end) {
      job->ends[lane->string] = static_cast<std::uint32_t>(lane->codes - lane->first_code);
      if (++lane->string == lane->last_string) return false;
      lane->end = end_of(lane->string);
    }
    return true;
  };
  Lane lanes[kTokenLanes];
  std::uint64_t num_lanes = 0;
  for (std::uint64_t i = 0; i < kTokenLanes; ++i) {
    const std::uint64_t first = job->FirstString(i);
    const std::uint64_t last = job->FirstString(i + 1);
    if (first == last) continue;
    std::uint16_t* const to = job->codes + (job->Offset(first) - job->Offset(0));
    lanes[num_lanes] = {job->data + job->Offset(first), end_of(first), to, to, first, last};
    if (skip_ended(&lanes[num_lanes])) ++num_lanes;
  }
  while (num_lanes != 0) {
    for (std::uint64_t i = 0; i < num_lanes; ++i) {
      Lane& lane = lanes[i];
      TokenMatcher::Match match = find(lane.at, lane.end);
      if (match.length == 0) [[unlikely]]
        match = {job->CodeOf(static_cast<std::uint8_t>(*lane.at)), 1};
      *lane.codes++ = match.code;
      lane.at += match.length;
      job->ends[lane.string] = static_cast<std::uint32_t>(lane.codes - lane.first_code);
      lane.string += lane.at == lane.end;
      if (lane.string == lane.last_string) [[unlikely]] {
        lane = lanes[--num_lanes];
        --i;
        continue;
      }
      lane.end = end_of(lane.string);
      if (lane.at == lane.end && !skip_ended(&lane)) [[unlikely]] {
        lane = lanes[--num_lanes];
        --i;
      }
    }
  }
}

}  // namespace lancekit::kernels
