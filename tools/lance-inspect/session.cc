#include "tools/lance-inspect/session.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/status.h"
#include "tools/common/numbers.h"
#include "tools/common/suggest.h"

namespace lancekit::tools {
namespace {

bool IsWithin(const std::string& path, const std::string& name) {
  return path == name || (path.size() > name.size() && path.compare(0, name.size(), name) == 0 && path[name.size()] == '.');
}

/// Marks what the names take. Errors as ChooseColumns().
Status Mark(const std::vector<std::string>& names, const std::vector<std::string>& paths, std::vector<bool>* marks) {
  for (const std::string& name : names) {
    bool found = false;
    for (std::size_t i = 0; i < paths.size(); ++i) {
      if (!IsWithin(paths[i], name)) continue;
      (*marks)[i] = true;
      found = true;
    }
    if (!found) return Invalid("there is no column \"{}\"{}", name, DidYouMean(name, paths));
  }
  return {};
}

}  // namespace

std::string BytesText(std::uint64_t bytes, const Session& session) {
  constexpr std::uint64_t kExactBelow = 10'000'000;
  return session.options.exact_bytes || bytes < kExactBelow ? GroupDigits(bytes) : FormatBytes(bytes);
}

std::string ShareText(double share) { return fmt::format("{:.1f}%", share * 100); }

std::uint64_t InspectedTable::NumRows() const {
  std::uint64_t rows = 0;
  for (std::size_t i = 0; i < structure.size(); ++i) {
    // The files of one fragment have the same rows.
    if (i == 0 || files.files[i].fragment != files.files[i - 1].fragment) rows += structure[i].num_rows;
  }
  return rows;
}

std::uint64_t InspectedTable::NumBytes() const {
  std::uint64_t bytes = 0;
  for (const InspectedFile& file : structure) bytes += file.size;
  return bytes;
}

std::uint64_t InspectedTable::NumPages() const {
  std::uint64_t pages = 0;
  for (const InspectedFile& file : structure) {
    for (const InspectedColumn& column : file.columns) pages += column.pages.size();
  }
  return pages;
}

std::string InspectedTable::Versions() const {
  std::set<std::string> versions;
  for (const InspectedFile& file : structure) versions.insert(file.format_version);
  std::string text;
  for (const std::string& version : versions) text += (text.empty() ? "" : " and ") + version;
  return text;
}

std::string InspectedTable::Kind() const {
  const std::string version = structure.empty() ? "Lance" : "Lance " + Versions();
  if (!files.is_dataset) return version + " file";
  return fmt::format("{} dataset, version {}", version, files.version);
}

Result<InspectedTable> InspectTable(const Session& session, const std::string& path) {
  return InspectTable(session, path, session.options.open);
}

Result<InspectedTable> InspectTable(const Session& session, const std::string& path, const OpenOptions& version) {
  InspectedTable table{.path = path};
  LANCEKIT_ASSIGN(table.files, list_data_files(session.context, path, version));
  for (const DataFileEntry& entry : table.files.files) {
    LANCEKIT_ASSIGN(InspectedFile file, inspect_file(session.context, entry.path));
    table.structure.push_back(std::move(file));
  }
  return table;
}

std::vector<std::string> SplitNames(const std::vector<std::string>& texts, const std::vector<std::string>& known) {
  std::vector<std::string> names;
  for (const std::string& text : texts) {
    if (std::ranges::find(known, text) != known.end()) {
      names.push_back(text);
      continue;
    }
    for (std::size_t begin = 0; begin <= text.size();) {
      const std::size_t end = std::min(text.find(',', begin), text.size());
      names.push_back(text.substr(begin, end - begin));
      begin = end + 1;
    }
  }
  return names;
}

Result<std::vector<bool>> ChooseColumns(const Options& options, const std::vector<std::string>& paths) {
  std::vector<bool> chosen(paths.size(), options.columns.empty());
  std::vector<bool> excluded(paths.size(), false);
  LANCEKIT_TRY(Mark(SplitNames(options.columns, paths), paths, &chosen));
  LANCEKIT_TRY(Mark(SplitNames(options.excluded, paths), paths, &excluded));
  for (std::size_t i = 0; i < paths.size(); ++i) chosen[i] = chosen[i] && !excluded[i];
  return chosen;
}

Result<std::set<std::string>> ChoosePaths(const Options& options, const InspectedTable& table) {
  std::set<std::string> all, chosen;
  for (const InspectedFile& file : table.structure) {
    for (const InspectedColumn& column : file.columns) all.insert(column.path);
  }
  const std::vector<std::string> paths(all.begin(), all.end());
  LANCEKIT_ASSIGN(const std::vector<bool> is_chosen, ChooseColumns(options, paths));
  for (std::size_t i = 0; i < paths.size(); ++i) {
    if (is_chosen[i]) chosen.insert(paths[i]);
  }
  return chosen;
}

}  // namespace lancekit::tools
