#include "encodings/kernels/fsst_encoder.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <iterator>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <utility>

#include "base/endian.h"

namespace lancekit::kernels {
namespace {

constexpr std::uint64_t kHashFactor = 0x9E3779B97F4A7C15;
constexpr FsstMatcher::Match kEscape = {kFsstEscape, 1, 1};
constexpr int kSlotBits = 11;
constexpr std::uint64_t kSampleSize = 32768;
constexpr std::uint64_t kMaxPieceSize = 512;
// The paper stops after 5; later rounds still gain up to 10 % on text.
constexpr int kNumRounds = 10;

std::uint64_t LoadUpTo8(const std::byte* from, const std::byte* end) {
  std::uint64_t word = 0;
  std::memcpy(&word, from, std::min<std::size_t>(8, static_cast<std::size_t>(end - from)));
  return word;
}

}  // namespace

FsstMatcher::FsstMatcher() : pairs_(65536, kEscape), slots_(std::size_t{1} << kSlotBits, Slot{0, 0, {0, 0, 0}}) {
  std::fill(std::begin(single_), std::end(single_), kEscape);
  // An empty slot holds bytes that are looked up elsewhere, so it never matches.
  slots_[SlotIndex(0)].bytes = ~std::uint64_t{0};
}

std::size_t FsstMatcher::SlotIndex(std::uint64_t word) {
  return static_cast<std::size_t>(((word & 0xffffff) * kHashFactor) >> (64 - kSlotBits));
}

bool FsstMatcher::Insert(FsstSymbol symbol, int code) {
  const Match match = {static_cast<std::uint8_t>(code), static_cast<std::uint8_t>(symbol.length), 0};
  if (symbol.length == 1) {
    single_[symbol.bytes] = match;
    for (std::size_t second = 0; second < 256; ++second) {
      Match& pair = pairs_[symbol.bytes | second << 8];
      if (pair.length == 1) pair = match;
    }
  } else if (symbol.length == 2) {
    pairs_[symbol.bytes] = match;
  } else {
    Slot& slot = slots_[SlotIndex(symbol.bytes)];
    if (slot.match.length != 0) return false;
    slot = {symbol.bytes, static_cast<std::uint8_t>(64 - 8 * symbol.length), match};
  }
  return true;
}

// Which of them matches cannot be foreseen, so nothing jumps.
inline FsstMatcher::Match FsstMatcher::Find(std::uint64_t word, std::size_t available) const {
  static_assert(sizeof(Match) == 2);
  const Slot& slot = slots_[SlotIndex(word)];
  const Match& pair = pairs_[word & 0xffff];
  const Match& single = single_[word & 0xff];
  const auto mask = [](bool chosen) { return static_cast<std::uint16_t>(-static_cast<int>(chosen)); };
  const auto choose = [&](bool chosen, std::uint16_t yes, std::uint16_t no) {
    return static_cast<std::uint16_t>(no ^ ((no ^ yes) & mask(chosen)));
  };
  const bool slot_fits = (((slot.bytes ^ word) << slot.ignored_bits) == 0) & (slot.match.length <= available);
  const std::uint16_t shorter =
      choose(pair.length <= available, std::bit_cast<std::uint16_t>(pair), std::bit_cast<std::uint16_t>(single));
  return std::bit_cast<Match>(choose(slot_fits, std::bit_cast<std::uint16_t>(slot.match), shorter));
}

namespace {

using Sample = std::vector<std::string_view>;

// At least kSampleSize bytes (or all there are): whole strings, or pieces of long ones, at evenly spread places with a fixed
// jitter, so that periodic data cannot hide from the sample.
template <class Offset>
Sample TakeSample(const std::byte* data, const Offset* offsets, std::size_t num_strings) {
  const auto text = [&](std::uint64_t begin, std::uint64_t end) {
    return std::string_view(reinterpret_cast<const char*>(data) + begin, static_cast<std::size_t>(end - begin));
  };
  const auto begin = static_cast<std::uint64_t>(offsets[0]);
  const auto total = static_cast<std::uint64_t>(offsets[num_strings]) - begin;
  Sample sample;
  if (total <= kSampleSize) {
    for (std::size_t i = 0; i < num_strings; ++i) {
      sample.push_back(text(static_cast<std::uint64_t>(offsets[i]), static_cast<std::uint64_t>(offsets[i + 1])));
    }
    return sample;
  }
  std::uint64_t random = 0x2545F4914F6CDD1D;
  for (std::uint64_t at = begin; at < begin + total;) {
    const auto next = std::upper_bound(offsets, offsets + num_strings, static_cast<Offset>(at)) - offsets;
    const auto string_begin = static_cast<std::uint64_t>(offsets[next - 1]);
    const auto string_end = static_cast<std::uint64_t>(offsets[next]);
    const bool is_long = string_end - string_begin > kMaxPieceSize;
    const std::uint64_t from = is_long ? std::min(at, string_end - kMaxPieceSize) : string_begin;
    const std::uint64_t to = is_long ? from + kMaxPieceSize : string_end;
    sample.push_back(text(from, to));
    const std::uint64_t stride = (to - from) * (total / kSampleSize);
    random = random * 6364136223846793005 + 1442695040888963407;
    at += std::max<std::uint64_t>(stride / 2 + (random >> 33) % (stride + 1), 1);
  }
  return sample;
}

// Counts are by id: bytes without a symbol are 0..255, code c is 256 + c.
constexpr std::size_t kNumIds = 512;

struct Counts {
  std::array<std::uint32_t, kNumIds> single{};
  std::vector<std::uint16_t> pair = std::vector<std::uint16_t>(kNumIds * kNumIds);

  void AddPair(std::size_t first, std::size_t second) {
    std::uint16_t& count = pair[first * kNumIds + second];
    count = static_cast<std::uint16_t>(count + (count < UINT16_MAX));
  }
};

// Encodes the sample and counts what was used. Returns the encoded size.
std::size_t CountSample(const FsstMatcher& matcher, const Sample& sample, Counts& counts) {
  std::size_t size = 0;
  for (std::string_view string : sample) {
    const auto* at = reinterpret_cast<const std::byte*>(string.data());
    const std::byte* const end = at + string.size();
    std::size_t previous = kNumIds;
    while (at < end) {
      const FsstMatcher::Match match = matcher.Find(LoadUpTo8(at, end), static_cast<std::size_t>(end - at));
      const auto byte = static_cast<std::size_t>(*at);
      const std::size_t id = match.is_escape ? byte : 256 + std::size_t{match.code};
      ++counts.single[id];
      // Also the first byte alone, so that symbols can grow by one byte.
      if (match.length > 1) ++counts.single[byte];
      if (previous != kNumIds) {
        counts.AddPair(previous, id);
        if (match.length > 1) counts.AddPair(previous, byte);
      }
      previous = id;
      at += match.length;
      size += match.is_escape ? 2 : 1;
    }
  }
  return size;
}

// Sums the gains of a symbol that several pairs make.
class Candidates {
 public:
  void Add(FsstSymbol symbol, std::uint64_t gain) {
    const auto [it, is_new] = index_.try_emplace(symbol, list_.size());
    if (is_new) list_.push_back({symbol, 0});
    list_[it->second].gain += gain;
  }

  // The best first, in an order that depends on nothing but the symbols.
  std::vector<FsstSymbol> Sorted() {
    std::sort(list_.begin(), list_.end(), [](const Candidate& a, const Candidate& b) {
      return std::tuple(b.gain, a.symbol.bytes, a.symbol.length) < std::tuple(a.gain, b.symbol.bytes, b.symbol.length);
    });
    std::vector<FsstSymbol> symbols;
    for (const Candidate& candidate : list_) symbols.push_back(candidate.symbol);
    return symbols;
  }

 private:
  struct Hash {
    std::size_t operator()(FsstSymbol symbol) const {
      return static_cast<std::size_t>((symbol.bytes ^ static_cast<std::uint64_t>(symbol.length)) * kHashFactor >> 20);
    }
  };
  struct Equal {
    bool operator()(FsstSymbol a, FsstSymbol b) const { return a.bytes == b.bytes && a.length == b.length; }
  };

  struct Candidate {
    FsstSymbol symbol;
    std::uint64_t gain;
  };

  std::unordered_map<FsstSymbol, std::size_t, Hash, Equal> index_;
  std::vector<Candidate> list_;
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
std::vector<FsstSymbol> FindCandidates(const Counts& counts, const std::vector<FsstSymbol>& symbols, bool is_last_round) {
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
    for (std::size_t second = 0; second < num_ids; ++second) {
      const std::uint64_t count = counts.pair[first * kNumIds + second];
      if (count < kMinPairCount) continue;
      const FsstSymbol joined = Concat(symbol, SymbolOf(second, symbols));
      candidates.Add(joined, count * static_cast<std::uint64_t>(joined.length));
    }
  }
  return candidates.Sorted();
}

}  // namespace

FsstEncoder::FsstEncoder(const std::vector<FsstSymbol>& candidates) {
  for (FsstSymbol symbol : candidates) {
    if (symbols_.size() == kFsstMaxSymbols) break;
    if (matcher_.Insert(symbol, static_cast<int>(symbols_.size()))) symbols_.push_back(symbol);
  }
}

template <class Offset>
FsstEncoder FsstEncoder::Train(const std::byte* data, const Offset* offsets, std::size_t num_strings) {
  const Sample sample = TakeSample(data, offsets, num_strings);
  FsstEncoder best({});
  FsstEncoder encoder = best;
  std::size_t best_size = SIZE_MAX;
  for (int round = 0; round <= kNumRounds; ++round) {
    Counts counts;
    const std::size_t size = CountSample(encoder.matcher_, sample, counts);
    const std::vector<FsstSymbol> candidates = FindCandidates(counts, encoder.symbols_, round + 1 == kNumRounds);
    if (size < best_size) {
      best_size = size;
      best = std::move(encoder);
    }
    if (round < kNumRounds) encoder = FsstEncoder(candidates);
  }
  return best;
}

std::byte* FsstEncoder::CompressString(const std::byte* in, const std::byte* end, const std::byte* readable_end,
                                       std::byte* out) const noexcept {
  while (in < end) {
    const std::uint64_t word = readable_end - in >= 8 ? LoadLe<std::uint64_t>(in) : LoadUpTo8(in, end);
    const FsstMatcher::Match match = matcher_.Find(word, static_cast<std::size_t>(end - in));
    out[0] = static_cast<std::byte>(match.code);
    out[1] = static_cast<std::byte>(word);
    out += 1 + match.is_escape;
    in += match.length;
  }
  return out;
}

std::size_t FsstEncoder::Compress(const std::byte* in, std::size_t size, std::byte* out) const noexcept {
  return static_cast<std::size_t>(CompressString(in, in + size, in + size, out) - out);
}

namespace {

constexpr std::size_t kLanes = 4;
// Strings that lanes share; what they write stays in the first cache until it is moved together.
constexpr std::size_t kShareStrings = 1024;
constexpr std::uint64_t kShareBytes = 16 << 10;

}  // namespace

/// Neighbouring strings that one lane encodes; positions count from the first byte of the share.
struct FsstLane {
  std::uint32_t position = 0;  // the next symbol starts here
  std::uint32_t string = 0;
  std::uint32_t last = 0;      // the string behind those of the lane
  std::byte* begin = nullptr;  // of what the lane writes
  std::byte* out = nullptr;
};

// Each symbol must be known before the next is looked up, so several places of the text are worked on at a time; where strings
// end cannot be foreseen, so nothing jumps there.
void FsstEncoder::CompressLanes(const std::byte* text, const std::uint32_t* ends, FsstLane* lanes,
                                std::uint32_t* sizes) const noexcept {
  FsstLane a = lanes[0], b = lanes[1], c = lanes[2], d = lanes[3];
  const auto step = [&](FsstLane& lane) {
    const auto word = LoadLe<std::uint64_t>(text + lane.position);
    const std::uint32_t end = ends[lane.string];
    const FsstMatcher::Match match = matcher_.Find(word, end - lane.position);
    lane.out[0] = static_cast<std::byte>(match.code);
    lane.out[1] = static_cast<std::byte>(word);
    lane.out += 1 + match.is_escape;
    lane.position += match.length;
    sizes[lane.string] = static_cast<std::uint32_t>(lane.out - lane.begin);
    lane.string += lane.position == end;
  };
  while ((a.string < a.last) & (b.string < b.last) & (c.string < c.last) & (d.string < d.last)) {
    step(a);
    step(b);
    step(c);
    step(d);
  }
  lanes[0] = a;
  lanes[1] = b;
  lanes[2] = c;
  lanes[3] = d;
}

template <class InOffset, class OutOffset>
std::size_t FsstEncoder::CompressRun(const std::byte* in, const InOffset* in_offsets, std::size_t num_strings, std::byte* out,
                                     OutOffset base, OutOffset* out_ends) const noexcept {
  const std::byte* const readable_end = in + in_offsets[num_strings];
  std::byte* to = out;
  std::uint32_t ends[kShareStrings], sizes[kShareStrings];  // of strings that are not empty: in the text, and of what they become
  for (std::size_t first = 0; first < num_strings;) {
    const std::byte* const text = in + in_offsets[first];
    const auto length = [&](std::size_t string) { return static_cast<std::uint64_t>(in_offsets[string] - in_offsets[first]); };
    std::size_t end = first;
    std::uint32_t count = 0;
    // Lanes read words behind their strings too.
    if (static_cast<std::uint64_t>(readable_end - text) >= kShareBytes + 8) {
      for (; end < num_strings && end - first < kShareStrings && length(end + 1) <= kShareBytes; ++end) {
        ends[count] = static_cast<std::uint32_t>(length(end + 1));
        count += length(end + 1) != length(end);
      }
    }
    if (end == first) {
      to = CompressString(text, in + in_offsets[first + 1], readable_end, to);
      out_ends[first++] = static_cast<OutOffset>(base + static_cast<OutOffset>(to - out));
      continue;
    }
    FsstLane lanes[kLanes];
    for (std::uint32_t i = 0; i < kLanes; ++i) {
      FsstLane& lane = lanes[i];
      lane.string = i == 0 ? 0 : lanes[i - 1].last;
      lane.last = count * (i + 1) / kLanes;
      lane.position = lane.string == 0 ? 0 : ends[lane.string - 1];
      lane.begin = lane.out = to + 2 * lane.position;  // there is room for the worst that the strings before can become
    }
    CompressLanes(text, ends, lanes, sizes);
    std::uint32_t string = 0;
    std::size_t next = first;
    for (FsstLane& lane : lanes) {
      for (; lane.string < lane.last; lane.position = ends[lane.string++]) {
        lane.out = CompressString(text + lane.position, text + ends[lane.string], readable_end, lane.out);
        sizes[lane.string] = static_cast<std::uint32_t>(lane.out - lane.begin);
      }
      const auto lane_base = static_cast<OutOffset>(base + static_cast<OutOffset>(to - out));
      for (std::uint32_t size = 0; next < end && (string < lane.last || length(next + 1) == length(next)); ++next) {
        if (length(next + 1) != length(next)) size = sizes[string++];
        out_ends[next] = static_cast<OutOffset>(lane_base + static_cast<OutOffset>(size));
      }
      const auto size = static_cast<std::size_t>(lane.out - lane.begin);
      if (to != lane.begin) std::memmove(to, lane.begin, size);
      to += size;
    }
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
                                                                       std::uint32_t, std::uint32_t*) const noexcept;            \
  template std::size_t FsstEncoder::CompressRun<Offset, std::uint64_t>(const std::byte*, const Offset*, std::size_t, std::byte*, \
                                                                       std::uint64_t, std::uint64_t*) const noexcept;
LANCEKIT_INSTANTIATE(std::int32_t)
LANCEKIT_INSTANTIATE(std::int64_t)
LANCEKIT_INSTANTIATE(std::uint32_t)
LANCEKIT_INSTANTIATE(std::uint64_t)
#undef LANCEKIT_INSTANTIATE

}  // namespace lancekit::kernels
