#include "writer/base_version.h"

#include <algorithm>
#include <filesystem>

#include "format/version_files.h"
#include "io/source.h"

namespace lancekit {

std::string BaseVersion::NextName() const {
  const std::uint64_t version = manifest.version + 1;
  return has_old_name ? fmt::format("{}.manifest", version) : format::ManifestName(version);
}

std::uint64_t BaseVersion::NextFragmentId() const {
  std::uint64_t next = manifest.max_fragment_id.has_value() ? *manifest.max_fragment_id + std::uint64_t{1} : 0;
  for (const format::Fragment& fragment : manifest.fragments) next = std::max(next, fragment.id + 1);
  return next;
}

Result<format::FileVersion> BaseVersion::FormatVersion() const {
  const auto version = format::FromManifest(manifest.data_format_version);
  if (version.has_value() && *version != format::FileVersion::k2_0) return *version;
  return Unsupported("Lance {} is not written, so nothing can be appended; write another dataset",
                     manifest.data_format_version.empty() ? "2.0" : manifest.data_format_version);
}

Result<std::unique_ptr<BaseVersion>> ReadNewestVersion(ContextImpl& context, const std::string& folder) {
  std::error_code ignored;
  if (!std::filesystem::is_directory(std::filesystem::path(folder) / "_versions", ignored))
    return MakeError(ErrorCode::kOutput, "is no Lance dataset, which alone can have new versions");
  LANCEKIT_ASSIGN(const std::vector<format::VersionFile> versions, format::ListVersionFiles(folder));
  const format::VersionFile& newest = versions.back();
  auto base = std::make_unique<BaseVersion>();
  LANCEKIT_ASSIGN(const std::shared_ptr<Source> source, OpenFileSource(context, newest.path));
  LANCEKIT_ASSIGN(base->file, source->Read(0, source->size()));
  auto manifest = format::ParseManifestFile(base->file.bytes());
  if (!manifest) return At(std::move(manifest).status(), {.path = newest.path});
  base->manifest = *std::move(manifest);
  if (base->manifest.version != newest.version)
    return Status(
        At(Corrupt("the manifest of version {} says {}", newest.version, base->manifest.version), {.path = newest.path}));
  const std::string flags = format::UnwritableFlags(base->manifest.reader_flags | base->manifest.writer_flags);
  if (!flags.empty()) return Unsupported("the dataset uses features of which no new version can be made here: {}", flags);
  base->has_old_name = std::filesystem::path(newest.path).filename() != format::ManifestName(newest.version);
  return base;
}

}  // namespace lancekit
