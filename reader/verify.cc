#include "lancekit/verify.hpp"

#include <algorithm>
#include <filesystem>
#include <set>

#include "base/without_throwing.h"
#include "reader/findings.h"
#include "reader/refs.h"
#include "reader/sums.h"
#include "reader/verify_file.h"

namespace lancekit {
namespace {

namespace fs = std::filesystem;

class TableVerifier {
 public:
  TableVerifier(const Context& context, std::string path, const VerifyOptions& options, const OnFinding& on_finding)
      : context_(context), path_(std::move(path)), options_(options), findings_(on_finding, &summary_) {}

  Result<VerifySummary> Run() {
    if (!options_.sums.empty()) {
      LANCEKIT_ASSIGN(sums_.emplace(), Sums::Read(context_, options_.sums));
    }
    LANCEKIT_ASSIGN(const bool is_dataset, IsDataset(path_, options_.open));
    if (is_dataset) {
      LANCEKIT_TRY(CheckDataset());
    } else {
      LANCEKIT_ASSIGN(const std::shared_ptr<Source> source, OpenFileSource(context_.impl(), path_));
      CheckFile(path_, nullptr, nullptr);
    }
    LANCEKIT_TRY(context_.impl().CheckCancelled());
    return summary_;
  }

 private:
  Status CheckDataset();
  void CheckFragment(const Dataset& dataset, const format::Fragment& fragment);
  /// `entry` and `fragment`: what the manifest says of the file; null for a bare file.
  void CheckFile(const std::string& path, const format::DataFile* entry, const format::Fragment* fragment);
  void CheckContents(const std::string& path, const format::DataFile* entry, const format::Fragment* fragment,
                     VerifiedFile* file);
  void CheckAgainstManifest(const FileReader& file, const format::DataFile& entry, const format::Fragment& fragment);
  void CheckDeletions(const Dataset& dataset, const format::Fragment& fragment);
  void CompareWithSums(const std::string& path);
  /// Those on disk and those that the sums cover.
  void CompareSidecars(const std::string& path);
  void NameOrphans(const Dataset& dataset);
  void AddNames(const Dataset& dataset, std::set<std::string>* names) const;

  const Context& context_;
  std::string path_;
  const VerifyOptions& options_;
  VerifySummary summary_;
  Findings findings_;
  std::optional<Sums> sums_;
};

/// Why a file cannot be opened: what looks like a schema of things to come is a damaged one where its hash says so.
Finding DiagnoseTail(const std::shared_ptr<Source>& source, const Error& error) {
  VerifySummary counts;
  Finding result;
  const OnFinding keep = [&](const Finding& finding) {
    result = finding;
    return true;
  };
  Finding place;
  place.size = std::min<std::uint64_t>(source->size(), format::kFooterBytes);
  place.offset = source->size() - place.size;
  Findings(keep, &counts).Add(error, place);
  const auto last = source->Read(place.offset, place.size);
  const auto footer = last ? format::ParseFooter(last->bytes(), source->size()) : Result<format::Footer>(last.error());
  if (!footer) return result;
  const auto table = source->Read(footer->gbo_offset, std::uint64_t{footer->num_global_buffers} * 16);
  std::vector<format::FileRange> buffers;
  for (std::uint32_t i = 0; table && i < footer->num_global_buffers; ++i) {
    const auto range = format::TableEntry(table->bytes(), i, source->size());
    if (!range) return result;
    buffers.push_back(*range);
  }
  const FileStatistics statistics(source, buffers, *footer);
  if (const Status tail = statistics.CheckTail(); !tail.ok()) {
    const bool is_schema = tail.error().offset == buffers[0].offset;
    result.severity = Severity::kDamage;
    result.buffer = is_schema ? 0 : -1;
    result.offset = tail.error().offset;
    result.size = is_schema ? buffers[0].size : source->size() - result.offset;
    result.message = fmt::format("{}: {}", tail.error().message, error.message);
  }
  return result;
}

std::string Normal(const std::string& path) { return fs::path(path).lexically_normal().string(); }

void TableVerifier::CompareWithSums(const std::string& path) {
  if (!sums_.has_value()) return;
  const fs::path normal = Normal(path);
  const bool is_bare = normal == Normal(path_);
  const std::string name = is_bare ? normal.filename().string() : normal.lexically_relative(Normal(path_)).string();
  const FileSums* const sums = sums_->Find(name);
  if (sums != nullptr) return CompareSums(context_, path, *sums, &findings_);
  Finding finding;
  finding.severity = Severity::kNote;
  finding.path = path;
  finding.message = "is not covered by the sums";
  findings_.Add(std::move(finding));
}

void TableVerifier::CompareSidecars(const std::string& path) {
  std::set<std::string> sidecars;
  for (const std::string& sidecar : SidecarsOf(path)) sidecars.insert(Normal(sidecar));
  const fs::path folder = fs::path(Normal(path)).replace_extension().lexically_relative(Normal(path_));
  for (const std::string& name : sums_->NamesIn(folder.string())) sidecars.insert(Normal((fs::path(path_) / name).string()));
  for (const std::string& sidecar : sidecars) CompareWithSums(sidecar);
}

void TableVerifier::CheckFile(const std::string& path, const format::DataFile* entry, const format::Fragment* fragment) {
  VerifiedFile file;
  file.path = path;
  const std::uint64_t before = findings_.damages();
  findings_.set_path(path);
  CheckContents(path, entry, fragment, &file);
  if (!file.is_missing) CompareWithSums(path);
  if (entry != nullptr && sums_.has_value()) CompareSidecars(path);
  file.damages = findings_.damages() - before;
  summary_.files.push_back(std::move(file));
}

void TableVerifier::CheckContents(const std::string& path, const format::DataFile* entry, const format::Fragment* fragment,
                                  VerifiedFile* file) {
  std::error_code error;
  if (!fs::exists(path, error)) {
    file->is_missing = true;
    Finding finding;
    finding.message = fmt::format("is missing: fragment {} of version {} names it; {} rows", fragment->id, summary_.version,
                                  fragment->physical_rows);
    return findings_.Add(std::move(finding));
  }
  const auto source = OpenFileSource(context_.impl(), path);
  if (!source) return findings_.Add(source.error());
  file->bytes = (*source)->size();
  if (entry != nullptr && entry->size_bytes != 0 && entry->size_bytes != file->bytes)
    findings_.Add(Corrupt("{} bytes where the manifest says {}", file->bytes, entry->size_bytes));
  const auto reader = FileReader::Open(*source);
  if (!reader) return findings_.Add(DiagnoseTail(*source, reader.error()));
  if (entry != nullptr) CheckAgainstManifest(**reader, *entry, *fragment);
  FileVerifier verifier(context_, *reader, &findings_);
  verifier.CheckTail();
  if (options_.level == VerifyLevel::kFull) verifier.CheckPages();
  *file = verifier.Describe();
  file->path = path;
}

void TableVerifier::CheckAgainstManifest(const FileReader& file, const format::DataFile& entry,
                                         const format::Fragment& fragment) {
  const std::uint64_t rows = file.num_rows();
  if (fragment.physical_rows != 0 && rows != fragment.physical_rows)
    findings_.Add(Corrupt("{} rows where the manifest says {}", rows, fragment.physical_rows));
  const auto columns = ColumnsOf(entry);
  if (!columns) return findings_.Add(columns.error());
  for (const auto& [id, column] : *columns) {
    if (column >= file.footer().num_columns)
      findings_.Add(Corrupt("the manifest has field {} in column {} of {}", id, column, file.footer().num_columns));
  }
}

void TableVerifier::CheckDeletions(const Dataset& dataset, const format::Fragment& fragment) {
  if (!fragment.deletion_file.has_value()) return;
  ++summary_.deletion_files;
  const auto path = dataset.DeletionFilePath(fragment);
  findings_.set_path(path ? *path : dataset.manifest_path());
  const auto live = ReadLiveRows(dataset, fragment, fragment.physical_rows, context_.impl());
  if (!live && (fragment.physical_rows != 0 || live.error().code == ErrorCode::kIo)) return findings_.Add(live.error());
  if (path) CompareWithSums(*path);
}

void TableVerifier::CheckFragment(const Dataset& dataset, const format::Fragment& fragment) {
  for (const format::DataFile& file : fragment.files) {
    if (findings_.stopped() || !context_.impl().CheckCancelled().ok()) return;
    const auto path = dataset.DataFilePath(file);
    findings_.set_path(dataset.manifest_path());
    if (path) {
      CheckFile(*path, &file, &fragment);
    } else {
      findings_.Add(path.error());
    }
  }
  if (!findings_.stopped()) CheckDeletions(dataset, fragment);
}

Status TableVerifier::CheckDataset() {
  const auto dataset = Dataset::Open(context_.impl(), path_, options_.open);
  if (!dataset) {
    if (dataset.error().code != ErrorCode::kCorruption) return dataset.error();
    findings_.set_path(path_);
    findings_.Add(dataset.error());
    return {};
  }
  summary_.version = dataset->manifest().version;
  findings_.set_path(dataset->manifest_path());
  if (const Status readable = dataset->CheckReadable(); !readable.ok()) findings_.Add(readable.error());
  CompareWithSums(dataset->manifest_path());
  for (const format::Fragment& fragment : dataset->manifest().fragments) CheckFragment(*dataset, fragment);
  if (!findings_.stopped()) NameOrphans(*dataset);
  return {};
}

void TableVerifier::AddNames(const Dataset& dataset, std::set<std::string>* names) const {
  for (const format::Fragment& fragment : dataset.manifest().fragments) {
    for (const format::DataFile& file : fragment.files) {
      if (const auto path = dataset.DataFilePath(file)) names->insert(Normal(*path));
    }
    if (!fragment.deletion_file.has_value()) continue;
    if (const auto path = dataset.DeletionFilePath(fragment)) names->insert(Normal(*path));
  }
}

// Files of other versions, of detached ones and of branches, are no orphans.
void TableVerifier::NameOrphans(const Dataset& dataset) {
  std::set<std::string> names;
  AddNames(dataset, &names);
  std::vector<std::string> folders{path_};
  if (const auto branches = ListBranches(context_.impl(), path_)) {
    for (const Branch& branch : *branches) folders.push_back((fs::path(path_) / "tree" / branch.name).string());
  }
  for (const std::string& folder : folders) {
    std::error_code error;
    for (fs::directory_iterator it(fs::path(folder) / "_versions", error), end; !error && it != end; it.increment(error)) {
      const std::string path = it->path().string();
      if (!path.ends_with(".manifest")) continue;  // those of detached versions have it too
      auto manifest = ReadManifest(context_.impl(), path);
      findings_.set_path(path);
      if (!manifest) {
        findings_.Add(manifest.error());
        continue;
      }
      const Dataset version = Dataset::At(path_, folder, path, *std::move(manifest));
      if (!version.CheckReadable().ok()) return;  // it may name files in ways that are not known here
      AddNames(version, &names);
    }
  }
  for (const char* part : {"data", "_deletions"}) {
    std::error_code error;
    for (fs::directory_iterator it(fs::path(dataset.folder()) / part, error), end; !error && it != end; it.increment(error)) {
      std::error_code ignored;
      if (!it->is_regular_file(ignored) || names.contains(Normal(it->path().string()))) continue;
      Finding finding;
      finding.severity = Severity::kNote;
      finding.path = it->path().string();
      finding.size = it->file_size(ignored);
      finding.message = fmt::format("orphan: no version names it ({} bytes)", finding.size);
      findings_.Add(std::move(finding));
    }
  }
}

}  // namespace

Result<VerifySummary> verify(const Context& context, const std::string& path, const VerifyOptions& options,
                             const OnFinding& on_finding) {
  return WithoutThrowing([&] { return TableVerifier(context, path, options, on_finding).Run(); });
}

}  // namespace lancekit
