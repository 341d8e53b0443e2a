// FSST encoding, eight lanes a vector. Each step of a lane waits for one gather after the other, so several vectors take each
// part of it in turn.
#include <immintrin.h>

#include "encodings/kernels/fsst_lanes.h"

namespace lancekit::kernels::avx512 {

void EncodeFsst(const FsstTables& tables, const FsstShare& share) noexcept;

namespace {

using Words = std::uint64_t __attribute__((vector_size(64)));

// What a lane did in these steps fits a word: 16 bits of codes a step, and the lengths of as many strings, one of which may end.
constexpr int kStepsPerStore = 4;
constexpr int kDoneStringShift = 48;

__m512i Raw(Words words) { return reinterpret_cast<__m512i>(words); }
Words FromRaw(__m512i words) { return reinterpret_cast<Words>(words); }

[[gnu::always_inline]] inline Words Gather(Words index, const void* from) {
  return FromRaw(_mm512_mask_i64gather_epi64(_mm512_setzero_si512(), 0xff, Raw(index), from, 1));
}

/// Of `Lanes::done`: the position in the output.
std::uint64_t OutOf(std::uint64_t done) { return (done << (64 - kDoneStringShift)) >> (64 - kDoneStringShift + 3); }

struct Lanes {
  Words position;  // in the text
  Words left;      // bytes of the string
  Words next;      // lengths of the strings behind it, that of the first in the lowest 16 bits
  Words done;      // the string above kDoneStringShift; below it, 8 times the position in the output
  Words stored;    // `done` when codes were stored last
  Words last;      // `done` of the string behind those of the lane, at the least
  Words codes;     // the last in the highest bits
  __mmask8 running;
  // What was found at the position:
  Words word;
  Words slot_bytes;
  Words slot_match;
  __m256i short_match;

  [[gnu::always_inline]] inline void Start(const std::uint16_t* lengths) {
    next = Gather((done >> kDoneStringShift) * sizeof(*lengths), lengths + 1);
    stored = done;
  }

  [[gnu::always_inline]] inline void LoadText(const std::byte* text) { word = Gather(position, text); }

  [[gnu::always_inline]] inline void LookUp(const FsstTables& tables) {
    static_assert(sizeof(FsstSlot) == 16);
    const Words slot = (word & 0xffffff) * kFsstHashFactor >> (64 - kFsstSlotBits) << 4;
    slot_bytes = Gather(slot, &tables.slots->bytes);
    slot_match = Gather(slot, &tables.slots->match);
    const __mmask8 at_last = _mm512_cmpeq_epi64_mask(Raw(left), _mm512_set1_epi64(1));
    constexpr int kAndThenOr = 0xea;
    const __m512i pair = _mm512_mask_ternarylogic_epi64(Raw(word & 0xffff), at_last, _mm512_set1_epi64(0xff),
                                                        _mm512_set1_epi64(kFsstNumPairs), kAndThenOr);
    short_match = _mm512_mask_i64gather_epi32(_mm256_setzero_si256(), running, pair, tables.pairs, sizeof(FsstMatch));
  }

  /// By a match of 0 where a lane is not running.
  [[gnu::always_inline]] inline void Advance() {
    // This shift takes the lowest 6 bits of counts.
    const __m512i difference = _mm512_shldv_epi64(Raw(slot_bytes ^ word), _mm512_setzero_si512(), Raw(slot_match));
    __mmask8 fits = _mm512_mask_cmple_epu64_mask(running, Raw(slot_match >> (32 + kFsstMatchLengthShift)), Raw(left));
    fits = _mm512_mask_testn_epi64_mask(fits, difference, difference);
    const __m512i shorter = _mm512_maskz_cvtepu32_epi64(0xff, short_match);
    const Words match = FromRaw(_mm512_mask_srli_epi64(shorter, fits, Raw(slot_match), 32));
    const Words bits = match >> kFsstMatchBitsShift;
    const Words length = match >> kFsstMatchLengthShift;
    codes = FromRaw(_mm512_shrdv_epi64(Raw(codes), Raw(match), Raw(bits)));
    done += bits & 0xff;
    position += length;
    left -= length;
  }

  /// Writes `done` of strings that came to their end to `ended`; returns how many.
  [[gnu::always_inline]] inline int NextStrings(std::uint64_t* ended) {
    const __mmask8 at_end = _mm512_mask_testn_epi64_mask(running, Raw(left), Raw(left));
    _mm512_storeu_si512(ended, _mm512_maskz_compress_epi64(at_end, Raw(done)));
    left = FromRaw(_mm512_mask_and_epi64(Raw(left), at_end, Raw(next), _mm512_set1_epi64(0xffff)));
    next = FromRaw(_mm512_mask_srli_epi64(Raw(next), at_end, Raw(next), 16));
    done = FromRaw(_mm512_mask_add_epi64(Raw(done), at_end, Raw(done), _mm512_set1_epi64(std::int64_t{1} << kDoneStringShift)));
    running = _mm512_mask_cmplt_epu64_mask(running, Raw(done), Raw(last));
    return __builtin_popcount(at_end);
  }

  /// 8 bytes, those behind the codes of no meaning.
  [[gnu::always_inline]] inline void Store(std::byte* out) {
    const __m512i from_lowest = _mm512_shrdv_epi64(Raw(codes), _mm512_setzero_si512(), Raw(stored - done));
    const Words to = stored << (64 - kDoneStringShift) >> (64 - kDoneStringShift + 3);
    _mm512_i64scatter_epi64(out, Raw(to), from_lowest, 1);
  }
};

Lanes MakeLanes(const FsstLane* from, const std::uint16_t* lengths) {
  Lanes lanes = {};
  for (int i = 0; i < 8; ++i) {
    const FsstLane& lane = from[i];
    lanes.position[i] = lane.position;
    lanes.left[i] = lengths[lane.string];
    lanes.done[i] = std::uint64_t{lane.string} << kDoneStringShift | std::uint64_t{lane.out} << 3;
    lanes.last[i] = std::uint64_t{lane.last} << kDoneStringShift;
  }
  lanes.running = _mm512_cmplt_epu64_mask(Raw(lanes.done), Raw(lanes.last));
  return lanes;
}

void Finish(Words done, FsstLane* to) {
  for (int i = 0; i < 8; ++i) {
    to[i].string = to[i].last;
    to[i].out = static_cast<std::uint32_t>(OutOf(done[i]));
  }
}

template <class... L>
[[gnu::always_inline]] inline std::uint64_t* EncodeAll(const FsstTables& tables, const FsstShare& share,
                                                       const std::uint16_t* lengths, std::uint64_t* ended, L&... lanes) {
  while ((lanes.running | ...) != 0) {
    (lanes.Start(lengths), ...);
    for (int i = 0; i < kStepsPerStore; ++i) {
      (lanes.LoadText(share.text), ...);
      (lanes.LookUp(tables), ...);
      (lanes.Advance(), ...);
      ((ended += lanes.NextStrings(ended)), ...);
    }
    (lanes.Store(share.out), ...);
  }
  return ended;
}

}  // namespace

void EncodeFsst(const FsstTables& tables, const FsstShare& share) noexcept {
  std::uint64_t ended[kFsstShareStrings + 8];
  std::uint16_t lengths[kFsstShareStrings + kStepsPerStore + 1];
  const std::uint32_t num_strings = share.lanes[kFsstWideLanes - 1].last;
  lengths[0] = static_cast<std::uint16_t>(share.ends[0]);
  for (std::uint32_t i = 1; i < num_strings; ++i) lengths[i] = static_cast<std::uint16_t>(share.ends[i] - share.ends[i - 1]);
  for (int i = 0; i <= kStepsPerStore; ++i) lengths[num_strings + i] = 0;
  static_assert(kFsstWideLanes == 32);
  FsstLane* const first = share.lanes;
  Lanes a = MakeLanes(first, lengths), b = MakeLanes(first + 8, lengths);
  Lanes c = MakeLanes(first + 16, lengths), d = MakeLanes(first + 24, lengths);
  const std::uint64_t* const end = EncodeAll(tables, share, lengths, ended, a, b, c, d);
  for (const std::uint64_t* done = ended; done != end; ++done) {
    share.out_ends[*done >> kDoneStringShift] = static_cast<std::uint32_t>(OutOf(*done));
  }
  Finish(a.done, first);
  Finish(b.done, first + 8);
  Finish(c.done, first + 16);
  Finish(d.done, first + 24);
}

}  // namespace lancekit::kernels::avx512
