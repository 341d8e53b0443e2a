// One run of lance-inspect: what was asked for, and where the answer goes.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "lancekit/context.hpp"
#include "lancekit/inspect.hpp"
#include "tools/common/cell_format.h"
#include "tools/common/common_options.h"
#include "tools/common/text_table.h"
#include "tools/common/version_options.h"

namespace lancekit::tools {

struct Options {
  CommonOptions common;
  std::vector<std::string> arguments;  ///< without the command
  std::vector<std::string> columns;    ///< -c, not yet split at commas
  std::vector<std::string> excluded;
  std::string format;  ///< empty = by the output
  std::string output_path;
  std::string schema_form = "tree";  ///< tree, json, arrow-json, ddl-duckdb or ddl-postgres
  std::int64_t page = -1;            ///< -1 = all
  bool why = false;                  ///< encoding --why
  std::string preset;                ///< of --why; empty = that of the file's version
  std::uint64_t num_rows = 10;
  std::uint64_t seed = 0;
  std::optional<std::string> where;
  bool explain = false;
  bool scan = false;
  VersionOptions version;
  OpenOptions open;  ///< what --version, --tag, --branch and --as-of say
  bool exact_bytes = false;
  bool verbose = false;
  ValueStyle values;
  bool has_binary_style = false;
  bool quick = false;
  bool full = false;
  bool fail_fast = false;
  bool force = false;
  std::string sums;        ///< --sums; empty = none
  std::string svg;         ///< layout --svg; empty = none
  std::string html;        ///< layout --html; empty = none
  bool open_page = false;  ///< layout --open
  bool vertical = false;
  bool no_pager = false;
  std::string sort = "bytes";      ///< columns --sort
  std::uint64_t depth = 0;         ///< columns --depth; 0 = all
  bool histogram = false;          ///< encoding --histogram
  std::uint64_t most_columns = 0;  ///< columns --top; 0 = all
  std::vector<std::string> key;    ///< diff --key, not yet split at commas
  double relative_tolerance = 0;
  double absolute_tolerance = 0;
  std::uint64_t most_differences = 20;  ///< diff --limit
  bool diff_layout = false;
  bool each_page = false;  ///< diff --layout --pages
};

struct Session {
  Options options;
  Context context;
  Format format = Format::kTable;
  std::unique_ptr<Output> output;
  int exit_code = 0;  ///< of a command that ended well
};

/// Bytes as the tables show them: exact up to 7 digits, then KiB and so on, unless --bytes.
std::string BytesText(std::uint64_t bytes, const Session& session);

/// "65.6%"
std::string ShareText(double share);

/// A table path, opened: its files and their structure.
struct InspectedTable {
  std::string path;
  DataFiles files;
  std::vector<InspectedFile> structure;  ///< one per file

  /// Rows of the newest version as they lie in the files, deleted ones counted.
  std::uint64_t NumRows() const;
  std::uint64_t NumBytes() const;
  std::uint64_t NumPages() const;
  /// "2.1", or "2.0 and 2.2".
  std::string Versions() const;
  /// "Lance 2.2 dataset, version 1"
  std::string Kind() const;
};
/// The version that the options name.
Result<InspectedTable> InspectTable(const Session& session, const std::string& path);
Result<InspectedTable> InspectTable(const Session& session, const std::string& path, const OpenOptions& version);

/// Splits at commas, except for what is a name as it is.
std::vector<std::string> SplitNames(const std::vector<std::string>& texts, const std::vector<std::string>& known);
/// Tells for each path whether -c and --exclude take it; a name stands for its children too.
/// Errors: kInvalidArgument for a name that no path has, with the nearest one.
Result<std::vector<bool>> ChooseColumns(const Options& options, const std::vector<std::string>& paths);
/// The paths of those of the table, each of whose files may have other columns. Errors as ChooseColumns().
Result<std::set<std::string>> ChoosePaths(const Options& options, const InspectedTable& table);

}  // namespace lancekit::tools
