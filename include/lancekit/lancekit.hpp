// lancekit: read and write the Lance columnar format from C++. Includes the whole public API.
//
//   lancekit::Context context;
//   auto table = lancekit::open(context, "trips.lance");
//   if (!table) return fail(table.error());
//   auto scan = table->scan().select({"id", "score"});
//   for (auto& batch : scan) { if (!batch) return fail(batch.error()); use(batch->values<double>("score")); }
#pragma once

/// The C++ interface.
namespace lancekit {}

#include "lancekit/arrow_abi.h"
#include "lancekit/context.hpp"
#include "lancekit/export.h"
#include "lancekit/filter.hpp"
#include "lancekit/inspect.hpp"
#include "lancekit/result.hpp"
#include "lancekit/table.hpp"
#include "lancekit/types.hpp"
#include "lancekit/verify.hpp"
#include "lancekit/version.hpp"
#include "lancekit/writer.hpp"
