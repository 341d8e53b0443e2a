#include "reader/known_column.h"

#include <algorithm>

#include "format/schema.h"

namespace lancekit {

using format::Zone;
using format::ZoneList;

const Field* FindLeaf(const std::vector<Field>& fields, std::span<const std::string> path) {
  const auto it = std::ranges::find(fields, path[0], &Field::name);
  if (it == fields.end()) return nullptr;
  if (format::OwnsColumn(*it)) return path.size() == 1 ? &*it : nullptr;
  return path.size() == 1 ? nullptr : FindLeaf(it->type.children, path.subspan(1));
}

KnownColumn Know(const TableFragment& fragment, const Field* leaf, std::uint64_t num_rows) {
  KnownColumn known;
  // A struct without fields is not null where it has no column.
  if (leaf == nullptr || (leaf->type.id == TypeId::kStruct && leaf->type.children.empty())) return known;
  const ColumnPlace* const place = fragment.Place(leaf->id);
  if (place == nullptr) {
    known.nulls.emplace();
    known.nulls->num_rows = known.nulls->num_values = known.nulls->num_nulls = num_rows;
    return known;
  }
  const FileReader& file = *fragment.files[place->file];
  const format::Statistics* const statistics = file.statistics().Get();
  if (statistics == nullptr || place->column >= statistics->num_columns()) return known;
  if (statistics->domain(place->column) != DomainOf(leaf->type)) return known;
  const ZoneList pages = statistics->Pages(place->column), zones = statistics->Zones(place->column);
  if (!pages.CoverRows(num_rows) || !zones.CoverRows(num_rows)) return known;
  known.pages = pages;
  known.zones = zones;
  if (statistics->BloomBytes(place->column) != 0) known.with_blooms = statistics;
  known.column = place->column;
  return known;
}

}  // namespace lancekit
