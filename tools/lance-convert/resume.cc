#include "tools/lance-convert/resume.h"

#include <fcntl.h>
#include <stdio.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <set>

#include "format/version_files.h"
#include "io/atomic_file.h"
#include "tools/common/json.h"
#include "tools/lance-convert/input_list.h"
#include "tools/lance-convert/output_check.h"
#include "writer/base_version.h"

namespace lancekit::convert {
namespace {

namespace fs = std::filesystem;

constexpr const char* kJournal = "journal.jsonl";
constexpr const char* kDataset = "dataset";

Error Failed(const std::string& path, const std::string& what) {
  Error error = MakeError(ErrorCode::kOutput, "{}", what);
  error.path = path;
  return error;
}

std::string WithoutSlash(std::string path) {
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  return path;
}

/// What tells that an input is the one it was, as a line of the journal.
Result<std::string> Identify(const std::string& path) {
  std::error_code error;
  const fs::path file = fs::absolute(path);
  std::uint64_t bytes = 0;
  fs::file_time_type changed = fs::last_write_time(file, error);
  if (!error && fs::is_directory(file)) {
    for (fs::recursive_directory_iterator it(file, error), end; !error && it != end; it.increment(error)) {
      std::error_code ignored;
      if (it->is_regular_file(ignored)) bytes += it->file_size(ignored);
      changed = std::max(changed, it->last_write_time(ignored));
    }
  } else if (!error) {
    bytes = fs::file_size(file, error);
  }
  if (path == "-" || (!error && !fs::is_regular_file(file) && !fs::is_directory(file)))
    return Invalid("--resume needs inputs that are the same another time, which a pipe is not");
  if (error) {
    Error failed = MakeError(ErrorCode::kIo, "cannot be looked at: {}", error.message());
    failed.path = path;
    return failed;
  }
  tools::JsonWriter json;
  const auto nanos =
      std::chrono::duration_cast<std::chrono::nanoseconds>(fs::file_time_type::clock::to_sys(changed).time_since_epoch()).count();
  json.BeginObject().Member("path", file.string()).Member("bytes", bytes).Member("changed", nanos).EndObject();
  return json.text();
}

/// How many inputs are in the dataset.
std::uint64_t Done(const std::string& folder) {
  const auto versions = format::ListVersionFiles(folder);
  return versions ? versions->back().version : 0;
}

/// Errors: kInvalidArgument when what is done is not what comes first.
Status CompareJournal(const std::string& folder, const std::vector<std::string>& lines, std::uint64_t done) {
  std::ifstream journal(fs::path(folder) / kJournal);
  std::string line;
  for (std::uint64_t i = 0; i < done; ++i) {
    if (std::getline(journal, line) && i < lines.size() && line == lines[i]) continue;
    const std::string why = i < lines.size() ? fmt::format("input {} is now {}", i + 1, lines[i])
                                             : fmt::format("there are only {} inputs now", lines.size());
    return Invalid("an earlier run has done other inputs: {}; remove {} to begin anew", why, folder);
  }
  return {};
}

Status WriteJournal(const std::string& folder, const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  LANCEKIT_ASSIGN(AtomicFile file, AtomicFile::Create((fs::path(folder) / kJournal).string()));
  LANCEKIT_TRY(file.Append(std::as_bytes(std::span(text))));
  return file.Publish(true);
}

/// Only the newest version is of use, and its number.
void RemoveOlderVersions(const std::string& dataset) {
  const auto versions = format::ListVersionFiles(dataset);
  std::error_code ignored;
  for (std::size_t i = 0; versions && i + 1 < versions->size(); ++i) fs::remove((*versions)[i].path, ignored);
}

/// Files that a run has left which was stopped in the middle of an input.
Status RemoveUnfinished(Context& context, const std::string& dataset) {
  LANCEKIT_ASSIGN(const auto newest, ReadNewestVersion(context.impl(), dataset));
  std::set<std::string> wanted{newest->manifest.transaction_file};
  for (const format::Fragment& fragment : newest->manifest.fragments) {
    for (const format::DataFile& file : fragment.files) wanted.insert(file.path);
  }
  for (const char* part : {"data", "_transactions"}) {
    std::error_code error;
    for (fs::directory_iterator it(fs::path(dataset) / part, error), end; !error && it != end; it.increment(error)) {
      std::error_code ignored;
      if (!wanted.contains(it->path().filename().string())) fs::remove(it->path(), ignored);
    }
  }
  return {};
}

void AddTo(Report* sum, Report part) {
  sum->rows += part.rows;
  sum->bytes_in += part.bytes_in;
  sum->arrow_bytes += part.arrow_bytes;
  sum->seconds += part.seconds;
  sum->columns = part.columns;
  sum->threads = part.threads;
  sum->peak_memory = part.peak_memory;
  sum->input_format = part.input_format;
  sum->bad_rows.skipped += part.bad_rows.skipped;
  for (const auto& [column, count] : part.bad_rows.nulls) sum->bad_rows.nulls[column] += count;
  for (BadRow& row : part.bad_rows.first) sum->bad_rows.Tell(std::move(row));
  std::ranges::move(part.losses, std::back_inserter(sum->losses));
  const std::uint64_t bytes = sum->written.bytes + part.written.bytes;
  sum->written = std::move(part.written);
  sum->written.bytes = bytes;
  sum->written.columns.clear();  // of the last input only
  sum->refused = std::move(part.refused);
}

}  // namespace

Result<Report> ConvertResumable(const Options& given, Context& context) {
  LANCEKIT_TRY(CheckOutput(given).status());
  LANCEKIT_ASSIGN(const std::vector<std::string> inputs,
                  ExpandInputs({given.inputs, given.files_from, given.nul_separated, given.from}));
  std::vector<std::string> lines;
  for (const std::string& input : inputs) {
    LANCEKIT_ASSIGN(lines.emplace_back(), Identify(input));
  }
  const fs::path output = WithoutSlash(given.output);
  const std::string folder = (output.parent_path() / fmt::format(".{}.resume", output.filename().string())).string();
  const std::string dataset = (fs::path(folder) / kDataset).string();
  const std::uint64_t done = Done(dataset);
  LANCEKIT_TRY(CompareJournal(folder, lines, done));
  std::error_code error;
  fs::create_directory(folder, error);
  if (error) return Failed(folder, fmt::format("cannot create: {}", error.message()));
  if (done > 0) LANCEKIT_TRY(RemoveUnfinished(context, dataset));
  LANCEKIT_TRY(WriteJournal(folder, lines));  // before the versions that it tells of
  Report report;
  for (std::uint64_t i = done; i < inputs.size(); ++i) {
    Options one = given;
    one.resume = false;
    one.files_from.reset();
    one.inputs = {inputs[i]};
    one.output = dataset;
    one.to = Format::kLance;
    one.append = true;
    LANCEKIT_ASSIGN(Report part, Convert(one, context));
    AddTo(&report, std::move(part));
    if (!report.refused.empty()) return report;
    RemoveOlderVersions(dataset);
  }
  report.inputs = inputs;
  report.output = given.output;
  if (::renameat2(AT_FDCWD, dataset.c_str(), AT_FDCWD, output.c_str(), RENAME_NOREPLACE) != 0)
    return Failed(output.string(),
                  errno == EEXIST ? "already exists" : fmt::format("cannot rename to it: {}", std::strerror(errno)));
  LANCEKIT_TRY(SyncFolder(output.has_parent_path() ? output.parent_path().string() : "."));
  fs::remove_all(folder, error);
  return report;
}

}  // namespace lancekit::convert
