#include "writer/output.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>

#include "format/schema.h"
#include "io/atomic_file.h"
#include "lancekit/version.hpp"
#include "writer/file_name.h"

namespace lancekit {
namespace {

namespace fs = std::filesystem;

Error OutputError(const std::string& path, const std::string& text) {
  Error error = MakeError(ErrorCode::kOutput, "{}", text);
  error.path = path;
  return error;
}

Error OutputErrno(const std::string& path, const char* what) {
  return OutputError(path, fmt::format("{}: {}", what, std::strerror(errno)));
}

bool Exists(const std::string& path) {
  struct stat info{};
  return ::lstat(path.c_str(), &info) == 0;
}

std::string WithoutTrailingSlash(std::string path) {
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  return path;
}

/// Puts the folder `made` in the place of what is at `path`; what was there is then at `made`.
Status Exchange(const std::string& made, const std::string& path) {
  if (::renameat2(AT_FDCWD, made.c_str(), AT_FDCWD, path.c_str(), RENAME_EXCHANGE) == 0) return {};
  if (errno != EINVAL && errno != ENOSYS) return OutputErrno(path, "cannot replace it");
  // File systems that cannot exchange names in one step take three; the old content stays until the new one is in place.
  const std::string aside = made + ".old";
  if (::rename(path.c_str(), aside.c_str()) != 0) return OutputErrno(path, "cannot replace it");
  if (::rename(made.c_str(), path.c_str()) != 0) {
    const Error error = OutputErrno(path, "cannot replace it");
    ::rename(aside.c_str(), path.c_str());
    return error;
  }
  return ::rename(aside.c_str(), made.c_str()) == 0 ? Status() : Status(OutputErrno(aside, "the replaced table is left here"));
}

std::string ParentOf(const std::string& path) {
  const std::string parent = fs::path(path).parent_path().string();
  return parent.empty() ? "." : parent;
}

}  // namespace

Result<Output> Output::Open(const std::string& path, bool single_file, bool replace) {
  static std::atomic<unsigned> counter{0};
  Output output(WithoutTrailingSlash(path), single_file, replace);
  if (output.path_.empty()) return Invalid("the output has no name");
  if (!replace && Exists(output.path_)) return OutputError(output.path_, "already exists");
  if (single_file) {
    struct stat info{};
    if (::stat(output.path_.c_str(), &info) == 0 && S_ISDIR(info.st_mode))
      return OutputError(output.path_, "is a folder; a single file cannot replace it");
    return output;
  }
  const fs::path target(output.path_);
  output.folder_ = (fs::path(ParentOf(output.path_)) /
                    fmt::format(".{}.tmp-{}-{}", target.filename().string(), ::getpid(), counter.fetch_add(1)))
                       .string();
  if (::mkdir(output.folder_.c_str(), 0777) != 0) {
    output.folder_.clear();
    return OutputErrno(output.path_, "cannot create");
  }
  for (const char* part : {"data", "_versions", "_transactions"}) {
    if (::mkdir((fs::path(output.folder_) / part).c_str(), 0777) != 0) return OutputErrno(output.path_, "cannot create");
  }
  return output;
}

Output::Output(Output&& other) noexcept
    : path_(std::move(other.path_)),
      single_file_(other.single_file_),
      replace_(other.replace_),
      folder_(std::exchange(other.folder_, {})),
      data_file_(std::move(other.data_file_)),
      fragments_(std::move(other.fragments_)),
      metadata_bytes_(other.metadata_bytes_) {}

Output::~Output() {
  if (folder_.empty()) return;
  std::error_code ignored;
  fs::remove_all(folder_, ignored);
}

Result<std::string> Output::NextDataFile() {
  if (single_file_) return path_;
  data_file_ = NewDataFileStem() + ".lance";
  return (fs::path(folder_) / "data" / data_file_).string();
}

void Output::AddFragment(std::uint64_t num_rows, std::uint64_t size_bytes, const Schema& schema, format::FileVersion version) {
  format::DataFile file;
  file.path = data_file_;
  file.size_bytes = size_bytes;
  format::ToManifest(version, &file.major_version, &file.minor_version);
  for (const format::Leaf& leaf : format::Leaves(schema)) {
    file.fields.push_back(leaf.path.back()->id);
    file.column_indices.push_back(static_cast<std::int32_t>(leaf.column));
  }
  format::Fragment fragment;
  fragment.id = fragments_.size();
  fragment.physical_rows = num_rows;
  fragment.files.push_back(std::move(file));
  fragments_.push_back(std::move(fragment));
}

Status Output::WriteWhole(const std::string& name, const std::string& bytes) {
  LANCEKIT_ASSIGN(AtomicFile file, AtomicFile::Create((fs::path(folder_) / name).string()));
  LANCEKIT_TRY(file.Append(std::as_bytes(std::span(bytes))));
  metadata_bytes_ += bytes.size();
  return file.Publish(false);
}

Status Output::Publish(const Schema& schema, format::FileVersion version) {
  if (single_file_) return {};
  format::Manifest manifest;
  manifest.schema = schema;
  manifest.fragments = std::move(fragments_);
  manifest.version = 1;
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  manifest.timestamp_seconds = std::chrono::duration_cast<std::chrono::seconds>(now).count();
  manifest.timestamp_nanos =
      static_cast<std::int32_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(now).count() % 1'000'000'000);
  if (!manifest.fragments.empty()) manifest.max_fragment_id = static_cast<std::uint32_t>(manifest.fragments.size() - 1);
  manifest.writer_library = "lancekit";
  manifest.writer_version = LANCEKIT_VERSION;
  manifest.data_format_version = format::ManifestText(version);
  const std::string uuid = NewUuid();
  manifest.transaction_file = "0-" + uuid + ".txn";
  LANCEKIT_ASSIGN(const std::string transaction, format::SerializeCreateTransaction(manifest, uuid));
  LANCEKIT_ASSIGN(const std::string file, format::SerializeManifestFile(manifest, transaction));
  LANCEKIT_TRY(WriteWhole("_transactions/" + manifest.transaction_file, transaction));
  LANCEKIT_TRY(WriteWhole("_versions/" + format::ManifestName(manifest.version), file));
  LANCEKIT_TRY(SyncFolder((fs::path(folder_) / "data").string()));
  LANCEKIT_TRY(SyncFolder(folder_));
  if (replace_ && Exists(path_)) {
    LANCEKIT_TRY(Exchange(folder_, path_));
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
  } else if (::renameat2(AT_FDCWD, folder_.c_str(), AT_FDCWD, path_.c_str(), RENAME_NOREPLACE) != 0) {
    return OutputError(path_, errno == EEXIST ? "already exists" : fmt::format("cannot rename to it: {}", std::strerror(errno)));
  }
  folder_.clear();
  return SyncFolder(ParentOf(path_));
}

}  // namespace lancekit
