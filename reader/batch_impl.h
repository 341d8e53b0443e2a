// The arrays behind a Batch.
#pragma once

#include <memory>
#include <vector>

#include "lancekit/table.hpp"
#include "types/array.h"

namespace lancekit {

class BatchImpl {
 public:
  std::shared_ptr<const Schema> schema;
  std::vector<ArrayData> columns;
  std::int64_t num_rows = 0;
};

using BatchPtr = std::shared_ptr<const BatchImpl>;

}  // namespace lancekit
