#include "encodings/kernels/tokens_trainer.h"

#include <algorithm>
#include <bit>

namespace lancekit::kernels {
namespace {

// Each round reads half as many bytes again as the one before, others where there are enough.
constexpr int kNumRounds = 8;
constexpr std::uint64_t kFirstRoundBytes = 16 << 10;
// Bytes from which it is told how often tokens are used; they lie behind those of the rounds.
constexpr std::uint64_t kCountedBytes = 256 << 10;
// Neighbours seen so often become a token.
constexpr std::uint32_t kMinPairCount = 2;
// Shorter codes are not tried any more once they make a page so much larger.
constexpr double kGiveUp = 1.1;
// For bytes of the page that are not in the sample.
constexpr std::size_t kSpareTokens = 16;
constexpr int kMaxPairSlotBits = 17;

/// Counts pairs of codes, roughly: pairs that meet in a slot push each other out.
class PairCounter {
 public:
  /// For so many different pairs at once.
  explicit PairCounter(std::uint64_t num_pairs)
      : slot_bits_(std::clamp(static_cast<int>(std::bit_width(num_pairs)), 1, kMaxPairSlotBits)),
        slots_(std::size_t{1} << slot_bits_) {}

  void Clear() { std::fill(slots_.begin(), slots_.end(), Slot{}); }
  /// How often the pair was seen.
  std::uint32_t Add(std::uint32_t pair) {
    constexpr std::uint32_t kHashFactor = 0x9E3779B1;
    Slot& slot = slots_[pair * kHashFactor >> (32 - slot_bits_)];
    if (slot.pair != pair) {
      if (slot.count > 1) return --slot.count, 0;
      slot = {pair, 0};
    }
    return ++slot.count;
  }

 private:
  struct Slot {
    std::uint32_t pair = 0;
    std::uint32_t count = 0;
  };
  int slot_bits_;
  std::vector<Slot> slots_;
};

/// Reads the sample part by part, and from the front again at its end.
class SampleReader {
 public:
  explicit SampleReader(const TokenSample& sample) : sample_(sample) {}

  void Rewind(std::size_t position) { position_ = position; }
  std::size_t position() const { return position_; }

  /// Finds the tokens of about so many bytes, but of each string at most once. Calls visit(code, begins a string) for each token.
  /// Returns the bytes read.
  template <class Visit>
  std::uint64_t Read(const TokenMatcher& matcher, std::uint64_t bytes, Visit visit) {
    std::uint64_t done = 0;
    for (std::size_t i = 0; i < sample_.texts.size() && done < bytes; ++i) {
      const std::string_view text = sample_.texts[position_];
      position_ = position_ + 1 == sample_.texts.size() ? 0 : position_ + 1;
      const auto* at = reinterpret_cast<const std::byte*>(text.data());
      const std::byte* const end = at + text.size();
      bool is_first = true;
      while (at < end) {
        const TokenMatcher::Match match = matcher.Find(at, end, sample_.data_end);
        visit(match.code, is_first);
        is_first = false;
        at += match.length;
      }
      done += text.size();
    }
    return done;
  }

 private:
  const TokenSample& sample_;
  std::size_t position_ = 0;
};

void SortAndUnify(std::vector<Token>* tokens) {
  std::sort(tokens->begin(), tokens->end(), TokenLess);
  tokens->erase(std::unique(tokens->begin(), tokens->end()), tokens->end());
}

/// Adds the neighbours that were seen often.
void Grow(SampleReader* sample, std::uint64_t bytes, PairCounter* counter, std::vector<Token>* tokens) {
  const TokenMatcher matcher(*tokens);
  counter->Clear();
  std::vector<Token> more;
  std::uint32_t previous = 0;
  sample->Read(matcher, bytes, [&](std::uint16_t code, bool is_first) {
    if (!is_first) {
      const Token& first = (*tokens)[previous];
      const Token& second = (*tokens)[code];
      if (first.length + second.length <= static_cast<int>(kMaxTokenLength) &&
          counter->Add(previous << 16 | code) == kMinPairCount) {
        more.push_back(Concat(first, second));
      }
    }
    previous = code;
  });
  more.resize(std::min(more.size(), kMaxTokens - 256 - tokens->size()));
  tokens->insert(tokens->end(), more.begin(), more.end());
  SortAndUnify(tokens);
}

struct Usage {
  std::vector<std::uint32_t> counts;
  double scale = 0;  // of the counts, to those of all strings
  double num_codes = 0;
};

Usage Count(SampleReader* sample, std::uint64_t total_bytes, const std::vector<Token>& tokens) {
  const TokenMatcher matcher(tokens);
  Usage usage;
  usage.counts.resize(tokens.size());
  const std::size_t position = sample->position();
  std::uint64_t num_codes = 0;
  const std::uint64_t bytes = sample->Read(matcher, kCountedBytes, [&](std::uint16_t code, bool) {
    ++usage.counts[code];
    ++num_codes;
  });
  sample->Rewind(position);
  usage.scale = static_cast<double>(total_bytes) / static_cast<double>(bytes);
  usage.num_codes = static_cast<double>(num_codes) * usage.scale;
  return usage;
}

int WidthFor(std::size_t num_tokens) { return std::max(1, static_cast<int>(std::bit_width(num_tokens - 1))); }

/// Keeps single bytes and the most used of the others, as many as codes of this width can name besides the spare ones; less those
/// that do not pay.
std::vector<Token> Prune(const std::vector<Token>& tokens, const Usage& usage, int width, std::size_t spare) {
  std::vector<std::uint32_t> order;
  std::vector<Token> kept;
  for (std::uint32_t i = 0; i < tokens.size(); ++i) {
    if (tokens[i].length == 1) {
      kept.push_back(tokens[i]);
    } else if (usage.counts[i] * usage.scale * width / 8 > kTokenTableBytes) {
      order.push_back(i);
    }
  }
  const auto by_count = [&](std::uint32_t a, std::uint32_t b) {
    return usage.counts[a] != usage.counts[b] ? usage.counts[a] > usage.counts[b] : a < b;
  };
  std::sort(order.begin(), order.end(), by_count);
  const std::size_t room = (std::size_t{1} << width) - spare - kept.size();
  order.resize(std::min(order.size(), room));
  for (const std::uint32_t i : order) kept.push_back(tokens[i]);
  std::sort(kept.begin(), kept.end(), TokenLess);
  return kept;
}

}  // namespace

TrainedTokens TrainTokens(const TokenSample& sample) {
  std::vector<Token> tokens;
  bool seen[256] = {};
  std::uint64_t sample_bytes = 0;
  for (const std::string_view text : sample.texts) {
    for (const char byte : text) seen[static_cast<unsigned char>(byte)] = true;
    sample_bytes += text.size();
  }
  for (std::size_t byte = 0; byte < 256; ++byte) {
    if (seen[byte]) tokens.push_back({byte, 0, 1});
  }
  const std::size_t spare = sample_bytes == sample.total_bytes ? 0 : std::min(kSpareTokens, 256 - tokens.size());
  const int least_width = WidthFor(tokens.size() + spare);
  SampleReader reader(sample);
  PairCounter counter(sample_bytes);
  std::uint64_t bytes = kFirstRoundBytes;
  for (int round = 0; round < kNumRounds; ++round, bytes += bytes / 2) {
    const std::size_t num_tokens = tokens.size();
    Grow(&reader, bytes, &counter, &tokens);
    if (tokens.size() == num_tokens && bytes >= sample_bytes) break;
  }
  // Fewer tokens make shorter codes, but more of them.
  TrainedTokens best;
  double best_cost = 0;
  Usage usage = Count(&reader, sample.total_bytes, tokens);
  for (int width = WidthFor(tokens.size() + spare); width >= least_width; --width) {
    tokens = Prune(tokens, usage, width, spare);
    width = WidthFor(tokens.size() + spare);
    usage = Count(&reader, sample.total_bytes, tokens);
    const double cost = usage.num_codes * width / 8 + kTokenTableBytes * static_cast<double>(tokens.size());
    if (best.width != 0 && cost > best_cost * kGiveUp) break;
    if (best.width != 0 && cost >= best_cost) continue;
    best = {tokens, width, static_cast<std::uint64_t>(usage.num_codes)};
    best_cost = cost;
  }
  return best;
}

}  // namespace lancekit::kernels
