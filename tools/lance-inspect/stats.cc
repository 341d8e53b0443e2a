// stats: the range of values, nulls and more of each column, from zone maps where they say it all.
#include <fmt/format.h>

#include <algorithm>

#include "lancekit/table.hpp"
#include "tools/common/exported_batch.h"
#include "tools/common/interrupt.h"
#include "tools/lance-inspect/column_stats.h"
#include "tools/lance-inspect/commands.h"
#include "tools/lance-inspect/sheet.h"

namespace lancekit::tools {
namespace {

/// A column with what is known of it.
struct Known {
  StatsColumn column;
  std::optional<format::Zone> zones;
  ValueStats values;
  std::uint64_t bloom_bytes = 0;
};

/// Reads the columns that zone maps do not tell of.
Status ReadValues(const Table& table, std::vector<Known>* columns) {
  std::vector<std::string> names;
  for (const Known& known : *columns) {
    const std::string& name = known.column.fields[0]->name;
    if (!known.zones && std::ranges::find(names, name) == names.end()) names.push_back(name);
  }
  if (names.empty()) return {};
  auto scan = table.scan().select(names);
  LANCEKIT_ASSIGN(const Schema schema, scan.schema());
  const Field row{.name = "", .type = {.id = TypeId::kStruct, .children = schema.fields}};
  for (auto& batch : scan) {
    if (!batch) return batch.error();
    ExportedBatch exported;
    LANCEKIT_ASSIGN(const ArrayView view, exported.Export(*batch, row));
    for (Known& known : *columns) {
      const auto at = std::ranges::find(names, known.column.fields[0]->name) - names.begin();
      if (!known.zones) known.values.Add(view.children[static_cast<std::size_t>(at)], known.column);
    }
    if (Interrupted()) return MakeError(ErrorCode::kCancelled, "interrupted");
  }
  return {};
}

Fact Bound(const DataType& type, const std::optional<Scalar>& value, bool is_exact) {
  if (!value) return Fact::None();
  const std::string text = BoundText(type, *value, false) + (is_exact ? "" : "…");
  return {text, text, BoundText(type, *value, true)};
}

std::vector<Fact> RowOf(const Known& known, const Session& session) {
  const Field& leaf = known.column.leaf();
  const format::Zone& zone = known.zones ? *known.zones : known.values.zone();
  const ValueStats::Lengths& lengths = known.values.lengths();
  const bool has_order = DomainOf(leaf.type) != Domain::kNone;
  const auto length = [&](std::uint64_t bytes) { return lengths.count == 0 ? Fact::None() : Fact::Count(bytes); };
  const std::string mean =
      lengths.count == 0 ? "" : fmt::format("{:.1f}", static_cast<double>(lengths.sum) / static_cast<double>(lengths.count));
  return {Fact::Text(known.column.path),
          Fact::Text(leaf.type.to_string()),
          Fact::Count(zone.num_rows),
          Fact::Count(zone.num_nulls),
          DomainOf(leaf.type) == Domain::kFloating ? Fact::Count(zone.num_nans) : Fact::None(),
          Bound(leaf.type, zone.min, zone.min_is_exact),
          Bound(leaf.type, zone.max, zone.max_is_exact),
          zone.min ? Fact{"", zone.min_is_exact ? "true" : "false", zone.min_is_exact ? "true" : "false"} : Fact::None(),
          zone.max ? Fact{"", zone.max_is_exact ? "true" : "false", zone.max_is_exact ? "true" : "false"} : Fact::None(),
          has_order && !known.zones ? Fact::Count(known.values.distinct()) : Fact::None(),
          length(lengths.min),
          lengths.count == 0 ? Fact::None() : Fact{mean, mean, mean},
          length(lengths.max),
          known.bloom_bytes == 0 ? Fact::None() : Fact::Bytes(known.bloom_bytes, session),
          Fact::Text(known.zones ? "zone maps" : "scan")};
}

}  // namespace

Status RunStats(Session& session) {
  const Options& options = session.options;
  LANCEKIT_ASSIGN(const Table table, open(session.context, options.arguments[0], options.open));
  const std::vector<StatsColumn> all = StatsColumns(table.schema());
  std::vector<std::string> paths;
  for (const StatsColumn& column : all) paths.push_back(column.path);
  LANCEKIT_ASSIGN(const std::vector<bool> chosen, ChooseColumns(options, paths));
  std::vector<Known> columns;
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (!chosen[i]) continue;
    columns.push_back({.column = all[i], .bloom_bytes = SumBloomBytes(table.impl(), all[i].leaf())});
    if (!options.scan) columns.back().zones = SumZones(table.impl(), all[i].leaf());
  }
  const std::uint64_t before = session.context.metrics().bytes_read;
  LANCEKIT_TRY(ReadValues(table, &columns));
  const bool has_blooms = std::ranges::any_of(columns, [](const Known& known) { return known.bloom_bytes != 0; });
  Sheet sheet{.name = "columns",
              .columns = {{"column", "column"},
                          {"type", "type"},
                          {"rows", "rows", true},
                          {"nulls", "nulls", true},
                          {"nans", "NaNs", true, true, true},
                          {"min", "min"},
                          {"max", "max"},
                          {"min_is_exact", "", false, false},
                          {"max_is_exact", "", false, false},
                          {"distinct_estimate", "~distinct", true},
                          {"length_min", "shortest", true, true, true},
                          {"length_mean", "mean", true, true, true},
                          {"length_max", "longest", true, true, true},
                          {"bloom_bytes", "Bloom", true, has_blooms},
                          {"from", "from"}}};
  sheet.members = {{"path", JsonText(options.arguments[0])},
                   {"bytes_scanned", std::to_string(session.context.metrics().bytes_read - before)}};
  for (const Known& known : columns) sheet.rows.push_back(RowOf(known, session));
  WriteSheet(sheet, &session);
  return {};
}

}  // namespace lancekit::tools
