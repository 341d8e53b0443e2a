// Where rows go: a bare file, a dataset folder that is built beside its place and renamed into it, or a new version of a dataset.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/context_impl.h"
#include "base/status.h"
#include "format/manifest.h"
#include "format/version.h"
#include "lancekit/writer.hpp"
#include "writer/base_version.h"

namespace lancekit {

class Output {
 public:
  /// Errors: kOutput when the path exists and is not to be replaced, or cannot be made; those of ReadNewestVersion().
  static Result<Output> Open(ContextImpl& context, const std::string& path, const WriteOptions& options);
  Output(Output&& other) noexcept;
  Output& operator=(Output&&) = delete;
  ~Output();  ///< removes what was not published

  bool single_file() const noexcept { return single_file_; }
  bool replace() const noexcept { return replace_; }
  const std::string& path() const noexcept { return path_; }
  /// The version that rows are appended to.
  const BaseVersion* appended_to() const noexcept { return change_ == format::Change::kAppend ? base_.get() : nullptr; }
  /// Path of the next data file; it becomes part of the dataset with AddFragment.
  Result<std::string> NextDataFile();
  void AddFragment(const std::string& path, std::uint64_t num_rows, std::uint64_t size_bytes, const Schema& schema,
                   format::FileVersion version);
  /// A dataset: writes transaction and manifest, then renames the folder. A bare file is published by its writer. Returns the
  /// number of the version; 0 for a file.
  Result<std::uint64_t> Publish(ContextImpl& context, const Schema& schema, format::FileVersion version);
  std::uint64_t metadata_bytes() const noexcept { return metadata_bytes_; }

 private:
  Output(std::string path, bool single_file, bool replace)
      : path_(std::move(path)), single_file_(single_file), replace_(replace) {}
  Status MakeFolders();
  /// `taken`: tells whether the file was not written because its name was there.
  Status WriteWhole(const std::string& name, const std::string& bytes, bool* taken = nullptr);
  Status PublishFolder();
  Status PublishVersion(ContextImpl& context, format::Manifest* manifest);
  Status WriteManifest(format::Manifest* manifest, bool* taken = nullptr);
  /// That the folder is the one that the new version was begun in. Errors: kOutput.
  Status CheckSameFolder() const;

  std::string path_;
  bool single_file_;
  bool replace_;
  std::string folder_;  // that files are written to: the temporary one, or the dataset's; empty once published or for a bare file
  std::unique_ptr<BaseVersion> base_;  // of the dataset that gets a new version
  std::uint64_t device_ = 0;           // of the dataset's folder, and its number there
  std::uint64_t inode_ = 0;
  format::Change change_ = format::Change::kOverwrite;
  std::vector<std::string> created_;  // files of the new version
  std::vector<format::Fragment> fragments_;
  std::uint64_t metadata_bytes_ = 0;
};

}  // namespace lancekit
