#include "format/version_files.h"

#include <algorithm>
#include <filesystem>
#include <optional>

#include "format/manifest.h"

namespace lancekit::format {

namespace fs = std::filesystem;

Result<std::vector<VersionFile>> ListVersionFiles(const std::string& folder) {
  std::vector<VersionFile> versions;
  std::error_code error;
  const fs::path list = fs::path(folder) / "_versions";
  for (fs::directory_iterator it(list, error), end; !error && it != end; it.increment(error)) {
    const auto version = VersionOfManifestName(it->path().filename().string());
    if (version.has_value()) versions.push_back({*version, it->path().string()});
  }
  if (error && error != std::errc::no_such_file_or_directory) {
    return Status(At(MakeError(ErrorCode::kIo, "cannot list: {}", error.message()), {.path = list.string()}));
  }
  if (versions.empty())
    return Status(At(Corrupt("not a Lance dataset: the folder has no manifest in _versions/"), {.path = folder}));
  std::ranges::sort(versions, {}, &VersionFile::version);
  return versions;
}

}  // namespace lancekit::format
