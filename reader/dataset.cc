#include "reader/dataset.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <optional>

#include "base/trace.h"
#include "format/version.h"
#include "format/version_files.h"
#include "io/source.h"
#include "reader/refs.h"

namespace lancekit {
namespace {

namespace fs = std::filesystem;
using format::ListVersionFiles;
using format::VersionFile;

/// Numbers of detached versions have this bit.
constexpr std::uint64_t kDetached = std::uint64_t{1} << 63;

/// "a, b, c"; long lists are cut.
template <class Items, class Text>
std::string Enumerate(const Items& items, Text text) {
  constexpr std::size_t kMost = 10;
  std::string all;
  for (std::size_t i = 0; i < std::min(items.size(), kMost); ++i) all += fmt::format("{}{}", i == 0 ? "" : ", ", text(items[i]));
  return items.size() > kMost ? fmt::format("{} and {} more", all, items.size() - kMost) : all;
}

std::string VersionsText(const std::vector<VersionFile>& versions) {
  const bool has_holes = versions.back().version - versions.front().version + 1 != versions.size();
  if (!has_holes && versions.size() > 2) return fmt::format("{} to {}", versions.front().version, versions.back().version);
  return Enumerate(versions, [](const VersionFile& file) { return file.version; });
}

Error NoVersion(const std::vector<VersionFile>& versions, std::uint64_t version) {
  return Invalid("there is no version {}; there {} {}", version, versions.size() == 1 ? "is" : "are", VersionsText(versions));
}

/// The tag's version and branch, put in place of its name. Errors: kInvalidArgument.
Status ResolveTag(ContextImpl& context, const std::string& dataset, OpenOptions* options) {
  if (options->tag.empty()) return {};
  LANCEKIT_ASSIGN(const std::vector<Tag> tags, ListTags(context, dataset));
  const auto tag = std::ranges::find(tags, options->tag, &Tag::name);
  if (tag == tags.end()) {
    if (tags.empty()) return Invalid("there is no tag \"{}\"; the dataset has no tags", options->tag);
    return Invalid("there is no tag \"{}\"; there {} {}", options->tag, tags.size() == 1 ? "is" : "are",
                   Enumerate(tags, [](const Tag& t) { return t.name; }));
  }
  options->version = tag->version;
  options->branch = tag->branch;
  return {};
}

/// In whole microseconds, as times are shown: a time that was read off a list means the version beside it. One less, as pylance's
/// list, which divides nanoseconds in floating point, is now and then a microsecond early (14.0.2, dataset.py).
std::chrono::nanoseconds TimeOf(const format::Manifest& manifest) {
  // What does not fit, no writer made: 2242 and later.
  constexpr std::int64_t kMostSeconds = std::int64_t{1} << 33;
  return std::chrono::seconds(std::clamp(manifest.timestamp_seconds, -kMostSeconds, kMostSeconds)) +
         std::chrono::microseconds(manifest.timestamp_nanos / 1000 - 1);
}

struct ChosenManifest {
  std::string path;
  format::Manifest manifest;
};

/// The newest version that is not younger.
Result<ChosenManifest> ReadAsOf(ContextImpl& context, const std::vector<VersionFile>& versions, const OpenOptions& options) {
  const auto wanted = std::chrono::duration_cast<std::chrono::nanoseconds>(options.as_of->time_since_epoch());
  std::string oldest;
  for (auto it = versions.rbegin(); it != versions.rend(); ++it) {
    LANCEKIT_ASSIGN(format::Manifest manifest, ReadManifest(context, it->path, options.columns));
    if (TimeOf(manifest) <= wanted) return ChosenManifest{it->path, std::move(manifest)};
    oldest = fmt::format("version {} is of {}", it->version, TimeText(manifest.timestamp_seconds, manifest.timestamp_nanos));
  }
  const std::int64_t seconds = std::chrono::floor<std::chrono::seconds>(wanted).count();
  return Invalid("no version is as old as {}: {}",
                 TimeText(seconds, static_cast<std::int32_t>((wanted - std::chrono::seconds(seconds)).count())), oldest);
}

Result<ChosenManifest> ChooseManifest(ContextImpl& context, const std::string& folder, const OpenOptions& options) {
  if (options.version.has_value() && (*options.version & kDetached) != 0) {
    const std::string path = (fs::path(folder) / "_versions" / fmt::format("d{}.manifest", *options.version)).string();
    LANCEKIT_ASSIGN(format::Manifest manifest, ReadManifest(context, path, options.columns));
    return ChosenManifest{path, std::move(manifest)};
  }
  LANCEKIT_ASSIGN(const std::vector<VersionFile> versions, ListVersionFiles(folder));
  if (options.as_of.has_value()) return ReadAsOf(context, versions, options);
  auto chosen = versions.end() - 1;
  if (options.version.has_value()) {
    chosen = std::ranges::find(versions, *options.version, &VersionFile::version);
    if (chosen == versions.end()) return NoVersion(versions, *options.version);
  }
  LANCEKIT_ASSIGN(format::Manifest manifest, ReadManifest(context, chosen->path, options.columns));
  return ChosenManifest{chosen->path, std::move(manifest)};
}

/// A name below one of the dataset's folders. A manifest must not lead out of it.
Status CheckName(const std::string& name) {
  const fs::path relative(name);
  const bool leaves = relative.is_absolute() || std::find(relative.begin(), relative.end(), "..") != relative.end();
  if (name.empty() || leaves) return Corrupt("the file name \"{}\" leads out of the dataset", name);
  return {};
}

/// Absolute, without a separator at the end.
fs::path Normal(const fs::path& path) {
  const fs::path normal = fs::absolute(path).lexically_normal();
  return normal.has_filename() ? normal : normal.parent_path();
}

bool IsFolder(const fs::path& path) {
  std::error_code ignored;
  return fs::is_directory(path, ignored);
}

}  // namespace

std::string TimeText(std::int64_t seconds, std::int32_t nanos) {
  using namespace std::chrono;
  constexpr std::int64_t kYear1 = -62'135'596'800, kYear9999 = 253'402'300'799;
  const sys_seconds time{std::chrono::seconds(std::clamp(seconds, kYear1, kYear9999))};
  const auto day = floor<days>(time);
  const year_month_day date{day};
  const hh_mm_ss<std::chrono::seconds> clock{time - day};
  std::string text =
      fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                  static_cast<unsigned>(date.day()), clock.hours().count(), clock.minutes().count(), clock.seconds().count());
  if (nanos != 0) text += fmt::format(".{:06}", nanos / 1000);
  return text + "Z";
}

Result<format::Manifest> ReadManifest(ContextImpl& context, const std::string& path, std::span<const std::string> columns) {
  const TraceSpan span(context, "manifest");
  LANCEKIT_ASSIGN(const std::shared_ptr<Source> source, OpenFileSource(context, path));
  LANCEKIT_ASSIGN(const Buffer bytes, source->Read(0, source->size()));
  auto manifest = format::ParseManifestFile(bytes.bytes(), columns);
  if (!manifest) return At(std::move(manifest).status(), {.path = path});
  return manifest;
}

Result<std::optional<format::Transaction>> ReadTransaction(ContextImpl& context, const std::string& manifest_path,
                                                           const format::Manifest& manifest) {
  std::string path = manifest_path;
  const bool is_inside = manifest.transaction_section.has_value();
  if (!is_inside) {
    if (manifest.transaction_file.empty() || !CheckName(manifest.transaction_file)) return std::optional<format::Transaction>();
    path = (fs::path(manifest_path).parent_path().parent_path() / "_transactions" / manifest.transaction_file).string();
    std::error_code ignored;
    if (!fs::exists(path, ignored)) return std::optional<format::Transaction>();
  }
  LANCEKIT_ASSIGN(const std::shared_ptr<Source> source, OpenFileSource(context, path));
  LANCEKIT_ASSIGN(const Buffer bytes, source->Read(0, source->size()));
  if (is_inside) {
    auto found = format::FindTransaction(bytes.bytes(), manifest);
    if (!found) return At(std::move(found).status(), {.path = path});
    return found;
  }
  auto transaction = format::ParseTransaction(bytes.bytes());
  if (!transaction) return At(std::move(transaction).status(), {.path = path});
  return std::optional<format::Transaction>(*std::move(transaction));
}

Result<std::string> BranchFolder(ContextImpl& context, const std::string& dataset, const std::string& branch) {
  if (branch.empty()) return dataset;
  LANCEKIT_ASSIGN(const std::vector<Branch> branches, ListBranches(context, dataset));
  if (std::ranges::find(branches, branch, &Branch::name) != branches.end()) return (fs::path(dataset) / "tree" / branch).string();
  if (branches.empty()) return Invalid("there is no branch \"{}\"; the dataset has no branches", branch);
  return Invalid("there is no branch \"{}\"; there {} {}", branch, branches.size() == 1 ? "is" : "are",
                 Enumerate(branches, [](const Branch& b) { return b.name; }));
}

Result<bool> IsDataset(const std::string& path, const OpenOptions& options) {
  if (IsFolder(path)) return true;
  if (options.version || !options.tag.empty() || !options.branch.empty() || options.as_of)
    return Status(At(Invalid("a single file has no versions, tags or branches"), {.path = path}));
  return false;
}

Result<Dataset> Dataset::Open(ContextImpl& context, const std::string& path, const OpenOptions& options) {
  if (options.version.has_value() + !options.tag.empty() + options.as_of.has_value() > 1)
    return Invalid("a version, a tag and a time cannot be wanted together");
  if (!options.tag.empty() && !options.branch.empty()) return Invalid("a tag names its branch itself");
  OpenOptions resolved = options;
  LANCEKIT_TRY(ResolveTag(context, path, &resolved));
  LANCEKIT_ASSIGN(std::string folder, BranchFolder(context, path, resolved.branch));
  LANCEKIT_ASSIGN(ChosenManifest chosen, ChooseManifest(context, folder, resolved));
  return At(path, std::move(folder), std::move(chosen.path), std::move(chosen.manifest));
}

Dataset Dataset::At(std::string root, std::string folder, std::string manifest_path, format::Manifest manifest) {
  Dataset dataset;
  dataset.root_ = std::move(root);
  dataset.folder_ = std::move(folder);
  dataset.manifest_path_ = std::move(manifest_path);
  dataset.manifest_ = std::move(manifest);
  return dataset;
}

Status Dataset::CheckReadable() const {
  if (const std::string flags = format::UnknownReaderFlags(manifest_.reader_flags); !flags.empty()) {
    return Unsupported("the dataset uses features that are not known here: {}", flags);
  }
  const std::string& version = manifest_.data_format_version;
  if (version.empty() || format::FromManifest(version).has_value()) return {};
  if (version == "0.1" || version == "legacy")
    return Unsupported("Lance 0.1 data files are not supported; convert the dataset with pylance");
  return Unsupported("data files of Lance {} are not supported", version);
}

Result<std::vector<std::filesystem::path>> Dataset::BasePlaces(const std::string& path) const {
  constexpr std::string_view kFileScheme = "file://";
  std::string local = path;
  if (local.starts_with(kFileScheme)) local.erase(0, kFileScheme.size());
  if (local.empty()) return Corrupt("a base path without a name");
  if (local.find("://") != std::string::npos) return Unsupported("files of the dataset lie in {}, which is not local", path);
  std::vector<fs::path> places{local};
  // A branch knows its parent's place, also after both were moved.
  if (folder_ != root_) {
    const std::size_t tree = local.rfind("/tree/");
    if (Normal(local).filename() == Normal(root_).filename()) places.emplace_back(root_);
    if (tree != std::string::npos) places.push_back(fs::path(root_) / local.substr(tree + 1));
  }
  // A relative path is one from the working directory of who wrote it, often the folder that holds both datasets.
  const fs::path beside = Normal(root_).parent_path();
  places.push_back(beside / local);
  places.push_back(beside / Normal(local).filename());
  std::erase_if(places, [](const fs::path& place) { return !IsFolder(place); });
  if (!places.empty()) return places;
  return Status(
      lancekit::At(MakeError(ErrorCode::kIo, "files of the dataset lie in {}, which is not there", path), {.path = root_}));
}

Result<std::string> Dataset::Resolve(const std::optional<std::uint32_t>& base_id, const char* part,
                                     const std::string& name) const {
  LANCEKIT_TRY(CheckName(name));
  if (!base_id.has_value()) return (fs::path(folder_) / part / name).string();
  const auto base = std::ranges::find(manifest_.base_paths, *base_id, &format::BasePath::id);
  if (base == manifest_.base_paths.end()) return Corrupt("\"{}\" lies in base path {}, which is not there", name, *base_id);
  LANCEKIT_ASSIGN(std::vector<fs::path> places, BasePlaces(base->path));
  for (fs::path& place : places) place /= base->is_dataset_root ? fs::path(part) / name : fs::path(name);
  // Other datasets may bear the same name; the names of files are unique.
  const auto exists = [](const fs::path& place) {
    std::error_code ignored;
    return fs::exists(place, ignored);
  };
  const auto found = std::ranges::find_if(places, exists);
  return (found == places.end() ? places.front() : *found).string();
}

Result<std::string> Dataset::DataFilePath(const format::DataFile& file) const { return Resolve(file.base_id, "data", file.path); }

Result<std::string> Dataset::DeletionFilePath(const format::Fragment& fragment) const {
  const format::DeletionFile& file = *fragment.deletion_file;
  const char* extension = file.kind == format::DeletionFile::Kind::kBitmap ? "bin" : "arrow";
  return Resolve(file.base_id, "_deletions", fmt::format("{}-{}-{}.{}", fragment.id, file.read_version, file.id, extension));
}

}  // namespace lancekit
