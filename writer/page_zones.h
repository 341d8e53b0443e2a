// Zone maps in the making: what is known of the values of a page, as a whole and zone by zone.
#pragma once

#include <optional>
#include <vector>

#include "format/zone.h"
#include "structural/leaf.h"
#include "writer/column_buffer.h"
#include "writer/dictionary_builder.h"

namespace lancekit {

struct PageZones {
  /// Takes in the zone of the next rows. One that says what the zone before it says, without a null between values, becomes part
  /// of that.
  void Add(format::Zone zone);

  format::Zone page;
  std::vector<format::Zone> zones;  ///< of kZoneRows rows or several times as many; a single one when there is no value
  std::vector<std::byte> bloom;     ///< blocks of a filter; empty: none
};

/// Pre: the buffer has rows. `numbers`: of its values in a dictionary, where there is one: looking at its items is faster.
PageZones MakePageZones(const LeafType& leaf, const ColumnBuffer& rows, const std::optional<DictionaryAttempt>& numbers);

}  // namespace lancekit
