#include "tools/lance-inspect/sheet.h"

#include <fmt/format.h>

#include <cmath>

#include "tools/common/numbers.h"

namespace lancekit::tools {
namespace {

std::string ObjectText(const std::vector<SheetColumn>& columns, const std::vector<Fact>& row) {
  JsonWriter json;
  json.BeginObject();
  for (std::size_t i = 0; i < columns.size(); ++i) json.Key(columns[i].key).Raw(row[i].json);
  return json.EndObject().text();
}

}  // namespace

Fact Fact::Text(std::string_view text) { return {std::string(text), std::string(text), JsonText(text)}; }

Fact Fact::Count(std::uint64_t count) { return {GroupDigits(count), std::to_string(count), std::to_string(count)}; }

Fact Fact::Number(std::int64_t number) {
  return number < 0 ? None() : Fact{std::to_string(number), std::to_string(number), std::to_string(number)};
}

Fact Fact::Bytes(std::uint64_t bytes, const Session& session) {
  Fact fact = Count(bytes);
  fact.shown = BytesText(bytes, session);
  return fact;
}

Fact Fact::Share(double share) {
  const std::string exact = fmt::format("{:.4f}", share);
  return {ShareText(share), exact, exact};
}

Fact Fact::Ratio(double ratio) {
  const std::string exact = fmt::format("{:.4g}", ratio);
  return {FormatRatio(ratio), exact, exact};
}

Fact Fact::None() { return {"—", "", "null", true}; }

Fact Fact::List(const std::vector<std::string>& names) {
  Fact fact;
  JsonWriter json;
  json.BeginArray();
  for (const std::string& name : names) {
    fact.exact += (fact.exact.empty() ? "" : " ") + name;
    json.Value(name);
  }
  fact.shown = fact.exact;
  fact.json = json.EndArray().text();
  return fact;
}

void WriteSheet(const Sheet& sheet, Session* session) {
  SheetWriter writer(sheet, session);
  for (const std::vector<Fact>& row : sheet.rows) writer.Add(row);
  writer.Finish();
}

SheetWriter::SheetWriter(const Sheet& sheet, Session* session) : columns_(sheet.columns), session_(session) {
  const Format format = session->format;
  if (format == Format::kJson) {
    JsonWriter json = BeginDocument();
    for (const auto& [key, value] : sheet.members) json.Key(key).Raw(value);
    session->output->Write(json.Key(sheet.name).BeginArray().text());
  } else if (format != Format::kJsonLines) {
    const bool table = IsForPeople(format);
    std::vector<TextColumn> columns;
    for (const SheetColumn& column : columns_) {
      if (!table || column.in_table) columns.push_back({table ? column.title : column.key, column.right, column.optional});
    }
    text_.emplace(format, std::move(columns), session->output.get());
  }
}

void SheetWriter::Add(const std::vector<Fact>& row) {
  const Format format = session_->format;
  if (!text_) {
    const bool document = format == Format::kJson;
    session_->output->Write((document && !is_first_ ? "," : "") + ObjectText(columns_, row) + (document ? "" : "\n"));
    is_first_ = false;
    return;
  }
  const bool table = IsForPeople(format);
  std::vector<TextCell> cells;
  for (std::size_t i = 0; i < row.size(); ++i) {
    // A dash stands for what does not apply; NULL is a value of a row.
    if (table && columns_[i].in_table) cells.push_back({row[i].shown});
    if (!table) cells.push_back({row[i].exact, row[i].is_null && format == Format::kCsv});
  }
  text_->Add(std::move(cells));
}

void SheetWriter::Finish(const std::vector<std::pair<std::string, std::string>>& members) {
  if (text_) text_->Finish();
  if (session_->format != Format::kJson) return;
  std::string end = "]";
  for (const auto& [key, value] : members) end += ',' + JsonText(key) + ':' + value;
  session_->output->Write(end + "}\n");
}

JsonWriter BeginDocument() {
  JsonWriter json;
  json.BeginObject().Member("schema", "lance-inspect/1");
  return json;
}

void AppendFieldJson(const Field& field, JsonWriter* json) {
  json->BeginObject().Member("name", field.name).Member("id", field.id).Member("type", field.type.to_string());
  json->Member("nullable", field.nullable);
  if (!field.metadata.empty()) {
    json->Key("metadata").BeginObject();
    for (const auto& [key, value] : field.metadata) json->Member(key, value);
    json->EndObject();
  }
  if (!field.type.children.empty()) {
    json->Key("children").BeginArray();
    for (const Field& child : field.type.children) AppendFieldJson(child, json);
    json->EndArray();
  }
  json->EndObject();
}

std::string JsonText(std::string_view text) {
  std::string out;
  AppendJsonString(text, out);
  return out;
}

}  // namespace lancekit::tools
