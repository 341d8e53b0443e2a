// For tests: hex text, whole files, and the files of a corpus that lies beside the project, when it does.
#pragma once

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "format/proto.h"

namespace lancekit::format {

/// Digits may be separated by blanks.
inline std::string FromHex(std::string_view hex) {
  std::string bytes, digits;
  for (const char c : hex) {
    if (c == ' ' || c == '\n') continue;
    digits += c;
    if (digits.size() < 2) continue;
    bytes += static_cast<char>(std::stoi(digits, nullptr, 16));
    digits.clear();
  }
  return bytes;
}

inline std::string FileText(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

/// Regular files below ../shared/corpus with this extension, sorted; none when the corpus is not there.
inline std::vector<std::filesystem::path> CorpusFiles(const std::string& extension) {
  std::vector<std::filesystem::path> files;
  std::error_code error;
  for (std::filesystem::recursive_directory_iterator at("../shared/corpus", error), end; !error && at != end;
       at.increment(error)) {
    if (at->is_regular_file() && at->path().extension() == extension) files.push_back(at->path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace lancekit::format
