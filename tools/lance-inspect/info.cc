// info: one screen about a file or dataset. schema: its fields. count: its rows.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "lancekit/table.hpp"
#include "reader/dataset.h"
#include "tools/common/numbers.h"
#include "tools/common/terminal.h"
#include "tools/lance-inspect/columns.h"
#include "tools/lance-inspect/commands.h"
#include "tools/lance-inspect/schema_forms.h"
#include "tools/lance-inspect/sheet.h"

namespace lancekit::tools {
namespace {

/// Bytes of a table by what they are for.
struct ByteKinds {
  std::uint64_t data = 0;
  std::uint64_t schema = 0;
  std::uint64_t statistics = 0;
  std::uint64_t other_buffers = 0;
  std::uint64_t column_metadata = 0;
  std::uint64_t tables = 0;
  std::uint64_t footer = 0;
  std::uint64_t rest = 0;  ///< padding; with blob columns their values too
};

ByteKinds CountBytes(const InspectedTable& table) {
  ByteKinds kinds;
  for (const InspectedFile& file : table.structure) {
    for (const InspectedColumn& column : file.columns) {
      kinds.data += column.bytes();
      kinds.column_metadata += column.metadata.size;
    }
    for (const InspectedBuffer& buffer : file.global_buffers) {
      std::uint64_t& kind = buffer.role == "schema"       ? kinds.schema
                            : buffer.role == "statistics" ? kinds.statistics
                                                          : kinds.other_buffers;
      kind += buffer.size;
    }
    kinds.tables += file.column_table.size + file.global_buffer_table.size;
    kinds.footer += file.footer.size;
  }
  const std::uint64_t known =
      kinds.data + kinds.schema + kinds.statistics + kinds.other_buffers + kinds.column_metadata + kinds.tables + kinds.footer;
  kinds.rest = table.NumBytes() - std::min(known, table.NumBytes());
  return kinds;
}

bool HasBlobs(const InspectedTable& table) {
  return std::ranges::any_of(table.structure, [](const InspectedFile& file) { return file.has_blobs; });
}

/// "  name 12 · other 34", without what is zero.
std::string KindsText(const ByteKinds& kinds, bool has_blobs, const Session& session) {
  std::string text;
  const auto add = [&](const char* name, std::uint64_t bytes) {
    if (bytes != 0) text += fmt::format("{}{} {}", text.empty() ? "" : " · ", name, BytesText(bytes, session));
  };
  add("schema", kinds.schema);
  add("statistics", kinds.statistics);
  add("other global buffers", kinds.other_buffers);
  add("column metadata", kinds.column_metadata);
  add("tables", kinds.tables);
  add("footer", kinds.footer);
  add(has_blobs ? "blobs and padding" : "padding", kinds.rest);
  return text;
}

void WriteScreen(const InspectedTable& table, Session* session) {
  Output& output = *session->output;
  const ByteKinds kinds = CountBytes(table);
  const std::uint64_t bytes = table.NumBytes();
  const std::vector<ColumnTotal> columns = TotalColumns(table);
  std::string text = Styled(EscapeControls(table.path), Style::kBold, output.color());
  text += fmt::format("   {} · {} · {}", table.Kind(), Counted(table.NumRows(), "row"), Counted(columns.size(), "column"));
  if (table.files.is_dataset) text += " · " + Counted(table.structure.size(), "file");
  text += fmt::format(" · {} · {}\n", Counted(table.NumPages(), "page"),
                      session->options.exact_bytes ? Counted(bytes, "byte") : FormatBytes(bytes));
  if (table.files.num_deleted_rows != 0) text += fmt::format("  deleted   {}\n", Counted(table.files.num_deleted_rows, "row"));
  if (bytes != 0) {
    text += fmt::format("  data      {}   {}    {}\n", BytesText(kinds.data, *session),
                        ShareText(static_cast<double>(kinds.data) / static_cast<double>(bytes)),
                        KindsText(kinds, HasBlobs(table), *session));
  }
  std::string largest;
  std::size_t used = 12;
  for (std::size_t i = 0; i < std::min<std::size_t>(columns.size(), 8); ++i) {
    const std::string entry = fmt::format("{} {}", CutToWidth(EscapeControls(columns[i].path), 40),
                                          ShareText(static_cast<double>(columns[i].bytes) / static_cast<double>(bytes)));
    used += DisplayWidth(entry) + 3;
    if (output.width() != 0 && used > static_cast<std::size_t>(output.width()) && i != 0) break;
    largest += (largest.empty() ? "" : "   ") + entry;
  }
  if (!largest.empty()) text += fmt::format("  largest   {}\n", largest);
  output.Write(text);
}

std::vector<Fact> InfoRow(const InspectedTable& table, const Session& session) {
  const ByteKinds kinds = CountBytes(table);
  return {Fact::Text(table.path),
          Fact::Text(table.files.is_dataset ? "dataset" : "file"),
          Fact::Text(table.Versions()),
          Fact::Number(table.files.is_dataset ? static_cast<std::int64_t>(table.files.version) : -1),
          Fact::Count(table.NumRows()),
          Fact::Count(table.files.num_deleted_rows),
          Fact::Count(TotalColumns(table).size()),
          Fact::Count(table.structure.size()),
          Fact::Count(table.NumPages()),
          Fact::Bytes(table.NumBytes(), session),
          Fact::Bytes(kinds.data, session),
          Fact::Bytes(kinds.schema, session),
          Fact::Bytes(kinds.statistics, session),
          Fact::Bytes(kinds.other_buffers, session),
          Fact::Bytes(kinds.column_metadata, session),
          Fact::Bytes(kinds.tables, session),
          Fact::Bytes(kinds.footer, session),
          Fact::Bytes(kinds.rest, session),
          Fact::Text(HasBlobs(table) ? "blobs and padding" : "padding")};
}

Sheet InfoSheet() {
  Sheet sheet{.name = "tables"};
  for (const char* key : {"path", "kind", "format_version", "version", "rows", "deleted_rows", "columns", "files", "pages",
                          "bytes", "data_bytes", "schema_bytes", "statistics_bytes", "other_buffer_bytes",
                          "column_metadata_bytes", "table_bytes", "footer_bytes", "rest_bytes", "rest"}) {
    sheet.columns.push_back({key, key});
  }
  return sheet;
}

bool ShowsChildren(TypeId id) {
  return id == TypeId::kStruct || id == TypeId::kList || id == TypeId::kLargeList || id == TypeId::kMap;
}

/// A line per field: the tree is drawn from indentation.
void AppendFieldTree(const Field& field, const std::string& indent, std::string* out) {
  const bool nested = ShowsChildren(field.type.id);
  const std::string type = nested ? field.type.to_string().substr(0, field.type.to_string().find('<')) : field.type.to_string();
  *out += fmt::format("{}{}: {}{}{}\n", indent, EscapeControls(field.name), EscapeControls(type),
                      field.nullable ? "" : " not null", field.id >= 0 ? fmt::format("  #{}", field.id) : std::string());
  for (const auto& [key, value] : field.metadata) {
    *out += fmt::format("{}  @ {} = {}\n", indent, EscapeControls(key), CutToWidth(EscapeControls(value), 200));
  }
  if (!nested) return;
  for (const Field& child : field.type.children) AppendFieldTree(child, indent + "  ", out);
}

void AddFieldRows(const Field& field, const std::string& parent, Sheet* sheet) {
  const std::string path = parent.empty() ? field.name : parent + "." + field.name;
  sheet->rows.push_back({Fact::Text(path), Fact::Text(field.type.to_string()),
                         Fact{"", field.nullable ? "true" : "false", field.nullable ? "true" : "false"}, Fact::Number(field.id)});
  if (!ShowsChildren(field.type.id)) return;
  for (const Field& child : field.type.children) AddFieldRows(child, path, sheet);
}

/// The schema alone, also of tables whose rows cannot be read here.
Result<Schema> ReadSchema(const Session& session) {
  const std::string& path = session.options.arguments[0];
  LANCEKIT_ASSIGN(const DataFiles files, list_data_files(session.context, path, session.options.open));
  if (files.is_dataset) {
    LANCEKIT_ASSIGN(const Dataset dataset, Dataset::Open(session.context.impl(), path, session.options.open));
    return dataset.manifest().schema;
  }
  LANCEKIT_ASSIGN(InspectedFile file, inspect_file(session.context, path));
  return std::move(file.schema);
}

void WriteSchemaJson(const Schema& schema, const Session& session) {
  JsonWriter json = BeginDocument();
  json.Member("path", session.options.arguments[0]).Key("fields").BeginArray();
  for (const Field& field : schema.fields) AppendFieldJson(field, &json);
  json.EndArray().Key("metadata").BeginObject();
  for (const auto& [key, value] : schema.metadata) json.Member(key, value);
  session.output->Write(json.EndObject().EndObject().text() + '\n');
}

}  // namespace

Status RunInfo(Session& session) {
  Sheet sheet = InfoSheet();
  for (const std::string& path : session.options.arguments) {
    LANCEKIT_ASSIGN(const InspectedTable table, InspectTable(session, path));
    if (session.format == Format::kTable) {
      WriteScreen(table, &session);
    } else {
      sheet.rows.push_back(InfoRow(table, session));
    }
  }
  if (session.format != Format::kTable) WriteSheet(sheet, &session);
  return {};
}

Status RunSchema(Session& session) {
  LANCEKIT_ASSIGN(const Schema schema, ReadSchema(session));
  const std::string& form = session.options.schema_form;
  if (form == "arrow-json") {
    session.output->Write(ArrowJson(schema));
    return {};
  }
  if (form == "ddl-duckdb" || form == "ddl-postgres") {
    // Of "." the name is that of the folder.
    const std::filesystem::path path = std::filesystem::absolute(session.options.arguments[0]).lexically_normal();
    const std::string name = (path.has_filename() ? path : path.parent_path()).stem().string();
    LANCEKIT_ASSIGN(const std::string text,
                    CreateTable(schema, name, form == "ddl-duckdb" ? SqlDialect::kDuckDb : SqlDialect::kPostgres));
    session.output->Write(text);
    return {};
  }
  if (session.format == Format::kJson || form == "json") {
    WriteSchemaJson(schema, session);
    return {};
  }
  if (session.format == Format::kTable) {
    std::string text;
    for (const Field& field : schema.fields) AppendFieldTree(field, "", &text);
    for (const auto& [key, value] : schema.metadata) {
      text += fmt::format("@ {} = {}\n", EscapeControls(key), CutToWidth(EscapeControls(value), 200));
    }
    session.output->Write(text);
    return {};
  }
  Sheet sheet{.name = "fields", .columns = {{"path", "path"}, {"type", "type"}, {"nullable", "nullable"}, {"id", "id"}}};
  for (const Field& field : schema.fields) AddFieldRows(field, "", &sheet);
  WriteSheet(sheet, &session);
  return {};
}

}  // namespace lancekit::tools
