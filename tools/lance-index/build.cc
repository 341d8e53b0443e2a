// build, add, delete, compact: make and change an index. stats, verify: what is in one, and whether it is whole.
#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <filesystem>

#include "base/status.h"
#include "tools/common/json.h"
#include "tools/common/numbers.h"
#include "tools/common/progress.h"
#include "tools/lance-index/commands.h"

namespace lancekit::tools {
namespace {

constexpr const char* kMetrics[] = {"l2", "cosine", "ip"};
constexpr const char* kCodes[] = {"none", "8bit", "1bit"};

}  // namespace

bool IsJson(const IndexSession& session) { return session.format == Format::kJson || session.format == Format::kJsonLines; }

JsonWriter BeginIndexDocument(const IndexSession& session) {
  JsonWriter json;
  json.BeginObject().Member("schema", "lance-index/1").Member("table", session.options.table);
  return json;
}

Result<VectorIndex> OpenIndex(const IndexSession& session) {
  const IndexOptions& options = session.options;
  return VectorIndex::open(session.context, options.table,
                           {options.open, options.index, options.column, options.common.memory_limit});
}

Status RunBuild(IndexSession& session) {
  const IndexOptions& options = session.options;
  const std::string path = options.index.empty() ? VectorIndex::default_sidecar(options.table, options.column) : options.index;
  std::error_code error;
  if (!options.force && std::filesystem::exists(path, error)) {
    Error exists = MakeError(ErrorCode::kOutput, "there is an index already; --force replaces it");
    exists.path = path;
    return exists;
  }
  Progress progress(options.common.quiet ? ProgressMode::kNever : options.common.progress, "build " + options.column,
                    "lance-index");
  BuildOptions build = options.build;
  build.progress = [&](std::uint64_t done, std::uint64_t total) { progress.Update({done, total, done, 0}); };
  const auto start = std::chrono::steady_clock::now();
  LANCEKIT_TRY(VectorIndex::build(session.context, options.table, options.column, path, build, options.open));
  progress.Finish();
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  if (options.common.quiet) return {};
  LANCEKIT_ASSIGN(const VectorIndex index, VectorIndex::open(session.context, options.table,
                                                             {options.open, path, options.column, options.common.memory_limit}));
  LANCEKIT_ASSIGN(const IndexStats stats, index.stats());
  if (options.common.json) {
    JsonWriter json = BeginIndexDocument(session);
    json.Member("index", path).Member("vectors", stats.vectors).Member("left_out", stats.rows - stats.vectors);
    json.Member("bytes", stats.file_size).Member("seconds", seconds).EndObject();
    session.output->Write(json.text() + "\n");
    return {};
  }
  fmt::print(stderr, "{} vectors of {} dimensions, {}{} in {} ({:.0f}/s)   {}\n", GroupDigits(stats.vectors), stats.dimensions,
             FormatBytes(stats.file_size),
             stats.rows == stats.vectors ? "" : fmt::format(", {} rows left out", GroupDigits(stats.rows - stats.vectors)),
             FormatSeconds(seconds), static_cast<double>(stats.vectors) / seconds, path);
  return {};
}

namespace {

ChangeOptions ChangeOptionsOf(const IndexSession& session) {
  const IndexOptions& options = session.options;
  ChangeOptions change;
  change.open = {options.open, options.index, options.column, options.common.memory_limit};
  change.memory_limit = options.common.memory_limit;
  return change;
}

Status TellChange(IndexSession& session, const ChangeReport& report) {
  if (session.options.common.json) {
    JsonWriter json = BeginIndexDocument(session);
    json.Member("added", report.added).Member("removed", report.removed).Member("vectors", report.vectors).EndObject();
    session.output->Write(json.text() + "\n");
  } else if (!session.options.common.quiet) {
    fmt::print(stderr, "{} added, {} removed, {} vectors\n", GroupDigits(report.added), GroupDigits(report.removed),
               GroupDigits(report.vectors));
  }
  return {};
}

/// "3,17,100:200"
Result<std::vector<std::uint64_t>> ParseRowList(const std::string& text) {
  constexpr std::uint64_t kMost = std::uint64_t{1} << 31;
  std::vector<std::uint64_t> rows;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    const std::string part = text.substr(begin, end - begin);
    const std::size_t colon = part.find(':');
    const auto number = [&](const std::string& digits) -> Result<std::uint64_t> {
      if (digits.empty() || digits.size() > 10 || digits.find_first_not_of("0123456789") != std::string::npos)
        return Invalid("--rows takes numbers and ranges, such as 3,17,100:200, not \"{}\"", part);
      return std::stoull(digits);
    };
    LANCEKIT_ASSIGN(const std::uint64_t first, number(part.substr(0, colon)));
    std::uint64_t last = first + 1;
    if (colon != std::string::npos) {
      LANCEKIT_ASSIGN(last, number(part.substr(colon + 1)));
    }
    if (last > kMost) return Invalid("there is no row {}", last - 1);
    for (std::uint64_t row = first; row < last; ++row) rows.push_back(row);
    begin = end + 1;
  }
  return rows;
}

}  // namespace

Status RunAdd(IndexSession& session) {
  ChangeOptions change = ChangeOptionsOf(session);
  Progress progress(session.options.common.quiet ? ProgressMode::kNever : session.options.common.progress, "add", "lance-index");
  change.progress = [&](std::uint64_t done, std::uint64_t total) { progress.Update({done, total, done, 0}); };
  LANCEKIT_ASSIGN(const ChangeReport report, VectorIndex::add(session.context, session.options.table, change));
  progress.Finish();
  return TellChange(session, report);
}

Status RunDelete(IndexSession& session) {
  const IndexOptions& options = session.options;
  const ChangeOptions change = ChangeOptionsOf(session);
  LANCEKIT_ASSIGN(std::vector<std::uint64_t> rows, ParseRowList(options.rows));
  if (options.where.has_value()) {
    LANCEKIT_ASSIGN(const Table table, open(session.context, options.table, options.open));
    Scan scan = table.scan();
    scan.where(*options.where).row_numbers();
    while (true) {
      LANCEKIT_ASSIGN(const std::optional<Batch> batch, scan.next());
      if (!batch.has_value()) break;
      const auto numbers = batch->values<std::uint64_t>("row");
      rows.insert(rows.end(), numbers.begin(), numbers.end());
    }
  }
  LANCEKIT_ASSIGN(const ChangeReport report,
                  VectorIndex::remove(session.context, options.table, {rows.data(), rows.size()}, options.tombstones, change));
  return TellChange(session, report);
}

Status RunCompact(IndexSession& session) {
  const ChangeOptions change = ChangeOptionsOf(session);
  LANCEKIT_ASSIGN(const ChangeReport report, VectorIndex::compact(session.context, session.options.table, change));
  return TellChange(session, report);
}

Status RunStats(IndexSession& session) {
  LANCEKIT_ASSIGN(const VectorIndex index, OpenIndex(session));
  LANCEKIT_ASSIGN(const IndexStats stats, index.stats());
  if (IsJson(session)) {
    JsonWriter json = BeginIndexDocument(session);
    json.Member("column", stats.column).Member("metric", kMetrics[static_cast<std::size_t>(stats.metric)]);
    json.Member("element", stats.element).Member("dimensions", stats.dimensions).Member("vectors", stats.vectors);
    json.Member("deleted", stats.deleted).Member("orphans", stats.orphans).Member("rows", stats.rows).Member("m", stats.m);
    json.Member("ef_construction", stats.ef_construction)
        .Member("links", stats.links)
        .Member("largest_degree", stats.largest_degree);
    json.Key("layers").BeginArray();
    for (const std::uint64_t layer : stats.layers) json.Value(layer);
    json.EndArray().Member("codes", kCodes[static_cast<std::size_t>(stats.codes)]);
    json.Member("codes_are_exact", stats.codes_are_exact).Member("bytes", stats.file_size);
    json.Member("code_bytes", stats.code_bytes).Member("decoded_bytes", stats.decoded_bytes).EndObject();
    session.output->Write(json.text() + "\n");
    return {};
  }
  TextTable table(session.format, {{"fact"}, {"value"}}, session.output.get());
  const auto add = [&](const char* fact, const std::string& value) { table.Add({{fact}, {value}}); };
  const bool exact = session.format == Format::kCsv || session.format == Format::kTsv;
  const auto number = [&](std::uint64_t value) { return exact ? std::to_string(value) : GroupDigits(value); };
  const auto bytes = [&](std::uint64_t value) { return exact ? std::to_string(value) : FormatBytes(value); };
  std::string layers;
  for (const std::uint64_t layer : stats.layers) layers += (layers.empty() ? "" : " ") + number(layer);
  add("column", stats.column);
  add("metric", kMetrics[static_cast<std::size_t>(stats.metric)]);
  add("vectors", fmt::format("{} of {} x {}", number(stats.vectors), stats.element, stats.dimensions));
  add("rows", number(stats.rows));
  add("deleted", number(stats.deleted));
  add("orphans", number(stats.orphans));
  add("m", number(stats.m));
  add("ef_construction", number(stats.ef_construction));
  add("layers", layers);
  add("links", fmt::format("{}, {:.1f} for each vector, at most {}", number(stats.links),
                           stats.vectors == 0 ? 0 : static_cast<double>(stats.links) / static_cast<double>(stats.vectors),
                           stats.largest_degree));
  std::string codes = kCodes[static_cast<std::size_t>(stats.codes)];
  if (stats.codes != VectorCodes::kNone) codes += ", " + bytes(stats.code_bytes) + (stats.codes_are_exact ? ", exact" : "");
  add("codes", codes);
  add("index", bytes(stats.file_size));
  add("vectors are", stats.decoded_bytes == 0 ? "read where they lie" : "decoded into memory: " + bytes(stats.decoded_bytes));
  table.Finish();
  return {};
}

Status RunVerify(IndexSession& session) {
  LANCEKIT_ASSIGN(const VectorIndex index, OpenIndex(session));
  LANCEKIT_TRY(index.verify());
  LANCEKIT_ASSIGN(const IndexStats stats, index.stats());
  if (IsJson(session)) {
    JsonWriter json = BeginIndexDocument(session);
    json.Member("sound", true).Member("vectors", stats.vectors).Member("orphans", stats.orphans).EndObject();
    session.output->Write(json.text() + "\n");
  } else {
    session.output->Write(
        fmt::format("ok: {} vectors, every section is as its hash says{}, {} orphans\n", GroupDigits(stats.vectors),
                    stats.codes != VectorCodes::kNone ? ", every code is that of its vector" : "", GroupDigits(stats.orphans)));
  }
  return {};
}

}  // namespace lancekit::tools
