// encoding: the encoding tree of each page.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "tools/common/numbers.h"
#include "tools/common/terminal.h"
#include "tools/lance-inspect/columns.h"
#include "tools/lance-inspect/commands.h"
#include "tools/lance-inspect/sheet.h"

namespace lancekit::tools {
namespace {

/// One line of a drawn tree.
struct TreeLine {
  std::string label;
  std::int32_t buffer = -1;
};

std::string Label(const EncodingNode& node) {
  std::string text = node.role;
  if (!node.name.empty()) text += (text.empty() ? "" : ": ") + SpokenName(node.name);
  if (!node.parameters.empty()) text += (node.name.empty() ? ": " : " · ") + node.parameters;
  return EscapeControls(text);
}

void CollectLines(const EncodingNode& node, const std::string& branch, const std::string& indent, std::vector<TreeLine>* lines) {
  lines->push_back({branch + Label(node), node.buffer});
  for (std::size_t i = 0; i < node.children.size(); ++i) {
    const bool last = i + 1 == node.children.size();
    CollectLines(node.children[i], indent + (last ? "└─ " : "├─ "), indent + (last ? "   " : "│  "), lines);
  }
}

void WriteTree(const InspectedColumn& column, std::size_t index, std::uint64_t file_row, const Session& session) {
  const InspectedPage& page = column.pages[index];
  std::string text = Styled(EscapeControls(column.path), Style::kBold, session.output->color());
  text += fmt::format("  {}  page {}  {} rows from {}  {} bytes\n", EscapeControls(column.type), index,
                      GroupDigits(page.num_rows), GroupDigits(file_row + page.first_row), BytesText(page.bytes(), session));
  std::vector<TreeLine> lines;
  CollectLines(page.encoding, "└─ ", "   ", &lines);
  std::size_t width = 0;
  for (const TreeLine& line : lines) width = std::max(width, DisplayWidth(line.label));
  std::vector<bool> shown(page.buffers.size(), false);
  for (const TreeLine& line : lines) {
    text += line.label;
    if (line.buffer >= 0 && static_cast<std::size_t>(line.buffer) < page.buffers.size()) {
      const auto buffer = static_cast<std::size_t>(line.buffer);
      text += std::string(width - DisplayWidth(line.label), ' ') + fmt::format("   buffer {}", buffer);
      // Several nodes share the chunks; their size is told once.
      if (!shown[buffer]) text += fmt::format("  {:>11} bytes", BytesText(page.buffers[buffer].size, session));
      shown[buffer] = true;
    }
    text += '\n';
  }
  session.output->Write(text);
}

void AppendPage(const InspectedFile& file, const InspectedColumn& column, std::size_t index, std::uint64_t file_row,
                JsonWriter* json) {
  const InspectedPage& page = column.pages[index];
  json->BeginObject().Member("file", file.path).Member("column", column.path).Member("type", column.type).Member("page", index);
  json->Member("first_row", file_row + page.first_row).Member("rows", page.num_rows).Member("bytes", page.bytes());
  json->Key("buffers").BeginArray();
  for (const InspectedBuffer& buffer : page.buffers) {
    json->BeginObject().Member("role", buffer.role).Member("offset", buffer.offset).Member("size", buffer.size).EndObject();
  }
  json->EndArray().Key("encoding");
  AppendEncodingJson(page.encoding, json);
  json->EndObject();
}

/// A row per node, for the text formats for programs.
void AddNodeRows(const InspectedColumn& column, std::size_t page, const EncodingNode& node, int depth, Sheet* sheet) {
  const auto buffer = static_cast<std::size_t>(node.buffer);
  const bool has_buffer = node.buffer >= 0 && buffer < column.pages[page].buffers.size();
  sheet->rows.push_back({Fact::Text(column.path), Fact::Number(static_cast<std::int64_t>(page)), Fact::Number(depth),
                         Fact::Text(node.role), Fact::Text(node.name), Fact::Text(node.parameters),
                         Fact::Number(has_buffer ? node.buffer : -1),
                         has_buffer ? Fact::Count(column.pages[page].buffers[buffer].size) : Fact::None()});
  for (const EncodingNode& child : node.children) AddNodeRows(column, page, child, depth + 1, sheet);
}

/// Pages that are encoded alike, parameters apart.
struct Alike {
  std::string encoding;
  std::uint64_t pages = 0;
  std::uint64_t rows = 0;
  std::uint64_t bytes = 0;
  std::set<std::string> columns;
};

/// How the chosen pages are encoded, most bytes first.
Result<std::vector<Alike>> CountEncodings(const InspectedTable& table, const Options& options) {
  LANCEKIT_ASSIGN(const std::set<std::string> chosen, ChoosePaths(options, table));
  std::map<std::string, Alike> by_encoding;
  for (const InspectedFile& file : table.structure) {
    for (const InspectedColumn& column : file.columns) {
      if (!chosen.contains(column.path)) continue;
      for (const InspectedPage& page : column.pages) {
        const std::string encoding = EncodingShape(page.encoding);
        Alike& alike = by_encoding.try_emplace(encoding, Alike{.encoding = encoding, .columns = {}}).first->second;
        ++alike.pages;
        alike.rows += page.num_rows;
        alike.bytes += page.bytes();
        alike.columns.insert(column.path);
      }
    }
  }
  std::vector<Alike> all;
  for (auto& [encoding, alike] : by_encoding) all.push_back(std::move(alike));
  std::ranges::stable_sort(all, std::ranges::greater(), &Alike::bytes);
  return all;
}

Status RunHistogram(Session& session) {
  const Options& options = session.options;
  if (options.page >= 0) return Invalid("--histogram counts all pages; --page goes without it");
  LANCEKIT_ASSIGN(const InspectedTable table, InspectTable(session, options.arguments[0]));
  LANCEKIT_ASSIGN(const std::vector<Alike> all, CountEncodings(table, options));
  constexpr std::size_t kBarCells = 20;
  std::uint64_t bytes = 0, most_bytes = 1;
  for (const Alike& alike : all) {
    bytes += alike.bytes;
    most_bytes = std::max(most_bytes, alike.bytes);
  }
  Sheet sheet{.name = "encodings",
              .columns = {{"encoding", "encoding"},
                          {"pages", "pages", true},
                          {"columns", "columns", true, true, true},
                          {"rows", "rows", true, true, true},
                          {"bytes", "bytes", true},
                          {"share", "share", true}},
              .members = {{"path", JsonText(options.arguments[0])}, {"bytes", std::to_string(bytes)}}};
  const bool has_bars = session.format == Format::kTable;
  if (has_bars) sheet.columns.push_back({"bar", ""});
  for (const Alike& alike : all) {
    sheet.rows.push_back({Fact::Text(alike.encoding), Fact::Count(alike.pages), Fact::Count(alike.columns.size()),
                          Fact::Count(alike.rows), Fact::Bytes(alike.bytes, session),
                          Fact::Share(bytes == 0 ? 0 : static_cast<double>(alike.bytes) / static_cast<double>(bytes))});
    if (!has_bars) continue;
    std::string bar;
    for (std::uint64_t cells = (alike.bytes * kBarCells + most_bytes - 1) / most_bytes; cells != 0; --cells) bar += "█";
    sheet.rows.back().push_back(Fact::Text(bar));
  }
  WriteSheet(sheet, &session);
  return {};
}

}  // namespace

void AppendEncodingJson(const EncodingNode& node, JsonWriter* json) {
  json->BeginObject();
  if (!node.role.empty()) json->Member("role", node.role);
  if (!node.name.empty()) json->Member("name", node.name);
  if (!node.parameters.empty()) json->Member("parameters", node.parameters);
  if (node.buffer >= 0) json->Member("buffer", node.buffer);
  if (!node.children.empty()) {
    json->Key("children").BeginArray();
    for (const EncodingNode& child : node.children) AppendEncodingJson(child, json);
    json->EndArray();
  }
  json->EndObject();
}

Status RunEncoding(Session& session) {
  const Options& options = session.options;
  if (options.why && options.histogram) return Invalid("--why and --histogram are two answers; ask for one");
  if (options.why) return RunWhy(session);
  if (!options.preset.empty()) return Invalid("--preset goes with --why");
  if (options.histogram) return RunHistogram(session);
  LANCEKIT_ASSIGN(const InspectedTable table, InspectTable(session, options.arguments[0]));
  LANCEKIT_ASSIGN(const std::set<std::string> chosen, ChoosePaths(options, table));
  JsonWriter json = BeginDocument();
  json.Member("path", options.arguments[0]).Key("pages").BeginArray();
  Sheet sheet{.name = "nodes",
              .columns = {{"column", ""},
                          {"page", ""},
                          {"depth", ""},
                          {"role", ""},
                          {"name", ""},
                          {"parameters", ""},
                          {"buffer", ""},
                          {"bytes", ""}}};
  bool any = false;
  for (std::size_t i = 0; i < table.structure.size(); ++i) {
    const InspectedFile& file = table.structure[i];
    for (const InspectedColumn& column : file.columns) {
      if (!chosen.contains(column.path)) continue;
      for (std::size_t page = 0; page < column.pages.size(); ++page) {
        if (options.page >= 0 && page != static_cast<std::size_t>(options.page)) continue;
        any = true;
        if (session.format == Format::kTable) {
          WriteTree(column, page, table.files.files[i].first_row, session);
        } else if (session.format == Format::kJson) {
          AppendPage(file, column, page, table.files.files[i].first_row, &json);
        } else {
          AddNodeRows(column, page, column.pages[page].encoding, 0, &sheet);
        }
      }
    }
  }
  if (!any && options.page >= 0) return Invalid("no chosen column has a page {}", options.page);
  if (session.format == Format::kJson) session.output->Write(json.EndArray().EndObject().text() + '\n');
  if (session.format != Format::kJson && session.format != Format::kTable) WriteSheet(sheet, &session);
  return {};
}

}  // namespace lancekit::tools
