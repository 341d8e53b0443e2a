// columns: bytes and encodings per column. pages: a line per page.
#include "tools/lance-inspect/columns.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <map>

#include "tools/common/numbers.h"
#include "tools/lance-inspect/commands.h"
#include "tools/lance-inspect/sheet.h"

namespace lancekit::tools {
namespace {

void AddOnce(const std::string& name, std::vector<std::string>* names) {
  if (std::ranges::find(*names, name) == names->end()) names->push_back(name);
}

void CollectNames(const EncodingNode& node, std::vector<std::string>* names) {
  if (!node.name.empty()) AddOnce(node.name, names);
  for (const EncodingNode& child : node.children) CollectNames(child, names);
}

/// "bitpack 32" for inline_bitpacking of 32 bit: short, because it stands in tables.
std::string NodeText(const EncodingNode& node) {
  std::string text = node.name.ends_with("bitpacking") ? "bitpack" : SpokenName(node.name);
  std::string parameters = node.parameters;
  for (std::size_t at; (at = parameters.find(" bit")) != std::string::npos;) parameters.erase(at, 4);
  if (!parameters.empty()) text += " " + parameters;
  // The number width of flat children says nothing new.
  for (const EncodingNode& child : node.children) {
    if (child.role == "values" && child.name != "flat") text += " of " + NodeText(child);
  }
  return text;
}

struct Place {
  std::string path;
  std::string type;
};

/// Where `rest` of the column's path ends after so many more names; of names with dots in them, those that lead to its end.
std::optional<Place> Descend(const std::vector<Field>& fields, std::string_view rest, std::uint64_t depth) {
  for (const Field& field : fields) {
    if (rest == field.name) return Place{field.name, field.type.to_string()};
    if (rest.size() <= field.name.size() || !rest.starts_with(field.name) || rest[field.name.size()] != '.') continue;
    const auto below = Descend(field.type.children, rest.substr(field.name.size() + 1), depth - 1);
    if (!below.has_value()) continue;
    return depth == 1 ? Place{field.name, field.type.to_string()} : Place{field.name + "." + below->path, below->type};
  }
  return std::nullopt;
}

/// The column, or the one above it that has this depth.
Place PlaceAt(const Schema& schema, const InspectedColumn& column, std::uint64_t depth) {
  return (depth == 0 ? std::nullopt : Descend(schema.fields, column.path, depth)).value_or(Place{column.path, column.type});
}

void AddPages(const InspectedColumn& column, ColumnTotal* total) {
  total->pages += column.pages.size();
  total->bytes += column.bytes();
  for (const InspectedPage& page : column.pages) {
    CollectNames(page.encoding, &total->encodings);
    AddOnce(Summary(page.encoding), &total->summaries);
  }
}

/// Of Arrow bytes to stored ones; infinite where it is not known.
double RatioOf(const ColumnTotal& total) {
  if (!total.arrow_bytes || total.bytes == 0) return std::numeric_limits<double>::infinity();
  return static_cast<double>(*total.arrow_bytes) / static_cast<double>(total.bytes);
}

/// Columns that are stored largest first in another order. "ratio": what is compressed least comes first.
void Sort(const InspectedTable& table, const std::string& by, std::uint64_t depth, std::vector<ColumnTotal>* totals) {
  if (by == "name") std::ranges::stable_sort(*totals, {}, &ColumnTotal::path);
  if (by == "ratio") std::ranges::stable_sort(*totals, {}, [](const ColumnTotal& total) { return RatioOf(total); });
  if (by != "schema") return;
  std::map<std::string, std::size_t> places;
  for (const InspectedFile& file : table.structure) {
    for (const InspectedColumn& column : file.columns) places.emplace(PlaceAt(file.schema, column, depth).path, places.size());
  }
  std::ranges::stable_sort(*totals, {}, [&](const ColumnTotal& total) { return places[total.path]; });
}

void AddPageRows(const InspectedFile& file, const DataFileEntry& entry, const InspectedColumn& column, const Session& session,
                 Sheet* sheet) {
  for (std::size_t i = 0; i < column.pages.size(); ++i) {
    const InspectedPage& page = column.pages[i];
    JsonWriter buffers;
    std::string places;
    buffers.BeginArray();
    std::uint64_t offset = page.buffers.empty() ? 0 : page.buffers[0].offset;
    for (const InspectedBuffer& buffer : page.buffers) {
      offset = std::min(offset, buffer.offset);
      places += fmt::format("{}{}+{}", places.empty() ? "" : " ", buffer.offset, buffer.size);
      buffers.BeginObject().Member("role", buffer.role).Member("offset", buffer.offset).Member("size", buffer.size).EndObject();
    }
    const std::uint64_t first = entry.first_row + page.first_row;
    sheet->rows.push_back({Fact::Text(file.path), Fact::Text(column.path), Fact::Number(static_cast<std::int64_t>(i)),
                           Fact::Count(first), Fact::Count(page.num_rows), Fact::Count(page.buffers.size()), Fact::Count(offset),
                           Fact::Bytes(page.bytes(), session), Fact::Text(SpokenName(page.encoding.name)),
                           Fact::Text(Summary(page.encoding)), Fact{"", places, buffers.EndArray().text()}});
  }
}

}  // namespace

std::string SpokenName(const std::string& name) {
  if (name == "mini_block") return "mini-block";
  if (name == "full_zip") return "full-zip";
  std::string spoken = name;
  std::ranges::replace(spoken, '_', ' ');
  return spoken;
}

std::string Summary(const EncodingNode& encoding) {
  std::string text = SpokenName(encoding.name);
  const char* separator = ": ";
  const auto add = [&](const std::string& part) {
    text += separator + part;
    separator = " · ";
  };
  const EncodingNode* dictionary = nullptr;
  for (const EncodingNode& child : encoding.children) {
    if (child.role == "dictionary") dictionary = &child;
  }
  for (const EncodingNode& child : encoding.children) {
    if (child.role == "values" || child.role == "positions and sizes") add(NodeText(child));
    if (child.role == "dictionary indices") {
      // "97 items, zstd": the number of items is what counts here.
      const std::string items =
          dictionary == nullptr ? "" : dictionary->parameters.substr(0, dictionary->parameters.find(" items"));
      add(fmt::format("dictionary {}→ {}", items.empty() ? "" : items + " ", NodeText(child)));
    }
    if (child.role == "value") add("one value");
  }
  for (const EncodingNode& child : encoding.children) {
    if (child.role == "repetition levels") add("rep " + NodeText(child));
    if (child.role == "definition levels") add("def " + NodeText(child));
    if (child.role == "repetition index") add("row index");
  }
  if (encoding.name == "constant" && encoding.parameters.rfind("all null", 0) == 0) add("all null");
  return text;
}

std::string EncodingShape(EncodingNode encoding) {
  const auto forget = [](EncodingNode* node, const auto& self) -> void {
    // That a page is null throughout is no parameter.
    if (node->parameters.rfind("all null", 0) != 0) node->parameters.clear();
    for (EncodingNode& child : node->children) self(&child, self);
  };
  forget(&encoding, forget);
  return Summary(encoding);
}

std::string SummaryText(const ColumnTotal& total) {
  std::string text;
  constexpr std::size_t kShown = 2;
  for (std::size_t i = 0; i < std::min(kShown, total.summaries.size()); ++i) text += (i == 0 ? "" : " | ") + total.summaries[i];
  if (total.summaries.size() > kShown) text += fmt::format(" | and {} more", total.summaries.size() - kShown);
  return text;
}

std::vector<ColumnTotal> TotalColumns(const InspectedTable& table, std::uint64_t depth, const std::set<std::string>* chosen) {
  std::vector<ColumnTotal> totals;
  std::map<std::string, std::size_t> by_path;
  for (const InspectedFile& file : table.structure) {
    for (const InspectedColumn& column : file.columns) {
      if (chosen != nullptr && !chosen->contains(column.path)) continue;
      const Place place = PlaceAt(file.schema, column, depth);
      const auto [at, is_new] = by_path.emplace(place.path, totals.size());
      if (is_new) totals.push_back({.path = place.path, .type = place.type, .arrow_bytes = 0});
      ColumnTotal& total = totals[at->second];
      AddPages(column, &total);
      if (total.arrow_bytes && column.arrow_bytes) {
        *total.arrow_bytes += *column.arrow_bytes;
      } else {
        total.arrow_bytes.reset();
      }
    }
  }
  std::ranges::stable_sort(totals, std::ranges::greater(), &ColumnTotal::bytes);
  return totals;
}

Status RunColumns(Session& session) {
  const std::string& path = session.options.arguments[0];
  LANCEKIT_ASSIGN(const InspectedTable table, InspectTable(session, path));
  const std::uint64_t depth = session.options.depth;
  LANCEKIT_ASSIGN(const std::set<std::string> chosen, ChoosePaths(session.options, table));
  std::vector<ColumnTotal> totals = TotalColumns(table, depth, &chosen);
  Sort(table, session.options.sort, depth, &totals);
  const std::uint64_t most = session.options.most_columns == 0 ? totals.size() : session.options.most_columns;
  Sheet sheet{
      .name = "columns",
      .columns = {{"path", "column"},
                  {"type", "type"},
                  {"pages", "pages", true},
                  {"bytes", "bytes", true},
                  {"share", "share", true},
                  {"arrow_bytes", "in Arrow", true, true, true},
                  {"ratio", "ratio", true, true, true},
                  {"encoding", "encoding"},
                  {"encodings", "", false, false}},
      .members = {
          {"path", JsonText(path)}, {"bytes", std::to_string(table.NumBytes())}, {"rows", std::to_string(table.NumRows())}}};
  for (const ColumnTotal& total : totals) {
    if (sheet.rows.size() == most) break;
    sheet.rows.push_back({Fact::Text(total.path), Fact::Text(total.type), Fact::Count(total.pages),
                          Fact::Bytes(total.bytes, session),
                          Fact::Share(static_cast<double>(total.bytes) / static_cast<double>(table.NumBytes())),
                          total.arrow_bytes ? Fact::Bytes(*total.arrow_bytes, session) : Fact::None(),
                          total.arrow_bytes && total.bytes != 0 ? Fact::Ratio(RatioOf(total)) : Fact::None(),
                          Fact::Text(SummaryText(total)), Fact::List(total.encodings)});
  }
  WriteSheet(sheet, &session);
  return {};
}

Status RunPages(Session& session) {
  const std::string& path = session.options.arguments[0];
  LANCEKIT_ASSIGN(const InspectedTable table, InspectTable(session, path));
  LANCEKIT_ASSIGN(const std::set<std::string> chosen, ChoosePaths(session.options, table));
  Sheet sheet{.name = "pages",
              .columns = {{"file", "file", false, table.structure.size() > 1},
                          {"column", "column"},
                          {"page", "page", true},
                          {"first_row", "first row", true, true, true},
                          {"rows", "rows", true},
                          {"num_buffers", "buffers", true, true, true},
                          {"offset", "offset", true, true, true},
                          {"bytes", "bytes", true},
                          {"layout", "", false, false},
                          {"encoding", "encoding"},
                          {"buffers", "", false, false}},
              .members = {{"path", JsonText(path)}}};
  for (std::size_t i = 0; i < table.structure.size(); ++i) {
    const InspectedFile& file = table.structure[i];
    for (const InspectedColumn& column : file.columns) {
      if (chosen.contains(column.path)) AddPageRows(file, table.files.files[i], column, session, &sheet);
    }
  }
  WriteSheet(sheet, &session);
  return {};
}

}  // namespace lancekit::tools
