// Keys: lance rust lance-encoding constants.rs.
#include "writer/hints.h"

#include <algorithm>
#include <charconv>
#include <string>
#include <string_view>

#include "writer/encoder_tree.h"

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
  if (name == "snappy") return format::BufferCompression{format::CompressionScheme::kSnappy, std::nullopt};
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
  hints.tree = Find(field, "tree");
  return hints;
}

namespace {

using Metadata = std::vector<std::pair<std::string, std::string>>;

/// Field metadata without its prefix.
Result<Metadata> MetadataOf(const std::string& text, format::FileVersion version) {
  if (text == "miniblock" || text == "fullzip") return Metadata{{"structural-encoding", text}};
  if (text == "packed" || text == "blob") return Metadata{{text, "true"}};
  if (text == "none" || text == "fsst") return Metadata{{"compression", text}};
  const bool is_x1 = version == format::FileVersion::kX1;
  const bool is_compression = text == "zstd" || text == "lz4" || text == "snappy";
  if (text == "dictionary" || (is_x1 && IsEncodingName(text) && !is_compression)) return Metadata{{"tree", text}};
  LANCEKIT_ASSIGN(const EncoderTree tree, ParseEncoderTree(text));
  if (tree.inner.empty() && (tree.name == "zstd" || tree.name == "lz4" || (tree.name == "snappy" && is_x1))) {
    Metadata metadata{{"compression", tree.name}};
    if (tree.level.has_value()) metadata.emplace_back("compression-level", std::to_string(*tree.level));
    return metadata;
  }
  if (is_x1) return Metadata{{"tree", text}};
  if (text == "rle") return Metadata{{"rle-threshold", "1"}};
  return Invalid("\"{}\" is not among the encodings that can be asked for in official versions; write version x1", text);
}

void SetMetadata(const Metadata& metadata, Field* field) {
  constexpr std::string_view kPrefix = "lance-encoding:";
  // Of these the last one counts.
  constexpr std::string_view kOfValues[] = {"compression", "compression-level", "rle-threshold", "tree"};
  const auto is_of_values = [&](std::string_view key) { return std::ranges::find(kOfValues, key) != std::end(kOfValues); };
  if (is_of_values(metadata[0].first)) {
    std::erase_if(field->metadata, [&](const auto& entry) {
      return entry.first.starts_with(kPrefix) && is_of_values(std::string_view(entry.first).substr(kPrefix.size()));
    });
  }
  for (const auto& [key, value] : metadata) {
    const std::string name = std::string(kPrefix) + key;
    const auto it = std::ranges::find(field->metadata, name, &std::pair<std::string, std::string>::first);
    it == field->metadata.end() ? void(field->metadata.emplace_back(name, value)) : void(it->second = value);
  }
}

/// A field whose values are in its children's leaves.
bool IsNested(const DataType& type) {
  const bool of_structs = type.id == TypeId::kFixedSizeList && !type.children.empty() && IsNested(type.children[0].type);
  return of_structs || type.id == TypeId::kStruct || type.id == TypeId::kList || type.id == TypeId::kLargeList ||
         type.id == TypeId::kMap;
}

/// Fields of this path and the leaves below them. Returns whether there is any.
bool SetBelow(const std::string& column, const std::string& path, const Metadata& metadata, bool inside, Field* field) {
  const bool meant = inside || column == path;
  const bool is_leaf = !IsNested(field->type) || metadata[0].first == "packed";
  if (meant && is_leaf) SetMetadata(metadata, field);
  if (meant && is_leaf) return true;
  bool any = false;
  for (Field& child : field->type.children) any |= SetBelow(column, path + "." + child.name, metadata, meant, &child);
  return any;
}

}  // namespace

Result<Preset> ParsePreset(const std::string& name) {
  if (name.empty()) return Preset::kDefault;
  if (name == "fast") return Preset::kFast;
  if (name == "balanced") return Preset::kBalanced;
  if (name == "small") return Preset::kSmall;
  return Invalid("a preset is fast, balanced or small, not \"{}\"", name);
}

Status SetEncodings(const std::vector<ColumnEncoding>& encodings, format::FileVersion version, Schema* schema) {
  for (const ColumnEncoding& wanted : encodings) {
    auto metadata = MetadataOf(wanted.encoding, version);
    if (!metadata) return At(std::move(metadata).status(), {.column = wanted.column});
    bool any = false;
    for (Field& field : schema->fields) {
      any |= SetBelow(wanted.column, field.name, *metadata, wanted.column.empty(), &field);
    }
    if (!any && !schema->fields.empty()) return At(Invalid("there is no such column to encode"), {.column = wanted.column});
  }
  return {};
}

}  // namespace lancekit
