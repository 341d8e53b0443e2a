// Zone maps in the making: what is known of the values of a page, as a whole and zone by zone.
#pragma once

#include <vector>

#include "format/zone.h"
#include "structural/leaf.h"
#include "writer/column_buffer.h"

namespace lancekit {

struct PageZones {
  format::Zone page;
  std::vector<format::Zone> zones;  ///< of kZoneRows rows; a single one when there is no value
};

/// Pre: the buffer has rows.
PageZones MakePageZones(const LeafType& leaf, const ColumnBuffer& rows);

}  // namespace lancekit
