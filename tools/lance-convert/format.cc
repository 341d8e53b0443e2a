#include "tools/lance-convert/format.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <filesystem>

#include "base/status.h"
#include "tools/common/suggest.h"
#include "tools/common/terminal.h"

namespace lancekit::convert {
namespace {

struct Extension {
  std::string_view text;
  Format format;
};

constexpr std::array<Extension, 12> kExtensions{{{".lance", Format::kLance},
                                                 {".parquet", Format::kParquet},
                                                 {".pq", Format::kParquet},
                                                 {".arrow", Format::kArrowFile},
                                                 {".feather", Format::kArrowFile},
                                                 {".ipc", Format::kArrowFile},
                                                 {".arrows", Format::kArrowStream},
                                                 {".csv", Format::kCsv},
                                                 {".tsv", Format::kTsv},
                                                 {".jsonl", Format::kJsonl},
                                                 {".ndjson", Format::kJsonl},
                                                 {".json", Format::kJsonl}}};

std::string ExtensionOf(const std::string& path) {
  std::string extension = std::filesystem::path(path).extension().string();
  std::transform(extension.begin(), extension.end(), extension.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return extension;
}

std::string Quoted(std::string_view head) { return fmt::format("\"{}\"", tools::EscapeControls(head)); }

/// Does a file with this magic (none = text, or unknown) fit the format that its name or --from claims?
bool Fits(Format claimed, std::optional<Format> magic, bool lance_tail) {
  if (claimed == Format::kLance) return lance_tail || !magic;  // what is wrong with it is for the reader to say
  if (IsArrow(claimed)) return magic && IsArrow(*magic);
  if (claimed == Format::kParquet) return magic == Format::kParquet;
  return !magic && !lance_tail;
}

}  // namespace

const char* NameOf(Format format) {
  switch (format) {
    case Format::kLance:
      return "Lance";
    case Format::kParquet:
      return "Parquet";
    case Format::kArrowFile:
      return "Arrow IPC file";
    case Format::kArrowStream:
      return "Arrow IPC stream";
    case Format::kCsv:
      return "CSV";
    case Format::kTsv:
      return "TSV";
    case Format::kJsonl:
      return "JSON lines";
  }
  return "";
}

const std::vector<std::string>& FormatNames() {
  static const std::vector<std::string> names{"lance", "parquet", "arrow", "arrow-stream", "csv", "tsv", "jsonl"};
  return names;
}

Result<Format> ParseFormat(std::string_view name) {
  constexpr Format kFormats[] = {Format::kLance, Format::kParquet, Format::kArrowFile, Format::kArrowStream,
                                 Format::kCsv,   Format::kTsv,     Format::kJsonl};
  const auto& names = FormatNames();
  const auto found = std::find(names.begin(), names.end(), name);
  if (found != names.end()) return kFormats[found - names.begin()];
  std::string all;
  for (const std::string& known : names) all += (all.empty() ? "" : ", ") + known;
  return Invalid("unknown format \"{}\"{}; known: {}", name, tools::DidYouMean(name, names), all);
}

Compression CompressionOfExtension(const std::string& path) {
  const std::string extension = ExtensionOf(path);
  if (extension == ".gz") return Compression::kGzip;
  if (extension == ".zst") return Compression::kZstd;
  return Compression::kNone;
}

std::optional<Format> FormatOfExtension(const std::string& path) {
  std::string name = path;
  while (name.size() > 1 && name.back() == '/') name.pop_back();
  if (CompressionOfExtension(name) != Compression::kNone) name = std::filesystem::path(name).replace_extension().string();
  const std::string extension = ExtensionOf(name);
  for (const Extension& known : kExtensions) {
    if (known.text == extension) return known.format;
  }
  return std::nullopt;
}

Compression CompressionOfMagic(std::string_view head) {
  if (head.substr(0, 3) == "\x1F\x8B\x08") return Compression::kGzip;
  if (head.substr(0, 4) == "\x28\xB5\x2F\xFD") return Compression::kZstd;
  return Compression::kNone;
}

std::optional<Format> FormatOfMagic(std::string_view head) {
  if (head.substr(0, 4) == "PAR1") return Format::kParquet;
  if (head.substr(0, 6) == "ARROW1") return Format::kArrowFile;
  if (head.substr(0, 4) == "\xFF\xFF\xFF\xFF") return Format::kArrowStream;
  return std::nullopt;
}

Result<Format> DetectInput(const Detection& input) {
  const auto damaged = [&](std::string message) -> Error {
    Error error = Corrupt("{}", message);
    error.path = input.path;
    return error;
  };
  const std::optional<Format> named = input.forced ? input.forced : FormatOfExtension(input.path);
  if (input.folder) {
    if (named && named != Format::kLance) return damaged(fmt::format("is a folder, not a {} file", NameOf(*named)));
    return Format::kLance;
  }
  if (input.head.substr(0, 4) == "PARE" && named.value_or(Format::kParquet) == Format::kParquet) {
    Error error = Unsupported("is an encrypted Parquet file, which cannot be read");
    error.path = input.path;
    return error;
  }
  std::optional<Format> magic = FormatOfMagic(input.head);
  if (!magic && input.lance_tail) magic = Format::kLance;
  if (!named) {
    if (magic) return *magic;
    if (!input.head.empty() && input.head[0] == '{') return Format::kJsonl;
    return Invalid("the format of \"{}\" is not known; say it with --from", input.path);
  }
  const Compression claimed = CompressionOfExtension(input.path);
  if (claimed != Compression::kNone && claimed != CompressionOfMagic(input.head)) {
    const char* const name = claimed == Compression::kGzip ? "gzip" : "zstd";
    return damaged(fmt::format("is not compressed by {}: it begins with {}", name, Quoted(input.head)));
  }
  if (CompressionOfMagic(input.head) != Compression::kNone) {
    if (IsText(*named)) return *named;
    Error error = Unsupported("is a {} file that was compressed as a whole; decompress it first", NameOf(*named));
    error.path = input.path;
    return error;
  }
  if (!Fits(*named, magic, input.lance_tail)) {
    if (magic) return damaged(fmt::format("is a {} file, not {}; use --from to say so", NameOf(*magic), NameOf(*named)));
    if (input.head.empty()) return damaged(fmt::format("is empty, not a {} file", NameOf(*named)));
    return damaged(fmt::format("is not a {} file: it begins with {}", NameOf(*named), Quoted(input.head)));
  }
  return IsArrow(*named) ? *magic : *named;  // either IPC form may stand behind the same name
}

}  // namespace lancekit::convert
