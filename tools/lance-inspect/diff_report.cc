#include "tools/lance-inspect/diff_report.h"

#include <fmt/format.h>

#include <cstdio>

#include "tools/common/exit_codes.h"
#include "tools/common/numbers.h"
#include "tools/common/terminal.h"

namespace lancekit::tools {
namespace {

Sheet Head(const Options& options) {
  const bool by_key = !options.key.empty();
  return {.name = "differences",
          .columns = {{"difference", "difference"},
                      {"row_a", "row A", true, true, true},
                      {"row_b", "row B", true, true, true},
                      {"key", "key", false, by_key},
                      {"column", "column"},
                      {"a", "A"},
                      {"b", "B"}},
          .members = {{"a", JsonText(options.arguments[0])}, {"b", JsonText(options.arguments[1])}}};
}

}  // namespace

DiffReport::DiffReport(Session* session) : session_(session), most_(session->options.most_differences) {
  // A table without rows needs no head; what programs read does.
  if (session->format != Format::kTable) Writer();
}

SheetWriter* DiffReport::Writer() {
  if (session_->options.common.quiet) return nullptr;
  if (!writer_) writer_.emplace(Head(session_->options), session_);
  return &*writer_;
}

void DiffReport::AddSchema(const std::string& what, const std::string& column, const Fact& a, const Fact& b) {
  ++schema_differences_;
  if (SheetWriter* const writer = Writer())
    writer->Add(
        {Fact::Text(what), Fact::None(), Fact::None(), Fact::None(), column.empty() ? Fact::None() : Fact::Text(column), a, b});
}

void DiffReport::AddRow(const std::string& what, std::int64_t row_a, std::int64_t row_b, const Fact& key,
                        const std::string& column, const Fact& a, const Fact& b) {
  ++shown_;
  if (SheetWriter* const writer = Writer())
    writer->Add({Fact::Text(what), Fact::Number(row_a), Fact::Number(row_b), key,
                 column.empty() ? Fact::None() : Fact::Text(column), a, b});
}

void DiffReport::CountChanged(const std::string& column, std::uint64_t rows) {
  if (rows != 0) changed_[column] += rows;
}

bool DiffReport::is_equal() const {
  return schema_differences_ == 0 && sums_.changed == 0 && sums_.only_in_a == 0 && sums_.only_in_b == 0;
}

bool DiffReport::is_decided() const { return session_->options.common.quiet && !is_equal(); }

std::string DiffReport::Summary() const {
  std::string text;
  if (schema_differences_ != 0) text += fmt::format("{} of the schemas; ", Counted(schema_differences_, "difference"));
  if (is_equal()) text += "equal: ";
  text += fmt::format("{} in A, {} in B: {} the same, {} changed, {} only in A, {} only in B\n", Counted(sums_.in_a, "row"),
                      GroupDigits(sums_.in_b), GroupDigits(sums_.same), GroupDigits(sums_.changed), GroupDigits(sums_.only_in_a),
                      GroupDigits(sums_.only_in_b));
  std::uint64_t differences = sums_.only_in_a + sums_.only_in_b;
  constexpr std::size_t kShownColumns = 20;
  std::string columns;
  std::size_t count = 0;
  for (const auto& [column, rows] : changed_) {
    differences += rows;
    if (count++ < kShownColumns)
      columns += fmt::format("{}{} in {}", columns.empty() ? "" : ", ", EscapeControls(column), Counted(rows, "row"));
  }
  if (count > kShownColumns) columns += fmt::format(" and {} more", Counted(count - kShownColumns, "column"));
  if (!columns.empty()) text += fmt::format("changed: {}\n", columns);
  if (sums_.repeated_keys != 0) {
    text += fmt::format("{} a key that an earlier one has; such rows are compared in their order\n",
                        sums_.repeated_keys == 1 ? "1 row has" : GroupDigits(sums_.repeated_keys) + " rows have");
  }
  if (differences > shown_)
    text += fmt::format("{} not shown; --limit N shows more\n", Counted(differences - shown_, "difference"));
  return text;
}

void DiffReport::Finish() {
  if (!is_equal()) session_->exit_code = kExitAnswerIsNo;
  if (session_->options.common.quiet) return;
  JsonWriter columns, rows;
  columns.BeginArray();
  for (const auto& [column, count] : changed_) columns.BeginObject().Member("column", column).Member("rows", count).EndObject();
  rows.BeginObject().Member("a", sums_.in_a).Member("b", sums_.in_b).Member("same", sums_.same).Member("changed", sums_.changed);
  rows.Member("only_in_a", sums_.only_in_a).Member("only_in_b", sums_.only_in_b).Member("repeated_keys", sums_.repeated_keys);
  if (writer_)
    writer_->Finish({{"equal", is_equal() ? "true" : "false"},
                     {"schema_differences", std::to_string(schema_differences_)},
                     {"rows", rows.EndObject().text()},
                     {"changed_columns", columns.EndArray().text()}});
  if (session_->format == Format::kTable) session_->output->Write(Summary());
  // Lines for programs are the differences alone.
  if (session_->format != Format::kTable && session_->format != Format::kJson) std::fputs(Summary().c_str(), stderr);
}

}  // namespace lancekit::tools
