#include "tools/lance-convert/resume.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <set>
#include <utility>

#include "format/version_files.h"
#include "io/atomic_file.h"
#include "tools/common/json.h"
#include "tools/lance-convert/input_list.h"
#include "tools/lance-convert/output.h"
#include "tools/lance-convert/output_check.h"
#include "writer/base_version.h"

namespace lancekit::convert {
namespace {

namespace fs = std::filesystem;

constexpr const char* kJournal = "journal.jsonl";
constexpr const char* kDataset = "dataset";

/// The folder of a run, which no other run can have at the same time.
class LockedFolder {
 public:
  /// Creates it where it is not there. Errors: kOutput when another run has it.
  static Result<LockedFolder> Open(const std::string& path) {
    std::error_code error;
    fs::create_directory(path, error);
    if (error) return OutputFailed(path, fmt::format("cannot create: {}", error.message()));
    LockedFolder folder;
    folder.fd_ = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder.fd_ < 0) return OutputFailed(path, fmt::format("cannot open: {}", std::strerror(errno)));
    if (::flock(folder.fd_, LOCK_EX | LOCK_NB) != 0) {
      return OutputFailed(path, errno == EWOULDBLOCK ? "another --resume of this output is at work here"
                                                     : fmt::format("cannot be locked: {}", std::strerror(errno)));
    }
    // A run that ended in between has removed the folder that was opened.
    struct stat opened{};
    struct stat named{};
    if (::fstat(folder.fd_, &opened) != 0 || ::stat(path.c_str(), &named) != 0 || opened.st_ino != named.st_ino)
      return OutputFailed(path, "another --resume of this output was at work here");
    return folder;
  }
  LockedFolder(LockedFolder&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  ~LockedFolder() {
    if (fd_ >= 0) ::close(fd_);
  }

 private:
  LockedFolder() = default;

  int fd_ = -1;
};

/// The options that the rows and their form depend on, as a line of the journal.
std::string LineOf(const Options& options) {
  tools::JsonWriter json;
  const auto add = [&json](const char* name, const auto& values, auto text_of) {
    json.Key(name).BeginArray();
    for (const auto& value : values) json.Value(text_of(value));
    json.EndArray();
  };
  const auto same = [](const std::string& text) { return text; };
  json.BeginObject().Member("from", options.from ? NameOf(*options.from) : "");
  add("columns", options.columns, same);
  add("exclude", options.exclude, same);
  add("rename", options.renames, [](const auto& rename) { return rename.first + "=" + rename.second; });
  json.Member("where", options.where_text).Member("format_version", options.format_version);
  json.Member("max_rows_per_file", options.max_rows_per_file).Member("preset", options.preset);
  add("bloom", options.bloom, [](const BloomColumn& bloom) { return fmt::format("{}:{}", bloom.column, bloom.bits_per_value); });
  add("encode", options.encodings, [](const ColumnEncoding& one) { return one.column + "=" + one.encoding; });
  json.Member("version", options.open.version.value_or(0)).Member("tag", options.version.tag);
  json.Member("branch", options.version.branch).Member("as_of", options.version.as_of);
  json.Member("salvage", options.salvage ? static_cast<int>(*options.salvage) : -1);
  json.Member("infer_rows", options.infer_rows.value_or(0)).Member("on_bad_row", static_cast<int>(options.on_bad_row));
  add("type", options.types,
      [](const TypeWish& wish) { return wish.column + "=" + wish.type->ToString() + (wish.bad_is_null ? "?" : ""); });
  add("timestamp_format", options.timestamp_formats, same);
  json.Member("quote", options.quote ? std::string(1, *options.quote) : "none").Member("null", options.null_text);
  json.Member("delimiter", options.delimiter).Member("no_header", options.no_header);
  return json.EndObject().text();
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

/// The journal: the options, then the inputs in their order. Errors: kInvalidArgument when what is done was done with other
/// options, or is not what comes first.
Status CompareJournal(const std::string& folder, const std::vector<std::string>& lines, std::uint64_t done) {
  std::ifstream journal(fs::path(folder) / kJournal);
  std::string line;
  if (done > 0 && !(std::getline(journal, line) && line == lines[0]))
    return Invalid("an earlier run had other options: {}; remove {} to begin anew", line, folder);
  for (std::uint64_t i = 1; i <= done; ++i) {
    if (std::getline(journal, line) && i < lines.size() && line == lines[i]) continue;
    const std::string why = i < lines.size() ? fmt::format("input {} is now {}", i, lines[i])
                                             : fmt::format("there are only {} inputs now", lines.size() - 1);
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

/// Temporary files and folders of a run that was killed: their names hold its process id, which comes again.
void RemoveTemporary(const fs::path& folder) {
  std::error_code error;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    const std::string name = it->path().filename().string();
    std::error_code ignored;
    if (name.starts_with('.') && name.find(".tmp-") != std::string::npos) fs::remove_all(it->path(), ignored);
  }
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
  for (const TypeChange& type : sum->written.types) {  // of all inputs, once each
    if (std::ranges::find(part.written.types, type) == part.written.types.end()) part.written.types.push_back(type);
  }
  sum->bad_rows.skipped += part.bad_rows.skipped;
  for (const auto& [column, count] : part.bad_rows.nulls) sum->bad_rows.nulls[column] += count;
  for (const auto& [column, count] : part.bad_rows.rounded) sum->bad_rows.rounded[column] += count;
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
  std::vector<std::string> lines{LineOf(given)};
  for (const std::string& input : inputs) {
    LANCEKIT_ASSIGN(lines.emplace_back(), Identify(input));
  }
  const fs::path output = given.output;
  const std::string folder = (output.parent_path() / fmt::format(".{}.resume", output.filename().string())).string();
  const std::string dataset = (fs::path(folder) / kDataset).string();
  LANCEKIT_ASSIGN(const LockedFolder lock, LockedFolder::Open(folder));
  const std::uint64_t done = Done(dataset);
  LANCEKIT_TRY(CompareJournal(folder, lines, done));
  RemoveTemporary(folder);
  RemoveTemporary(fs::path(dataset) / "_versions");
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
    one.append = one.same_columns = true;
    LANCEKIT_ASSIGN(Report part, Convert(one, context));
    AddTo(&report, std::move(part));
    if (!report.refused.empty()) return report;
    RemoveOlderVersions(dataset);
  }
  report.inputs = inputs;
  report.output = given.output;
  if (::renameat2(AT_FDCWD, dataset.c_str(), AT_FDCWD, output.c_str(), RENAME_NOREPLACE) != 0)
    return OutputFailed(output.string(),
                        errno == EEXIST ? "already exists" : fmt::format("cannot rename to it: {}", std::strerror(errno)));
  LANCEKIT_TRY(SyncFolder(output.has_parent_path() ? output.parent_path().string() : "."));
  std::error_code ignored;
  fs::remove_all(folder, ignored);
  return report;
}

}  // namespace lancekit::convert
