// What zone maps and Bloom filters say about a filter without reading values.
#pragma once

#include <cstdint>
#include <span>

#include "filter/bind.h"
#include "format/bloom.h"
#include "format/zone.h"

namespace lancekit::filter {

enum class Match : std::uint8_t {
  kNone,  ///< no row matches
  kSome,  ///< not known
  kAll,   ///< every row matches
};

/// What is known of one column in some rows.
struct ColumnFacts {
  const format::Zone* zone = nullptr;  ///< nullptr: nothing
  format::BloomFilter bloom;           ///< of these rows, or more; used beside a zone
};

/// For some rows. `columns`: of the filter. Nothing is known of those that are no leaves (IS NULL of a list or struct).
Match Prune(const BoundFilter& filter, std::span<const ColumnFacts> columns);

}  // namespace lancekit::filter
