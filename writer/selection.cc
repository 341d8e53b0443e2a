#include "writer/selection.h"

#include <algorithm>
#include <bit>
#include <limits>
#include <string_view>

#include "base/bitmap.h"
#include "base/checked_math.h"
#include "encodings/definitions.h"
#include "encodings/kernels/stats.h"
#include "encodings/widths.h"
#include "writer/sample.h"

namespace lancekit {
namespace {

using format::FileVersion;

// Header and chunk word of a chunk.
constexpr std::uint64_t kChunkOverhead = 12;
// What the message of RLE takes more than that of flat values.
constexpr std::uint64_t kRleMessage = 10;

/// Bytes of the levels of a page in chunks of so many values.
std::uint64_t LevelBytes(const PageEntries* entries, std::uint64_t num_values, std::uint64_t chunk) {
  if (entries == nullptr) return 0;  // of a flat page, they are about the same for any chunk
  chunk = std::min(chunk, num_values);
  const std::uint64_t per_chunk = entries->count * chunk / num_values;
  std::uint64_t bytes = 0;
  if (!entries->rep.empty()) bytes += OutOfLineBitpackedBytes(per_chunk, BitLength(entries->max_rep), 16);
  if (!entries->def.empty()) bytes += OutOfLineBitpackedBytes(per_chunk, BitLength(entries->max_def), 16);
  return bytes * CeilDiv(num_values, chunk);
}

/// Counts what an encoder writes.
class SizeCounter final : public ChunkWriter {
 public:
  explicit SizeCounter(const std::optional<format::BufferCompression>& compression) : compression_(compression) {}
  void BeginChunk() { first_ = true; }
  std::byte* Begin(std::size_t capacity) override {
    buffer_.Resize(capacity);
    return buffer_.data();
  }
  void End(std::size_t size) override {
    if (first_ && compression_.has_value()) {
      compressed_.Clear();
      AppendCompressed(buffer_.bytes().first(size), *compression_, &compressed_);
      size = compressed_.size();
    }
    first_ = false;
    total_ += AlignUp(size, 8);
  }
  std::uint64_t total() const { return total_; }

 private:
  const std::optional<format::BufferCompression>& compression_;
  bool first_ = true;
  MutableBuffer buffer_;
  MutableBuffer compressed_;
  std::uint64_t total_ = 0;
};

/// The one of flat, bit-packing and RLE that costs least.
EncoderChoice ChoosePlainNumbers(const ValuesView& values, const ValueFacts* facts, const PageEntries* entries,
                                 const PageTarget& target) {
  const EncodingHints& hints = target.hints;
  const std::uint64_t bits = values.shape.width_bits;
  const std::uint64_t n = values.length;
  std::unique_ptr<ChunkEncoder> flat = MakeFlatEncoder(values);
  const std::uint64_t chunk = flat->ChunkSize(0);
  EncoderChoice best{CeilDiv(n * bits, 8) + kChunkOverhead * CeilDiv(n, chunk) + LevelBytes(entries, n, chunk)};
  best.encoder = std::move(flat);
  best.name = "flat";
  if (hints.compression == EncodingHints::Compression::kNone) return best;
  if (bits != 8 && bits != 16 && bits != 32 && bits != 64) return best;
  const std::uint64_t run_bytes = RleBytes(values, facts);
  const auto num_runs = static_cast<double>(run_bytes / (bits / 8 + 1));
  if (hints.rle_threshold.has_value() && num_runs < *hints.rle_threshold * static_cast<double>(n)) {
    best.encoder = MakeRleEncoder(values);
    best.name = "rle";
    return best;
  }
  // The width word leaves the buffer of a chunk short of a multiple of 8.
  const std::uint64_t padding = 8 - bits / 8;
  const std::uint64_t packed =
      InlineBitpackingBytes(values, facts) + (kChunkOverhead + padding) * CeilDiv(n, 1024) + LevelBytes(entries, n, 1024);
  if (packed < best.bytes) {
    best.bytes = packed;
    best.encoder = MakeInlineBitpackingEncoder(values);
    best.name = "bitpack";
  }
  const std::uint64_t runs =
      kRleMessage + run_bytes + (bits / 8 + 1 + kChunkOverhead) * CeilDiv(n, 4096) + LevelBytes(entries, n, 4096);
  const double run_cost = CostOfRuns(target.version, hints) * static_cast<double>(n * bits / 8);
  if (static_cast<double>(runs) + run_cost < static_cast<double>(best.bytes) && !hints.rle_threshold.has_value()) {
    best.bytes = runs;
    best.cost += run_cost / static_cast<double>(runs);
    best.encoder = MakeRleEncoder(values);
    best.name = "rle";
  }
  return best;
}

}  // namespace

std::uint64_t RawBytes(const ValuesView& values) {
  return values.shape.variable() ? values.StringBytes() + values.length * 4 : CeilDiv(values.length * values.shape.width_bits, 8);
}

std::uint64_t BytesOf(const ChunkEncoder& encoder, std::uint64_t num_values,
                      const std::optional<format::BufferCompression>& compression) {
  SizeCounter counter(compression);
  for (std::uint64_t first = 0, count = 0; first < num_values; first += count) {
    count = encoder.ChunkSize(first);
    counter.BeginChunk();
    encoder.Encode({first, count}, &counter);
  }
  return counter.total();
}

void AddGeneral(EncoderChoice* choice, std::uint64_t num_values, const EncodingHints& hints) {
  constexpr std::uint64_t kMinBytes = 4096;  // as the reference has it
  if (hints.compression != EncodingHints::Compression::kCodec) return;
  const std::uint64_t plain = BytesOf(*choice->encoder, num_values);
  if (plain < kMinBytes) return;
  const std::uint64_t compressed = BytesOf(*choice->encoder, num_values, hints.general);
  if (compressed >= plain) return;
  choice->bytes -= std::min(choice->bytes, plain - compressed);
  choice->encoder = MakeGeneralEncoder(std::move(choice->encoder), hints.general);
  choice->compressed = true;
}

namespace {

/// What was chosen on a sample.
struct SampledChoice {
  Candidate candidate;
  std::uint64_t bytes = 0;  // of the whole page
};

std::uint64_t TableBytes(const format::Encoding& encoding) {
  std::uint64_t bytes = encoding.table.size();
  for (const format::Encoding& inner : encoding.children) bytes += TableBytes(inner);
  return bytes;
}

/// Bits that a general compression restores for each value of so many bits.
std::uint64_t BitsToRestore(const format::Encoding& encoding, std::uint64_t bits) {
  if (encoding.id == format::EncodingId::kGeneral) return bits;
  std::uint64_t sum = 0;
  const std::uint64_t inner_bits = encoding.id == format::EncodingId::kNarrow ? encoding.bits : bits;
  for (const format::Encoding& inner : encoding.children) sum += BitsToRestore(inner, inner_bits);
  return sum;
}

/// What an encoder takes for a sample: chunks with their headers, and once for all the tables of the message.
struct SampleBytes {
  std::uint64_t chunks = 0;
  std::uint64_t tables = 0;
  std::uint64_t bits_to_restore = 0;  // for each value
  std::uint64_t values = 0;           // in the sample
};

SampleBytes Measure(const ChunkEncoder& encoder, std::uint64_t sampled, std::uint64_t value_bits) {
  constexpr std::uint64_t kBufferOverhead = 4;
  std::uint64_t chunks = 0;
  for (std::uint64_t first = 0; first < sampled; first += encoder.ChunkSize(first)) ++chunks;
  const format::Encoding described = encoder.Describe();
  return {BytesOf(encoder, sampled) + chunks * (kChunkOverhead + kBufferOverhead * (encoder.num_buffers() - 1)),
          TableBytes(described), value_bits == 0 ? 0 : BitsToRestore(described, value_bits), sampled};
}

/// Candidates are measured on a part of the values.
struct Contest {
  const ValuesView& values;
  SelectionTrace* trace = nullptr;
  ColumnMemory* memory = nullptr;
  double run_share = 1;  // runs of equal values for each value

  std::uint64_t BytesOfAll(const SampleBytes& taken) const {
    const double scale = static_cast<double>(values.length) / static_cast<double>(std::max<std::uint64_t>(1, taken.values));
    return static_cast<std::uint64_t>(static_cast<double>(taken.chunks) * scale) + taken.tables;
  }
  double Share(std::uint64_t bytes) const {
    return static_cast<double>(bytes) / static_cast<double>(std::max<std::uint64_t>(1, RawBytes(values)));
  }
};

/// The candidate of the page before, when it suits this one; measure(tree) tells what the sample takes, or nothing where the tree
/// does not apply.
template <class MeasureTree>
std::optional<SampledChoice> SameAsBefore(const Contest& contest, MeasureTree measure) {
  const Candidate* const before = contest.memory == nullptr ? nullptr : contest.memory->candidate();
  if (before == nullptr) return std::nullopt;
  const std::optional<SampleBytes> taken = measure(before->tree);
  if (!taken.has_value()) return std::nullopt;
  const std::uint64_t bytes = contest.BytesOfAll(*taken);
  return contest.memory->Suits(contest.Share(bytes)) ? std::optional(SampledChoice{*before, bytes}) : std::nullopt;
}

double CostOf(const SampledChoice& choice) { return choice.candidate.cost * static_cast<double>(choice.bytes); }

/// What the candidates cost, without those that do not apply.
template <class MeasureTree>
std::vector<SampledChoice> Weigh(const std::vector<Candidate>& candidates, const Contest& contest, MeasureTree measure) {
  std::vector<SampledChoice> weighed;
  for (const Candidate& candidate : candidates) {
    const std::optional<SampleBytes> taken = measure(candidate.tree);
    if (!taken.has_value()) continue;
    SampledChoice& choice = weighed.emplace_back(SampledChoice{candidate, contest.BytesOfAll(*taken)});
    const auto restored = static_cast<double>(contest.values.length * taken->bits_to_restore / 8);
    const auto bytes = static_cast<double>(std::max<std::uint64_t>(1, choice.bytes));
    const double saved = std::max(0.0, restored - bytes);
    choice.candidate.cost +=
        (candidate.restoring.byte * restored + candidate.restoring.byte_of_run * contest.run_share * saved) / bytes;
  }
  return weighed;
}

void Trace(const SampledChoice& choice, const Contest& contest) {
  if (contest.trace != nullptr)
    contest.trace->tried.push_back({choice.candidate.tree.ToText(), choice.bytes, choice.candidate.cost});
}

/// The candidate that costs least.
template <class MeasureTree>
std::optional<SampledChoice> BestOf(const std::vector<Candidate>& candidates, const Contest& contest, MeasureTree measure) {
  std::optional<SampledChoice> best;
  for (SampledChoice& choice : Weigh(candidates, contest, measure)) {
    Trace(choice, contest);
    if (!best.has_value() || CostOf(choice) < CostOf(*best)) best = std::move(choice);
  }
  return best;
}

/// Those that a part of the sample does not rule out.
template <class MeasureTree>
std::vector<Candidate> Finalists(const std::vector<Candidate>& candidates, const Contest& contest, MeasureTree measure) {
  // By how much a part may mislead.
  constexpr double kMargin = 1.5;
  std::vector<SampledChoice> weighed = Weigh(candidates, contest, measure);
  double least = std::numeric_limits<double>::infinity();
  for (const SampledChoice& choice : weighed) least = std::min(least, CostOf(choice));
  std::vector<Candidate> finalists;
  for (const SampledChoice& choice : weighed) {
    if (CostOf(choice) > kMargin * least) {
      Trace(choice, contest);
      continue;
    }
    const auto same = [&](const Candidate& candidate) { return candidate.tree.ToText() == choice.candidate.tree.ToText(); };
    finalists.push_back(*std::ranges::find_if(candidates, same));
  }
  return finalists;
}

bool Uses(const EncoderTree& tree, std::string_view name) {
  return tree.name == name || std::ranges::any_of(tree.inner, [name](const EncoderTree& inner) { return Uses(inner, name); });
}

// Blocks of runs want more values than others.
constexpr std::uint64_t kLongStretches = 2;

/// What of the sample a candidate is tried on.
std::vector<ValuesView> PartsFor(const EncoderTree& tree, const NumberSample& sample) {
  // The jump from one stretch to the next would count against differences and steps.
  const bool has_stairs = Uses(tree, "stairs");
  if (!has_stairs && !Uses(tree, "delta")) return {sample.view()};
  return sample.Stretches(has_stairs || Uses(tree, "runs") ? kLongStretches : kStretches);
}

/// The same of a part of the sample.
std::vector<ValuesView> SomePartsFor(const EncoderTree& tree, const NumberSample& sample) {
  if (Uses(tree, "stairs") || Uses(tree, "runs")) return {sample.Stretches(kLongStretches).back()};
  const std::vector<ValuesView> stretches = sample.Stretches(kStretches);
  return {stretches[kStretches / 4], stretches[kStretches * 3 / 4]};
}

/// 1 for wide values.
double RunShare(const ValuesView& values) {
  if (values.length == 0 || values.shape.width_bits > 64) return 1;
  return ForWidth(values.shape.width_bits, [&]<class T>(T) {
    const auto* const numbers = static_cast<const T*>(static_cast<const void*>(values.values));
    return static_cast<double>(kernels::CountRuns(numbers, values.length)) / static_cast<double>(values.length);
  });
}

std::optional<SampledChoice> BestNumbers(const ValuesView& values, ValueKind kind, const PageTarget& target) {
  const ChunkPlan plan = PlanFor(target.version, target.hints);
  const NumberSample sample(values);
  const auto measure_on = [&](const EncoderTree& tree, const std::vector<ValuesView>& parts) -> std::optional<SampleBytes> {
    SampleBytes sum;
    for (const ValuesView& part : parts) {
      const auto encoder = MakeNumberEncoder(tree, part, plan);
      if (encoder == nullptr) return std::nullopt;
      const SampleBytes bytes = Measure(*encoder, part.length, part.shape.width_bits);
      sum.chunks += bytes.chunks;
      sum.tables = bytes.tables;
      sum.bits_to_restore = bytes.bits_to_restore;
      sum.values += bytes.values;
    }
    return sum;
  };
  const auto measure = [&](const EncoderTree& tree) { return measure_on(tree, PartsFor(tree, sample)); };
  const Contest contest{values, target.trace, target.memory, RunShare(sample.view())};
  if (auto same = SameAsBefore(contest, measure)) return same;
  std::vector<Candidate> candidates = CandidatesFor(kind, target.version, target.hints, values.shape.width_bits);
  // Above it the lengths of runs take what the values save.
  constexpr double kMostRuns = 0.9;
  if (target.hints.tree.empty() && contest.run_share > kMostRuns)
    std::erase_if(candidates, [](const Candidate& candidate) { return candidate.tree.name == "runs"; });
  constexpr std::size_t kFew = 4;
  if (candidates.size() > kFew && sample.is_part()) {
    candidates =
        Finalists(candidates, contest, [&](const EncoderTree& tree) { return measure_on(tree, SomePartsFor(tree, sample)); });
  }
  auto best = BestOf(candidates, contest, measure);
  if (best.has_value() && target.memory != nullptr) target.memory->Remember(best->candidate, contest.Share(best->bytes), nullptr);
  return best;
}

EncoderChoice ChooseX1Numbers(const ValuesView& values, bool floating_point, const PageTarget& target);

/// An encoding around numbers that are chosen for; make(inner) makes it, or null where it does not apply.
template <class Make>
std::optional<EncoderChoice> ChooseInside(std::string_view name, double cost, const PageTarget& target, Make make) {
  SelectionTrace trace;
  EncoderChoice choice;
  auto encoder = make([&](const ValuesView& numbers) {
    choice = ChooseX1Numbers(numbers, false,
                             {target.hints, target.version, target.trace == nullptr ? nullptr : &trace, target.memory});
    return std::move(choice.encoder);
  });
  if (encoder == nullptr) return std::nullopt;
  for (SelectionTrace::Tried& tried : trace.tried)
    target.trace->tried.push_back({fmt::format("{}({})", name, tried.encoding), tried.bytes, tried.cost * cost});
  choice.encoder = std::move(encoder);
  choice.cost *= cost;
  choice.name = fmt::format("{}({})", name, choice.name);
  return choice;
}

EncoderChoice ChooseX1Numbers(const ValuesView& values, bool floating_point, const PageTarget& target) {
  const std::uint64_t bits = values.shape.width_bits;
  // Decimals and the like: where they fit into 64 bits, as numbers of these.
  if (bits == 128 && !target.hints.tree.starts_with("narrow")) {
    auto narrow = ChooseInside("narrow", 1, target, [&](const InnerEncoder& inner) { return MakeNarrowEncoder(values, inner); });
    if (narrow.has_value()) return *std::move(narrow);
  }
  // Below it the multiplication costs more than the bits that it saves.
  constexpr std::uint64_t kLeastUnit = 8;
  const double cost_of_scale = PresetOf(target.version, target.hints) == Preset::kSmall ? 1 : 1.03;
  if (bits >= 16 && bits <= 64 && !floating_point && target.hints.tree.empty()) {
    auto scale = ChooseInside("scale", cost_of_scale, target,
                              [&](const InnerEncoder& inner) { return MakeScaleEncoder(values, inner, kLeastUnit); });
    if (scale.has_value()) return *std::move(scale);
  }
  EncoderChoice choice;
  choice.compressed = true;  // or better without
  const ChunkPlan plan = PlanFor(target.version, target.hints);
  const ValueKind kind =
      floating_point && values.shape.width_bits >= 32 && values.shape.width_bits <= 64 ? ValueKind::kFloats : ValueKind::kNumbers;
  const auto best = BestNumbers(values, kind, target);
  if (best.has_value()) {
    choice.encoder = MakeNumberEncoder(best->candidate.tree, values, plan);
    choice.bytes = best->bytes;
    choice.cost = best->candidate.cost;
    choice.name = best->candidate.tree.ToText();
  }
  if (choice.encoder == nullptr) {  // it applied to the sample alone
    const bool is_packed = values.shape.width_bits <= 64;
    choice.encoder = is_packed ? MakeFrameEncoder(values) : MakeFlatEncoder(values);
    choice.bytes = values.length * values.shape.width_bits / 8;
    choice.cost = 1;
    choice.name = is_packed ? "frame" : "flat";
  }
  return choice;
}

/// A general compression around the plain encodings of the official versions, where a sample says that it gains enough.
void TryCompressions(const ValuesView& values, bool floating_point, const PageTarget& target, EncoderChoice* choice) {
  const ValueKind kind = floating_point ? ValueKind::kFloats : ValueKind::kNumbers;
  if (CandidatesFor(kind, target.version, target.hints).empty()) return;
  if (target.trace != nullptr) target.trace->tried.push_back({choice->name, choice->bytes, choice->cost});
  const ChunkPlan plan = PlanFor(target.version, target.hints);
  const auto best = BestNumbers(values, kind, target);
  if (!best.has_value() || CostOf(*best) >= choice->cost * static_cast<double>(choice->bytes)) return;
  *choice = {best->bytes, MakeNumberEncoder(best->candidate.tree, values, plan), true, best->candidate.cost,
             best->candidate.tree.ToText()};
}

}  // namespace

EncoderChoice ChooseNumbers(const ValuesView& values, const ValueFacts* facts, bool floating_point, const PageEntries* entries,
                            const PageTarget& target) {
  using Compression = EncodingHints::Compression;
  const EncodingHints& hints = target.hints;
  const std::uint64_t bits = values.shape.width_bits;
  const bool is_number = bits >= 8 && bits <= 128 && std::has_single_bit(bits);
  if (target.version == FileVersion::kX1 && is_number && !hints.rle_threshold.has_value()) {
    return ChooseX1Numbers(values, floating_point, target);
  }
  EncoderChoice best = ChoosePlainNumbers(values, facts, entries, target);
  if (hints.compression == Compression::kDefault) {
    if (is_number && !hints.rle_threshold.has_value()) TryCompressions(values, floating_point, target, &best);
    return best;
  }
  if (hints.compression != Compression::kCodec) return best;
  AddGeneral(&best, values.length, hints);
  if ((bits != 32 && bits != 64) || hints.byte_stream_split == EncodingHints::ByteStreamSplit::kOff) return best;
  EncoderChoice split{values.length * bits / 8, MakeByteStreamSplitEncoder(values), false, 1, "split"};
  AddGeneral(&split, values.length, hints);
  const bool is_smaller = split.compressed && split.bytes < best.bytes;
  return is_smaller || (split.compressed && hints.byte_stream_split == EncodingHints::ByteStreamSplit::kOn) ? std::move(split)
                                                                                                            : std::move(best);
}

namespace {

InnerEncoder LengthsEncoderFor(const PageTarget& target, ColumnMemory* memory) {
  return [preset = target.hints.preset, version = target.version, memory](const ValuesView& numbers) {
    EncodingHints hints;
    hints.preset = preset;
    return ChooseX1Numbers(numbers, false, {hints, version, nullptr, memory}).encoder;
  };
}

bool ChoosesStrings(const PageTarget& target) {
  const bool is_free = target.hints.compression == EncodingHints::Compression::kDefault;
  return target.version == FileVersion::kX1 || (is_free && PresetOf(target.version, target.hints) != Preset::kFast);
}

}  // namespace

std::optional<EncoderChoice> RoughStrings(const ValuesView& values, const PageTarget& target) {
  constexpr std::uint64_t kFewBytes = 6 << 10;
  if (!ChoosesStrings(target)) return std::nullopt;
  const StringSample sample(values, kFewBytes);
  const ValuesView view = sample.view();
  std::optional<std::shared_ptr<const FsstStrings>> fsst;
  const StringTools tools{PlanFor(target.version, target.hints), LengthsEncoderFor(target, nullptr), nullptr, &fsst};
  const auto measure = [&](const EncoderTree& tree) -> std::optional<SampleBytes> {
    if (Uses(tree, "tokens") || Uses(tree, "front")) return std::nullopt;
    const auto encoder = MakeStringEncoder(tree, view, tools);
    return encoder == nullptr ? std::nullopt : std::optional(Measure(*encoder, view.length, 0));
  };
  const auto best =
      BestOf(CandidatesFor(ValueKind::kStrings, target.version, target.hints), Contest{values, target.trace}, measure);
  if (!best.has_value()) return std::nullopt;
  return EncoderChoice{.bytes = best->bytes, .cost = best->candidate.cost, .rough = true};
}

std::optional<StringChoice> ChooseStrings(const ValuesView& values, const PageTarget& target) {
  if (!ChoosesStrings(target)) return std::nullopt;
  const ChunkPlan plan = PlanFor(target.version, target.hints);
  const StringSample sample(values);
  const ValuesView view = sample.view();
  std::optional<std::shared_ptr<const FsstStrings>> fsst;
  StringTools tools{plan, LengthsEncoderFor(target, nullptr), nullptr, &fsst};
  bool has_trained = false;
  const bool tries_front = !target.hints.tree.empty() || sample.SharesPrefixes();
  const auto measure = [&](const EncoderTree& tree) -> std::optional<SampleBytes> {
    if (!tries_front && Uses(tree, "front")) return std::nullopt;
    // A table of tokens suits a page; one for the sample would be too small.
    if (!has_trained && tools.tokens == nullptr && Uses(tree, "tokens")) {
      tools.tokens = TrainTokens(values);
      has_trained = true;
    }
    const auto encoder = MakeStringEncoder(tree, view, tools);
    return encoder == nullptr ? std::nullopt : std::optional(Measure(*encoder, view.length, 0));
  };
  const Contest contest{values, target.trace, target.memory};
  if (target.memory != nullptr) tools.tokens = target.memory->tokens();
  auto best = SameAsBefore(contest, measure);
  if (!best.has_value()) {
    if (!has_trained) tools.tokens = nullptr;
    best = BestOf(CandidatesFor(ValueKind::kStrings, target.version, target.hints), contest, measure);
    if (best.has_value() && target.memory != nullptr)
      target.memory->Remember(best->candidate, contest.Share(best->bytes),
                              Uses(best->candidate.tree, "tokens") ? tools.tokens : nullptr);
  }
  if (!best.has_value()) return std::nullopt;
  return StringChoice{std::move(best->candidate), best->bytes, tools.tokens};
}

std::unique_ptr<ChunkEncoder> MakeChosenStrings(const StringChoice& choice, const ValuesView& values, const PageTarget& target) {
  const ChunkPlan plan = PlanFor(target.version, target.hints);
  const StringTools tools{plan, LengthsEncoderFor(target, target.memory == nullptr ? nullptr : target.memory->lengths()),
                          choice.tokens};
  auto encoder = MakeStringEncoder(choice.candidate.tree, values, tools);
  if (encoder != nullptr) return encoder;  // else it paid on the sample alone
  return target.version == FileVersion::kX1 ? MakeLengthsEncoder(values, plan.string_bytes, tools.lengths)
                                            : MakeVariableEncoder(values, plan.string_bytes);
}

}  // namespace lancekit
