#include "tools/lance-convert/summary.h"

#include <algorithm>

#include "tools/common/json.h"
#include "tools/common/numbers.h"
#include "tools/common/terminal.h"

namespace lancekit::convert {
namespace {

constexpr std::size_t kLargestShown = 4;

std::vector<ColumnBytes> LargestFirst(std::vector<ColumnBytes> columns) {
  std::stable_sort(columns.begin(), columns.end(), [](const ColumnBytes& a, const ColumnBytes& b) { return a.bytes > b.bytes; });
  return columns;
}

std::string InputText(const Report& report) {
  return report.inputs.size() == 1 ? report.inputs[0] : fmt::format("{} inputs", report.inputs.size());
}

double Ratio(std::uint64_t a, std::uint64_t b) { return b == 0 ? 0 : static_cast<double>(a) / static_cast<double>(b); }

std::string BytesLine(const Report& report) {
  std::string line = fmt::format("in {} → out {}", tools::FormatBytes(report.bytes_in), tools::FormatBytes(report.written.bytes));
  if (report.bytes_in == 0 || report.written.bytes == 0) return line;
  line += fmt::format(" ({} of input", tools::FormatRatio(Ratio(report.written.bytes, report.bytes_in)));
  const double arrow = Ratio(report.arrow_bytes, report.written.bytes);
  if (arrow >= 1) line += fmt::format(", {} smaller than Arrow", tools::FormatRatio(arrow));
  return line + ")";
}

std::string LargestLine(const Report& report) {
  std::string line;
  const std::vector<ColumnBytes> columns = LargestFirst(report.written.columns);
  for (std::size_t i = 0; i < std::min(kLargestShown, columns.size()); ++i) {
    if (report.written.bytes == 0) break;
    line += fmt::format("{}{} {}", i > 0 ? "   " : "", tools::EscapeControls(columns[i].name),
                        tools::FormatShare(Ratio(columns[i].bytes, report.written.bytes)));
  }
  if (columns.size() > kLargestShown) line += "   …";
  return line;
}

}  // namespace

std::string LossText(const Report& report) {
  std::string text;
  for (const Loss& loss : report.losses) {
    const std::string what =
        loss.column.empty() ? "deletions in" : fmt::format("column \"{}\"", tools::EscapeControls(loss.column));
    text += fmt::format("lost: {} rows {} to {}", what, tools::GroupDigits(loss.first_row),
                        tools::GroupDigits(loss.first_row + loss.num_rows - 1));
    if (loss.page >= 0) text += fmt::format(" (page {})", loss.page);
    text += fmt::format(" of {}: {}\n", tools::EscapeControls(loss.path), tools::EscapeControls(loss.message));
  }
  return text;
}

std::string BadRowsText(const Report& report) {
  const BadRows& bad = report.bad_rows;
  std::string text;
  for (const BadRow& row : bad.first) {
    std::string place = row.line != 0 ? fmt::format("line {}", tools::GroupDigits(row.line)) : "";
    if (row.line == 0 && row.row != 0) place = fmt::format("row {}", tools::GroupDigits(row.row));
    text += fmt::format("bad: {}{}{}: ", tools::EscapeControls(row.input), place.empty() ? "" : ", ", place);
    if (!row.column.empty()) text += fmt::format("column \"{}\": ", tools::EscapeControls(row.column));
    text += tools::EscapeControls(row.message) + "\n";
  }
  std::uint64_t all = bad.skipped;
  for (const auto& [column, count] : bad.nulls) all += count;
  if (all > bad.first.size() && !bad.first.empty()) text += fmt::format("bad: ... {} in all\n", tools::GroupDigits(all));
  return text;
}

std::string RefusalText(const Report& report) {
  std::string text = "lance-convert: --strict: no output was written\n";
  for (const std::string& line : report.refused) text += "  " + tools::EscapeControls(line) + "\n";
  return text;
}

std::string RefusalJson(const Report& report) {
  tools::JsonWriter json;
  json.BeginObject().Member("schema", "lance-convert/1").Key("refused").BeginArray();
  for (const std::string& line : report.refused) json.Value(line);
  return json.EndArray().EndObject().text() + "\n";
}

std::string MismatchText(const Error& error) {
  const std::string column = error.column.empty() ? "" : fmt::format("column \"{}\": ", tools::EscapeControls(error.column));
  return fmt::format("lance-convert: --verify: {}: {}{}\n  the output was left in place\n", tools::EscapeControls(error.path),
                     column, tools::EscapeControls(error.message));
}

std::string MismatchJson(const Error& error) {
  tools::JsonWriter json;
  json.BeginObject().Member("schema", "lance-convert/1").Key("mismatch").BeginObject().Member("path", error.path);
  json.Member("column", error.column).Member("message", error.message);
  return json.EndObject().EndObject().text() + "\n";
}

std::string SummaryText(const Report& report, bool color) {
  const auto label = [color](const char* text) {
    return "  " + tools::Styled(fmt::format("{:<10}", text), tools::Style::kDim, color);
  };
  const std::string name = report.output == "-" ? "<stdout>" : tools::EscapeControls(report.output);
  std::string text = fmt::format("{} → {} ({})\n", tools::EscapeControls(InputText(report)),
                                 tools::Styled(name, tools::Style::kBold, color), report.written.format);
  text += label("rows") + fmt::format("{:<26}columns {}\n", tools::GroupDigits(report.rows), tools::GroupDigits(report.columns));
  text += label("bytes") + BytesLine(report) + "\n";
  if (!report.written.columns.empty() && report.rows > 0) text += label("largest") + LargestLine(report) + "\n";
  text += label("time") + fmt::format("{} on {} thread{}, peak memory {}\n", tools::FormatSeconds(report.seconds), report.threads,
                                      report.threads == 1 ? "" : "s", tools::FormatBytes(report.peak_memory));
  for (std::size_t i = 0; i < report.written.types.size(); ++i) {
    const TypeChange& change = report.written.types[i];
    text += label(i == 0 ? "types" : "") + fmt::format("{}: {} → {} ({})\n", tools::EscapeControls(change.column), change.from,
                                                       change.to, change.rounded ? "rounded" : "values kept");
  }
  if (report.bad_rows.skipped != 0)
    text += label("bad rows") + fmt::format("{} left out\n", tools::GroupDigits(report.bad_rows.skipped));
  for (const auto& [column, count] : report.bad_rows.nulls)
    text += label("nulls") + fmt::format("{}: {} became null\n", tools::EscapeControls(column), tools::GroupDigits(count));
  for (const auto& [column, count] : report.bad_rows.rounded)
    text += label("rounded") + fmt::format("{}: {} lost digits\n", tools::EscapeControls(column), tools::GroupDigits(count));
  for (const std::string& path : report.sums) text += label("sums") + tools::EscapeControls(path) + "\n";
  return text;
}

std::string SummaryJson(const Report& report) {
  tools::JsonWriter json;
  json.BeginObject().Member("schema", "lance-convert/1").Key("summary").BeginObject();
  json.Member("input", InputText(report)).Key("inputs").BeginArray();
  for (const std::string& input : report.inputs) json.Value(input);
  json.EndArray().Member("input_format", NameOf(report.input_format));
  json.Member("output", report.output).Member("output_format", report.written.format);
  json.Member("rows", report.rows).Member("bytes_in", report.bytes_in).Member("bytes_out", report.written.bytes);
  json.Member("arrow_bytes", report.arrow_bytes).Member("seconds", report.seconds).Member("threads", report.threads);
  json.Member("peak_memory", report.peak_memory).Member("column_count", report.columns).Key("columns").BeginArray();
  for (const ColumnBytes& column : LargestFirst(report.written.columns)) {
    json.BeginObject().Member("name", column.name).Member("bytes", column.bytes).EndObject();
  }
  json.EndArray().Key("types").BeginArray();
  for (const TypeChange& change : report.written.types) {
    json.BeginObject()
        .Member("column", change.column)
        .Member("from", change.from)
        .Member("to", change.to)
        .Member("rounded", change.rounded)
        .EndObject();
  }
  json.EndArray().Member("rows_skipped", report.bad_rows.skipped).Key("values_nulled").BeginObject();
  for (const auto& [column, count] : report.bad_rows.nulls) json.Member(column, count);
  json.EndObject().Key("values_rounded").BeginObject();
  for (const auto& [column, count] : report.bad_rows.rounded) json.Member(column, count);
  json.EndObject().Key("bad_rows").BeginArray();
  for (const BadRow& row : report.bad_rows.first) {
    json.BeginObject().Member("input", row.input).Member("line", row.line).Member("row", row.row);
    json.Member("column", row.column).Member("message", row.message).EndObject();
  }
  json.EndArray().Member("outputs", report.written.outputs).Key("sums").BeginArray();
  for (const std::string& path : report.sums) json.Value(path);
  json.EndArray().Key("losses").BeginArray();
  for (const Loss& loss : report.losses) {
    json.BeginObject().Member("path", loss.path).Member("column", loss.column).Key("page");
    loss.page >= 0 ? json.Value(loss.page) : json.Null();
    json.Member("first_row", loss.first_row).Member("rows", loss.num_rows).Member("message", loss.message).EndObject();
  }
  return json.EndArray().EndObject().EndObject().text() + "\n";
}

}  // namespace lancekit::convert
