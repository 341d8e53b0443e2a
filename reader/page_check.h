// Decoding pages one by one, to see whether they can be.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "reader/column_reader.h"
#include "reader/table_impl.h"

namespace lancekit {

/// True for a field whose leaves are columns of pages: not one of Lance 2.0, nor blobs of 2.2.
bool IsPlain(const TableFragment& fragment, const FieldShape& shape);

/// Takes decoded rows of one leaf: its values in these rows of the file, below whatever lies above it.
using OnValues = std::function<Status(ValueRange rows, const ArrayData& values)>;

/// Decodes the pages of one leaf, some rows at a time. Not thread-safe.
class PageDecoder {
 public:
  /// The shape must outlive this.
  PageDecoder(const FieldShape& shape, std::size_t leaf, std::shared_ptr<const ColumnReader> column);

  /// Decodes rows, handing them on in steps of at most `max_rows`. Errors: as ColumnReader::Read, and those of the callback.
  Status Decode(ValueRange rows, std::uint64_t max_rows, const OnValues& on_values);

 private:
  Status DecodeStep(ValueRange rows, const OnValues& on_values);

  const FieldShape* shape_;
  std::size_t leaf_;
  std::shared_ptr<const ColumnReader> column_;
  std::vector<bool> present_;
  std::vector<std::size_t> path_;  // from the field's array down to the leaf's: which child
  PageScratch scratch_;
};

}  // namespace lancekit
