#include "tools/lance-convert/input_list.h"

#include <glob.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iostream>

namespace lancekit::convert {
namespace {

namespace fs = std::filesystem;

Error CannotRead(const std::string& path, const std::string& why) {
  Error error = MakeError(ErrorCode::kIo, "{}", why);
  error.path = path;
  return error;
}

/// One that is, or that its name says to be.
bool IsDataset(const fs::path& folder) {
  std::error_code ignored;
  return fs::is_directory(folder / "_versions", ignored) || FormatOfExtension(folder.string()) == Format::kLance;
}

bool IsWanted(const std::string& path, std::optional<Format> format) {
  const auto known = FormatOfExtension(path);
  if (!format) return known.has_value();
  return !known || *known == *format || (IsArrow(*known) && IsArrow(*format));
}

Status AddFolder(const std::string& folder, std::optional<Format> format, std::vector<std::string>* inputs) {
  std::vector<std::string> found;
  std::error_code error;
  for (fs::recursive_directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    const char first = it->path().filename().string().front();
    std::error_code ignored;
    const bool is_folder = it->is_directory(ignored);
    const bool is_hidden = first == '.' || first == '_';
    const bool is_input = is_folder ? IsDataset(it->path()) : it->is_regular_file(ignored);
    if (is_folder && (is_hidden || is_input)) it.disable_recursion_pending();
    if (!is_hidden && is_input && IsWanted(it->path().string(), format)) found.push_back(it->path().string());
  }
  if (error) return CannotRead(folder, fmt::format("cannot list: {}", error.message()));
  if (found.empty()) return CannotRead(folder, "is a folder in which there is no file of a known format");
  std::ranges::sort(found);
  std::ranges::move(found, std::back_inserter(*inputs));
  return {};
}

Status AddPath(const std::string& path, std::optional<Format> format, std::vector<std::string>* inputs) {
  std::error_code ignored;
  if (path != "-" && fs::is_directory(path, ignored) && !IsDataset(path)) return AddFolder(path, format, inputs);
  inputs->push_back(path);
  return {};
}

Status AddGlob(const std::string& pattern, std::optional<Format> format, std::vector<std::string>* inputs) {
  struct Matches {
    glob_t found{};
    ~Matches() { ::globfree(&found); }
  } matches;
  const int result = ::glob(pattern.c_str(), GLOB_ERR | GLOB_BRACE, nullptr, &matches.found);
  if (result == GLOB_NOMATCH) return CannotRead(pattern, "no file matches");
  if (result != 0) return CannotRead(pattern, fmt::format("cannot list what matches: {}", std::strerror(errno)));
  for (std::size_t i = 0; i < matches.found.gl_pathc; ++i) LANCEKIT_TRY(AddPath(matches.found.gl_pathv[i], format, inputs));
  return {};
}

Status AddList(const InputList& list, std::vector<std::string>* inputs) {
  const bool is_stdin = *list.files_from == "-";
  std::ifstream file;
  if (!is_stdin) file.open(*list.files_from, std::ios::binary);
  std::istream& lines = is_stdin ? std::cin : file;
  if (!lines) return CannotRead(*list.files_from, fmt::format("cannot open: {}", std::strerror(errno)));
  const std::size_t before = inputs->size();
  for (std::string line; std::getline(lines, line, list.nul_separated ? '\0' : '\n');) {
    if (!list.nul_separated && line.ends_with('\r')) line.pop_back();
    if (!line.empty()) LANCEKIT_TRY(AddPath(line, list.format, inputs));
  }
  if (lines.bad() || fs::is_directory(*list.files_from)) return CannotRead(*list.files_from, "cannot read the list");
  if (inputs->size() == before) return At(Invalid("the list of inputs is empty"), {.path = *list.files_from});
  return {};
}

}  // namespace

Result<std::vector<std::string>> ExpandInputs(const InputList& list) {
  std::vector<std::string> inputs;
  for (const std::string& path : list.paths) {
    std::error_code ignored;
    const bool is_glob = path.find_first_of("*?[{") != std::string::npos && !fs::exists(fs::symlink_status(path, ignored));
    LANCEKIT_TRY(is_glob ? AddGlob(path, list.format, &inputs) : AddPath(path, list.format, &inputs));
  }
  if (list.files_from) LANCEKIT_TRY(AddList(list, &inputs));
  if (std::ranges::count(inputs, "-") > 1) return Invalid("stdin can be one input only");
  return inputs;
}

}  // namespace lancekit::convert
