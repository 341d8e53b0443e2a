// Whether an index belongs to data.
#pragma once

#include "index/column.h"
#include "index/sidecar.h"

namespace lancekit::index {

/// How data differs from what was indexed.
enum class Owner : std::uint8_t { kSame, kAppended };

/// Whether the data files that were indexed are there, perhaps with others behind them. Errors: kInvalidArgument, with what
/// differs and what to do.
Result<Owner> CheckOwner(const Sidecar& sidecar, const VectorColumn& column);

}  // namespace lancekit::index
