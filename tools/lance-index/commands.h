// The commands of lance-index.
#pragma once

#include "lancekit/result.hpp"
#include "tools/common/json.h"
#include "tools/common/output.h"
#include "tools/lance-index/options.h"

namespace lancekit::tools {

/// One run: what was asked for, and where the answer goes.
struct IndexSession {
  IndexOptions options;
  Context context;
  Format format = Format::kPlain;
  std::unique_ptr<Output> output;
};

Status RunBuild(IndexSession& session);
Status RunAdd(IndexSession& session);
Status RunDelete(IndexSession& session);
Status RunCompact(IndexSession& session);
Status RunSearch(IndexSession& session);
Status RunEval(IndexSession& session);
Status RunStats(IndexSession& session);
Status RunVerify(IndexSession& session);

/// Opens the index that the options name. Errors: those of VectorIndex::open.
Result<VectorIndex> OpenIndex(const IndexSession& session);
/// The start of every JSON document.
JsonWriter BeginIndexDocument(const IndexSession& session);
bool IsJson(const IndexSession& session);

}  // namespace lancekit::tools
