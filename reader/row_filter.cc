#include "reader/row_filter.h"

#include <algorithm>
#include <utility>

#include "base/trace.h"
#include "filter/prune.h"
#include "format/schema.h"
#include "reader/field_reader.h"
#include "reader/known_column.h"

namespace lancekit {
namespace {

using format::Zone;
using format::ZoneList;

/// What one list of zones says about the rows from some row on.
class ZoneCursor {
 public:
  explicit ZoneCursor(ZoneList zones) : zones_(zones) {}

  /// Moves to the zone that holds the row; rows ascend from call to call. Pre: it exists.
  void MoveTo(std::uint64_t row) {
    while (next_ == 0 || end_ <= row) {
      end_ += zones_.NumRows(next_++);
      loaded_ = false;
    }
  }
  std::uint64_t end() const { return end_; }
  /// Of the zone.
  std::uint64_t index() const { return next_ - 1; }
  const Zone* zone() {
    if (!loaded_) zone_ = zones_[next_ - 1];
    loaded_ = true;
    return &zone_;
  }

 private:
  ZoneList zones_;
  std::uint64_t next_ = 0;
  std::uint64_t end_ = 0;
  bool loaded_ = false;
  Zone zone_;
};

enum class Level { kPages, kZones, kZonesAndBlooms };

/// Walks over rows in steps in which each column stays in one zone, and keeps the steps that may match.
class Pruner {
 public:
  Pruner(const filter::BoundFilter& filter, const std::vector<KnownColumn>& columns, Level level)
      : filter_(&filter), columns_(&columns) {
    for (const KnownColumn& column : columns) {
      Cursors& cursors = cursors_.emplace_back();
      if (const auto& zones = level == Level::kPages ? column.pages : column.zones) cursors.zones.emplace(*zones);
      if (level == Level::kZonesAndBlooms && column.with_blooms != nullptr) cursors.pages.emplace(*column.pages);
      facts_.push_back({column.nulls.has_value() ? &*column.nulls : nullptr, {}});
    }
  }

  /// Appends what is left of a range; ranges ascend from call to call.
  void Keep(ValueRange rows, std::vector<ValueRange>* kept) {
    const std::uint64_t end_of_rows = rows.first + rows.count;
    for (std::uint64_t row = rows.first; row < end_of_rows;) {
      std::uint64_t end = end_of_rows;
      for (std::size_t i = 0; i < cursors_.size(); ++i) end = std::min(end, MoveTo(row, i));
      if (filter::Prune(*filter_, facts_) != filter::Match::kNone) {
        if (!kept->empty() && kept->back().first + kept->back().count == row) {
          kept->back().count += end - row;
        } else {
          kept->push_back({row, end - row});
        }
      }
      row = end;
    }
  }

 private:
  struct Cursors {
    std::optional<ZoneCursor> zones;
    std::optional<ZoneCursor> pages;  // of the Bloom filters
  };

  /// Looks up what is known of a column from the row on; returns where that ends.
  std::uint64_t MoveTo(std::uint64_t row, std::size_t i) {
    auto& [zones, pages] = cursors_[i];
    std::uint64_t end = ~std::uint64_t{0};
    if (zones.has_value()) {
      zones->MoveTo(row);
      facts_[i].zone = zones->zone();
      end = zones->end();
    }
    if (pages.has_value()) {
      pages->MoveTo(row);
      const KnownColumn& column = (*columns_)[i];
      facts_[i].bloom = column.with_blooms->Bloom(column.column, pages->index());
      end = std::min(end, pages->end());
    }
    return end;
  }

  const filter::BoundFilter* filter_;
  const std::vector<KnownColumn>* columns_;
  std::vector<Cursors> cursors_;
  std::vector<filter::ColumnFacts> facts_;
};

/// How many of the zones hold rows of the ranges.
std::uint64_t CountKept(const ZoneList& zones, std::span<const ValueRange> rows) {
  std::uint64_t begin = 0, kept = 0;
  std::size_t at = 0;
  for (std::uint64_t i = 0; i < zones.size(); ++i) {
    const std::uint64_t end = begin + zones.NumRows(i);
    while (at < rows.size() && rows[at].first + rows[at].count <= begin) ++at;
    kept += at < rows.size() && rows[at].first < end;
    begin = end;
  }
  return kept;
}

}  // namespace

Result<std::shared_ptr<const RowFilter>> RowFilter::Make(const TableImpl& table, const Filter& filter) {
  auto bound = filter::BoundFilter::Bind(filter, table.schema_);
  if (!bound) return At(std::move(bound).status(), {.path = table.path_});
  std::shared_ptr<RowFilter> result(new RowFilter(*std::move(bound), table.context()));
  result->use_zones_ = table.zone_maps_;
  std::vector<std::string> names;
  for (const filter::FilterColumn& column : result->filter_.columns()) {
    names.push_back(column.name);
    result->leaves_.push_back(FindLeaf(table.schema_.fields, column.path));
  }
  if (!names.empty()) {
    LANCEKIT_ASSIGN(result->fields_, table.Select(names));
  }
  result->schema_ = SelectedSchema(table.schema_, result->fields_);
  for (const auto& shape : result->fields_) {
    result->key_fields_.emplace_back();
    if (!IsVariableWidth(shape->field().type.id)) continue;
    Field keys = shape->field();
    keys.type = {.id = TypeId::kDictionary, .key_id = TypeId::kUInt32, .children = {shape->field()}};
    LANCEKIT_ASSIGN(result->key_fields_.back(), FieldShape::Make(std::move(keys)));
  }
  return std::shared_ptr<const RowFilter>(std::move(result));
}

std::vector<ValueRange> RowFilter::Prune(const TableFragment& fragment, ScanReport* report) const {
  const TraceSpan span(context_, "prune");
  const std::uint64_t num_rows = fragment.NumPhysicalRows();
  std::vector<KnownColumn> columns;
  for (const Field* leaf : leaves_) columns.push_back(use_zones_ ? Know(fragment, leaf, num_rows) : KnownColumn());
  std::vector<ValueRange> in_pages, kept;
  Pruner(filter_, columns, Level::kPages).Keep({0, num_rows}, &in_pages);
  Pruner by_zone(filter_, columns, Level::kZones);
  for (const ValueRange& rows : in_pages) by_zone.Keep(rows, &kept);
  if (std::ranges::any_of(columns, [](const KnownColumn& column) { return column.with_blooms != nullptr; })) {
    const std::vector<ValueRange> in_zones = std::exchange(kept, {});
    Pruner by_bloom(filter_, columns, Level::kZonesAndBlooms);
    for (const ValueRange& rows : in_zones) by_bloom.Keep(rows, &kept);
    for (const KnownColumn& column : columns) {
      if (column.pages.has_value())
        report->pages_skipped_by_bloom += CountKept(*column.pages, in_zones) - CountKept(*column.pages, kept);
    }
  }
  ++report->fragments;
  report->fragments_skipped += kept.empty();
  for (const KnownColumn& column : columns) {
    if (!column.zones.has_value()) continue;
    const std::uint64_t pages_kept = CountKept(*column.pages, kept);
    context_.Count(Counter::kPagesConsidered, column.pages->size());
    context_.Count(Counter::kPagesPruned, column.pages->size() - pages_kept);
    report->pages += column.pages->size();
    report->pages_kept += pages_kept;
    report->zones += column.zones->size();
    report->zones_kept += CountKept(*column.zones, kept);
  }
  return kept;
}

// The filter looks at each run of equal values once, or at each item of the dictionaries of strings, whose rows then need no more
// than keys.
Result<std::optional<ArrayData>> RowFilter::ReadEncoded(const FieldReader& reader, std::size_t field,
                                                        std::span<const ValueRange> rows, DataType* type,
                                                        PageScratch* scratch) const {
  constexpr std::uint64_t kRowsPerRun = 4, kRowsPerItem = 4;
  if (rows.empty()) return std::optional<ArrayData>();
  const std::uint64_t num_rows = CountRows(rows);
  const FieldShape* shape = fields_[field].get();
  LANCEKIT_ASSIGN(const std::uint64_t rows_per_run, reader.RowsPerRun(rows));
  const bool has_runs = rows_per_run >= kRowsPerRun;
  if (!has_runs) {
    if (key_fields_[field] == nullptr) return std::optional<ArrayData>();
    LANCEKIT_ASSIGN(const std::uint64_t items, reader.CountDictionaryItems(rows));
    if (items == 0 || items > num_rows / kRowsPerItem) return std::optional<ArrayData>();
    shape = key_fields_[field].get();
    *type = shape->field().type;
  }
  FieldSink sink(*shape, num_rows);
  if (has_runs) sink.leaf(0).CollectRuns();
  LANCEKIT_TRY(reader.Read(rows, &sink, scratch));
  LANCEKIT_ASSIGN(ArrayData column, std::move(sink).Finish());
  return std::optional<ArrayData>(std::move(column));
}

Result<RowFilter::Matches> RowFilter::Match(std::span<const std::shared_ptr<const FieldReader>> readers,
                                            std::span<const ValueRange> rows, PageScratch* scratch) const {
  TraceSpan span(context_, "filter");
  Matches matches;
  const std::uint64_t num_rows = CountRows(rows);
  Schema schema = schema_;
  std::vector<ArrayData> columns;
  matches.is_encoded = !fields_.empty();
  for (std::size_t i = 0; i < fields_.size(); ++i) {
    LANCEKIT_ASSIGN(std::optional<ArrayData> encoded, ReadEncoded(*readers[i], i, rows, &schema.fields[i].type, scratch));
    matches.columns.emplace_back();
    if (encoded.has_value()) {
      columns.push_back(*std::move(encoded));
    } else {
      LANCEKIT_ASSIGN(matches.columns.back(), ReadRows(*readers[i], *fields_[i], rows, true, scratch));
      columns.push_back(*matches.columns.back());
      matches.is_encoded = false;
    }
  }
  LANCEKIT_ASSIGN(matches.rows, filter::Evaluate(filter_, schema, columns, num_rows));
  span.Set("rows", num_rows);
  span.Set("matches", matches.rows.num_set);
  return matches;
}

}  // namespace lancekit
