// Batches as Arrow arrays that can be looked into.
#pragma once

#include "lancekit/table.hpp"
#include "types/array.h"

namespace lancekit::tools {

/// The batch as an Arrow array that is released at the end of the scope.
class ExportedBatch {
 public:
  ExportedBatch() = default;
  ExportedBatch(const ExportedBatch&) = delete;
  ExportedBatch& operator=(const ExportedBatch&) = delete;
  ~ExportedBatch() {
    if (array_.release != nullptr) array_.release(&array_);
    if (schema_.release != nullptr) schema_.release(&schema_);
  }
  /// The view borrows this object and `row`, the batch's schema as one struct field.
  Result<ArrayView> Export(const Batch& batch, const Field& row) {
    LANCEKIT_TRY(batch.export_array(&array_, &schema_));
    return ImportArray(row, schema_, array_);
  }
  const ArrowArray& array() const noexcept { return array_; }

 private:
  ArrowArray array_{};
  ArrowSchema schema_{};
};

}  // namespace lancekit::tools
