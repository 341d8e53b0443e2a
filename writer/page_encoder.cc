#include "writer/page_encoder.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "base/bitmap.h"
#include "base/checked_math.h"
#include "encodings/definitions.h"
#include "format/file_metadata.h"
#include "writer/dictionary_page.h"
#include "writer/number_page.h"
#include "writer/packed_rows.h"

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
constexpr std::uint64_t kMaxStringChunk = 16 << 10;
constexpr std::uint64_t kMinFsstBytes = 32 << 10;  // as CompressFsst has it

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

/// True when the hints or, without one, the values want them stored one by one.
bool WantsFullZip(const PageValues& page, const EncodingHints& hints, bool by_default) {
  if (page.entries != nullptr && page.entries->sparse) return true;
  if (hints.structural == EncodingHints::Structural::kDefault) return by_default;
  return hints.structural == EncodingHints::Structural::kFullZip;
}

/// What was clear without trying.
void Tell(const PageTarget& target, std::string chosen, std::string reason) {
  if (target.trace == nullptr) return;
  target.trace->chosen = std::move(chosen);
  target.trace->reason = std::move(reason);
}

Result<EncodedPage> WriteChunks(const PageValues& page, EncoderChoice choice, const PageTarget& target) {
  if (!choice.compressed) AddGeneral(&choice, page.values.length, target.hints);
  if (target.trace != nullptr && target.trace->chosen.empty()) target.trace->chosen = choice.name;
  return WriteMiniBlockPage(page, *choice.encoder, std::nullopt, target.version);
}

/// A dictionary took so much less on the pages before that what it is compared with need not be found anew.
std::optional<EncoderChoice> RememberedOther(const PageValues& page, const PageTarget& target) {
  if (target.memory == nullptr || !target.memory->dictionary_pays()) return std::nullopt;
  const double bytes = target.memory->other_share() * static_cast<double>(RawBytes(page.values));
  return EncoderChoice{.bytes = static_cast<std::uint64_t>(bytes)};
}

Result<EncodedPage> EncodeFixed(const PageValues& page, const LeafType& leaf, const PageTarget& target,
                                std::optional<DictionaryAttempt>* numbers) {
  const EncodingHints& hints = target.hints;
  const ValueShape& shape = page.values.shape;
  const bool is_list = !shape.list_sizes.empty();
  // The reference panics when it reads lists of booleans from full-zip, below other lists or with null items (14.0.2).
  const bool is_list_of_bits = is_list && shape.item_bits == 1;
  const bool has_null_items =
      std::ranges::any_of(page.values.item_validity, [](const std::byte* bits) { return bits != nullptr; });
  const bool can_be_zipped =
      (shape.width_bits % 8 == 0 || shape.width_bits == 1) && !(is_list_of_bits && (page.entries != nullptr || has_null_items));
  const bool is_wide = shape.width_bits >= kFullZipBytes * 8 && shape.width_bits % 8 == 0;
  const bool cannot_be_chunked = shape.width_bits > kMaxMiniBlockString * 8 && can_be_zipped;
  if (cannot_be_chunked || (WantsFullZip(page, hints, is_wide) && can_be_zipped)) {
    Tell(target, "full-zip", fmt::format("values of {} bytes are stored one by one", shape.width_bits / 8));
    return WriteFixedFullZipPage(page);
  }
  if (is_list) {
    return WriteChunks(page, {.encoder = MakeFixedSizeListEncoder(page.values), .name = "fixed-size list"}, target);
  }
  const bool is_float = leaf.type.id == TypeId::kFloat32 || leaf.type.id == TypeId::kFloat64;
  const bool wide = shape.width_bits == 128 || (shape.width_bits == 64 && target.version != FileVersion::k2_1);
  const std::optional<EncoderChoice> remembered = RememberedOther(page, target);
  if (wide && remembered.has_value()) {
    if (auto with_dictionary = TryDictionaryPage(page, *remembered, target, numbers)) return *std::move(with_dictionary);
  }
  const EncoderChoice choice = ChooseNumbers(page.values, page.facts, is_float, page.entries, target);
  if (wide && !remembered.has_value()) {
    if (auto with_dictionary = TryDictionaryPage(page, choice, target, numbers)) return *std::move(with_dictionary);
  }
  if (target.trace != nullptr) target.trace->chosen = choice.name;
  return WriteNumberPage(page, page.values, choice, std::nullopt, target);
}

std::vector<std::uint64_t> OffsetsOf(const ValuesView& values) {
  std::vector<std::uint64_t> offsets(values.length + 1);
  for (std::uint64_t i = 0; i <= values.length; ++i) offsets[i] = values.Offset(i);
  return offsets;
}

/// Each value compressed by itself; long texts gain most and are read one at a time.
EncodedPage WriteCompressedValues(const PageValues& page, format::BufferCompression compression) {
  MutableBuffer data;
  std::vector<std::uint64_t> offsets{0};
  for (std::uint64_t row = 0; row < page.values.length; ++row) {
    const bool valid = page.validity == nullptr || GetBit(page.validity, row);
    const std::uint64_t start = page.values.Offset(row);
    const Bytes value(page.values.data + start, static_cast<std::size_t>(page.values.Offset(row + 1) - start));
    if (valid) AppendCompressed(value, compression, &data);
    offsets.push_back(data.size());
  }
  ValueEncoding stored;
  stored.encoding.id = format::EncodingId::kGeneral;
  stored.encoding.compression = compression;
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

/// Null when the hints are against it or it does not pay.
std::unique_ptr<FsstStrings> TryFsst(const ValuesView& values, const PageTarget& target) {
  using Compression = EncodingHints::Compression;
  const Compression compression = target.hints.compression;
  const bool wanted = compression == Compression::kDefault || compression == Compression::kSymbols;
  return wanted ? CompressFsst(values, target.pool) : nullptr;
}

EncodedPage EncodeStringsFullZip(const PageValues& page, std::uint64_t longest, const PageTarget& target) {
  const EncodingHints& hints = target.hints;
  using Compression = EncodingHints::Compression;
  // LZ4 as well becomes zstd here: the reference decompresses nulls too, and refuses LZ4 of no bytes.
  if (hints.compression == Compression::kCodec) {
    return WriteCompressedValues(page, {format::CompressionScheme::kZstd, hints.general.level});
  }
  if (longest > kLongString && hints.compression == Compression::kDefault) {
    return WriteCompressedValues(page, {format::CompressionScheme::kZstd, std::nullopt});
  }
  if (const std::unique_ptr<FsstStrings> fsst = TryFsst(page.values, target)) {
    return WriteStringValues(page, fsst->values, fsst->Describe());
  }
  return WriteStringValues(page, page.values, MakeVariableEncoder(page.values)->Describe());
}

/// What strings take in chunks; for official versions a guess before FSST and plain storage are tried: offsets, and bytes at
/// about half.
EncoderChoice EstimateStrings(const PageValues& page, const std::optional<StringChoice>& chosen, std::uint64_t chunk_bytes,
                              FileVersion version) {
  if (chosen.has_value()) return {.bytes = chosen->bytes, .cost = chosen->candidate.cost};
  const ValuesView& values = page.values;
  const std::uint64_t text_bytes = values.StringBytes() < kMinFsstBytes ? values.StringBytes() : values.StringBytes() / 2;
  std::uint64_t bytes = values.length * (values.shape.large_offsets ? 8 : 4) + text_bytes;
  if (page.entries != nullptr) bytes += MiniBlockLevelBytes(page, *MakeVariableEncoder(values, chunk_bytes), version);
  return {.bytes = bytes};
}

Result<EncodedPage> EncodeStrings(const PageValues& page, const PageTarget& target, std::optional<DictionaryAttempt>* numbers) {
  const EncodingHints& hints = target.hints;
  const ValuesView& values = page.values;
  const std::uint64_t longest = page.facts->longest();
  const std::uint64_t num_valid = page.validity == nullptr ? values.length : CountSetBits(page.validity, 0, values.length);
  const bool short_on_average = values.StringBytes() / std::max<std::uint64_t>(1, num_valid) < kMiniBlockAverage;
  const bool is_long = longest >= kFullZipBytes && (longest > kMaxMiniBlockString || !short_on_average);
  const bool forced =
      hints.structural == EncodingHints::Structural::kFullZip || (page.entries != nullptr && page.entries->sparse);
  const bool one_by_one = longest > kMaxMiniBlockString || WantsFullZip(page, hints, is_long);
  const std::uint64_t chunk_bytes = std::min(hints.chunk_bytes.value_or(kDefaultStringChunk), kMaxStringChunk);
  const std::optional<EncoderChoice> remembered = forced || one_by_one ? std::nullopt : RememberedOther(page, target);
  if (remembered.has_value()) {
    if (auto with_dictionary = TryDictionaryPage(page, *remembered, target, numbers)) return *std::move(with_dictionary);
  }
  // Where a dictionary beats what is roughly known of the others, these need not be tried in full.
  if (!forced && !one_by_one && !remembered.has_value() && RepeatsMuch(page)) {
    if (const auto rough = RoughStrings(values, target)) {
      if (auto with_dictionary = TryDictionaryPage(page, *rough, target, numbers)) return *std::move(with_dictionary);
      if (target.trace != nullptr) target.trace->tried.clear();
    }
  }
  std::optional<StringChoice> choice;
  if (!one_by_one) choice = ChooseStrings(values, target);
  if (!forced && !remembered.has_value()) {
    if (auto with_dictionary =
            TryDictionaryPage(page, EstimateStrings(page, choice, chunk_bytes, target.version), target, numbers)) {
      return *std::move(with_dictionary);
    }
  }
  if (one_by_one) {
    Tell(target, "full-zip", fmt::format("strings of up to {} bytes are stored one by one", longest));
    return EncodeStringsFullZip(page, longest, target);
  }
  if (choice.has_value()) {
    if (target.trace != nullptr) target.trace->chosen = choice->candidate.tree.ToText();
    return WriteMiniBlockPage(page, *MakeChosenStrings(*choice, values, target), std::nullopt, target.version);
  }
  if (const auto fsst = TryFsst(values, target)) {
    Tell(target, "fsst(variable)", "it makes the strings smaller");
    return WriteMiniBlockPage(page, *MakeFsstEncoder(*fsst, chunk_bytes), std::nullopt, target.version);
  }
  return WriteChunks(page, {.encoder = MakeVariableEncoder(values, chunk_bytes), .name = "variable"}, target);
}

/// Rows of packed structs, which the buffer has laid down as fixed-width or variable-width values.
Result<EncodedPage> EncodePacked(const PageValues& page, const LeafType& leaf, const PageTarget& target) {
  Tell(target, "packed struct", "lance-encoding:packed");
  const ValueShape& shape = page.values.shape;
  EncodedPage encoded;
  if (shape.variable()) {
    encoded = WriteStringValues(page, page.values, {});
  } else if (shape.width_bits > kMaxMiniBlockString * 8 || (page.entries != nullptr && page.entries->sparse)) {
    LANCEKIT_ASSIGN(encoded, WriteFixedFullZipPage(page));
  } else {
    // Whatever is asked for: the reference refuses to store those of fixed width one by one, and panics when it takes such rows
    // (14.0.2).
    LANCEKIT_ASSIGN(encoded, WriteMiniBlockPage(page, *MakeFlatEncoder(page.values), std::nullopt, target.version));
  }
  encoded.layout.value_compression = DescribePackedStruct(leaf.shape);
  return encoded;
}

}  // namespace

Result<EncodedPage> EncodePage(const LeafType& leaf, const ColumnBuffer& rows, bool only_page, const PageTarget& target,
                               std::optional<DictionaryAttempt>* numbers) {
  const FileVersion version = target.version;
  PageValues page = rows.View();
  if (leaf.is_empty_struct()) return WriteAllNullPage(page.num_rows);
  PageEntries entries;
  PooledVector<std::uint16_t> def;
  if (!rows.path().flat()) {
    entries = rows.Entries(only_page, &def);
    entries.SetBits();
    page.entries = &entries;
  }
  const std::uint64_t first = FirstValid(page);
  if (first == page.values.length) {
    Tell(target, "constant", "all values are null");
    return page.entries == nullptr ? WriteAllNullPage(page.num_rows) : WriteAllNullPage(page, version);
  }
  if (leaf.is_dictionary()) {
    const EncoderChoice keys = ChooseNumbers(page.values, page.facts, false, page.entries, target);
    Tell(target, fmt::format("dictionary({})", keys.name), "the column comes with a dictionary");
    return WriteNumberPage(page, page.values, keys, EncodeDictionary(rows.dictionary(), target.hints, version), target);
  }
  if (leaf.shape.packed()) return EncodePacked(page, leaf, target);
  const ValueShape& shape = leaf.shape;
  const bool has_levels = page.entries == nullptr ? page.validity != nullptr : !entries.rep.empty() || !entries.def.empty();
  std::optional<EncodedPage> constant;
  if (version != FileVersion::k2_1 && shape.list_sizes.empty() && IsConstant(page, first))
    constant = WriteConstantPage(page, first);
  const bool has_no_bits = shape.fixed() && shape.width_bits == 0;
  const auto take_constant = [&] {
    Tell(target, "constant", "all values are equal");
    return *std::move(constant);
  };
  if (constant.has_value() && (!has_levels || has_no_bits)) return take_constant();
  if (has_no_bits) return Unsupported("values of type {} cannot be stored in Lance 2.1", leaf.type.to_string());
  auto encoded = shape.variable() ? EncodeStrings(page, target, numbers) : EncodeFixed(page, leaf, target, numbers);
  // A constant page has raw levels, two bytes each.
  if (constant.has_value() && (!encoded || FileBytes(*constant) < FileBytes(*encoded))) return take_constant();
  return encoded;
}

}  // namespace lancekit
