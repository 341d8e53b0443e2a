// The command line of lance-convert: one table of options, from which parsing and help come.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/status.h"
#include "lancekit/verify.hpp"
#include "lancekit/writer.hpp"
#include "tools/common/command_line.h"
#include "tools/common/program_facts.h"
#include "tools/common/version_options.h"
#include "tools/lance-convert/format.h"
#include "tools/lance-convert/many_sources.h"
#include "tools/lance-convert/split_sink.h"

namespace lancekit::convert {

struct Options {
  tools::CommonOptions common;
  std::vector<std::string> paths;
  std::vector<std::string> inputs;        ///< as given: paths, globs, folders
  std::optional<std::string> files_from;  ///< a list of more inputs
  bool nul_separated = false;             ///< the paths in that list
  std::string output;
  std::optional<Format> from;
  std::optional<Format> to;
  std::vector<std::string> columns;
  std::vector<std::string> exclude;
  std::vector<std::pair<std::string, std::string>> renames;  ///< old, new
  std::uint64_t skip = 0;
  std::optional<std::uint64_t> limit;
  std::string where_text;
  std::optional<Filter> where;
  bool explain = false;
  std::string format_version;  ///< of Lance; empty = the default, or that of the dataset that is appended to
  bool single_file = false;
  bool append = false;                  ///< to a dataset, as a new version
  bool same_columns = false;            ///< of what is appended; of --resume
  bool overwrite = false;               ///< the rows of a dataset, as a new version
  std::uint64_t max_rows_per_file = 0;  ///< 0 = the library's default
  std::vector<BloomColumn> bloom;
  std::string preset;
  std::vector<ColumnEncoding> encodings;
  SchemaMode schema_mode = SchemaMode::kStrict;
  tools::VersionOptions version;
  OpenOptions open;                ///< the version of the dataset that is read
  std::optional<Salvage> salvage;  ///< of damaged Lance inputs: all that is sound
  bool force = false;
  std::optional<std::string> summary;  ///< --summary json: the file it goes to, empty = stderr
  bool dry_run = false;
  bool strict = false;                  ///< nothing may be changed, lost or left out
  bool verify = false;                  ///< read the output again and compare
  bool checksum = false;                ///< write sums beside a Lance output
  bool resume = false;                  ///< go on where an earlier run was stopped
  std::optional<std::uint64_t> sample;  ///< rows
  std::uint64_t seed = 0;
  Split split;
  std::optional<std::int64_t> infer_rows;  ///< negative = all
  OnBadRow on_bad_row = OnBadRow::kFail;
  std::vector<TypeWish> types;
  TimestampFormats timestamp_formats;
  std::optional<char> quote = '"';
  std::string null_text;
  std::string delimiter;  ///< empty = by format
  bool no_header = false;
};

/// The command line as CLI11 knows it; `options` must outlive it.
std::unique_ptr<CLI::App> MakeCommandLine(Options& options);

/// Parses and checks. Errors: kInvalidArgument.
Status ParseOptions(CLI::App& app, int argc, const char* const* argv, Options& options);

/// What help, man page and completion are made of.
tools::ProgramFacts FactsAbout(const CLI::App& app);
/// At most 20 lines with two examples.
std::string ShortHelp();
/// Examples, then every option.
std::string FullHelp(const CLI::App& app);

}  // namespace lancekit::convert
