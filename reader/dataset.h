// Dataset folders: finding the manifest of the version wanted, and the files that it names.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/context_impl.h"
#include "format/manifest.h"
#include "format/transaction.h"
#include "lancekit/table.hpp"

namespace lancekit {

/// `columns`: as ParseManifestFile takes them.
Result<format::Manifest> ReadManifest(ContextImpl& context, const std::string& path, std::span<const std::string> columns = {});
/// What the commit of the manifest did, as the manifest or its transaction file has it; nothing when neither is there.
/// Errors: kIo, kCorruption.
Result<std::optional<format::Transaction>> ReadTransaction(ContextImpl& context, const std::string& manifest_path,
                                                           const format::Manifest& manifest);
/// The folder of a branch; the dataset's own for main (an empty name). Errors: kInvalidArgument, naming the branches there are.
Result<std::string> BranchFolder(ContextImpl& context, const std::string& dataset, const std::string& branch);
/// "2026-11-21T11:38:23.685Z"
std::string TimeText(std::int64_t seconds, std::int32_t nanos);

/// True for a folder, false for a file. Errors: kInvalidArgument for a file with a version.
Result<bool> IsDataset(const std::string& path, const OpenOptions& options);

/// One version of a dataset.
class Dataset {
 public:
  /// Errors: kIo, kCorruption, kUnsupported; kInvalidArgument for a version, tag or branch that is not there.
  static Result<Dataset> Open(ContextImpl& context, const std::string& path, const OpenOptions& options);

  /// A version that was found in the dataset `root` or in the folder of one of its branches.
  static Dataset At(std::string root, std::string folder, std::string manifest_path, format::Manifest manifest);

  /// The dataset's folder; of a branch, its own.
  const std::string& folder() const noexcept { return folder_; }
  const std::string& manifest_path() const noexcept { return manifest_path_; }
  const format::Manifest& manifest() const noexcept { return manifest_; }

  /// Where a file that the manifest names lies. Errors: kCorruption for a name that leads out of the dataset; kIo for another
  /// dataset that is not there.
  Result<std::string> DataFilePath(const format::DataFile& file) const;
  /// Pre: the fragment has a deletion file.
  Result<std::string> DeletionFilePath(const format::Fragment& fragment) const;

  /// kUnsupported when rows cannot be read, naming what is not known here.
  Status CheckReadable() const;

 private:
  Result<std::string> Resolve(const std::optional<std::uint32_t>& base_id, const char* part, const std::string& name) const;
  /// The folders that may be the other dataset that files are borrowed from, the likeliest first. Errors: kIo when there is none.
  Result<std::vector<std::filesystem::path>> BasePlaces(const std::string& path) const;

  std::string root_;  // as given; differs from folder_ for branches
  std::string folder_;
  std::string manifest_path_;
  format::Manifest manifest_;
};

}  // namespace lancekit
