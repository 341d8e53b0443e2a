// Checking one page by itself: against its hashes, and by decoding all of it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "format/statistics.h"
#include "reader/column_reader.h"

namespace lancekit {

/// The buffers of a page that differ from their hashes. Errors: kIo; kCorruption when there is another number of hashes.
Result<std::vector<std::size_t>> DamagedBuffers(const Source& source, const format::ColumnMetadata& metadata,
                                                const format::Statistics& statistics, std::uint32_t column, std::size_t page);

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
