// Dataset folders: finding manifests and data files.
#pragma once

#include <string>

#include "base/context_impl.h"
#include "format/manifest.h"

namespace lancekit {

/// The newest version of the dataset. Errors: kIo, kCorruption (a folder without a manifest), kUnsupported.
Result<format::Manifest> ReadNewestManifest(ContextImpl& context, const std::string& dataset);
/// Path of a data file that a manifest names. Errors: kCorruption for a name that leads out of the dataset.
Result<std::string> DataFilePath(const std::string& dataset, const std::string& name);

}  // namespace lancekit
