#include "writer/output.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>

#include "base/trace.h"
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

/// Same columns with the same ids, in data files of the same version of Lance.
bool IsSameTable(const format::Manifest& a, const format::Manifest& b) {
  const auto ids = [](const Schema& schema) {
    std::vector<std::int32_t> all;
    for (const format::Leaf& leaf : format::Leaves(schema)) all.push_back(leaf.path.back()->id);
    return all;
  };
  return a.schema.fields == b.schema.fields && ids(a.schema) == ids(b.schema) && a.data_format_version == b.data_format_version;
}

/// A folder is replaced where it is a dataset or empty, never where it holds somebody's files. Errors: kOutput.
Status CheckReplaceable(const std::string& path) {
  std::error_code ignored;
  if (!fs::is_directory(path, ignored) || fs::is_directory(fs::path(path) / "_versions", ignored) || fs::is_empty(path, ignored))
    return {};
  return OutputError(path, "is a folder and no Lance dataset; it is not replaced");
}

std::string ParentOf(const std::string& path) {
  const std::string parent = fs::path(path).parent_path().string();
  return parent.empty() ? "." : parent;
}

}  // namespace

Result<Output> Output::Open(ContextImpl& context, const std::string& path, const WriteOptions& options) {
  Output output(WithoutTrailingSlash(path), options.single_file, options.overwrite);
  if (output.path_.empty()) return Invalid("the output has no name");
  if ((options.append || options.keep_versions) && Exists(output.path_)) {
    auto base = ReadNewestVersion(context, output.path_);
    if (!base) return At(std::move(base).status(), {.path = output.path_});
    output.base_ = *std::move(base);
    output.change_ = options.append ? format::Change::kAppend : format::Change::kOverwrite;
    output.folder_ = output.path_;
    struct stat info{};
    if (::stat(output.path_.c_str(), &info) != 0) return OutputErrno(output.path_, "cannot stat");
    output.device_ = info.st_dev;
    output.inode_ = info.st_ino;
    LANCEKIT_TRY(output.MakeFolders());
    return output;
  }
  if (!options.overwrite && Exists(output.path_)) return OutputError(output.path_, "already exists");
  if (options.single_file) {
    struct stat info{};
    if (::stat(output.path_.c_str(), &info) == 0 && S_ISDIR(info.st_mode))
      return OutputError(output.path_, "is a folder; a single file cannot replace it");
    return output;
  }
  if (Exists(output.path_)) LANCEKIT_TRY(CheckReplaceable(output.path_));
  int made = 0;
  do {
    output.folder_ = TemporaryPathFor(output.path_);
    made = ::mkdir(output.folder_.c_str(), 0777);
  } while (made != 0 && errno == EEXIST);
  if (made != 0) {
    output.folder_.clear();
    return OutputErrno(output.path_, "cannot create");
  }
  LANCEKIT_TRY(output.MakeFolders());
  return output;
}

Status Output::MakeFolders() {
  for (const char* part : {"data", "_versions", "_transactions"}) {
    if (::mkdir((fs::path(folder_) / part).c_str(), 0777) != 0 && errno != EEXIST) return OutputErrno(path_, "cannot create");
  }
  return {};
}

Output::Output(Output&& other) noexcept
    : path_(std::move(other.path_)),
      single_file_(other.single_file_),
      replace_(other.replace_),
      folder_(std::exchange(other.folder_, {})),
      base_(std::move(other.base_)),
      device_(other.device_),
      inode_(other.inode_),
      change_(other.change_),
      created_(std::move(other.created_)),
      fragments_(std::move(other.fragments_)),
      metadata_bytes_(other.metadata_bytes_) {}

Output::~Output() {
  if (folder_.empty()) return;
  std::error_code ignored;
  for (const std::string& file : created_) fs::remove(file, ignored);
  if (!base_) fs::remove_all(folder_, ignored);
}

Result<std::string> Output::NextDataFile() {
  if (single_file_) return path_;
  const std::string path = (fs::path(folder_) / "data" / (NewDataFileStem() + ".lance")).string();
  if (base_) created_.push_back(path);
  return path;
}

void Output::AddFragment(const std::string& path, std::uint64_t num_rows, std::uint64_t size_bytes, const Schema& schema,
                         format::FileVersion version) {
  format::DataFile file;
  file.path = fs::path(path).filename().string();
  file.size_bytes = size_bytes;
  format::ToManifest(version, &file.major_version, &file.minor_version);
  for (const format::Leaf& leaf : format::Leaves(schema)) {
    file.fields.push_back(leaf.path.back()->id);
    file.column_indices.push_back(static_cast<std::int32_t>(leaf.column));
  }
  format::Fragment fragment;
  fragment.physical_rows = num_rows;
  fragment.files.push_back(std::move(file));
  fragments_.push_back(std::move(fragment));
}

Status Output::WriteWhole(const std::string& name, const std::string& bytes, bool* taken) {
  LANCEKIT_ASSIGN(AtomicFile file, AtomicFile::Create((fs::path(folder_) / name).string()));
  LANCEKIT_TRY(file.Append(std::as_bytes(std::span(bytes))));
  metadata_bytes_ += bytes.size();
  Status status = file.Publish(false);
  if (taken != nullptr) *taken = file.name_was_taken();
  return status;
}

Result<std::uint64_t> Output::Publish(ContextImpl& context, const Schema& schema, format::FileVersion version) {
  if (single_file_) return 0;
  const TraceSpan span(context, "publish version");
  format::Manifest manifest;
  manifest.schema = schema;
  manifest.fragments = std::move(fragments_);
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  manifest.timestamp_seconds = std::chrono::duration_cast<std::chrono::seconds>(now).count();
  manifest.timestamp_nanos =
      static_cast<std::int32_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(now).count() % 1'000'000'000);
  manifest.writer_library = "lancekit";
  manifest.writer_version = LANCEKIT_VERSION;
  manifest.data_format_version = format::ManifestText(version);
  LANCEKIT_TRY(SyncFolder((fs::path(folder_) / "data").string()));
  if (base_) {
    LANCEKIT_TRY(PublishVersion(context, &manifest));
  } else {
    LANCEKIT_TRY(WriteManifest(&manifest));
    LANCEKIT_TRY(PublishFolder());
  }
  folder_.clear();
  return manifest.version;
}

Status Output::WriteManifest(format::Manifest* manifest, bool* taken) {
  manifest->version = base_ ? base_->manifest.version + 1 : 1;
  std::uint64_t id = base_ ? base_->NextFragmentId() : 0;
  for (format::Fragment& fragment : manifest->fragments) fragment.id = id++;
  if (id > std::uint64_t{1} << 32) return Unsupported("a dataset of more than 2^32 fragments");
  if (id > 0) manifest->max_fragment_id = static_cast<std::uint32_t>(id - 1);
  const std::string uuid = NewUuid();
  manifest->transaction_file = fmt::format("{}-{}.txn", manifest->version - 1, uuid);
  LANCEKIT_ASSIGN(const std::string transaction, format::SerializeTransaction(*manifest, change_, uuid));
  auto file = base_ ? format::SerializeNextManifestFile(base_->file.bytes(), *manifest, change_, transaction)
                    : format::SerializeManifestFile(*manifest, transaction);
  if (!file) return std::move(file).status();
  const std::string name = "_transactions/" + manifest->transaction_file;
  if (base_) created_.push_back((fs::path(folder_) / name).string());
  LANCEKIT_TRY(WriteWhole(name, transaction));
  if (base_) LANCEKIT_TRY(CheckSameFolder());
  return WriteWhole("_versions/" + (base_ ? base_->NextName() : format::ManifestName(manifest->version)), *file, taken);
}

Status Output::CheckSameFolder() const {
  struct stat info{};
  if (::stat(folder_.c_str(), &info) == 0 && info.st_dev == device_ && info.st_ino == inode_) return {};
  return OutputError(path_, "was replaced by somebody meanwhile");
}

Status Output::PublishVersion(ContextImpl& context, format::Manifest* manifest) {
  while (true) {
    bool taken = false;
    Status written = WriteManifest(manifest, &taken);
    if (!taken) {
      // Once its manifest has its name, a version needs its files, whatever happens then.
      if (written.ok() || Exists((fs::path(folder_) / "_versions" / base_->NextName()).string())) created_.clear();
      return written;
    }
    // Somebody else has made that version meanwhile. Whatever it did to other rows, these can follow it if the columns are the
    // same.
    LANCEKIT_ASSIGN(auto newer, ReadNewestVersion(context, folder_));
    if (change_ == format::Change::kAppend && !IsSameTable(newer->manifest, base_->manifest))
      return OutputError(
          path_, fmt::format("version {} has other columns than the one that rows were appended to", newer->manifest.version));
    base_ = std::move(newer);
    std::error_code ignored;
    fs::remove(created_.back(), ignored);  // the transaction
    created_.pop_back();
    metadata_bytes_ = 0;
  }
}

Status Output::PublishFolder() {
  LANCEKIT_TRY(SyncFolder(folder_));
  if (replace_ && Exists(path_)) {
    LANCEKIT_TRY(CheckReplaceable(path_));
    LANCEKIT_TRY(Exchange(folder_, path_));
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
  } else if (::renameat2(AT_FDCWD, folder_.c_str(), AT_FDCWD, path_.c_str(), RENAME_NOREPLACE) != 0) {
    return OutputError(path_, errno == EEXIST ? "already exists" : fmt::format("cannot rename to it: {}", std::strerror(errno)));
  }
  return SyncFolder(ParentOf(path_));
}

}  // namespace lancekit
