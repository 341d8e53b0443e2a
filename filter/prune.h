// What zone maps say about a filter without reading values.
#pragma once

#include <cstdint>
#include <span>

#include "filter/bind.h"
#include "format/zone.h"

namespace lancekit::filter {

enum class Match : std::uint8_t {
  kNone,  ///< no row matches
  kSome,  ///< not known
  kAll,   ///< every row matches
};

/// For the rows of one zone. `zones` has what is known of each column of the filter; a nullptr for nothing. Zones of columns that
/// are no leaves (IS NULL of a list or struct) are not known.
Match Prune(const BoundFilter& filter, std::span<const format::Zone* const> zones);

}  // namespace lancekit::filter
