// Keys: lance rust lance-encoding constants.rs.
#include "writer/hints.h"

#include <charconv>
#include <string>
#include <string_view>

namespace lancekit {
namespace {

std::string_view Find(const Field& field, std::string_view key) {
  constexpr std::string_view kPrefix = "lance-encoding:";
  for (const auto& [name, value] : field.metadata) {
    if (name.starts_with(kPrefix) && std::string_view(name).substr(kPrefix.size()) == key) return value;
  }
  return {};
}

template <class T>
std::optional<T> Number(const Field& field, std::string_view key) {
  const std::string_view text = Find(field, key);
  T number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::optional<format::BufferCompression> General(const Field& field, std::string_view key, std::string_view level_key) {
  const std::string_view name = Find(field, key);
  const std::optional<std::int32_t> level = Number<std::int32_t>(field, level_key);
  if (name == "lz4") return format::BufferCompression{format::CompressionScheme::kLz4, level};
  if (name == "zstd") return format::BufferCompression{format::CompressionScheme::kZstd, level};
  if (name == "none") return format::BufferCompression{};
  return std::nullopt;
}

}  // namespace

Result<EncodingHints> HintsOf(const format::Leaf& leaf) {
  const Field& field = *leaf.path.back();
  EncodingHints hints;
  if (const auto general = General(field, "compression", "compression-level")) {
    const bool none = general->scheme == format::CompressionScheme::kNone;
    hints.compression = none ? EncodingHints::Compression::kNone : EncodingHints::Compression::kCodec;
    hints.general = *general;
  } else if (Find(field, "compression") == "fsst") {
    hints.compression = EncodingHints::Compression::kSymbols;
  }
  for (const Field* source : {leaf.path.front(), &field}) {
    const std::string_view structural = Find(*source, "structural-encoding");
    if (structural == "miniblock") hints.structural = EncodingHints::Structural::kMiniBlock;
    if (structural == "fullzip") hints.structural = EncodingHints::Structural::kFullZip;
    if (structural == "sparse")
      return Unsupported(
          "the sparse structural encoding of Lance 2.3 is not supported; remove lance-encoding:structural-encoding");
  }
  if (Find(field, "bss") == "off") hints.byte_stream_split = EncodingHints::ByteStreamSplit::kOff;
  if (Find(field, "bss") == "on") hints.byte_stream_split = EncodingHints::ByteStreamSplit::kOn;
  hints.rle_threshold = Number<double>(field, "rle-threshold");
  hints.dictionary_divisor = Number<double>(field, "dict-divisor");
  hints.dictionary_size_ratio = Number<double>(field, "dict-size-ratio");
  hints.dictionary_values = General(field, "dict-values-compression", "dict-values-compression-level");
  hints.chunk_bytes = Number<std::uint64_t>(field, "minichunk-size");
  return hints;
}

}  // namespace lancekit
