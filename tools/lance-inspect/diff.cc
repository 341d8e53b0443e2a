// diff: what differs between two tables, in their schemas and in their rows.
#include "tools/lance-inspect/diff.h"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <map>
#include <set>

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

/// The columns of a table by name, and dotted paths into them.
class Columns {
 public:
  explicit Columns(const Table& table) : table_(table) {
    for (const Field& field : table.schema().fields) by_name_.emplace(field.name, &field);
  }
  const Table& table() const { return table_; }

  /// What a name or path makes of its column; nothing when there is no such.
  std::optional<Field> Find(const std::string& name) const {
    if (const auto at = by_name_.find(name); at != by_name_.end()) return *at->second;
    const auto schema = table_.scan().select({name}).schema();
    return schema ? std::optional(schema->fields.front()) : std::nullopt;
  }

  /// The columns that hold what the names say, in the table's order; names that the table does not have are passed over. Paths
  /// into one column make one column.
  Result<std::vector<Field>> Project(std::vector<std::string> names) const {
    std::erase_if(names, [&](const std::string& name) { return !Find(name); });
    if (names.empty()) return std::vector<Field>();
    LANCEKIT_ASSIGN(const Schema schema, table_.scan().select(std::move(names)).schema());
    std::map<std::string, Field> chosen;
    for (const Field& field : schema.fields) chosen.emplace(field.name, field);
    std::vector<Field> fields;
    for (const Field& field : table_.schema().fields) {
      if (const auto at = chosen.find(field.name); at != chosen.end()) fields.push_back(at->second);
    }
    return fields;
  }

 private:
  const Table& table_;
  std::map<std::string, const Field*> by_name_;
};

/// Columns and dotted paths that the options name, without any all columns, those of A first. Errors: kInvalidArgument for what
/// neither table has.
Result<std::vector<std::string>> ChooseNames(const std::vector<std::string>& texts, const Columns& a, const Columns& b) {
  std::vector<std::string> known;
  std::set<std::string> seen;
  for (const Columns* const side : {&a, &b}) {
    for (const Field& field : side->table().schema().fields) {
      if (seen.insert(field.name).second) known.push_back(field.name);
    }
  }
  if (texts.empty()) return known;
  std::vector<std::string> names = SplitNames(texts, known);
  for (const std::string& name : names) {
    if (!a.Find(name) && !b.Find(name)) return Invalid("there is no column \"{}\" in A or B{}", name, DidYouMean(name, known));
  }
  return names;
}

/// What is compared of the rows: the keys, then of the names what both tables have in comparable types.
Status ChooseRows(const std::vector<std::string>& names, const std::vector<std::string>& keys, const Columns& a, const Columns& b,
                  RowDiff* diff) {
  std::set<std::string> key_columns;
  for (const std::string& key : keys) {
    const std::optional<Field> of_a = a.Find(key), of_b = b.Find(key);
    if (!of_a || !of_b) return Invalid("the key \"{}\" is not in both tables", key);
    if (!AreComparable(of_a->type, of_b->type)) return Invalid("the key \"{}\" is of types that cannot be compared", key);
    key_columns.insert(of_a->name);
  }
  diff->keys = diff->selection = keys;
  diff->num_keys = key_columns.size();
  for (const std::string& name : names) {
    const std::optional<Field> of_a = a.Find(name), of_b = b.Find(name);
    if (std::ranges::find(keys, name) != keys.end() || !of_a || !of_b) continue;
    if (key_columns.contains(of_a->name))
      return Invalid("a key lies in the column \"{}\", which then cannot be compared; --exclude leaves it out", of_a->name);
    if (AreComparable(of_a->type, of_b->type)) diff->selection.push_back(name);
  }
  if (diff->selection.empty()) return {};
  LANCEKIT_ASSIGN(const Schema selected, diff->a.scan().select(diff->selection).schema());
  LANCEKIT_ASSIGN(const Schema selected_of_b, diff->b.scan().select(diff->selection).schema());
  for (std::size_t i = 0; i < selected.fields.size(); ++i) {
    const Field& field = selected.fields[i];
    // Fields of one struct that are named one by one come in the order that each table has them in.
    if (i >= selected_of_b.fields.size() || !AreComparable(field.type, selected_of_b.fields[i].type))
      return Invalid("the fields of \"{}\" have another order in A than in B; compare them one at a time", field.name);
    diff->columns.push_back(field.name);
  }
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
  LANCEKIT_ASSIGN(const Table table_a, open(session.context, at_a.path, at_a.open));
  LANCEKIT_ASSIGN(const Table table_b, open(session.context, at_b.path, at_b.open));
  const Columns a(table_a), b(table_b);
  LANCEKIT_ASSIGN(std::vector<std::string> names, ChooseNames(options.columns, a, b));
  if (!options.excluded.empty()) {
    LANCEKIT_ASSIGN(const std::vector<std::string> excluded, ChooseNames(options.excluded, a, b));
    std::erase_if(names, [&](const std::string& name) { return std::ranges::find(excluded, name) != excluded.end(); });
  }
  std::vector<std::string> keys;
  if (!options.key.empty()) {
    LANCEKIT_ASSIGN(keys, ChooseNames(options.key, a, b));
    for (const std::string& key : keys) {
      if (std::ranges::find(names, key) == names.end()) names.push_back(key);
    }
  }
  if (options.relative_tolerance < 0 || options.absolute_tolerance < 0) return Invalid("tolerances are not negative");
  RowDiff diff{.a = table_a, .b = table_b, .selection = {}, .columns = {}, .keys = {}, .filter = {}};
  diff.tolerance = {options.relative_tolerance, options.absolute_tolerance};
  LANCEKIT_ASSIGN(diff.filter, FilterOf(options));
  LANCEKIT_TRY(ChooseRows(names, keys, a, b, &diff));
  Schema schema_a{.fields = {}, .metadata = table_a.schema().metadata},
      schema_b{.fields = {}, .metadata = table_b.schema().metadata};
  LANCEKIT_ASSIGN(schema_a.fields, a.Project(names));
  LANCEKIT_ASSIGN(schema_b.fields, b.Project(names));
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
