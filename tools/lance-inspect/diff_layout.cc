// diff --layout: the bytes and encodings of two tables, column by column or page by page.
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/status.h"
#include "tools/common/exit_codes.h"
#include "tools/common/numbers.h"
#include "tools/common/terminal.h"
#include "tools/lance-inspect/columns.h"
#include "tools/lance-inspect/diff.h"
#include "tools/lance-inspect/layout_pictures.h"

namespace lancekit::tools {
namespace {

using Pages = std::vector<const InspectedPage*>;

/// A column of either table, or of both.
struct ColumnPair {
  std::string path;
  const ColumnTotal* a = nullptr;
  const ColumnTotal* b = nullptr;
  Pages pages_a;
  Pages pages_b;
  std::uint64_t bytes() const { return std::max(a == nullptr ? 0 : a->bytes, b == nullptr ? 0 : b->bytes); }
};

bool IsSame(const InspectedPage& a, const InspectedPage& b) {
  return a.num_rows == b.num_rows && a.bytes() == b.bytes() && Summary(a.encoding) == Summary(b.encoding);
}

bool IsSame(const ColumnPair& pair) {
  return pair.a != nullptr && pair.b != nullptr && pair.a->type == pair.b->type &&
         std::ranges::equal(pair.pages_a, pair.pages_b, [](const auto* a, const auto* b) { return IsSame(*a, *b); });
}

std::map<std::string, Pages> PagesByColumn(const InspectedTable& table) {
  std::map<std::string, Pages> pages;
  for (const InspectedFile& file : table.structure) {
    for (const InspectedColumn& column : file.columns) {
      for (const InspectedPage& page : column.pages) pages[column.path].push_back(&page);
    }
  }
  return pages;
}

/// Largest first.
std::vector<ColumnPair> MatchColumns(const InspectedTable& a, const std::vector<ColumnTotal>& totals_a, const InspectedTable& b,
                                     const std::vector<ColumnTotal>& totals_b) {
  std::vector<ColumnPair> pairs;
  std::map<std::string, std::size_t> places;
  const auto pair_of = [&](const std::string& path) -> ColumnPair& {
    const auto [at, is_new] = places.emplace(path, pairs.size());
    if (is_new) pairs.push_back({.path = path, .pages_a = {}, .pages_b = {}});
    return pairs[at->second];
  };
  for (const ColumnTotal& total : totals_a) pair_of(total.path).a = &total;
  for (const ColumnTotal& total : totals_b) pair_of(total.path).b = &total;
  for (auto& [path, pages] : PagesByColumn(a)) pair_of(path).pages_a = std::move(pages);
  for (auto& [path, pages] : PagesByColumn(b)) pair_of(path).pages_b = std::move(pages);
  std::ranges::stable_sort(pairs, std::ranges::greater(), &ColumnPair::bytes);
  return pairs;
}

/// "-12.3%": B against A.
Fact Change(const std::optional<std::uint64_t>& a, const std::optional<std::uint64_t>& b) {
  if (!a || !b || *a == 0) return Fact::None();
  const double change = static_cast<double>(*b) / static_cast<double>(*a) - 1;
  const std::string exact = fmt::format("{:.4f}", change);
  return {*a == *b ? "same" : fmt::format("{:+.1f}%", change * 100), exact, exact};
}

Fact BytesOrNone(const std::optional<std::uint64_t>& bytes, const Session& session) {
  return bytes ? Fact::Bytes(*bytes, session) : Fact::None();
}

/// People see at once where B's encoding is that of A.
std::pair<Fact, Fact> Encodings(const std::optional<std::string>& a, const std::optional<std::string>& b) {
  std::pair<Fact, Fact> facts{a ? Fact::Text(*a) : Fact::None(), b ? Fact::Text(*b) : Fact::None()};
  if (a && b && *a == *b) facts.second.shown = "same";
  return facts;
}

Sheet ColumnSheet(const std::vector<ColumnPair>& pairs, const Session& session) {
  Sheet sheet{.name = "columns",
              .columns = {{"column", "column"},
                          {"bytes_a", "bytes A", true},
                          {"bytes_b", "bytes B", true},
                          {"change", "change", true},
                          {"pages_a", "pages A", true, true, true},
                          {"pages_b", "pages B", true, true, true},
                          {"encoding_a", "encoding A"},
                          {"encoding_b", "encoding B"}}};
  for (const ColumnPair& pair : pairs) {
    std::optional<std::uint64_t> a, b;
    std::optional<std::string> encoding_a, encoding_b;
    if (pair.a != nullptr) a = pair.a->bytes, encoding_a = SummaryText(*pair.a);
    if (pair.b != nullptr) b = pair.b->bytes, encoding_b = SummaryText(*pair.b);
    auto [shown_a, shown_b] = Encodings(encoding_a, encoding_b);
    sheet.rows.push_back({Fact::Text(pair.path), BytesOrNone(a, session), BytesOrNone(b, session), Change(a, b),
                          pair.a == nullptr ? Fact::None() : Fact::Count(pair.a->pages),
                          pair.b == nullptr ? Fact::None() : Fact::Count(pair.b->pages), std::move(shown_a), std::move(shown_b)});
  }
  return sheet;
}

Sheet PageSheet(const std::vector<ColumnPair>& pairs, const Session& session) {
  Sheet sheet{.name = "pages",
              .columns = {{"column", "column"},
                          {"page", "page", true},
                          {"rows_a", "rows A", true, true, true},
                          {"rows_b", "rows B", true, true, true},
                          {"bytes_a", "bytes A", true},
                          {"bytes_b", "bytes B", true},
                          {"change", "change", true},
                          {"encoding_a", "encoding A"},
                          {"encoding_b", "encoding B"}}};
  for (const ColumnPair& pair : pairs) {
    for (std::size_t i = 0; i < std::max(pair.pages_a.size(), pair.pages_b.size()); ++i) {
      const InspectedPage* const page_a = i < pair.pages_a.size() ? pair.pages_a[i] : nullptr;
      const InspectedPage* const page_b = i < pair.pages_b.size() ? pair.pages_b[i] : nullptr;
      std::optional<std::uint64_t> a, b;
      std::optional<std::string> encoding_a, encoding_b;
      if (page_a != nullptr) a = page_a->bytes(), encoding_a = Summary(page_a->encoding);
      if (page_b != nullptr) b = page_b->bytes(), encoding_b = Summary(page_b->encoding);
      auto [shown_a, shown_b] = Encodings(encoding_a, encoding_b);
      sheet.rows.push_back({Fact::Text(pair.path), Fact::Number(static_cast<std::int64_t>(i)),
                            page_a == nullptr ? Fact::None() : Fact::Count(page_a->num_rows),
                            page_b == nullptr ? Fact::None() : Fact::Count(page_b->num_rows), BytesOrNone(a, session),
                            BytesOrNone(b, session), Change(a, b), std::move(shown_a), std::move(shown_b)});
    }
  }
  return sheet;
}

std::string TableJson(const InspectedTable& table, const std::string& argument) {
  JsonWriter json;
  json.BeginObject().Member("path", argument).Member("format_version", table.Versions()).Member("rows", table.NumRows());
  json.Member("bytes", table.NumBytes()).Member("files", table.structure.size()).Member("pages", table.NumPages());
  return json.EndObject().text();
}

Status WritePage(Session& session, InspectedTable a, InspectedTable b) {
  const Options& options = session.options;
  LANCEKIT_ASSIGN(std::unique_ptr<Output> html, OpenPicture(options.html, {&a, &b}, options.force));
  LANCEKIT_ASSIGN(const TableLayout layout_a, MakeLayout(session, std::move(a)));
  LANCEKIT_ASSIGN(const TableLayout layout_b, MakeLayout(session, std::move(b)));
  html->Write(DiffPage(layout_a, options.arguments[0], layout_b, options.arguments[1]));
  LANCEKIT_TRY(html->Finish());
  if (options.html == "-") return {};
  const bool is_json = session.format == Format::kJson || session.format == Format::kJsonLines;
  session.output->Write(is_json ? BeginDocument().Member("html", options.html).EndObject().text() + '\n'
                                : EscapeControls(options.html) + '\n');
  return {};
}

}  // namespace

Status DiffLayouts(Session& session) {
  const Options& options = session.options;
  if (!options.key.empty() || options.where || options.relative_tolerance != 0 || options.absolute_tolerance != 0)
    return Invalid("--layout compares no rows: --key, --where, --rtol and --atol go without it");
  LANCEKIT_ASSIGN(const TableAt at_a, ParseTableAt(options.arguments[0]));
  LANCEKIT_ASSIGN(const TableAt at_b, ParseTableAt(options.arguments[1]));
  LANCEKIT_ASSIGN(InspectedTable a, InspectTable(session, at_a.path, at_a.open));
  LANCEKIT_ASSIGN(InspectedTable b, InspectTable(session, at_b.path, at_b.open));
  const std::vector<ColumnTotal> totals_a = TotalColumns(a), totals_b = TotalColumns(b);
  const std::vector<ColumnPair> all = MatchColumns(a, totals_a, b, totals_b);
  std::vector<std::string> paths;
  for (const ColumnPair& pair : all) paths.push_back(pair.path);
  LANCEKIT_ASSIGN(const std::vector<bool> chosen, ChooseColumns(options, paths));
  std::vector<ColumnPair> pairs;
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (chosen[i]) pairs.push_back(all[i]);
  }
  const bool is_equal = std::ranges::all_of(pairs, [](const ColumnPair& pair) { return IsSame(pair); });
  if (!is_equal) session.exit_code = kExitAnswerIsNo;
  if (!options.html.empty()) return WritePage(session, std::move(a), std::move(b));
  if (options.common.quiet) return {};
  if (session.format == Format::kTable) {
    session.output->Write(fmt::format("A  {}   {}\nB  {}   {}\n", EscapeControls(options.arguments[0]),
                                      Headline(a, totals_a.size()), EscapeControls(options.arguments[1]),
                                      Headline(b, totals_b.size())));
  }
  Sheet sheet = options.each_page ? PageSheet(pairs, session) : ColumnSheet(pairs, session);
  sheet.members = {{"a", TableJson(a, options.arguments[0])},
                   {"b", TableJson(b, options.arguments[1])},
                   {"equal", is_equal ? "true" : "false"}};
  WriteSheet(sheet, &session);
  return {};
}

}  // namespace lancekit::tools
