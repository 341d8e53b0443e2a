// The newest version of a dataset, which a new version is made of.
#pragma once

#include <memory>
#include <string>

#include "base/context_impl.h"
#include "base/status.h"
#include "format/manifest.h"
#include "format/version.h"

namespace lancekit {

struct BaseVersion {
  Buffer file;  ///< the manifest file
  format::Manifest manifest;
  bool has_old_name = false;  ///< the manifests are named by the version itself

  /// The name of the next version's manifest.
  std::string NextName() const;
  /// Of the first fragment that is added.
  std::uint64_t NextFragmentId() const;
  /// The version of its data files. Errors: kUnsupported where it cannot be written.
  Result<format::FileVersion> FormatVersion() const;
};

/// Errors: kOutput where the folder is no dataset, kUnsupported for features that a new version would harm, kIo, kCorruption.
Result<std::unique_ptr<BaseVersion>> ReadNewestVersion(ContextImpl& context, const std::string& folder);

}  // namespace lancekit
