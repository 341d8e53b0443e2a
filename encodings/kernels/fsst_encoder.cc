#include "encodings/kernels/fsst_encoder.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <span>
#include <tuple>
#include <utility>

#include "base/endian.h"

namespace lancekit::kernels {
namespace {

constexpr std::uint64_t kSampleSize = 32768;
constexpr std::uint64_t kMaxPieceSize = 512;
// The paper stops after 5; later rounds still gain up to 10 % on text.
constexpr int kNumRounds = 10;

std::uint64_t LoadUpTo8(const std::byte* from, const std::byte* end) {
  std::uint64_t word = 0;
  std::memcpy(&word, from, std::min<std::size_t>(8, static_cast<std::size_t>(end - from)));
  return word;
}

FsstMatch MatchOf(FsstSymbol symbol, int code) {
  return static_cast<FsstMatch>(code | 8 << kFsstMatchBitsShift | symbol.length << kFsstMatchLengthShift);
}
std::uint32_t LengthOf(FsstMatch match) { return match >> kFsstMatchLengthShift; }
std::uint32_t NumCodes(FsstMatch match) { return match >> (kFsstMatchBitsShift + 3) & 3; }
bool IsEscape(FsstMatch match) { return NumCodes(match) == 2; }

std::size_t SlotIndex(std::uint64_t word) {
  return static_cast<std::size_t>(((word & 0xffffff) * kFsstHashFactor) >> (64 - kFsstSlotBits));
}

}  // namespace

FsstMatcher::FsstMatcher() : short_(kFsstNumPairs + 256), slots_(std::size_t{1} << kFsstSlotBits, FsstSlot{0, 0}) {
  for (std::size_t i = 0; i < short_.size(); ++i) {
    short_[i] = static_cast<FsstMatch>(kFsstEscape | (i & 0xff) << 8 | 16 << kFsstMatchBitsShift | 1 << kFsstMatchLengthShift);
  }
  // An empty slot holds bytes that are looked up elsewhere, so it never matches.
  slots_[SlotIndex(0)].bytes = ~std::uint64_t{0};
}

bool FsstMatcher::Insert(FsstSymbol symbol, int code) {
  const FsstMatch match = MatchOf(symbol, code);
  if (symbol.length == 1) {
    short_[kFsstNumPairs + symbol.bytes] = match;
    for (std::size_t second = 0; second < 256; ++second) {
      FsstMatch& pair = short_[symbol.bytes | second << 8];
      if (LengthOf(pair) == 1) pair = match;
    }
  } else if (symbol.length == 2) {
    short_[symbol.bytes] = match;
  } else {
    FsstSlot& slot = slots_[SlotIndex(symbol.bytes)];
    if (slot.match != 0) return false;
    slot = {symbol.bytes, std::uint64_t{match} << 32 | static_cast<std::uint64_t>(64 - 8 * symbol.length)};
  }
  return true;
}

// Which of them matches cannot be foreseen, so nothing jumps.
inline FsstMatch FsstMatcher::Find(std::uint64_t word, std::size_t available) const {
  const FsstSlot& slot = slots_[SlotIndex(word)];
  const auto long_match = static_cast<FsstMatch>(slot.match >> 32);
  const FsstMatch short_match = short_[available == 1 ? kFsstNumPairs + (word & 0xff) : word & 0xffff];
  const bool fits = (((slot.bytes ^ word) << (slot.match & 63)) == 0) & (LengthOf(long_match) <= available);
  return short_match ^ ((short_match ^ long_match) & static_cast<FsstMatch>(-static_cast<int>(fits)));
}

namespace {

struct Sample {
  std::vector<std::byte> bytes;  // then 8 that may be read
  std::vector<std::size_t> ends;
};

// At least kSampleSize bytes (or all there are): whole strings, or pieces of long ones, at evenly spread places with a fixed
// jitter, so that periodic data cannot hide from the sample.
template <class Offset>
Sample TakeSample(const std::byte* data, const Offset* offsets, std::size_t num_strings) {
  Sample sample;
  const auto add = [&](std::uint64_t begin, std::uint64_t end) {
    sample.bytes.insert(sample.bytes.end(), data + begin, data + end);
    sample.ends.push_back(sample.bytes.size());
  };
  const auto begin = static_cast<std::uint64_t>(offsets[0]);
  const auto total = static_cast<std::uint64_t>(offsets[num_strings]) - begin;
  if (total <= kSampleSize) {
    for (std::size_t i = 0; i < num_strings; ++i) {
      add(static_cast<std::uint64_t>(offsets[i]), static_cast<std::uint64_t>(offsets[i + 1]));
    }
  }
  std::uint64_t random = 0x2545F4914F6CDD1D;
  for (std::uint64_t at = begin; total > kSampleSize && at < begin + total;) {
    const auto next = std::upper_bound(offsets, offsets + num_strings, static_cast<Offset>(at)) - offsets;
    const auto string_begin = static_cast<std::uint64_t>(offsets[next - 1]);
    const auto string_end = static_cast<std::uint64_t>(offsets[next]);
    const bool is_long = string_end - string_begin > kMaxPieceSize;
    const std::uint64_t from = is_long ? std::min(at, string_end - kMaxPieceSize) : string_begin;
    const std::uint64_t to = is_long ? from + kMaxPieceSize : string_end;
    add(from, to);
    const std::uint64_t stride = (to - from) * (total / kSampleSize);
    random = random * 6364136223846793005 + 1442695040888963407;
    at += std::max<std::uint64_t>(stride / 2 + (random >> 33) % (stride + 1), 1);
  }
  sample.bytes.resize(sample.bytes.size() + 8);
  return sample;
}

// Counts are by id: bytes without a symbol are 0..255, code c is 256 + c.
constexpr std::size_t kNumIds = 512;

struct Counts {
  std::array<std::uint32_t, kNumIds> single{};
  // Those behind the last row are of the first in a string, and not used.
  std::vector<std::uint16_t> pair = std::vector<std::uint16_t>((kNumIds + 1) * kNumIds);

  void Clear() {
    single.fill(0);
    std::fill(pair.begin(), pair.end(), std::uint16_t{0});
  }
  void AddPair(std::size_t first, std::size_t second, bool is_new) {
    std::uint16_t& count = pair[first * kNumIds + second];
    count = static_cast<std::uint16_t>(count + (is_new & (count < UINT16_MAX)));
  }
};

// Encodes the sample and counts what was used. Returns the encoded size.
std::size_t CountSample(const FsstMatcher& matcher, const Sample& sample, Counts& counts) {
  std::size_t size = 0;
  std::size_t at = 0;
  for (const std::size_t end : sample.ends) {
    std::size_t previous = kNumIds;
    while (at < end) {
      const auto word = LoadLe<std::uint64_t>(sample.bytes.data() + at);
      const FsstMatch match = matcher.Find(word, end - at);
      const auto byte = static_cast<std::size_t>(word & 0xff);
      const std::size_t id = IsEscape(match) ? byte : 256 + std::size_t{match & 0xff};
      const bool is_long = LengthOf(match) > 1;
      ++counts.single[id];
      // Also the first byte alone, so that symbols can grow by one byte.
      counts.single[byte] += is_long;
      counts.AddPair(previous, id, true);
      counts.AddPair(previous, byte, is_long);
      previous = id;
      at += LengthOf(match);
      size += NumCodes(match);
    }
  }
  return size;
}

}  // namespace

struct FsstCandidate {
  FsstSymbol symbol;
  std::uint64_t gain;

  // Worse, in an order that depends on nothing but the symbols.
  bool operator<(const FsstCandidate& other) const {
    return std::tuple(gain, other.symbol.bytes, other.symbol.length) < std::tuple(other.gain, symbol.bytes, symbol.length);
  }
};

namespace {

// Sums the gains of a symbol that several pairs make.
class Candidates {
 public:
  void Add(FsstSymbol symbol, std::uint64_t gain) {
    if (2 * list_.size() >= places_.size()) Grow();
    std::uint32_t& place = Place(symbol);
    if (place == 0) {
      list_.push_back({symbol, 0});
      place = static_cast<std::uint32_t>(list_.size());
    }
    list_[place - 1].gain += gain;
  }

  std::vector<FsstCandidate> Take() { return std::move(list_); }

 private:
  std::uint32_t& Place(FsstSymbol symbol) {
    std::size_t at = ((symbol.bytes ^ static_cast<std::uint64_t>(symbol.length) << 56) * kFsstHashFactor) >> 32;
    for (;; ++at) {
      std::uint32_t& place = places_[at & (places_.size() - 1)];
      if (place == 0) return place;
      const FsstSymbol& other = list_[place - 1].symbol;
      if (other.bytes == symbol.bytes && other.length == symbol.length) return place;
    }
  }

  void Grow() {
    places_.assign(std::max<std::size_t>(8192, 2 * places_.size()), 0);
    for (std::uint32_t i = 0; i < list_.size(); ++i) Place(list_[i].symbol) = i + 1;
  }

  std::vector<FsstCandidate> list_;
  std::vector<std::uint32_t> places_;  // by a hash: the number of the candidate, from 1; 0: free. A power of two of them
};

FsstSymbol SymbolOf(std::size_t id, const std::vector<FsstSymbol>& symbols) {
  return id < 256 ? FsstSymbol{id, 1} : symbols[id - 256];
}

// The first 8 bytes of both. Pre: `first` is shorter than 8.
FsstSymbol Concat(FsstSymbol first, FsstSymbol second) {
  const int length = std::min<int>(first.length + second.length, kFsstMaxSymbolLength);
  return {first.bytes | second.bytes << (8 * first.length), length};
}

// The symbols in use and, but for the last round, their pairs. A gain is the number of input bytes covered. Bytes alone weigh
// more, because without them every such byte takes an escape; pairs that are rare in the sample are noise.
std::vector<FsstCandidate> FindCandidates(const Counts& counts, const std::vector<FsstSymbol>& symbols, bool is_last_round) {
  constexpr std::uint64_t kByteWeight = 8;
  constexpr std::uint64_t kMinPairCount = 3;
  Candidates candidates;
  const std::size_t num_ids = 256 + symbols.size();
  for (std::size_t first = 0; first < num_ids; ++first) {
    if (counts.single[first] == 0) continue;
    const FsstSymbol symbol = SymbolOf(first, symbols);
    const std::uint64_t weight = symbol.length == 1 ? kByteWeight : static_cast<std::uint64_t>(symbol.length);
    candidates.Add(symbol, counts.single[first] * weight);
    if (is_last_round || symbol.length == kFsstMaxSymbolLength) continue;
    for (std::size_t four = 0; four < num_ids; four += 4) {
      const std::uint16_t* const pairs = &counts.pair[first * kNumIds + four];
      std::uint64_t all = 0;
      std::memcpy(&all, pairs, sizeof(all));
      if (all == 0) continue;
      for (std::size_t i = 0; i < 4; ++i) {
        const std::uint64_t count = pairs[i];
        if (count < kMinPairCount) continue;
        const FsstSymbol joined = Concat(symbol, SymbolOf(four + i, symbols));
        candidates.Add(joined, count * static_cast<std::uint64_t>(joined.length));
      }
    }
  }
  return candidates.Take();
}

}  // namespace

FsstEncoder::FsstEncoder(std::vector<FsstCandidate> candidates) {
  std::make_heap(candidates.begin(), candidates.end());
  for (auto end = candidates.end(); end != candidates.begin() && symbols_.size() < kFsstMaxSymbols;) {
    std::pop_heap(candidates.begin(), end);
    const FsstSymbol symbol = (--end)->symbol;
    if (matcher_.Insert(symbol, static_cast<int>(symbols_.size()))) symbols_.push_back(symbol);
  }
}

template <class Offset>
FsstEncoder FsstEncoder::Train(const std::byte* data, const Offset* offsets, std::size_t num_strings) {
  const Sample sample = TakeSample(data, offsets, num_strings);
  FsstEncoder best({});
  FsstEncoder encoder = best;
  std::size_t best_size = SIZE_MAX;
  Counts counts;
  for (int round = 0; round <= kNumRounds; ++round) {
    counts.Clear();
    const std::size_t size = CountSample(encoder.matcher_, sample, counts);
    std::vector<FsstCandidate> candidates;
    if (round < kNumRounds) candidates = FindCandidates(counts, encoder.symbols_, round + 1 == kNumRounds);
    if (size < best_size) {
      best_size = size;
      best = std::move(encoder);
    }
    encoder = FsstEncoder(std::move(candidates));
  }
  return best;
}

std::byte* FsstEncoder::CompressString(const std::byte* in, const std::byte* end, const std::byte* readable_end,
                                       std::byte* out) const noexcept {
  while (in < end) {
    const std::uint64_t word = readable_end - in >= 8 ? LoadLe<std::uint64_t>(in) : LoadUpTo8(in, end);
    const FsstMatch match = matcher_.Find(word, static_cast<std::size_t>(end - in));
    StoreLe(out, static_cast<std::uint16_t>(match));
    out += NumCodes(match);
    in += LengthOf(match);
  }
  return out;
}

std::size_t FsstEncoder::Compress(const std::byte* in, std::size_t size, std::byte* out) const noexcept {
  return static_cast<std::size_t>(CompressString(in, in + size, in + size, out) - out);
}

namespace {

constexpr std::size_t kLanes = 4;
// Of text that lanes leave, because they read, and write, behind their strings too.
constexpr std::uint64_t kShareMargin = 8 + 8 * kFsstWideLanes;

// Into lanes of about the same number of bytes, all strings at first where the output has room for the worst that those before
// can become.
void DivideAmongLanes(const std::uint32_t* ends, std::uint32_t num_strings, std::span<FsstLane> lanes) {
  const std::uint64_t size = num_strings == 0 ? 0 : ends[num_strings - 1];
  std::uint32_t string = 0;
  for (std::size_t i = 0; i < lanes.size(); ++i) {
    FsstLane& lane = lanes[i];
    lane.string = string;
    lane.position = string == 0 ? 0 : ends[string - 1];
    lane.begin = lane.out = static_cast<std::uint32_t>(2 * lane.position + 8 * i);
    const std::uint64_t until = size * (i + 1) / lanes.size();
    while (string < num_strings && ends[string] <= until) ++string;
    lane.last = string;
  }
}

// Moves what the lanes wrote together. Returns its size.
std::size_t JoinLanes(std::span<const FsstLane> lanes, const FsstShare& share) {
  std::uint32_t string = 0;
  std::uint32_t size = 0;
  for (const FsstLane& lane : lanes) {
    const std::uint32_t distance = lane.begin - size;
    for (; string < lane.last; ++string) share.out_ends[string] -= distance;
    if (distance != 0) std::memmove(share.out + size, share.out + lane.begin, lane.out - lane.begin);
    size += lane.out - lane.begin;
  }
  return size;
}

}  // namespace

// Each symbol must be known before the next is looked up, so several places of the text are worked on at a time; where strings
// end cannot be foreseen, so nothing jumps there.
void FsstEncoder::CompressLanes(const FsstShare& share) const noexcept {
  FsstLane* lanes = share.lanes;
  FsstLane a = lanes[0], b = lanes[1], c = lanes[2], d = lanes[3];
  const auto step = [&](FsstLane& lane) {
    const auto word = LoadLe<std::uint64_t>(share.text + lane.position);
    const std::uint32_t end = share.ends[lane.string];
    const FsstMatch match = matcher_.Find(word, end - lane.position);
    StoreLe(share.out + lane.out, static_cast<std::uint16_t>(match));
    lane.out += NumCodes(match);
    lane.position += LengthOf(match);
    share.out_ends[lane.string] = lane.out;
    lane.string += lane.position == end;
  };
  while ((a.string < a.last) & (b.string < b.last) & (c.string < c.last) & (d.string < d.last)) {
    step(a);
    step(b);
    step(c);
    step(d);
  }
  for (FsstLane lane : {a, b, c, d}) {
    while (lane.string < lane.last) step(lane);
    *lanes++ = lane;
  }
}

template <class InOffset, class OutOffset>
std::size_t FsstEncoder::CompressRun(const std::byte* in, const InOffset* in_offsets, std::size_t num_strings, std::byte* out,
                                     OutOffset base, OutOffset* out_ends, const KernelTable& kernels) const noexcept {
  const std::byte* const readable_end = in + in_offsets[num_strings];
  std::byte* to = out;
  std::uint32_t ends[kFsstShareStrings], ends_out[1 + kFsstShareStrings];  // of strings that are not empty
  for (std::size_t first = 0; first < num_strings;) {
    const std::byte* const text = in + in_offsets[first];
    const auto length = [&](std::size_t string) { return static_cast<std::uint64_t>(in_offsets[string] - in_offsets[first]); };
    std::size_t end = first;
    if (const auto readable = static_cast<std::uint64_t>(readable_end - text); readable > kShareMargin) {
      const auto* const most = in_offsets + std::min(num_strings, first + kFsstShareStrings);
      const auto bytes_end = static_cast<InOffset>(
          in_offsets[first] + static_cast<InOffset>(std::min<std::uint64_t>(kFsstShareBytes, readable - kShareMargin)));
      end = static_cast<std::size_t>(std::upper_bound(in_offsets + first + 1, most + 1, bytes_end) - in_offsets) - 1;
    }
    if (end == first) {
      to = CompressString(text, in + in_offsets[first + 1], readable_end, to);
      out_ends[first++] = static_cast<OutOffset>(base + static_cast<OutOffset>(to - out));
      continue;
    }
    std::uint32_t count = 0;
    for (std::size_t i = first; i < end; ++i) {
      ends[count] = static_cast<std::uint32_t>(length(i + 1));
      count += in_offsets[i + 1] != in_offsets[i];
    }
    const bool wide = kernels.encode_fsst != nullptr && count >= kFsstWideLanes;
    FsstLane all_lanes[kFsstWideLanes];
    const std::span lanes(all_lanes, wide ? kFsstWideLanes : kLanes);
    DivideAmongLanes(ends, count, lanes);
    const FsstShare share = {text, ends, all_lanes, to, ends_out + 1};
    wide ? kernels.encode_fsst(matcher_.tables(), share) : CompressLanes(share);
    const std::size_t size = JoinLanes(lanes, share);
    ends_out[0] = 0;
    const auto share_base = static_cast<OutOffset>(base + static_cast<OutOffset>(to - out));
    std::uint32_t string = 0;
    for (std::size_t i = first; i < end; ++i) {
      string += in_offsets[i + 1] != in_offsets[i];
      out_ends[i] = static_cast<OutOffset>(share_base + static_cast<OutOffset>(ends_out[string]));
    }
    to += size;
    first = end;
  }
  return static_cast<std::size_t>(to - out);
}

void FsstEncoder::SerializeTable(std::byte* out) const noexcept {
  std::memset(out, 0, kFsstTableSize);
  out[0] = static_cast<std::byte>(symbols_.size());
  out[3] = std::byte{1};
  std::memcpy(out + 4, "TSSF", 4);
  std::byte* lengths = out + 8 + 8 * symbols_.size();
  for (std::size_t i = 0; i < symbols_.size(); ++i) {
    StoreLe(out + 8 + 8 * i, symbols_[i].bytes);
    lengths[i] = static_cast<std::byte>(symbols_[i].length);
  }
}

#define LANCEKIT_INSTANTIATE(Offset)                                                                                             \
  template FsstEncoder FsstEncoder::Train<Offset>(const std::byte*, const Offset*, std::size_t);                                 \
  template std::size_t FsstEncoder::CompressRun<Offset, std::uint32_t>(const std::byte*, const Offset*, std::size_t, std::byte*, \
                                                                       std::uint32_t, std::uint32_t*, const KernelTable&)        \
      const noexcept;                                                                                                            \
  template std::size_t FsstEncoder::CompressRun<Offset, std::uint64_t>(const std::byte*, const Offset*, std::size_t, std::byte*, \
                                                                       std::uint64_t, std::uint64_t*, const KernelTable&)        \
      const noexcept;
LANCEKIT_INSTANTIATE(std::int32_t)
LANCEKIT_INSTANTIATE(std::int64_t)
LANCEKIT_INSTANTIATE(std::uint32_t)
LANCEKIT_INSTANTIATE(std::uint64_t)
#undef LANCEKIT_INSTANTIATE

}  // namespace lancekit::kernels
