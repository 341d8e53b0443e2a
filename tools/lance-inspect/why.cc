// encoding --why: what the writer weighs for a page of each column, and what it takes.
#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>

#include "lancekit/lancekit.hpp"
#include "tools/common/numbers.h"
#include "tools/common/terminal.h"
#include "tools/lance-inspect/commands.h"
#include "tools/lance-inspect/sheet.h"

namespace lancekit::tools {
namespace {

/// A page and what a writer says about its rows.
struct Explained {
  std::string file;
  std::string type;
  std::size_t page = 0;
  EncodingReport report;
};

double Share(std::uint64_t bytes, const EncodingReport& report) {
  return static_cast<double>(bytes) / static_cast<double>(std::max<std::uint64_t>(1, report.arrow_bytes));
}

Fact Flag(bool value) { return {value ? "← chosen" : "", value ? "true" : "false", value ? "true" : "false"}; }

Fact CostFact(double cost) {
  std::string text = fmt::format("{:.4g}", cost);
  return {fmt::format("{:.2f}", cost), text, text};
}

/// A row per trial, and one for what was taken without any.
void AddRows(const Explained& explained, const Session& session, Sheet* sheet) {
  const EncodingReport& report = explained.report;
  const auto add = [&](Fact encoding, Fact bytes, Fact share, Fact cost, bool chosen) {
    sheet->rows.push_back({Fact::Text(explained.file), Fact::Text(report.column),
                           Fact::Number(static_cast<std::int64_t>(explained.page)), Fact::Count(report.rows),
                           Fact::Count(report.arrow_bytes), std::move(encoding), std::move(bytes), std::move(share),
                           std::move(cost), Flag(chosen), chosen ? Fact::Text(report.reason) : Fact::None()});
  };
  bool any = false;
  for (const EncodingReport::Trial& trial : report.trials) {
    const bool chosen = !any && trial.encoding == report.chosen;
    any = any || chosen;
    add(Fact::Text(trial.encoding), Fact::Bytes(trial.bytes, session), Fact::Share(Share(trial.bytes, report)),
        CostFact(trial.cost), chosen);
  }
  if (any) return;
  const bool is_page = !report.chosen.empty();
  add(is_page ? Fact::Text(report.chosen) : Fact::None(), is_page ? Fact::Bytes(report.bytes, session) : Fact::None(),
      is_page ? Fact::Share(Share(report.bytes, report)) : Fact::None(), Fact::None(), true);
}

Sheet MakeSheet() {
  return {.name = "trials",
          .columns = {{"file", "", false, false},
                      {"column", "", false, false},
                      {"page", "", true, false},
                      {"rows", "", true, false},
                      {"arrow_bytes", "", true, false},
                      {"encoding", "encoding"},
                      {"bytes", "about bytes", true},
                      {"share", "of raw", true},
                      {"cost", "x cost", true},
                      {"chosen", ""},
                      {"reason", "", false, false}}};
}

void WriteForPeople(const Explained& explained, Session& session) {
  const EncodingReport& report = explained.report;
  std::string text = Styled(EscapeControls(report.column), Style::kBold, session.output->color());
  text += fmt::format("  {}  page {}  {} rows  {} bytes raw\n", EscapeControls(explained.type), explained.page,
                      GroupDigits(report.rows), BytesText(report.arrow_bytes, session));
  if (report.chosen.empty()) {
    text += fmt::format("  {}\n", report.reason);
  } else {
    text += fmt::format("  {}: {} bytes, {} of raw; {}\n", report.chosen, BytesText(report.bytes, session),
                        ShareText(Share(report.bytes, report)), report.reason);
  }
  session.output->Write(text);
  if (report.trials.empty()) return;
  Sheet sheet = MakeSheet();
  AddRows(explained, session, &sheet);
  WriteSheet(sheet, &session);
}

void AppendExplained(const Explained& explained, JsonWriter* json) {
  const EncodingReport& report = explained.report;
  json->BeginObject().Member("file", explained.file).Member("column", report.column).Member("type", explained.type);
  json->Member("page", explained.page).Member("rows", report.rows).Member("arrow_bytes", report.arrow_bytes).Key("chosen");
  report.chosen.empty() ? json->Null() : json->Value(report.chosen);
  json->Member("bytes", report.bytes).Member("reason", report.reason).Key("trials").BeginArray();
  for (const EncodingReport::Trial& trial : report.trials) {
    json->BeginObject().Member("encoding", trial.encoding).Member("bytes", trial.bytes).Member("cost", trial.cost).EndObject();
  }
  json->EndArray().EndObject();
}

/// The top-level field that a leaf belongs to; nullptr when there is none.
const Field* TopField(const Schema& schema, const std::string& path) {
  const Field* found = nullptr;
  for (const Field& field : schema.fields) {
    const bool within = path.starts_with(field.name) && (path.size() == field.name.size() || path[field.name.size()] == '.');
    if (within && (found == nullptr || field.name.size() > found->name.size())) found = &field;
  }
  return found;
}

/// Explains pages of one file; leaves of one column with the same rows are read together.
class FileExplainer {
 public:
  FileExplainer(Session* session, const InspectedFile& file) : session_(session), file_(&file) {}

  /// Nothing for a column of Lance 2.0 that holds no values of its own.
  Result<std::optional<EncodingReport>> Explain(const InspectedColumn& column, const InspectedPage& page) {
    if (page.encoding.name == "blob") {
      return std::optional(EncodingReport{.column = column.path, .reason = "blobs are stored one by one, as they are"});
    }
    const Field* field = TopField(file_->schema, column.path);
    if (field == nullptr) return std::optional<EncodingReport>();
    if (field != field_ || first_row_ != page.first_row || num_rows_ != page.num_rows) {
      LANCEKIT_TRY(At(Read(*field, page), {.path = file_->path}));
    }
    const auto found = std::ranges::find(reports_, column.path, &EncodingReport::column);
    return found == reports_.end() ? std::optional<EncodingReport>() : std::optional(*found);
  }

 private:
  Status Read(const Field& field, const InspectedPage& page) {
    if (!table_.has_value()) {
      LANCEKIT_ASSIGN(table_, open(session_->context, file_->path));
    }
    Scan scan = table_->scan();
    scan.select({field.name}).offset(page.first_row).limit(page.num_rows);
    ArrowArrayStream stream;
    LANCEKIT_TRY(scan.export_stream(&stream));
    WriteOptions options;
    options.version = file_->format_version == "2.0" ? "2.2" : file_->format_version;
    options.preset = session_->options.preset;
    options.single_file = true;
    LANCEKIT_ASSIGN(reports_, explain_encodings(session_->context, &stream, options));
    field_ = &field;
    first_row_ = page.first_row;
    num_rows_ = page.num_rows;
    return {};
  }

  Session* session_;
  const InspectedFile* file_;
  std::optional<Table> table_;
  // What was read last.
  const Field* field_ = nullptr;
  std::uint64_t first_row_ = 0;
  std::uint64_t num_rows_ = 0;
  std::vector<EncodingReport> reports_;
};

/// A page of each chosen column, in the first file that has it.
Result<std::vector<Explained>> ExplainTable(const InspectedTable& table, Session* session) {
  const Options& options = session->options;
  const auto page = static_cast<std::size_t>(std::max<std::int64_t>(0, options.page));
  LANCEKIT_ASSIGN(const std::set<std::string> chosen, ChoosePaths(options, table));
  std::vector<Explained> all;
  std::set<std::string> done;
  for (const InspectedFile& file : table.structure) {
    FileExplainer explainer(session, file);
    for (const InspectedColumn& column : file.columns) {
      if (!chosen.contains(column.path) || page >= column.pages.size() || done.contains(column.path)) continue;
      LANCEKIT_ASSIGN(auto report, explainer.Explain(column, column.pages[page]));
      if (!report.has_value()) continue;
      done.insert(column.path);
      all.push_back({file.path, column.type, page, *std::move(report)});
    }
  }
  if (all.empty() && options.page >= 0) return Invalid("no chosen column has a page {}", options.page);
  return all;
}

}  // namespace

Status RunWhy(Session& session) {
  const std::string& path = session.options.arguments[0];
  LANCEKIT_ASSIGN(const InspectedTable table, InspectTable(session, path));
  LANCEKIT_ASSIGN(const std::vector<Explained> all, ExplainTable(table, &session));
  if (session.format == Format::kTable) {
    for (std::size_t i = 0; i < all.size(); ++i) {
      if (i != 0) session.output->Write("\n");
      WriteForPeople(all[i], session);
    }
  } else if (session.format == Format::kJson) {
    JsonWriter json = BeginDocument();
    json.Member("path", path).Key("columns").BeginArray();
    for (const Explained& explained : all) AppendExplained(explained, &json);
    session.output->Write(json.EndArray().EndObject().text() + '\n');
  } else {
    Sheet sheet = MakeSheet();
    for (const Explained& explained : all) AddRows(explained, session, &sheet);
    WriteSheet(sheet, &session);
  }
  return {};
}

}  // namespace lancekit::tools
