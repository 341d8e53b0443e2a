#include "writer/selection.h"

#include <algorithm>
#include <bit>

#include "base/bitmap.h"
#include "base/checked_math.h"
#include "encodings/definitions.h"

namespace lancekit {
namespace {

using format::FileVersion;

constexpr std::uint64_t kMinDictionaryRows = 100;
constexpr std::uint64_t kMaxDictionaryItems = 100'000;
// Header and chunk word of a chunk.
constexpr std::uint64_t kChunkOverhead = 12;
// What the message of RLE takes more than that of flat values.
constexpr std::uint64_t kRleMessage = 10;

ValuesView NumbersView(const void* values, std::uint64_t count, std::uint64_t width_bits) {
  ValuesView view;
  view.shape = FixedShape(width_bits);
  view.length = count;
  view.values = static_cast<const std::byte*>(values);
  return view;
}

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

/// The smallest of flat, bit-packing and RLE.
EncoderChoice ChoosePlainNumbers(const ValuesView& values, const NumberTarget& target) {
  const PageEntries* const entries = target.entries;
  const EncodingHints& hints = target.hints;
  const std::uint64_t bits = values.shape.width_bits;
  const std::uint64_t n = values.length;
  std::unique_ptr<ChunkEncoder> flat = MakeFlatEncoder(values);
  const std::uint64_t chunk = flat->ChunkSize(0);
  EncoderChoice best{CeilDiv(n * bits, 8) + kChunkOverhead * CeilDiv(n, chunk) + LevelBytes(entries, n, chunk)};
  best.encoder = std::move(flat);
  if (hints.compression == EncodingHints::Compression::kNone) return best;
  if (bits != 8 && bits != 16 && bits != 32 && bits != 64) return best;
  const std::uint64_t run_bytes = RleBytes(values);
  const auto num_runs = static_cast<double>(run_bytes / (bits / 8 + 1));
  if (hints.rle_threshold.has_value() && num_runs < *hints.rle_threshold * static_cast<double>(n)) {
    best.encoder = MakeRleEncoder(values);
    return best;
  }
  // The width word leaves the buffer of a chunk short of a multiple of 8.
  const std::uint64_t padding = 8 - bits / 8;
  const std::uint64_t packed =
      InlineBitpackingBytes(values) + (kChunkOverhead + padding) * CeilDiv(n, 1024) + LevelBytes(entries, n, 1024);
  if (packed < best.bytes) {
    best.bytes = packed;
    best.encoder = MakeInlineBitpackingEncoder(values);
  }
  const std::uint64_t runs =
      kRleMessage + run_bytes + (bits / 8 + 1 + kChunkOverhead) * CeilDiv(n, 4096) + LevelBytes(entries, n, 4096);
  if (runs < best.bytes && !hints.rle_threshold.has_value()) {
    best.bytes = runs;
    best.encoder = MakeRleEncoder(values);
  }
  return best;
}

}  // namespace

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

EncoderChoice ChooseNumbers(const ValuesView& values, const NumberTarget& target) {
  using Compression = EncodingHints::Compression;
  const EncodingHints& hints = target.hints;
  const std::uint64_t bits = values.shape.width_bits;
  const bool is_free = hints.compression == Compression::kDefault && !hints.rle_threshold.has_value();
  if (target.version == FileVersion::kX1 && is_free && bits >= 8 && bits <= 128 && std::has_single_bit(bits)) {
    return ChooseX1Numbers(values, target.floating_point);
  }
  EncoderChoice best = ChoosePlainNumbers(values, target);
  if (hints.compression != Compression::kCodec) return best;
  AddGeneral(&best, values.length, hints);
  if ((bits != 32 && bits != 64) || hints.byte_stream_split == EncodingHints::ByteStreamSplit::kOff) return best;
  EncoderChoice split{values.length * bits / 8, MakeByteStreamSplitEncoder(values)};
  AddGeneral(&split, values.length, hints);
  const bool is_smaller = split.compressed && split.bytes < best.bytes;
  return is_smaller || (split.compressed && hints.byte_stream_split == EncodingHints::ByteStreamSplit::kOn) ? std::move(split)
                                                                                                            : std::move(best);
}

namespace {

/// Puts a general compression around a whole buffer where that makes it smaller: LZ4 wins on the smallest, zstd on the others.
/// A hint names the compression, kNone among them.
void Compress(const std::optional<format::BufferCompression>& hint, format::Encoding* encoding, MutableBuffer* bytes) {
  constexpr std::size_t kSmall = 64 << 10;
  constexpr std::int32_t kThoroughLevel = 12;
  const std::optional<std::int32_t> level = bytes->size() > kSmall ? std::nullopt : std::optional(kThoroughLevel);
  std::vector<format::BufferCompression> candidates{{format::CompressionScheme::kZstd, level}};
  if (bytes->size() <= kSmall) candidates.push_back({format::CompressionScheme::kLz4, std::nullopt});
  if (hint.has_value()) candidates = {*hint};
  MutableBuffer best;
  std::optional<format::CompressionScheme> scheme;
  for (const format::BufferCompression& candidate : candidates) {
    if (candidate.scheme == format::CompressionScheme::kNone) return;
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
    encoding.bits = items.shape.width_bits;
    if (items.shape.width_bits == 1) {
      // The builder keeps booleans as bytes.
      plain.AppendFill(BitmapBytes(items.length), std::byte{0});
      for (std::uint64_t i = 0; i < items.length; ++i) SetBitTo(plain.data(), i, items.values[i] != std::byte{0});
    } else {
      plain.Append({items.values, items.length * (items.shape.width_bits / 8)});
    }
  }
  if (version != FileVersion::k2_1) Compress(hints.dictionary_values, &encoding, &plain);
  dictionary.encoding = std::move(encoding);
  dictionary.bytes = std::move(plain);
  return dictionary;
}

namespace {

struct Sample {
  std::uint64_t taken = 0;
  std::uint64_t distinct = 0;
};

/// Valid values from all over the page.
Sample TakeSample(const ValuesView& values, const std::byte* validity) {
  constexpr std::uint64_t kSample = 1024;
  constexpr std::uint64_t kScatter = 0x9E3779B97F4A7C15;
  DictionaryBuilder seen(values.shape);
  const std::uint64_t step = std::max<std::uint64_t>(1, values.length / kSample);
  const std::uint64_t width = values.shape.width_bits / 8;
  Sample sample;
  for (std::uint64_t begin = 0; begin < values.length; begin += step) {
    // Somewhere in each step, so that values which repeat with a period are seen to repeat.
    const std::uint64_t i = begin + ((begin * kScatter) >> 32) % std::min(step, values.length - begin);
    if (validity != nullptr && !GetBit(validity, i)) continue;
    ++sample.taken;
    if (values.shape.variable()) {
      seen.Insert({values.data + values.Offset(i), static_cast<std::size_t>(values.Offset(i + 1) - values.Offset(i))});
    } else {
      seen.Insert({values.values + i * width, width});
    }
  }
  sample.distinct = seen.size();
  return sample;
}

}  // namespace

std::optional<EncodedPage> TryDictionaryPage(const PageValues& page, std::uint64_t other_bytes, const EncodingHints& hints,
                                             FileVersion version, std::optional<DictionaryAttempt>* numbers) {
  constexpr std::uint64_t kMostlyDistinctPercent = 98;
  const std::uint64_t n = page.values.length;
  const bool has_rate = hints.dictionary_divisor.has_value() || hints.dictionary_size_ratio.has_value();
  const bool other_wanted = hints.compression != EncodingHints::Compression::kDefault || hints.rle_threshold.has_value();
  if (n < kMinDictionaryRows || (other_wanted && !has_rate)) return std::nullopt;
  const Sample sample = TakeSample(page.values, page.validity);
  if (sample.distinct * 100 >= sample.taken * kMostlyDistinctPercent) return std::nullopt;
  // Runs aside, indices take at least this much.
  const auto index_bits = static_cast<std::uint64_t>(BitLength(sample.distinct - 1));
  if (n / sample.taken * sample.taken * index_bits / 8 >= other_bytes) return std::nullopt;
  const double divisor = std::max(1.0, hints.dictionary_divisor.value_or(2));
  const auto max_items = static_cast<std::uint64_t>(static_cast<double>(n) / divisor);
  auto attempt = TryDictionary(page.values, page.validity, std::min(max_items, kMaxDictionaryItems));
  if (!attempt.has_value()) return std::nullopt;
  EncodingHints index_hints;  // the others speak of the values
  const EncoderChoice indices = ChooseNumbers(NumbersView(attempt->indices.data(), n, 32),
                                              {.hints = index_hints, .version = version, .entries = page.entries});
  EncodedDictionary dictionary = EncodeDictionary(attempt->items, hints, version);
  const std::uint64_t bytes = indices.bytes + dictionary.bytes.size();
  const std::uint64_t raw =
      page.values.shape.variable() ? page.values.StringBytes() + n * 4 : n * page.values.shape.width_bits / 8;
  const auto limit = static_cast<double>(raw) * hints.dictionary_size_ratio.value_or(1);
  if (bytes >= other_bytes || (hints.dictionary_size_ratio.has_value() && static_cast<double>(bytes) >= limit))
    return std::nullopt;
  auto written = WriteMiniBlockPage(page, *indices.encoder, std::move(dictionary), version);
  if (!written) return std::nullopt;
  *numbers = std::move(attempt);
  return *std::move(written);
}

}  // namespace lancekit
