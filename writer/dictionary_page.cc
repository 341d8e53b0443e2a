#include "writer/dictionary_page.h"

#include <algorithm>
#include <limits>

#include "base/bitmap.h"
#include "base/checked_math.h"
#include "writer/number_page.h"

namespace lancekit {

using format::FileVersion;

namespace {

/// Puts a general compression around a whole buffer where that makes it smaller: LZ4 wins on the smallest and where texts repeat
/// word for word, zstd on the others. A hint names the compression, kNone among them.
void Compress(const std::optional<format::BufferCompression>& hint, bool texts, format::Encoding* encoding,
              MutableBuffer* bytes) {
  constexpr std::size_t kSmall = 64 << 10;
  constexpr std::int32_t kThoroughLevel = 6;        // 12 takes five times as long, for up to 8 % less
  constexpr std::size_t kMaxLz4Bytes = 0x7E000000;  // LZ4_MAX_INPUT_SIZE
  const std::optional<std::int32_t> level = bytes->size() > kSmall ? std::nullopt : std::optional(kThoroughLevel);
  std::vector<format::BufferCompression> candidates{{format::CompressionScheme::kZstd, level}};
  if (texts || bytes->size() <= kSmall) candidates.push_back({format::CompressionScheme::kLz4, {}});
  if (hint.has_value()) candidates = {*hint};
  MutableBuffer best;
  std::optional<format::CompressionScheme> scheme;
  for (const format::BufferCompression& candidate : candidates) {
    if (candidate.scheme == format::CompressionScheme::kNone) return;
    if (candidate.scheme == format::CompressionScheme::kLz4 && bytes->size() > kMaxLz4Bytes) continue;
    MutableBuffer compressed;
    AppendCompressed(bytes->bytes(), candidate, &compressed);
    if (compressed.size() >= (scheme.has_value() ? best.size() : bytes->size())) continue;
    best = std::move(compressed);
    scheme = candidate.scheme;
  }
  if (!scheme.has_value()) return;
  format::Encoding general;
  general.id = format::EncodingId::kGeneral;
  general.compression = format::BufferCompression{*scheme, std::nullopt};
  general.children.push_back(std::move(*encoding));
  *encoding = std::move(general);
  *bytes = std::move(best);
}

}  // namespace

EncodedDictionary EncodeDictionary(const DictionaryBuilder& builder, const EncodingHints& hints, FileVersion version) {
  EncodedDictionary dictionary;
  const ValuesView items = builder.View();
  dictionary.num_items = items.length;
  MutableBuffer plain;
  format::Encoding encoding;
  if (items.shape.variable()) {
    AppendVariableBlock(items, &plain);
    encoding = MakeVariableEncoder(items)->Describe();
  } else {
    encoding.id = format::EncodingId::kFlat;
    encoding.bits = builder.of_booleans() ? 1 : items.shape.width_bits;
    if (builder.of_booleans()) {
      plain.AppendFill(BitmapBytes(items.length), std::byte{0});
      for (std::uint64_t i = 0; i < items.length; ++i) SetBitTo(plain.data(), i, items.values[i] != std::byte{0});
    } else {
      plain.Append({items.values, items.length * (items.shape.width_bits / 8)});
    }
  }
  if (version != FileVersion::k2_1) Compress(hints.dictionary_values, items.shape.variable(), &encoding, &plain);
  dictionary.encoding = std::move(encoding);
  dictionary.bytes = std::move(plain);
  return dictionary;
}

namespace {

struct Sample {
  std::uint64_t rows = 0;
  std::uint64_t valid = 0;
  std::uint64_t distinct = 0;
  std::uint64_t repeated = 0;  // like the one before it in the page

  /// Whether a page of so many rows, in runs, very likely has more than `most` different values: it has more runs than that, and
  /// values would be met twice far more often where they came again in other runs. Of a page not much larger than the sample
  /// nothing is said.
  bool HasMoreInRuns(std::uint64_t num_rows, std::uint64_t most) const {
    constexpr std::uint64_t kMuchLarger = 16;
    constexpr double kMoreRuns = 1.2;
    constexpr double kMoreValues = 4;
    if (num_rows < kMuchLarger * rows) return false;
    const double runs = static_cast<double>(valid - repeated) / static_cast<double>(rows) * static_cast<double>(num_rows);
    const double pairs = static_cast<double>(valid) * static_cast<double>(valid) / 2;
    const double values = pairs / static_cast<double>(valid - distinct + 1);
    return runs > kMoreRuns * static_cast<double>(most) && values > kMoreValues * static_cast<double>(most);
  }
  double DistinctShare() const { return static_cast<double>(distinct) / static_cast<double>(std::max<std::uint64_t>(1, valid)); }
};

/// Rows from all over the page.
Sample TakeSample(const ValuesView& values, const std::byte* validity) {
  constexpr std::uint64_t kSample = 1024;
  constexpr std::uint64_t kScatter = 0x9E3779B97F4A7C15;
  DictionaryBuilder seen(values.shape);
  const std::uint64_t step = std::max<std::uint64_t>(1, values.length / kSample);
  Sample sample;
  for (std::uint64_t begin = 0; begin < values.length; begin += step) {
    // Somewhere in each step, so that values which repeat with a period are seen to repeat.
    const std::uint64_t i = begin + ((begin * kScatter) >> 32) % std::min(step, values.length - begin);
    ++sample.rows;
    if (validity != nullptr && !GetBit(validity, i)) continue;
    ++sample.valid;
    seen.Insert(ValueBytes(values, i));
    if (i > 0 && std::ranges::equal(ValueBytes(values, i - 1), ValueBytes(values, i))) ++sample.repeated;
  }
  sample.distinct = seen.size();
  return sample;
}

/// Indices as narrow as their number allows. Those of the official versions have 32 bits, as the reference writes them, unless
/// they are to be compressed, for which the bytes between them would be in the way.
class Indices {
 public:
  Indices(const PooledVector<std::uint32_t>& numbers, std::uint64_t num_items, const PageTarget& target) : wide_(numbers) {
    const bool narrow = target.version == FileVersion::kX1 || PresetOf(target.version, target.hints) != Preset::kFast;
    if (narrow && num_items <= std::numeric_limits<std::uint8_t>::max()) {
      bytes_.assign(numbers.begin(), numbers.end());
    } else if (narrow && num_items <= std::numeric_limits<std::uint16_t>::max()) {
      shorts_.assign(numbers.begin(), numbers.end());
    }
  }
  ValuesView view() const {
    if (!bytes_.empty()) return NumbersView(bytes_.data(), wide_.size(), 8);
    if (!shorts_.empty()) return NumbersView(shorts_.data(), wide_.size(), 16);
    return NumbersView(wide_.data(), wide_.size(), 32);
  }

 private:
  const PooledVector<std::uint32_t>& wide_;
  PooledVector<std::uint8_t> bytes_;
  PooledVector<std::uint16_t> shorts_;
};

constexpr const char* kDictionary = "dictionary";

/// Numbers found in a dictionary take time to gather, in the reference more than here. In bytes.
double CostOfGathering(const ValuesView& values, const EncoderChoice& indices, const PageTarget& target) {
  if (values.shape.variable()) return 0;
  if (target.version == format::FileVersion::kX1) return 0.02 * indices.cost * static_cast<double>(indices.bytes);
  return PresetOf(target.version, target.hints) == Preset::kBalanced ? 0.03 * static_cast<double>(RawBytes(values)) : 0;
}

}  // namespace

bool RepeatsMuch(const PageValues& page) {
  const Sample sample = TakeSample(page.values, page.validity);
  return sample.distinct * 2 < sample.valid;
}

std::optional<EncodedPage> TryDictionaryPage(const PageValues& page, const EncoderChoice& other, const PageTarget& target,
                                             std::optional<DictionaryAttempt>* numbers) {
  constexpr std::uint64_t kMinDictionaryRows = 100;
  constexpr std::uint64_t kMaxDictionaryItems = 100'000;
  constexpr std::uint64_t kMostlyDistinctPercent = 98;
  constexpr std::uint64_t kLongRuns = 10;
  const EncodingHints& hints = target.hints;
  const std::uint64_t n = page.values.length;
  const bool forced = hints.tree == kDictionary;
  const bool has_rate = hints.dictionary_divisor.has_value() || hints.dictionary_size_ratio.has_value();
  const bool other_wanted = hints.compression != EncodingHints::Compression::kDefault || hints.rle_threshold.has_value() ||
                            (!hints.tree.empty() && !forced);
  if ((n < kMinDictionaryRows && !forced) || (other_wanted && !has_rate)) return std::nullopt;
  ColumnMemory* const memory = forced ? nullptr : target.memory;
  const double divisor = forced ? 1 : std::max(1.0, hints.dictionary_divisor.value_or(2));
  const Sample sample = forced ? Sample{} : TakeSample(page.values, page.validity);
  // Long runs, mostly of values of their own: the items would take what the indices spare, and runs of values need no gathering.
  const bool has_long_runs =
      other.name == "rle" && other.bytes * kLongRuns <= RawBytes(page.values) && sample.distinct * 2 > sample.valid;
  if (has_long_runs && !forced && !has_rate && PresetOf(target.version, hints) == Preset::kFast) return std::nullopt;
  const auto raw_bytes = static_cast<double>(RawBytes(page.values));
  const double other_cost = other.cost * static_cast<double>(other.bytes);
  const auto loses = [&](double share) {
    if (memory != nullptr && !other.rough) memory->RememberDictionary({share, other_cost / raw_bytes}, sample.DistinctShare());
    return std::nullopt;
  };
  constexpr double kFar = std::numeric_limits<double>::infinity();  // not even worth encoding
  constexpr double kLongValue = 128;
  // Runs and null rows, over which indices repeat, leave little of the indices: they may pay even for values of which most
  // differ.
  const bool in_runs = sample.repeated * 2 > sample.valid;
  const bool mostly_valid = static_cast<double>(sample.valid) * divisor > static_cast<double>(sample.rows);
  if (memory != nullptr && !other.rough && memory->dictionary_loses(sample.DistinctShare())) return std::nullopt;
  if (mostly_valid && !in_runs) {
    // Of long values a few that repeat gain much, and hashing them takes little beside compressing them.
    const bool is_long = raw_bytes >= kLongValue * static_cast<double>(n);
    if (!is_long && sample.distinct * 100 >= sample.valid * kMostlyDistinctPercent) return loses(kFar);
    // Indices take at least this much, and about half of it when they are compressed.
    const std::uint64_t gain = PresetOf(target.version, hints) == Preset::kFast ? 1 : 2;
    const auto index_bits = static_cast<std::uint64_t>(BitLength(sample.distinct - 1));
    if (n * index_bits / 8 >= gain * other.bytes) return loses(kFar);
  }
  const auto max_items = std::min(static_cast<std::uint64_t>(static_cast<double>(n) / divisor), kMaxDictionaryItems);
  if (in_runs && sample.HasMoreInRuns(n, max_items)) return loses(kFar);
  auto attempt = TryDictionary(page, max_items, in_runs);
  if (!attempt.has_value()) return loses(kFar);
  EncodingHints index_hints;  // the others speak of the values
  index_hints.preset = hints.preset;
  const Indices indices(attempt->indices, attempt->items.size(), target);
  SelectionTrace index_trace;
  const PageTarget index_target{index_hints, target.version, target.trace == nullptr ? nullptr : &index_trace,
                                target.memory == nullptr ? nullptr : target.memory->indices()};
  const EncoderChoice choice = ChooseNumbers(indices.view(), &attempt->facts, false, page.entries, index_target);
  EncodedDictionary dictionary = EncodeDictionary(attempt->items, hints, target.version);
  const std::uint64_t bytes = choice.bytes + dictionary.bytes.size();
  const std::string name = fmt::format("{}({})", kDictionary, choice.name);
  if (target.trace != nullptr) {
    for (const SelectionTrace::Tried& tried : index_trace.tried) {
      target.trace->tried.push_back(
          {fmt::format("{}({})", kDictionary, tried.encoding), tried.bytes + dictionary.bytes.size(), tried.cost});
    }
  }
  const double limit = raw_bytes * hints.dictionary_size_ratio.value_or(1);
  const double cost = choice.cost * static_cast<double>(choice.bytes) + static_cast<double>(dictionary.bytes.size()) +
                      CostOfGathering(page.values, choice, target);
  if (!forced && hints.dictionary_size_ratio.has_value() && static_cast<double>(bytes) >= limit) return loses(kFar);
  if (!forced && cost >= other_cost) return loses(cost / raw_bytes);
  auto written = WriteNumberPage(page, indices.view(), choice, std::move(dictionary), index_target);
  if (!written) return std::nullopt;
  if (target.trace != nullptr) target.trace->chosen = name;
  if (memory != nullptr) {
    // Where `other` is what was remembered, it was not weighed anew.
    memory->dictionary_pays() ? memory->UseDictionary()
                              : memory->RememberDictionary({cost / raw_bytes, other_cost / raw_bytes}, sample.DistinctShare());
  }
  *numbers = std::move(attempt);
  return *std::move(written);
}

}  // namespace lancekit
