// layout --html and diff --layout --html: the pages' skeletons, with the model as JSON for their scripts.
#include <algorithm>
#include <map>
#include <utility>

#include "tools/common/json.h"
#include "tools/common/markup.h"
#include "tools/lance-inspect/layout_pictures.h"
#include "tools/lance-inspect/layout_resources.h"

namespace lancekit::tools {
namespace {

// What keeps the page at a few megabytes.
constexpr std::size_t kMostParts = 150'000;
constexpr std::size_t kLeastPartsPerFile = 64;
constexpr std::size_t kMostPages = 60'000;

/// Texts that are told once and named by number.
class Interned {
 public:
  std::size_t Id(const std::string& text) {
    const auto [at, is_new] = ids_.emplace(text, texts_.size());
    if (is_new) texts_.push_back(&at->first);
    return at->second;
  }
  const std::vector<const std::string*>& texts() const { return texts_; }

 private:
  std::map<std::string, std::size_t> ids_;
  std::vector<const std::string*> texts_;
};

class PageData {
 public:
  PageData(const TableLayout& layout, const DatasetFacts& dataset) : layout_(layout), shades_(layout.table) {
    const InspectedTable& table = layout.table;
    json_.BeginObject().Member("name", TableName(table)).Member("headline", Headline(table, shades_.columns().size()));
    json_.Member("rows", table.NumRows()).Member("bytes", table.NumBytes()).Member("own_colors", shades_.num_own());
    AddKinds();
    AddColumns();
    AddFragments(dataset.fragments);
    AddVersions(dataset);
    AddFiles();
    json_.Key("roles").BeginArray();
    for (const std::string* role : roles_.texts()) json_.Value(*role);
    json_.EndArray().Key("encodings").BeginArray();
    for (const std::string* encoding : encodings_.texts()) json_.Raw(*encoding);
    json_.EndArray().EndObject();
  }

  const std::string& json() const { return json_.text(); }

 private:
  /// By number: what parts are.
  void AddKinds() {
    json_.Key("kinds").BeginArray();
    for (int kind = 0; kind <= static_cast<int>(PartKind::kUnexplained); ++kind)
      json_.Value(part_kind_name(static_cast<PartKind>(kind)));
    json_.EndArray();
  }

  /// [path, type, pages, bytes, bytes in Arrow, encoding], largest first.
  void AddColumns() {
    json_.Key("columns").BeginArray();
    for (const ColumnTotal& column : shades_.columns()) {
      json_.BeginArray().Value(column.path).Value(column.type).Value(column.pages).Value(column.bytes);
      if (column.arrow_bytes) {
        json_.Value(*column.arrow_bytes);
      } else {
        json_.Null();
      }
      json_.Value(SummaryText(column)).EndArray();
    }
    json_.EndArray();
  }

  void AddFragments(const std::vector<FragmentFacts>& fragments) {
    json_.Key("fragments").BeginArray();
    for (const FragmentFacts& fragment : fragments) {
      json_.BeginObject().Member("id", fragment.id).Member("rows", fragment.rows).Member("deleted", fragment.deleted_rows);
      json_.Member("deletion_file", fragment.deletion_file).EndObject();
    }
    json_.EndArray();
  }

  void AddVersions(const DatasetFacts& dataset) {
    json_.Member("version", dataset.shown_version).Member("older_versions", dataset.older_versions).Key("versions").BeginArray();
    for (const auto& [facts, tags] : dataset.versions) {
      json_.BeginObject().Member("version", facts.version).Member("time", facts.time).Member("operation", facts.operation);
      json_.Member("rows", facts.rows.live()).Member("deleted", facts.rows.deleted).Key("tags").BeginArray();
      for (const std::string& tag : tags) json_.Value(tag);
      json_.EndArray().EndObject();
    }
    json_.EndArray();
  }

  void AddFiles() {
    const std::size_t num_files = layout_.parts.size();
    const std::size_t most = std::max(kLeastPartsPerFile, num_files == 0 ? 0 : kMostParts / num_files);
    json_.Key("files").BeginArray();
    for (std::size_t i = 0; i < num_files; ++i) {
      const InspectedFile& file = layout_.table.structure[i];
      const DataFileEntry& entry = layout_.table.files.files[i];
      json_.BeginObject().Member("path", FileName(layout_.table, i)).Member("version", file.format_version);
      json_.Member("fragment", entry.fragment).Member("first_row", entry.first_row).Member("rows", file.num_rows);
      json_.Member("bytes", file.size).Member("num_parts", layout_.parts[i].size());
      AddParts(i, GroupToNumber(file, layout_.parts[i], most));
      AddPages(i);
      json_.EndObject();
    }
    json_.EndArray();
  }

  /// [size, kind, role, column, page, buffer, number of parts], in the order of the file; what does not apply is -1, what stands
  /// at the end then left out.
  void AddParts(std::size_t file, const std::vector<PartGroup>& groups) {
    json_.Key("parts").BeginArray();
    for (const PartGroup& group : groups) {
      const std::int64_t column = group.column < 0 ? -1 : static_cast<std::int64_t>(shades_.Place(file, group.column));
      const std::int64_t role = group.role->empty() ? -1 : static_cast<std::int64_t>(roles_.Id(*group.role));
      const std::int64_t count = group.num_parts == 1 ? -1 : static_cast<std::int64_t>(group.num_parts);
      const std::int64_t facts[] = {role, column, group.page, group.buffer, count};
      std::size_t used = std::size(facts);
      while (used > 0 && facts[used - 1] < 0) --used;
      json_.BeginArray().Value(group.size).Value(static_cast<int>(group.kind));
      for (std::size_t i = 0; i < used; ++i) json_.Value(facts[i]);
      json_.EndArray();
    }
    json_.EndArray();
  }

  /// [column, [first row, rows, buffers, encoding]...] for as many columns as there is room for, the largest first.
  void AddPages(std::size_t index) {
    const InspectedFile& file = layout_.table.structure[index];
    std::vector<std::pair<std::size_t, const InspectedColumn*>> columns;
    for (std::size_t i = 0; i < file.columns.size(); ++i)
      columns.emplace_back(shades_.Place(index, static_cast<std::int64_t>(i)), &file.columns[i]);
    std::ranges::stable_sort(columns, {}, &std::pair<std::size_t, const InspectedColumn*>::first);
    json_.Key("pages").BeginArray();
    for (const auto& [place, column] : columns) {
      if (num_pages_ + column->pages.size() > kMostPages) break;
      num_pages_ += column->pages.size();
      json_.BeginArray().Value(place);
      for (const InspectedPage& page : column->pages) {
        json_.BeginArray().Value(page.first_row).Value(page.num_rows).Value(page.buffers.size());
        json_.Value(EncodingId(page.encoding)).EndArray();
      }
      json_.EndArray();
    }
    json_.EndArray();
  }

  /// A summary and the tree.
  std::size_t EncodingId(const EncodingNode& encoding) {
    JsonWriter json;
    json.BeginArray().Value(Summary(encoding));
    AppendEncodingJson(encoding, &json);
    return encodings_.Id(json.EndArray().text());
  }

  const TableLayout& layout_;
  Shades shades_;
  Interned roles_;
  Interned encodings_;
  std::size_t num_pages_ = 0;
  JsonWriter json_;
};

/// Within a script element nothing but its end is markup, and a JSON text has '<' in strings only.
std::string ScriptData(const std::string& json) {
  std::string text;
  for (const char c : json) {
    if (c == '<') {
      text += "\\u003c";
    } else {
      text.push_back(c);
    }
  }
  return text;
}

/// Puts the contents in the place of their marks, which follow each other in the page.
std::string Fill(std::string_view rest, const std::vector<std::pair<std::string_view, std::string>>& contents) {
  std::string page;
  for (const auto& [mark, content] : contents) {
    const std::size_t at = rest.find(mark);
    page += rest.substr(0, at);
    page += content;
    rest.remove_prefix(at + mark.size());
  }
  return page.append(rest);
}

}  // namespace

std::string HtmlPage(const TableLayout& layout, const DatasetFacts& dataset) {
  return Fill(kLayoutPage, {{"<!--title-->", MarkupText(TableName(layout.table))},
                            {"<!--picture-->", SvgPicture(layout)},
                            {"<!--data-->", ScriptData(PageData(layout, dataset).json())}});
}

std::string DiffPage(const TableLayout& a, const std::string& name_a, const TableLayout& b, const std::string& name_b) {
  JsonWriter json;
  json.BeginArray();
  json.BeginObject().Member("name", name_a).Key("table").Raw(PageData(a, {}).json()).EndObject();
  json.BeginObject().Member("name", name_b).Key("table").Raw(PageData(b, {}).json()).EndObject();
  return Fill(kDiffPage,
              {{"<!--title-->", MarkupText(name_a + " and " + name_b)}, {"<!--data-->", ScriptData(json.EndArray().text())}});
}

}  // namespace lancekit::tools
