// diff: what differs between two tables, in their schemas and in their rows.
#include "tools/lance-inspect/diff.h"

#include <algorithm>
#include <charconv>
#include <filesystem>

#include "base/status.h"
#include "tools/common/suggest.h"
#include "tools/lance-inspect/commands.h"
#include "tools/lance-inspect/diff_schema.h"
#include "tools/lance-inspect/where.h"

namespace lancekit::tools {
namespace {

bool ParseNumber(std::string_view text, std::uint64_t* number) {
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, *number);
  return error == std::errc{} && stop == end && !text.empty();
}

std::vector<std::string> TopNames(const Table& table) {
  std::vector<std::string> names;
  for (const Field& field : table.schema().fields) names.push_back(field.name);
  return names;
}

bool Has(const Table& table, const std::string& name) {
  return table.schema().index_of(name) >= 0 || table.scan().select({name}).schema().has_value();
}

/// Columns and dotted paths that the options name, those of A first, which one of the tables has at least.
/// Errors: kInvalidArgument for others.
Result<std::vector<std::string>> ChooseColumns(const std::vector<std::string>& texts, const Table& a, const Table& b) {
  std::vector<std::string> known = TopNames(a);
  for (const std::string& name : TopNames(b)) {
    if (std::ranges::find(known, name) == known.end()) known.push_back(name);
  }
  if (texts.empty()) return known;
  std::vector<std::string> names = SplitNames(texts, known);
  for (const std::string& name : names) {
    if (!Has(a, name) && !Has(b, name)) return Invalid("there is no column \"{}\" in A or B{}", name, DidYouMean(name, known));
  }
  return names;
}

/// The columns that hold what the names say, in the table's order; names that the table does not have are passed over. Paths into
/// one column make one column.
Result<std::vector<Field>> Project(const Table& table, std::vector<std::string> names) {
  std::erase_if(names, [&](const std::string& name) { return !Has(table, name); });
  if (names.empty()) return std::vector<Field>();
  LANCEKIT_ASSIGN(Schema schema, table.scan().select(std::move(names)).schema());
  std::ranges::stable_sort(schema.fields, {}, [&](const Field& field) { return table.schema().index_of(field.name); });
  return std::move(schema.fields);
}

/// What is compared of the rows: the keys, then of the names what both tables have in comparable types.
Status ChooseRows(const std::vector<std::string>& names, const std::vector<std::string>& keys, RowDiff* diff) {
  const auto find = [](const std::vector<Field>& fields, const std::string& name) {
    const auto at = std::ranges::find(fields, name, &Field::name);
    return at == fields.end() ? nullptr : &*at;
  };
  LANCEKIT_ASSIGN(const std::vector<Field> keys_a, Project(diff->a, keys));
  LANCEKIT_ASSIGN(const std::vector<Field> keys_b, Project(diff->b, keys));
  for (const std::string& key : keys) {
    if (!Has(diff->a, key) || !Has(diff->b, key)) return Invalid("the key \"{}\" is not in both tables", key);
  }
  for (const Field& key : keys_a) {
    if (!AreComparable(key.type, find(keys_b, key.name)->type))
      return Invalid("the key \"{}\" is of types that cannot be compared", key.name);
  }
  diff->keys = diff->selection = keys;
  diff->num_keys = keys_a.size();
  for (const std::string& name : names) {
    if (std::ranges::find(keys, name) != keys.end() || !Has(diff->a, name) || !Has(diff->b, name)) continue;
    LANCEKIT_ASSIGN(const std::vector<Field> of_a, Project(diff->a, {name}));
    LANCEKIT_ASSIGN(const std::vector<Field> of_b, Project(diff->b, {name}));
    if (find(keys_a, of_a.front().name) != nullptr)
      return Invalid("a key lies in the column \"{}\", which then cannot be compared; --exclude leaves it out",
                     of_a.front().name);
    if (AreComparable(of_a.front().type, of_b.front().type)) diff->selection.push_back(name);
  }
  if (diff->selection.empty()) return {};
  LANCEKIT_ASSIGN(const Schema selected, diff->a.scan().select(diff->selection).schema());
  for (const Field& field : selected.fields) diff->columns.push_back(field.name);
  return {};
}

/// Without a column that both have, rows can be counted only.
Status CountRows(const RowDiff& diff, DiffReport* report) {
  RowSums& sums = report->sums();
  LANCEKIT_ASSIGN(sums.in_a, ScanOf(diff.a, diff.filter).count());
  LANCEKIT_ASSIGN(sums.in_b, ScanOf(diff.b, diff.filter).count());
  sums.same = std::min(sums.in_a, sums.in_b);
  sums.only_in_a = sums.in_a - sums.same;
  sums.only_in_b = sums.in_b - sums.same;
  return {};
}

Fact TextOrNone(const std::string& text) { return text.empty() ? Fact::None() : Fact::Text(text); }

Status DiffTables(Session& session) {
  const Options& options = session.options;
  LANCEKIT_ASSIGN(const TableAt at_a, ParseTableAt(options.arguments[0]));
  LANCEKIT_ASSIGN(const TableAt at_b, ParseTableAt(options.arguments[1]));
  LANCEKIT_ASSIGN(Table a, open(session.context, at_a.path, at_a.open));
  LANCEKIT_ASSIGN(Table b, open(session.context, at_b.path, at_b.open));
  LANCEKIT_ASSIGN(std::vector<std::string> names, ChooseColumns(options.columns, a, b));
  if (!options.excluded.empty()) {
    LANCEKIT_ASSIGN(const std::vector<std::string> excluded, ChooseColumns(options.excluded, a, b));
    std::erase_if(names, [&](const std::string& name) { return std::ranges::find(excluded, name) != excluded.end(); });
  }
  std::vector<std::string> keys;
  if (!options.key.empty()) {
    LANCEKIT_ASSIGN(keys, ChooseColumns(options.key, a, b));
    for (const std::string& key : keys) {
      if (std::ranges::find(names, key) == names.end()) names.push_back(key);
    }
  }
  if (options.relative_tolerance < 0 || options.absolute_tolerance < 0) return Invalid("tolerances are not negative");
  RowDiff diff{.a = std::move(a), .b = std::move(b), .selection = {}, .columns = {}, .keys = {}, .filter = {}};
  diff.tolerance = {options.relative_tolerance, options.absolute_tolerance};
  LANCEKIT_ASSIGN(diff.filter, FilterOf(options));
  LANCEKIT_TRY(ChooseRows(names, keys, &diff));
  Schema schema_a{.fields = {}, .metadata = diff.a.schema().metadata},
      schema_b{.fields = {}, .metadata = diff.b.schema().metadata};
  LANCEKIT_ASSIGN(schema_a.fields, Project(diff.a, names));
  LANCEKIT_ASSIGN(schema_b.fields, Project(diff.b, names));
  DiffReport report(&session);
  for (const auto& [what, column, of_a, of_b] : CompareSchemas(schema_a, schema_b)) {
    report.AddSchema(what, column, TextOrNone(of_a), TextOrNone(of_b));
  }
  if (!report.is_decided()) {
    LANCEKIT_TRY(diff.columns.empty() ? CountRows(diff, &report)
                 : diff.num_keys == 0 ? DiffByPosition(diff, &session, &report)
                                      : DiffByKey(diff, &session, &report));
  }
  report.Finish();
  return {};
}

}  // namespace

Result<TableAt> ParseTableAt(const std::string& argument) {
  TableAt table{.path = argument, .open = {}};
  const std::size_t at = argument.rfind('@');
  std::error_code ignored;
  if (at == std::string::npos || std::filesystem::exists(argument, ignored)) return table;
  const std::string version = argument.substr(at + 1);
  table.path = argument.substr(0, at);
  if (version.empty()) return Invalid("\"{}\": a version, tag or branch is missing behind the @", argument);
  const std::size_t colon = version.rfind(':');
  std::uint64_t number = 0;
  if (colon != std::string::npos) {
    table.open.branch = version.substr(0, colon);
    if (colon + 1 == version.size()) return table;
    if (!ParseNumber(std::string_view(version).substr(colon + 1), &number))
      return Invalid("\"{}\": behind the : stands the number of a version", argument);
    table.open.version = number;
  } else if (ParseNumber(version, &number)) {
    table.open.version = number;
  } else {
    table.open.tag = version;
  }
  return table;
}

Status RunDiff(Session& session) { return session.options.diff_layout ? DiffLayouts(session) : DiffTables(session); }

}  // namespace lancekit::tools
