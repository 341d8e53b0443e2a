// What statistics say of one column in a fragment.
#pragma once

#include <cstdint>
#include <optional>

#include "format/statistics.h"
#include "reader/table_impl.h"

namespace lancekit {

/// Zones, that everything is null, or nothing. Borrows from the fragment's files.
struct KnownColumn {
  std::optional<format::ZoneList> pages, zones;
  std::optional<format::Zone> nulls;
  const format::Statistics* with_blooms = nullptr;  ///< that have Bloom filters of the column
  std::uint32_t column = 0;                         ///< there
};

/// `leaf`: of the table's schema; null: no leaf. `num_rows`: of the fragment's files.
KnownColumn Know(const TableFragment& fragment, const Field* leaf, std::uint64_t num_rows);
/// The field at the end of a path through structs, when it has a column of its own; else null.
const Field* FindLeaf(const std::vector<Field>& fields, std::span<const std::string> path);

}  // namespace lancekit
