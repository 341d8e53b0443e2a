// Arrow C streams whose errors can be had as such, not only as texts.
#pragma once

#include <functional>
#include <optional>

#include "lancekit/arrow_abi.h"
#include "lancekit/table.hpp"

namespace lancekit::c_api {

/// No value: there are no more batches.
using NextBatch = std::function<Result<std::optional<Batch>>()>;

/// Fills `out`, which owns what it needs.
void MakeStream(Schema schema, NextBatch next, ArrowArrayStream* out);

}  // namespace lancekit::c_api
