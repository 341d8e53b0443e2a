// --verify: hashes of the values of each column, by which what was written is compared with what is read back.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/status.h"
#include "tools/lance-convert/batches.h"

namespace lancekit::convert {

struct ValueHashes {
  struct Column {
    std::string name;
    std::uint64_t hash = 0;
  };
  std::uint64_t rows = 0;
  std::vector<Column> columns;
};

/// The same rows; what passes is added to `hashes`, which must live as long. A value counts as the text that stands for it, so
/// that other types for the same values have the same hash; the order of rows counts. Errors: kUnsupported for a type without a
/// text.
Result<ReaderPtr> HashValues(ReaderPtr input, ValueHashes* hashes);

/// Errors: kCorruption, naming the first column that differs.
Status CompareHashes(const ValueHashes& written, const ValueHashes& read);

}  // namespace lancekit::convert
