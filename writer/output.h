// Where a new table goes: a bare file, or a dataset folder that is built beside its place and renamed into it.
#pragma once

#include <string>
#include <vector>

#include "base/status.h"
#include "format/manifest.h"
#include "format/version.h"

namespace lancekit {

class Output {
 public:
  /// Errors: kOutput when the path exists and `replace` is off, or cannot be made.
  static Result<Output> Open(const std::string& path, bool single_file, bool replace);
  Output(Output&& other) noexcept;
  Output& operator=(Output&&) = delete;
  ~Output();  ///< removes what was not published

  bool single_file() const noexcept { return single_file_; }
  bool replace() const noexcept { return replace_; }
  const std::string& path() const noexcept { return path_; }
  /// Path of the next data file; it becomes part of the dataset with AddFragment.
  Result<std::string> NextDataFile();
  void AddFragment(std::uint64_t num_rows, std::uint64_t size_bytes, const Schema& schema, format::FileVersion version);
  /// A dataset: writes transaction and manifest, then renames the folder. A bare file is published by its writer.
  Status Publish(const Schema& schema, format::FileVersion version);
  std::uint64_t metadata_bytes() const noexcept { return metadata_bytes_; }

 private:
  Output(std::string path, bool single_file, bool replace)
      : path_(std::move(path)), single_file_(single_file), replace_(replace) {}
  Status WriteWhole(const std::string& name, const std::string& bytes);

  std::string path_;
  bool single_file_;
  bool replace_;
  std::string folder_;     // the temporary folder; empty once it is gone or for a bare file
  std::string data_file_;  // name of the data file being written
  std::vector<format::Fragment> fragments_;
  std::uint64_t metadata_bytes_ = 0;
};

}  // namespace lancekit
