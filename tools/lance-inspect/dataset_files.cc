// files: what lies in a dataset's folder, held against what the manifests of all versions and branches name.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <optional>
#include <set>

#include "base/status.h"
#include "reader/refs.h"
#include "tools/lance-inspect/commands.h"
#include "tools/lance-inspect/dataset_sheets.h"
#include "tools/lance-inspect/sheet.h"

namespace lancekit::tools {
namespace {

namespace fs = std::filesystem;

/// A file that manifests name.
struct NamedFile {
  const char* kind = "";
  std::uint64_t bytes = 0;  ///< as the manifests tell; 0 = unknown
  std::uint64_t versions = 0;
  bool in_chosen = false;
};

struct FoundFile {
  std::string path;
  const char* kind = "";
  const char* state = "";
  std::uint64_t bytes = 0;
  std::uint64_t versions = 0;
};

/// Gathers what all manifests of a dataset name.
class Names {
 public:
  Names(std::string root, const Dataset& chosen, ContextImpl& context)
      : root_(std::move(root)), chosen_(chosen.manifest_path()), context_(context) {}

  Status AddAll() {
    LANCEKIT_TRY(AddFolder(root_));
    LANCEKIT_ASSIGN(const std::vector<Branch> branches, ListBranches(context_, root_));
    for (const Branch& branch : branches) LANCEKIT_TRY(AddFolder((fs::path(root_) / "tree" / branch.name).string()));
    return {};
  }
  const std::map<std::string, NamedFile>& files() const { return files_; }
  const NamedFile* Find(const std::string& path) const {
    const auto found = files_.find(path);
    return found == files_.end() ? nullptr : &found->second;
  }

 private:
  /// The manifests of the main history or of a branch, detached ones too.
  Status AddFolder(const std::string& folder) {
    std::error_code error;
    for (fs::directory_iterator it(fs::path(folder) / "_versions", error), end; !error && it != end; it.increment(error)) {
      std::string name = it->path().filename().string();
      if (name.starts_with('d')) name.erase(0, 1);
      if (!format::VersionOfManifestName(name)) continue;
      const std::string path = it->path().string();
      LANCEKIT_ASSIGN(format::Manifest manifest, ReadManifest(context_, path));
      Add(path, "manifest", 0, path == chosen_);
      if (!manifest.transaction_file.empty())
        Add((fs::path(folder) / "_transactions" / manifest.transaction_file).string(), "transaction", 0, path == chosen_);
      AddFragments(Dataset::At(root_, folder, path, std::move(manifest)), path == chosen_);
    }
    return {};
  }

  void AddFragments(const Dataset& dataset, bool in_chosen) {
    for (const format::Fragment& fragment : dataset.manifest().fragments) {
      for (const format::DataFile& file : fragment.files) {
        const auto path = dataset.DataFilePath(file);
        Add(path ? *path : file.path, "data", file.size_bytes, in_chosen);
      }
      if (!fragment.deletion_file) continue;
      const auto path = dataset.DeletionFilePath(fragment);
      Add(path ? *path : fmt::format("deletion file of fragment {}", fragment.id), "deletion", 0, in_chosen);
    }
  }

  void Add(const std::string& path, const char* kind, std::uint64_t bytes, bool in_chosen) {
    NamedFile& file = files_[fs::path(path).lexically_normal().string()];
    file.kind = kind;
    file.bytes = bytes;
    ++file.versions;
    file.in_chosen = file.in_chosen || in_chosen;
  }

  std::string root_;
  std::string chosen_;
  ContextImpl& context_;
  std::map<std::string, NamedFile> files_;
};

/// What a file that no manifest names is, by the folder that it lies in. A folder of a branch looks like the dataset's.
const char* KindOf(const fs::path& path) {
  for (auto part = path.end(); part != path.begin();) {
    --part;
    if (*part == "data") return "data";
    if (*part == "_deletions") return "deletion";
    if (*part == "_transactions") return "transaction";
    if (*part == "_indices") return "index";
    if (*part == "tags") return "tag";
    if (*part == "branches") return "branch";
    if (*part == "_versions") return path.filename() == "latest_version_hint.json" ? "hint" : "manifest";
  }
  return "other";
}

FoundFile Classify(const fs::path& path, const fs::path& root, const Names& names) {
  const fs::path relative = path.lexically_relative(root);
  std::error_code error;
  FoundFile found{.path = relative.string(), .kind = KindOf(relative)};
  found.bytes = fs::file_size(path, error);
  const NamedFile* named = names.Find(path.string());
  // The values of blob columns lie in a folder named like their data file.
  if (named == nullptr && path.extension() == ".blob") {
    found.kind = "blob";
    named = names.Find(path.parent_path().string() + ".lance");
  } else if (named != nullptr) {
    found.kind = named->kind;
    if (named->bytes != 0 && named->bytes != found.bytes) found.state = "wrong size";
  }
  const std::string_view kind = found.kind;
  const bool has_owner = kind == "data" || kind == "deletion" || kind == "transaction" || kind == "manifest" || kind == "blob";
  if (named != nullptr) {
    found.versions = named->versions;
    if (*found.state == '\0') found.state = named->in_chosen ? "used" : "other version";
  } else if (has_owner) {
    found.state = "orphan";
  }
  return found;
}

Result<std::vector<FoundFile>> ListFiles(const std::string& root, const Names& names) {
  std::vector<FoundFile> files;
  std::set<std::string> seen;
  const fs::path folder = fs::path(root).lexically_normal();
  std::error_code error;
  for (fs::recursive_directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    if (!it->is_regular_file(error)) continue;
    seen.insert(it->path().string());
    files.push_back(Classify(it->path(), folder, names));
  }
  if (error) return Status(At(MakeError(ErrorCode::kIo, "cannot list: {}", error.message()), {.path = root}));
  for (const auto& [path, named] : names.files()) {
    if (seen.contains(path)) continue;
    const std::uintmax_t bytes = fs::file_size(path, error);
    // A transaction is inside the manifest too, so its file is free to go.
    if (error && std::string_view(named.kind) == "transaction") continue;
    const char* state = error ? "missing" : named.in_chosen ? "used" : "other version";
    files.push_back({path, named.kind, state, error ? named.bytes : bytes, named.versions});
  }
  std::ranges::stable_sort(files, [](const FoundFile& a, const FoundFile& b) {
    return std::string_view(a.kind) != b.kind ? std::string_view(a.kind) < b.kind : a.path < b.path;
  });
  return files;
}

}  // namespace

Status RunFiles(Session& session) {
  LANCEKIT_ASSIGN(const Dataset dataset, OpenDatasetArgument(session));
  const std::string& root = session.options.arguments[0];
  Names names(root, dataset, session.context.impl());
  LANCEKIT_TRY(names.AddAll());
  LANCEKIT_ASSIGN(const std::vector<FoundFile> files, ListFiles(root, names));
  Sheet sheet{.name = "files",
              .columns = {{"kind", "kind"},
                          {"state", "state"},
                          {"bytes", "bytes", true},
                          {"versions", "versions", true, true, true},
                          {"path", "path"}}};
  std::map<std::string, std::uint64_t> counts;
  std::uint64_t orphan_bytes = 0;
  for (const FoundFile& file : files) {
    ++counts[file.state];
    if (std::string_view(file.state) == "orphan") orphan_bytes += file.bytes;
    const bool is_known = *file.state != '\0';
    sheet.rows.push_back({Fact::Text(file.kind), is_known ? Fact::Text(file.state) : Fact::None(),
                          Fact::Bytes(file.bytes, session), file.versions == 0 ? Fact::None() : Fact::Count(file.versions),
                          Fact::Text(file.path)});
  }
  sheet.members = {{"path", JsonText(root)},
                   {"version", std::to_string(dataset.manifest().version)},
                   {"orphans", std::to_string(counts["orphan"])},
                   {"orphan_bytes", std::to_string(orphan_bytes)},
                   {"missing", std::to_string(counts["missing"])},
                   {"wrong_size", std::to_string(counts["wrong size"])}};
  WriteSheet(sheet, &session);
  return {};
}

}  // namespace lancekit::tools
