// The manifests in a dataset folder.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/status.h"

namespace lancekit::format {

/// A manifest file in _versions.
struct VersionFile {
  std::uint64_t version = 0;
  std::string path;
};

/// The history of the folder, oldest first; detached versions are no part of it. Errors: kIo, kCorruption (no manifest).
Result<std::vector<VersionFile>> ListVersionFiles(const std::string& folder);

}  // namespace lancekit::format
