// The command line of lance-index.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "lancekit/index.hpp"
#include "tools/common/common_options.h"
#include "tools/common/text_table.h"
#include "tools/common/version_options.h"

namespace lancekit::tools {

enum class IndexCommand : std::uint8_t { kNone, kBuild, kAdd, kDelete, kCompact, kSearch, kEval, kStats, kVerify };

struct IndexOptions {
  CommonOptions common;
  IndexCommand command = IndexCommand::kNone;
  std::string table;
  std::string column;
  std::string index;  ///< path of the sidecar; empty: beside the table
  std::string format;
  std::string output;
  VersionOptions version;
  OpenOptions open;
  bool force = false;
  BuildOptions build;
  // Of searches.
  std::string query;               ///< "[0.1, 0.2]" or "row:17"
  std::string queries;             ///< FILE or FILE:COLUMN
  std::uint64_t most_queries = 0;  ///< 0: all
  VectorQuery search;
  bool explain = false;
  std::optional<Filter> where;
  std::string rows;                  ///< delete: "1,2,10:20"
  bool tombstones = false;           ///< delete
  std::vector<std::uint32_t> efs;    ///< eval
  std::vector<std::string> columns;  ///< beside the hits
  std::string text;                  ///< kNone: what to print
  int exit_code = 0;
};

/// Errors: kInvalidArgument; the common options are filled as far as they were understood.
Status ParseIndexOptions(int argc, const char* const* argv, IndexOptions* options);

}  // namespace lancekit::tools
