#include "writer/page_encoder.h"

#include <algorithm>
#include <cstring>

#include "base/bitmap.h"
#include "base/checked_math.h"
#include "encodings/definitions.h"
#include "encodings/kernels/stats.h"
#include "writer/dictionary_builder.h"

namespace lancekit {
namespace {

using format::FileVersion;

// Values of at least this many bytes are stored one by one (full-zip), smaller ones in chunks.
// Source: lance rust lance-encoding logical/primitive.rs (the reference's default is the same).
constexpr std::uint64_t kFullZipBytes = 256;
// Strings stay in chunks while they are short on average, even if some are longer than that.
constexpr std::uint64_t kMaxMiniBlockString = 4096;
constexpr std::uint64_t kMiniBlockAverage = 128;
constexpr std::uint64_t kLongString = 32 << 10;
constexpr std::uint64_t kMinDictionaryRows = 100;
constexpr std::uint64_t kMaxDictionaryItems = 100'000;
// Header and chunk word of a chunk.
constexpr std::uint64_t kChunkOverhead = 12;

/// Index of the first valid value; their number when there is none.
std::uint64_t FirstValid(const PageValues& page) {
  std::uint64_t row = 0;
  while (page.validity != nullptr && row < page.values.length && !GetBit(page.validity, row)) ++row;
  return row;
}

bool SameBits(const std::byte* a, std::uint64_t a_bit, std::uint64_t b_bit, std::uint64_t count) {
  for (std::uint64_t i = 0; i < count; ++i) {
    if (GetBit(a, a_bit + i) != GetBit(a, b_bit + i)) return false;
  }
  return true;
}

bool Equal(const ValuesView& values, std::uint64_t a, std::uint64_t b) {
  if (values.shape.variable()) {
    const std::uint64_t size = values.Offset(a + 1) - values.Offset(a);
    return size == values.Offset(b + 1) - values.Offset(b) &&
           (size == 0 || std::memcmp(values.data + values.Offset(a), values.data + values.Offset(b), size) == 0);
  }
  const std::uint64_t bits = values.shape.width_bits;
  if (bits % 8 != 0) return SameBits(values.values, a * bits, b * bits, bits);
  return bits == 0 || std::memcmp(values.values + a * (bits / 8), values.values + b * (bits / 8), bits / 8) == 0;
}

/// True when all valid values are equal to value `first`.
bool IsConstant(const PageValues& page, std::uint64_t first) {
  for (std::uint64_t row = first + 1; row < page.values.length; ++row) {
    if (page.validity != nullptr && !GetBit(page.validity, row)) continue;
    if (!Equal(page.values, first, row)) return false;
  }
  return true;
}

ValuesView NumbersView(const void* values, std::uint64_t count, std::uint64_t width_bits) {
  ValuesView view;
  view.shape = FixedShape(width_bits);
  view.length = count;
  view.values = static_cast<const std::byte*>(values);
  return view;
}

struct NumberChoice {
  std::unique_ptr<ChunkEncoder> encoder;
  std::uint64_t bytes = 0;
};

/// The smallest of flat, bit-packing and RLE.
NumberChoice ChooseNumbers(const ValuesView& values) {
  const std::uint64_t bits = values.shape.width_bits;
  const std::uint64_t n = values.length;
  std::unique_ptr<ChunkEncoder> flat = MakeFlatEncoder(values);
  NumberChoice best{nullptr, CeilDiv(n * bits, 8) + kChunkOverhead * CeilDiv(n, flat->ChunkSize(0))};
  best.encoder = std::move(flat);
  if (bits != 8 && bits != 16 && bits != 32 && bits != 64) return best;
  // The width word leaves the buffer of a chunk short of a multiple of 8.
  const std::uint64_t padding = 8 - bits / 8;
  const std::uint64_t packed = InlineBitpackingBytes(values) + (kChunkOverhead + padding) * CeilDiv(n, 1024);
  if (packed < best.bytes) best = {MakeInlineBitpackingEncoder(values), packed};
  const std::uint64_t runs = RleBytes(values) + (bits / 8 + 1 + kChunkOverhead) * CeilDiv(n, 4096);
  if (runs < best.bytes) best = {MakeRleEncoder(values), runs};
  return best;
}

/// Puts a general compression around a whole buffer where that makes it smaller: LZ4 wins on the smallest, zstd on the others.
void Compress(format::Encoding* encoding, MutableBuffer* bytes) {
  constexpr std::size_t kSmall = 64 << 10;
  constexpr std::int32_t kThoroughLevel = 12;
  MutableBuffer best;
  std::optional<format::CompressionScheme> scheme;
  for (const auto candidate : {format::CompressionScheme::kZstd, format::CompressionScheme::kLz4}) {
    if (candidate == format::CompressionScheme::kLz4 && bytes->size() > kSmall) continue;
    MutableBuffer compressed;
    AppendCompressed(bytes->bytes(), {candidate, bytes->size() > kSmall ? std::nullopt : std::optional(kThoroughLevel)},
                     &compressed);
    if (compressed.size() >= (scheme.has_value() ? best.size() : bytes->size())) continue;
    best = std::move(compressed);
    scheme = candidate;
  }
  if (!scheme.has_value()) return;
  format::Encoding general;
  general.id = format::EncodingId::kGeneral;
  general.compression = format::BufferCompression{*scheme, std::nullopt};
  general.children.push_back(std::move(*encoding));
  *encoding = std::move(general);
  *bytes = std::move(best);
}

/// The items in their block encoding, compressed as a whole where the version allows it (2.2).
EncodedDictionary EncodeDictionary(const DictionaryBuilder& builder, FileVersion version) {
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
  if (version != FileVersion::k2_1) Compress(&encoding, &plain);
  dictionary.encoding = std::move(encoding);
  dictionary.bytes = std::move(plain);
  return dictionary;
}

struct Sample {
  std::uint64_t taken = 0;
  std::uint64_t distinct = 0;
};

/// Valid values from all over the page.
Sample TakeSample(const ValuesView& values, const std::byte* validity) {
  constexpr std::uint64_t kSample = 1024;
  DictionaryBuilder seen(values.shape);
  const std::uint64_t step = std::max<std::uint64_t>(1, values.length / kSample);
  const std::uint64_t width = values.shape.width_bits / 8;
  Sample sample;
  for (std::uint64_t i = 0; i < values.length; i += step) {
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

/// Replaces values by indices into a dictionary when that is smaller than `other_bytes`.
std::optional<EncodedPage> TryDictionaryPage(const PageValues& page, std::uint64_t other_bytes, FileVersion version) {
  constexpr std::uint64_t kMostlyDistinctPercent = 98;
  const std::uint64_t n = page.values.length;
  if (n < kMinDictionaryRows) return std::nullopt;
  const Sample sample = TakeSample(page.values, page.validity);
  if (sample.distinct * 100 >= sample.taken * kMostlyDistinctPercent) return std::nullopt;
  // Runs aside, indices take at least this much.
  const auto index_bits = static_cast<std::uint64_t>(BitLength(sample.distinct - 1));
  if (n / sample.taken * sample.taken * index_bits / 8 >= other_bytes) return std::nullopt;
  auto attempt = TryDictionary(page.values, page.validity, std::min(n / 2, kMaxDictionaryItems));
  if (!attempt.has_value()) return std::nullopt;
  const NumberChoice indices = ChooseNumbers(NumbersView(attempt->indices.data(), n, 32));
  EncodedDictionary dictionary = EncodeDictionary(attempt->items, version);
  if (indices.bytes + dictionary.bytes.size() >= other_bytes) return std::nullopt;
  return WriteMiniBlockPage(page, *indices.encoder, std::move(dictionary), version);
}

Result<EncodedPage> EncodeFixed(const PageValues& page, FileVersion version) {
  const ValueShape& shape = page.values.shape;
  const bool is_list = !shape.list_sizes.empty();
  const bool is_sparse = page.entries != nullptr && page.entries->sparse;
  if ((shape.width_bits >= kFullZipBytes * 8 || is_sparse) && (shape.width_bits % 8 == 0 || shape.width_bits == 1))
    return WriteFixedFullZipPage(page);
  if (is_sparse)
    return Unsupported("a row with tens of thousands of empty lists beside each other, below which values are no whole bytes");
  if (is_list) return WriteMiniBlockPage(page, *MakeFixedSizeListEncoder(page.values), std::nullopt, version);
  const NumberChoice numbers = ChooseNumbers(page.values);
  const bool wide = shape.width_bits == 128 || (shape.width_bits == 64 && version != FileVersion::k2_1);
  if (wide) {
    if (auto with_dictionary = TryDictionaryPage(page, numbers.bytes, version)) return *std::move(with_dictionary);
  }
  return WriteMiniBlockPage(page, *numbers.encoder, std::nullopt, version);
}

std::vector<std::uint64_t> OffsetsOf(const ValuesView& values) {
  std::vector<std::uint64_t> offsets(values.length + 1);
  for (std::uint64_t i = 0; i <= values.length; ++i) offsets[i] = values.Offset(i);
  return offsets;
}

/// Each value framed by itself as zstd; long texts gain most and are read one at a time.
EncodedPage WriteZstdValues(const PageValues& page) {
  const format::BufferCompression zstd{format::CompressionScheme::kZstd, std::nullopt};
  MutableBuffer data;
  std::vector<std::uint64_t> offsets{0};
  for (std::uint64_t row = 0; row < page.values.length; ++row) {
    const bool valid = page.validity == nullptr || GetBit(page.validity, row);
    const std::uint64_t start = page.values.Offset(row);
    if (valid)
      AppendCompressed({page.values.data + start, static_cast<std::size_t>(page.values.Offset(row + 1) - start)}, zstd, &data);
    offsets.push_back(data.size());
  }
  ValueEncoding stored;
  stored.encoding.id = format::EncodingId::kGeneral;
  stored.encoding.compression = zstd;
  stored.encoding.children.push_back(MakeVariableEncoder(page.values)->Describe());
  stored.data = data.data();
  stored.offsets = offsets;
  return WriteVariableFullZipPage(page, stored);
}

/// Strings one by one; `values` are those of the page or their FSST codes.
EncodedPage WriteStringValues(const PageValues& page, const ValuesView& values, format::Encoding encoding) {
  const std::vector<std::uint64_t> offsets = OffsetsOf(values);
  return WriteVariableFullZipPage(page, {std::move(encoding), values.data, offsets});
}

EncodedPage EncodeStringsFullZip(const PageValues& page, std::uint64_t longest) {
  if (longest > kLongString) return WriteZstdValues(page);
  if (const std::unique_ptr<FsstStrings> fsst = CompressFsst(page.values)) {
    return WriteStringValues(page, fsst->values, fsst->Describe());
  }
  return WriteStringValues(page, page.values, MakeVariableEncoder(page.values)->Describe());
}

EncodedPage EncodeStrings(const PageValues& page, FileVersion version) {
  const ValuesView& values = page.values;
  std::uint64_t longest = 0;
  if (page.entries != nullptr && page.entries->sparse) return EncodeStringsFullZip(page, 0);
  for (std::uint64_t i = 0; i < values.length; ++i) longest = std::max(longest, values.Offset(i + 1) - values.Offset(i));
  // What FSST or plain storage would take, before trying them: offsets, and bytes at about half.
  const std::uint64_t guess = values.length * (values.shape.large_offsets ? 8 : 4) + values.StringBytes() / 2;
  if (auto with_dictionary = TryDictionaryPage(page, guess, version)) return *std::move(with_dictionary);
  const bool short_on_average = values.StringBytes() / std::max<std::uint64_t>(1, values.length) < kMiniBlockAverage;
  if (longest >= kFullZipBytes && (longest > kMaxMiniBlockString || !short_on_average)) {
    return EncodeStringsFullZip(page, longest);
  }
  if (const auto fsst = CompressFsst(values)) {
    return WriteMiniBlockPage(page, *MakeFsstEncoder(*fsst), std::nullopt, version);
  }
  return WriteMiniBlockPage(page, *MakeVariableEncoder(values), std::nullopt, version);
}

}  // namespace

Result<EncodedPage> EncodePage(const LeafType& leaf, const ColumnBuffer& rows, bool only_page, FileVersion version) {
  constexpr std::uint64_t kWideConstantBits = 128;
  constexpr std::uint64_t kFewEntries = 32;  // whose raw levels take no more than one aligned buffer
  PageValues page = rows.View();
  if (leaf.is_empty_struct()) return WriteAllNullPage(page.num_rows);
  PageEntries entries;
  std::vector<std::uint16_t> def;
  if (!rows.path().flat()) {
    entries = rows.Entries(only_page, &def);
    page.entries = &entries;
  }
  const std::uint64_t first = FirstValid(page);
  if (first == page.values.length) {
    return page.entries == nullptr ? WriteAllNullPage(page.num_rows) : WriteAllNullPage(page, version);
  }
  if (leaf.is_dictionary()) {
    if (entries.sparse)
      return Unsupported("a row with tens of thousands of empty lists beside each other, below which are dictionaries");
    const NumberChoice keys = ChooseNumbers(page.values);
    return WriteMiniBlockPage(page, *keys.encoder, EncodeDictionary(rows.dictionary(), version), version);
  }
  const ValueShape& shape = leaf.shape;
  // Levels are raw there, two bytes each: chunks do better unless the entries are few or the values wide.
  const bool has_levels = page.entries == nullptr ? page.validity != nullptr : !entries.rep.empty() || !entries.def.empty();
  const std::uint64_t num_entries = page.entries == nullptr ? page.num_rows : entries.count;
  const bool levels_are_cheap = !has_levels || num_entries <= kFewEntries || shape.width_bits > kWideConstantBits;
  if (version != FileVersion::k2_1 && shape.list_sizes.empty() && levels_are_cheap && IsConstant(page, first)) {
    return WriteConstantPage(page, first);
  }
  if (shape.fixed() && shape.width_bits == 0)
    return Unsupported("values of type {} cannot be stored in Lance 2.1", leaf.type.to_string());
  return shape.variable() ? EncodeStrings(page, version) : EncodeFixed(page, version);
}

}  // namespace lancekit
