// search: the nearest rows. eval: how many of them a walk finds, and how fast.
#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <unordered_set>

#include "base/context_impl.h"
#include "base/status.h"
#include "index/parts.h"
#include "tools/common/cell_format.h"
#include "tools/common/exported_batch.h"
#include "tools/common/json.h"
#include "tools/common/numbers.h"
#include "tools/lance-index/commands.h"
#include "tools/lance-index/queries.h"

namespace lancekit::tools {
namespace {

using AllHits = std::vector<std::vector<VectorHit>>;

/// What all searches of a run did.
class SearchTotals {
 public:
  /// By any thread.
  void Add(const SearchReport& report) {
    queries_ += 1;
    codes_ += report.codes;
    vectors_ += report.vectors;
    scans_ += static_cast<std::uint64_t>(report.scanned);
  }
  void Stop() {
    seconds_ = std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
    disk_reads_ = DiskReads() - disk_reads_;
  }
  std::string Json(const VectorIndex& index) const {
    JsonWriter json;
    json.BeginObject().Member("queries", queries_.load()).Member("codes_compared", codes_.load());
    json.Member("vectors_compared", vectors_.load()).Member("vector_bytes", vectors_ * index.vector_bytes());
    json.Member("decoded_bytes", index.decoded_bytes()).Member("scans", scans_.load()).Member("disk_reads", disk_reads_);
    return json.Member("seconds", seconds_).EndObject().text();
  }
  std::string Text(const VectorIndex& index) const {
    std::string text =
        fmt::format("{} {} in {}: {} codes and {} vectors compared, ", GroupDigits(queries_),
                    queries_ == 1 ? "search" : "searches", FormatSeconds(seconds_), GroupDigits(codes_), GroupDigits(vectors_));
    text += index.decoded_bytes() == 0 ? fmt::format("{} read where they lie", FormatBytes(vectors_ * index.vector_bytes()))
                                       : fmt::format("{} of them decoded into memory before", FormatBytes(index.decoded_bytes()));
    if (scans_ != 0) text += fmt::format("; {} compared all rows that match", GroupDigits(scans_));
    return text + fmt::format("; {} disk reads", GroupDigits(disk_reads_));
  }

 private:
  /// For pages of mapped files that were not in memory, in this process.
  static std::uint64_t DiskReads() {
    struct rusage usage{};
    return ::getrusage(RUSAGE_SELF, &usage) == 0 ? static_cast<std::uint64_t>(usage.ru_majflt) : 0;
  }

  std::atomic<std::uint64_t> queries_{0}, codes_{0}, vectors_{0}, scans_{0};
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  double seconds_ = 0;
  std::uint64_t disk_reads_ = DiskReads();
};

/// Searches for all vectors, by the context's threads.
Result<AllHits> SearchAll(const IndexSession& session, const VectorIndex& index, const QueryVectors& queries,
                          const VectorQuery& query, SearchTotals* totals) {
  AllHits hits(queries.size());
  constexpr std::size_t kPart = 64;
  Status searched =
      index::ForEachPart(session.context.impl(), (queries.size() + kPart - 1) / kPart, [&](std::size_t part) -> Status {
        for (std::size_t i = part * kPart; i < std::min(queries.size(), (part + 1) * kPart); ++i) {
          LANCEKIT_TRY(session.context.impl().CheckCancelled());
          SearchReport report;
          LANCEKIT_ASSIGN(hits[i], index.search(queries[i], query, &report));
          totals->Add(report);
        }
        return {};
      });
  LANCEKIT_TRY(std::move(searched));
  return hits;
}

/// The hits with columns of the table beside them.
class HitWriter {
 public:
  HitWriter(IndexSession* session, bool many) : session_(session), many_(many) {}

  /// `report`: JSON text of what the searches did.
  Status Write(const AllHits& hits, const std::optional<Batch>& columns, const std::string& report) {
    ExportedBatch exported;
    ArrayView view;
    Field row;
    if (columns.has_value()) {
      row = {.name = "", .type = {.id = TypeId::kStruct, .children = columns->schema().fields}};
      LANCEKIT_ASSIGN(view, exported.Export(*columns, row));
    }
    ValueStyle style{.json = IsJson(*session_), .binary = IsJson(*session_) ? BinaryStyle::kBase64 : BinaryStyle::kHex};
    Output& output = *session_->output;
    std::optional<TextTable> table;
    if (!style.json) {
      std::vector<TextColumn> titles;
      if (many_) titles.push_back({"query", true});
      titles.push_back({"row", true});
      titles.push_back({"distance", true});
      for (const Field& field : row.type.children) titles.push_back({field.name, IsNumeric(field.type.id)});
      table.emplace(session_->format, std::move(titles), &output);
    }
    const bool document = session_->format == Format::kJson;
    std::string start;
    if (document) {
      output.Write(BeginIndexDocument(*session_).text() + ",\"hits\":[");
    }
    std::int64_t at = 0;
    for (std::size_t query = 0; query < hits.size(); ++query) {
      for (const VectorHit& hit : hits[query]) {
        std::string distance;
        AppendJsonNumber(hit.distance, distance);
        if (style.json) {
          std::string line = document && at != 0 ? ",\n" : document ? "\n" : "";
          line += fmt::format("{{\"query\":{},\"row\":{},\"distance\":{}", query, hit.row, distance);
          for (std::size_t column = 0; column < row.type.children.size(); ++column) {
            line += ",";
            AppendJsonString(row.type.children[column].name, line);
            line += ":";
            AppendValue(view.children[column], at, style, &line);
          }
          output.Write(line + (document ? "}" : "}\n"));
        } else {
          std::vector<TextCell> cells;
          if (many_) cells.push_back({std::to_string(query)});
          cells.push_back({std::to_string(hit.row)});
          cells.push_back({distance});
          for (std::size_t column = 0; column < row.type.children.size(); ++column) {
            TextCell& cell = cells.emplace_back();
            cell.is_null = IsNull(view.children[column], at);
            if (!cell.is_null) AppendValue(view.children[column], at, style, &cell.text);
          }
          table->Add(std::move(cells));
        }
        ++at;
      }
    }
    if (table) table->Finish();
    if (document) output.Write("\n],\"report\":" + report + "}\n");
    return {};
  }

 private:
  IndexSession* session_;
  bool many_;
};

}  // namespace

Status RunSearch(IndexSession& session) {
  const IndexOptions& options = session.options;
  LANCEKIT_ASSIGN(const VectorIndex index, OpenIndex(session));
  LANCEKIT_ASSIGN(const Table table, open(session.context, options.table, options.open));
  QueryVectors queries;
  if (!options.query.empty()) {
    LANCEKIT_ASSIGN(queries, ParseQuery(options.query, table, index.column()));
  } else {
    LANCEKIT_ASSIGN(queries, ReadQueries(session.context, options.queries, index.column(), options.most_queries));
  }
  VectorQuery query = options.search;
  RowSet passing;
  if (options.where.has_value()) {
    LANCEKIT_ASSIGN(passing, index.rows_where(*options.where));
    query.rows = &passing;
  }
  SearchTotals totals;
  LANCEKIT_ASSIGN(const AllHits hits, SearchAll(session, index, queries, query, &totals));
  totals.Stop();
  std::optional<Batch> columns;
  if (!options.columns.empty()) {
    std::vector<std::int64_t> rows;
    for (const auto& some : hits) {
      for (const VectorHit& hit : some) rows.push_back(static_cast<std::int64_t>(hit.row));
    }
    LANCEKIT_ASSIGN(columns, table.take({rows.data(), rows.size()}, options.columns));
  }
  LANCEKIT_TRY(HitWriter(&session, options.query.empty()).Write(hits, columns, totals.Json(index)));
  if (options.explain) fmt::print(stderr, "{}\n", totals.Text(index));
  return {};
}

Status RunEval(IndexSession& session) {
  const IndexOptions& options = session.options;
  LANCEKIT_ASSIGN(const VectorIndex index, OpenIndex(session));
  LANCEKIT_ASSIGN(const QueryVectors queries,
                  ReadQueries(session.context, options.queries, index.column(), options.most_queries));
  if (queries.size() == 0) return Invalid("there are no vectors in {}", options.queries);
  VectorQuery query = options.search;
  RowSet passing;
  if (options.where.has_value()) {
    LANCEKIT_ASSIGN(passing, index.rows_where(*options.where));
    query.rows = &passing;
  }
  query.exact = true;
  SearchTotals totals;
  LANCEKIT_ASSIGN(const AllHits truth, SearchAll(session, index, queries, query, &totals));
  query.exact = false;
  std::optional<TextTable> table;
  if (!IsJson(session))
    table.emplace(session.format,
                  std::vector<TextColumn>{{"ef", true}, {"recall", true}, {"queries/s", true}, {"compared", true}},
                  session.output.get());
  JsonWriter json = BeginIndexDocument(session);
  json.Member("k", query.k);
  json.Member("queries", queries.size()).Key("points").BeginArray();
  for (const std::uint32_t ef : options.efs) {
    query.ef = ef;
    // One thread: what a query takes, not what the machine does; after a pass that brings what it needs into the memory.
    for (std::size_t i = 0; i < queries.size(); ++i) LANCEKIT_TRY(index.search(queries[i], query).status());
    std::uint64_t found = 0, wanted = 0, compared = 0;
    double seconds = 0;
    for (std::size_t i = 0; i < queries.size(); ++i) {
      LANCEKIT_TRY(session.context.impl().CheckCancelled());
      SearchReport report;
      const auto start = std::chrono::steady_clock::now();
      LANCEKIT_ASSIGN(const std::vector<VectorHit> hits, index.search(queries[i], query, &report));
      seconds += std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
      compared += report.codes + report.vectors;
      wanted += truth[i].size();
      // As near as the last of the truth counts: others may be just as near.
      const float bound = truth[i].empty() ? 0 : truth[i].back().distance;
      std::unordered_set<std::uint64_t> rows;
      for (const VectorHit& hit : truth[i]) rows.insert(hit.row);
      for (const VectorHit& hit : hits) found += static_cast<std::uint64_t>(rows.contains(hit.row) || hit.distance <= bound);
    }
    const double recall = wanted == 0 ? 1 : static_cast<double>(std::min(found, wanted)) / static_cast<double>(wanted);
    const double rate = static_cast<double>(queries.size()) / seconds;
    const double per_query = static_cast<double>(compared) / static_cast<double>(queries.size());
    if (table) {
      table->Add({{std::to_string(ef)},
                  {fmt::format("{:.4f}", recall)},
                  {fmt::format("{:.0f}", rate)},
                  {fmt::format("{:.0f}", per_query)}});
    } else {
      json.BeginObject().Member("ef", ef).Member("recall", recall).Member("queries_per_second", rate);
      json.Member("compared", per_query).EndObject();
    }
  }
  if (table) {
    table->Finish();
  } else {
    session.output->Write(json.EndArray().EndObject().text() + "\n");
  }
  return {};
}

}  // namespace lancekit::tools
