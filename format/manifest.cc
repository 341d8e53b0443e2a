#include "format/manifest.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <limits>
#include <tuple>

#include "base/checked_math.h"
#include "base/limits.h"
#include "format/manifest_file.h"
#include "format/proto.h"
#include "format/schema.h"

namespace lancekit::format {

namespace {

Status ParseDataFile(pbf_reader message, DataFile* file) {
  while (message.next()) {
    switch (message.tag_and_type()) {
      case BytesField(1):
        file->path = message.get_string();
        break;
      case BytesField(2):
      case VarintField(2):
        AppendNumbers(&message, &file->fields);
        break;
      case BytesField(3):
      case VarintField(3):
        AppendNumbers(&message, &file->column_indices);
        break;
      case VarintField(4):
        file->major_version = message.get_uint32();
        break;
      case VarintField(5):
        file->minor_version = message.get_uint32();
        break;
      case VarintField(6):
        file->size_bytes = message.get_uint64();
        break;
      case VarintField(7):
        file->base_id = message.get_uint32();
        break;
      default:
        message.skip();
    }
  }
  // Legacy files (0.1) have no column indices at all.
  if (file->major_version != 0 && file->fields.size() != file->column_indices.size()) {
    return Corrupt("data file \"{}\": {} fields, but {} column indices", file->path, file->fields.size(),
                   file->column_indices.size());
  }
  return {};
}

Status ParseDeletionFile(pbf_reader message, DeletionFile* file) {
  while (message.next()) {
    switch (message.tag_and_type()) {
      case VarintField(1): {
        const std::uint64_t kind = message.get_uint64();
        if (kind > static_cast<std::uint64_t>(DeletionFile::Kind::kBitmap))
          return Unsupported("unknown kind {} of a deletion file", kind);
        file->kind = static_cast<DeletionFile::Kind>(kind);
        break;
      }
      case VarintField(2):
        file->read_version = message.get_uint64();
        break;
      case VarintField(3):
        file->id = message.get_uint64();
        break;
      case VarintField(4):
        file->num_deleted_rows = message.get_uint64();
        break;
      case VarintField(7):
        file->base_id = message.get_uint32();
        break;
      default:
        message.skip();
    }
  }
  return {};
}

Status ParseFragment(pbf_reader message, Fragment* fragment) {
  while (message.next()) {
    switch (message.tag_and_type()) {
      case VarintField(1):
        fragment->id = message.get_uint64();
        break;
      case BytesField(2):
        LANCEKIT_TRY(ParseDataFile(message.get_message(), &fragment->files.emplace_back()));
        break;
      case BytesField(3):
        LANCEKIT_TRY(ParseDeletionFile(message.get_message(), &fragment->deletion_file.emplace()));
        break;
      case VarintField(4):
        fragment->physical_rows = message.get_uint64();
        break;
      default:
        message.skip();
    }
  }
  return {};
}

BasePath ParseBasePath(pbf_reader message) {
  BasePath base;
  while (message.next()) {
    switch (message.tag_and_type()) {
      case VarintField(1):
        base.id = message.get_uint32();
        break;
      case BytesField(2):
        base.name = message.get_string();
        break;
      case VarintField(3):
        base.is_dataset_root = message.get_uint64() != 0;
        break;
      case BytesField(4):
        base.path = message.get_string();
        break;
      default:
        message.skip();
    }
  }
  return base;
}

void ParseTimestamp(pbf_reader message, Manifest* manifest) {
  while (message.next()) {
    switch (message.tag_and_type()) {
      case VarintField(1):
        manifest->timestamp_seconds = message.get_int64();
        break;
      case VarintField(2):
        manifest->timestamp_nanos = message.get_int32();
        break;
      default:
        message.skip();
    }
  }
}

/// Messages of two strings, as WriterVersion and DataStorageFormat begin; map entries look the same.
void ParseTexts(pbf_reader message, std::string* first, std::string* second) {
  std::tie(*first, *second) = ParseMapEntry(message);
}

/// Fields of the manifest that hold messages and text. False when the field is not one of them.
Result<bool> ParseBytesField(pbf_reader* message, Manifest* manifest, std::vector<Bytes>* fields) {
  std::string file_format;
  switch (message->tag()) {
    case 1:
      fields->push_back(BytesOf(message->get_view()));
      return true;
    case 2:
      LANCEKIT_TRY(ParseFragment(message->get_message(), &manifest->fragments.emplace_back()));
      return true;
    case 5:
      manifest->schema.metadata.push_back(ParseMapEntry(message->get_message()));
      return true;
    case 7:
      ParseTimestamp(message->get_message(), manifest);
      return true;
    case 12:
      manifest->transaction_file = message->get_string();
      return true;
    case 13:
      ParseTexts(message->get_message(), &manifest->writer_library, &manifest->writer_version);
      return true;
    case 15:
      ParseTexts(message->get_message(), &file_format, &manifest->data_format_version);
      if (file_format != "lance") return Unsupported("data files of the format \"{}\"", file_format);
      return true;
    case 16:
      manifest->config.insert(ParseMapEntry(message->get_message()));
      return true;
    case 18:
      manifest->base_paths.push_back(ParseBasePath(message->get_message()));
      return true;
    case 19:
      manifest->table_metadata.insert(ParseMapEntry(message->get_message()));
      return true;
    case 20:
      manifest->branch = message->get_string();
      return true;
    default:
      return false;
  }
}

Status CheckRowCount(const Manifest& manifest) {
  std::uint64_t num_rows = 0;
  for (const Fragment& fragment : manifest.fragments) {
    if (!CheckedAdd(num_rows, fragment.physical_rows, &num_rows) || num_rows > kMaxRows) {
      return Corrupt("manifest: the fragments have more than {} rows", kMaxRows);
    }
  }
  return {};
}

Status ParseManifest(pbf_reader message, std::span<const std::string> columns, Manifest* manifest) {
  std::vector<Bytes> fields;
  while (message.next()) {
    if (message.wire_type() == protozero::pbf_wire_type::length_delimited) {
      LANCEKIT_ASSIGN(const bool known, ParseBytesField(&message, manifest, &fields));
      if (!known) message.skip();
      continue;
    }
    switch (message.tag_and_type()) {
      case VarintField(3):
        manifest->version = message.get_uint64();
        break;
      case VarintField(9):
        manifest->reader_flags = message.get_uint64();
        break;
      case VarintField(10):
        manifest->writer_flags = message.get_uint64();
        break;
      case VarintField(11):
        manifest->max_fragment_id = message.get_uint32();
        break;
      case VarintField(21):
      case VarintField(23):
        manifest->transaction_section = message.get_uint64();
        break;
      default:
        message.skip();
    }
  }
  if (!columns.empty()) fields = SelectMessages(fields, columns);
  LANCEKIT_ASSIGN(manifest->schema.fields, ParseFields(fields));
  return CheckRowCount(*manifest);
}

}  // namespace

Result<Bytes> FindManifest(Bytes file) {
  if (file.size() < kManifestFooterBytes) return Corrupt("not a manifest: {} bytes are too few", file.size());
  const std::size_t end = file.size() - kManifestFooterBytes;
  const std::byte* footer = file.data() + end;
  if (std::memcmp(footer + 12, kManifestMagic, sizeof(kManifestMagic)) != 0) {
    return Corrupt("not a manifest: it does not end with \"LANC\"");
  }
  const auto position = LoadLe<std::uint64_t>(footer);
  if (!RangeFits(position, sizeof(std::uint32_t), end)) {
    return Corrupt("manifest footer: position {} lies outside the file of {} bytes", position, file.size());
  }
  const auto length = LoadLe<std::uint32_t>(file.data() + position);
  const std::uint64_t begin = position + sizeof(std::uint32_t);
  if (length != end - begin) return Corrupt("manifest: length {} where {} bytes are", length, end - begin);
  return file.subspan(begin, length);
}

namespace {

struct Flag {
  std::uint64_t bit;
  const char* name;
  bool readable;
  bool writable;  ///< a new version can be made of it
};
constexpr Flag kFlags[] = {
    {1, "deletion files", true, true},
    {2, "stable row ids", true, false},
    {4, "2.x files", true, true},  // obsolete
    {8, "table configuration", true, true},
    {16, "base paths", true, true},
    {32, "no transaction files", true, false},
    {64, "data overlay files", false, false},
    {128, "covering indices", false, false},
    {256, "files of several versions", true, false},
    {512, "fragment reuse index", false, false},
    {1024, "fragment reuse index", false, false},
    {2048, "managed blobs", false, false},
};

const Flag* FindFlag(std::uint64_t bit) {
  const Flag* flag = std::ranges::find(kFlags, bit, &Flag::bit);
  return flag == std::end(kFlags) ? nullptr : flag;
}

/// Those that are not `allowed`.
std::string FlagsBut(std::uint64_t flags, bool Flag::* allowed) {
  std::string text;
  for (std::uint64_t left = flags; left != 0; left &= left - 1) {
    const std::uint64_t bit = left & (~left + 1);
    const Flag* flag = FindFlag(bit);
    if (flag == nullptr || !(flag->*allowed))
      text += fmt::format("{}{} ({})", text.empty() ? "" : ", ", bit, flag == nullptr ? "unknown" : flag->name);
  }
  return text;
}

}  // namespace

Result<Manifest> ParseManifestFile(Bytes file, std::span<const std::string> columns) {
  return CatchMalformed("manifest", [&]() -> Result<Manifest> {
    LANCEKIT_ASSIGN(const Bytes message, FindManifest(file));
    Manifest manifest;
    LANCEKIT_TRY(ParseManifest(ReaderOf(message), columns, &manifest));
    return manifest;
  });
}

std::string ManifestName(std::uint64_t version) {
  return fmt::format("{:020}.manifest", std::numeric_limits<std::uint64_t>::max() - version);
}

std::optional<std::uint64_t> VersionOfManifestName(const std::string& name) {
  constexpr std::string_view kSuffix = ".manifest";
  constexpr std::size_t kInvertedDigits = 20;
  if (!name.ends_with(kSuffix)) return std::nullopt;
  const std::string_view stem = std::string_view(name).substr(0, name.size() - kSuffix.size());
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(stem.data(), stem.data() + stem.size(), number);
  if (error != std::errc{} || end != stem.data() + stem.size()) return std::nullopt;
  return stem.size() == kInvertedDigits ? std::numeric_limits<std::uint64_t>::max() - number : number;
}

std::string UnknownReaderFlags(std::uint64_t flags) { return FlagsBut(flags, &Flag::readable); }

std::string UnwritableFlags(std::uint64_t flags) { return FlagsBut(flags, &Flag::writable); }

std::vector<std::string> FlagNames(std::uint64_t flags) {
  std::vector<std::string> names;
  for (std::uint64_t left = flags; left != 0; left &= left - 1) {
    const std::uint64_t bit = left & (~left + 1);
    const Flag* flag = FindFlag(bit);
    names.push_back(flag == nullptr ? fmt::format("unknown {}", bit) : flag->name);
  }
  return names;
}

}  // namespace lancekit::format
