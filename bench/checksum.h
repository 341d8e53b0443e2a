// Checksums of Arrow columns that do not depend on how rows are cut into batches, nor on views, dictionaries or offset widths.
// checksum.py computes the same numbers, so that results of different programs can be compared before they are timed.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "lancekit/arrow_abi.h"

namespace lancekit::bench {

struct ColumnChecksum {
  std::string name;
  std::uint64_t hash = 0;
  std::uint64_t num_nulls = 0;
};

class TableChecksum {
 public:
  /// Adds a batch, a struct array; all batches have the schema of the first. False for a type that is not known here.
  bool Add(const ArrowSchema& schema, const ArrowArray& batch);

  std::uint64_t num_rows() const { return num_rows_; }
  /// Bytes of all buffers as far as rows use them.
  std::uint64_t arrow_bytes() const { return arrow_bytes_; }
  const std::vector<ColumnChecksum>& columns() const { return columns_; }

 private:
  std::uint64_t num_rows_ = 0;
  std::uint64_t arrow_bytes_ = 0;
  std::vector<ColumnChecksum> columns_;
};

}  // namespace lancekit::bench
