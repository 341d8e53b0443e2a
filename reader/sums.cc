#include "reader/sums.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <span>
#include <utility>

#include "base/hash.h"
#include "base/without_throwing.h"
#include "format/flat_json.h"
#include "io/atomic_file.h"
#include "io/source.h"
#include "lancekit/inspect.hpp"
#include "reader/dataset.h"

namespace lancekit {
namespace {

namespace fs = std::filesystem;

void AppendJsonText(std::string_view text, std::string* out) {
  *out += '"';
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      *out += '\\';
      *out += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      *out += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
    } else {
      *out += c;
    }
  }
  *out += '"';
}

/// One line without its end. Numbers that do not apply are left out.
std::string PartLine(const FilePart& part, const std::string& name, const std::string& column, std::uint64_t hash) {
  std::string line = fmt::format("{{\"offset\":{},\"size\":{},\"part\":\"{}\"", part.offset, part.size, name);
  if (!column.empty()) {
    line += ",\"column\":";
    AppendJsonText(column, &line);
  }
  if (part.page >= 0) line += fmt::format(",\"page\":{}", part.page);
  if (part.buffer >= 0) line += fmt::format(",\"buffer\":{}", part.buffer);
  return line + fmt::format(",\"xxh3_64\":\"{:016x}\"}}\n", hash);
}

bool IsDataFile(const std::string& name) { return name.ends_with(".lance"); }

/// The lines of one file.
Result<std::string> SumFile(const Context& context, const std::string& name, const std::string& path) {
  LANCEKIT_ASSIGN(const std::shared_ptr<Source> source, OpenFileSource(context.impl(), path));
  std::string lines = "{\"file\":";
  AppendJsonText(name, &lines);
  lines += fmt::format(",\"size\":{}}}\n", source->size());
  InspectedFile file;
  std::vector<FilePart> parts;
  if (IsDataFile(name)) {
    LANCEKIT_ASSIGN(file, inspect_file(context, path));
    LANCEKIT_ASSIGN(parts, byte_map(context, file));
  } else {
    parts.push_back({.kind = PartKind::kUnexplained, .size = source->size()});
  }
  for (const FilePart& part : parts) {
    if (part.kind == PartKind::kPadding) continue;
    LANCEKIT_TRY(context.impl().CheckCancelled());
    LANCEKIT_ASSIGN(const Buffer bytes, source->Read(part.offset, part.size));
    const std::string column = part.column < 0 ? "" : file.columns[static_cast<std::size_t>(part.column)].path;
    lines += PartLine(part, IsDataFile(name) ? part_kind_name(part.kind) : "file", column, HashBytes(bytes.bytes()));
  }
  return lines;
}

/// The files that sums are made of: names with paths. Errors: as Dataset::Open.
Result<std::vector<std::pair<std::string, std::string>>> FilesForSums(const Context& context, const std::string& path,
                                                                      const OpenOptions& options) {
  LANCEKIT_ASSIGN(const bool is_dataset, IsDataset(path, options));
  if (!is_dataset) return std::vector{std::pair(fs::path(path).filename().string(), path)};
  LANCEKIT_ASSIGN(const Dataset dataset, Dataset::Open(context.impl(), path, options));
  std::vector<std::pair<std::string, std::string>> files;
  const auto add = [&](const std::string& file) {
    files.emplace_back(fs::path(file).lexically_normal().lexically_relative(fs::path(path).lexically_normal()).string(), file);
  };
  add(dataset.manifest_path());
  for (const format::Fragment& fragment : dataset.manifest().fragments) {
    for (const format::DataFile& file : fragment.files) {
      LANCEKIT_ASSIGN(const std::string data_path, dataset.DataFilePath(file));
      add(data_path);
      for (const std::string& sidecar : SidecarsOf(data_path)) add(sidecar);
    }
    if (!fragment.deletion_file.has_value()) continue;
    LANCEKIT_ASSIGN(const std::string deletion_path, dataset.DeletionFilePath(fragment));
    add(deletion_path);
  }
  return files;
}

std::int64_t SmallNumber(const std::vector<format::JsonMember>& members, const char* name) {
  const auto number = format::NumberMember(members, name);
  return number.has_value() && *number <= 0x7FFFFFFF ? static_cast<std::int64_t>(*number) : -1;
}

Result<PartSum> ParsePart(const std::vector<format::JsonMember>& members) {
  const auto offset = format::NumberMember(members, "offset"), size = format::NumberMember(members, "size");
  const std::string hash = format::StringMember(members, "xxh3_64");
  PartSum part;
  const auto [end, error] = std::from_chars(hash.data(), hash.data() + hash.size(), part.hash, 16);
  if (!offset || !size || error != std::errc() || end != hash.data() + hash.size())
    return Corrupt("a part without offset, size and hash");
  part.place.offset = *offset;
  part.place.size = *size;
  part.place.column = format::StringMember(members, "column");
  part.place.page = SmallNumber(members, "page");
  part.place.buffer = SmallNumber(members, "buffer");
  part.place.message = format::StringMember(members, "part");
  return part;
}

}  // namespace

Result<Sums> Sums::Read(const Context& context, const std::string& path) {
  LANCEKIT_ASSIGN(const std::shared_ptr<Source> source, OpenFileSource(context.impl(), path));
  LANCEKIT_ASSIGN(const Buffer bytes, source->Read(0, source->size()));
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  Sums sums;
  FileSums* file = nullptr;
  std::size_t number = 0;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    ++number;
    const auto members = format::ParseFlatJson(text.substr(begin, end - begin));
    begin = end + 1;
    const auto wrong = [&](const std::string& what) { return Status(At(Corrupt("line {}: {}", number, what), {.path = path})); };
    if (!members) return wrong(members.error().message);
    if (const std::string name = format::StringMember(*members, "file"); !name.empty()) {
      file = &sums.files_[name];
      file->size = format::NumberMember(*members, "size").value_or(0);
      continue;
    }
    auto part = ParsePart(*members);
    if (!part) return wrong(part.error().message);
    if (file == nullptr) return wrong("a part before the first file");
    file->parts.push_back(*std::move(part));
  }
  if (file == nullptr) return Status(At(Corrupt("holds no sums"), {.path = path}));
  return sums;
}

const FileSums* Sums::Find(const std::string& name) const {
  const auto it = files_.find(name);
  return it == files_.end() ? nullptr : &it->second;
}

std::vector<std::string> Sums::NamesIn(const std::string& folder) const {
  std::vector<std::string> names;
  for (auto it = files_.lower_bound(folder + '/'); it != files_.end() && it->first.starts_with(folder + '/'); ++it)
    names.push_back(it->first);
  return names;
}

std::vector<std::string> SidecarsOf(const std::string& data_file) {
  std::vector<std::string> sidecars;
  std::error_code error;
  for (fs::directory_iterator it(fs::path(data_file).replace_extension(), error), end; !error && it != end; it.increment(error)) {
    if (it->path().extension() == ".blob") sidecars.push_back(it->path().string());
  }
  std::ranges::sort(sidecars);
  return sidecars;
}

void CompareSums(const Context& context, const std::string& path, const FileSums& sums, Findings* findings) {
  const auto source = OpenFileSource(context.impl(), path);
  if (!source) return findings->Add(source.error());
  if ((*source)->size() != sums.size)
    findings->Add(Corrupt("{} bytes where the sums say {}", (*source)->size(), sums.size), {.path = path});
  for (const PartSum& part : sums.parts) {
    if (findings->stopped() || !context.impl().CheckCancelled().ok()) return;
    const auto bytes = (*source)->Read(part.place.offset, part.place.size);
    if (bytes && HashBytes(bytes->bytes()) == part.hash) continue;
    Finding finding = part.place;
    finding.path = path;
    finding.message = bytes ? fmt::format("{}: the bytes differ from their sum", part.place.message) : bytes.error().message;
    findings->Add(std::move(finding));
  }
}

Status write_sums(const Context& context, const std::string& path, const OpenOptions& options, const std::string& sums,
                  bool overwrite) {
  return WithoutThrowing([&]() -> Status {
    std::error_code ignored;
    if (!overwrite && fs::exists(sums, ignored)) return At(MakeError(ErrorCode::kOutput, "already exists"), {.path = sums});
    LANCEKIT_ASSIGN(const auto files, FilesForSums(context, path, options));
    LANCEKIT_ASSIGN(AtomicFile out, AtomicFile::Create(sums));
    for (const auto& [name, file] : files) {
      LANCEKIT_ASSIGN(const std::string lines, SumFile(context, name, file));
      LANCEKIT_TRY(out.Append(std::as_bytes(std::span(lines))));
    }
    return out.Publish(overwrite);
  });
}

}  // namespace lancekit
