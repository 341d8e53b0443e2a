// -c, --exclude and --rename: which columns of the input become which columns of the output.
#pragma once

#include <arrow/type.h>

#include <memory>
#include <vector>

#include "base/status.h"
#include "tools/lance-convert/options.h"

namespace lancekit::convert {

struct ColumnPlan {
  std::vector<int> columns;               ///< positions in the input's schema
  std::shared_ptr<arrow::Schema> schema;  ///< of the output
};

/// Errors: kInvalidArgument for an unknown column (the nearest name is suggested), or two of one name.
Result<ColumnPlan> PlanColumns(const arrow::Schema& schema, const Options& options);

}  // namespace lancekit::convert
