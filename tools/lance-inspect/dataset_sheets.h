// What the dataset commands share: opening a dataset, its versions with their branches, and sums over fragments.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "format/version_files.h"
#include "reader/dataset.h"
#include "tools/common/json.h"
#include "tools/lance-inspect/session.h"

namespace lancekit::tools {

/// The version of the first argument that the options name. Errors: kInvalidArgument for a single file.
Result<Dataset> OpenDatasetArgument(Session& session);
/// Errors: kInvalidArgument when it is none.
Status RequireDataset(const std::string& path);

struct RowCounts {
  std::uint64_t physical = 0;
  std::uint64_t deleted = 0;
  std::uint64_t live() const { return physical - deleted; }
};
RowCounts CountRows(const format::Fragment& fragment);
RowCounts CountRows(const format::Manifest& manifest);
std::uint64_t CountDataFiles(const format::Manifest& manifest);

/// A version of the history.
struct VersionFacts {
  std::uint64_t version = 0;
  std::string time;
  std::string operation;  ///< empty where nothing tells it
  RowCounts rows;
  std::uint64_t num_fragments = 0;
  std::uint64_t num_data_files = 0;
};
Result<VersionFacts> ReadVersion(ContextImpl& context, const format::VersionFile& file);

/// "array" or "bitmap"; empty without a deletion file.
std::string DeletionKind(const format::Fragment& fragment);
/// "2.1"
std::string VersionOf(const format::DataFile& file);
/// The size that the manifest tells, else that of the file; 0 when neither is known.
std::uint64_t SizeOf(const Dataset& dataset, const format::DataFile& file);
/// The array of the fragment's data files.
void AppendDataFilesJson(const Dataset& dataset, const format::Fragment& fragment, JsonWriter* json);

}  // namespace lancekit::tools
