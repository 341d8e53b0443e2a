// Blobs: values that lie by themselves in the file, where a page says.
#pragma once

#include <cstdint>

#include "format/file_metadata.h"

namespace lancekit {

/// Where a blob lies in the file.
struct BlobPlace {
  format::FileRange bytes;
  std::uint16_t level = 0;  ///< definition level; 0: not null
};

}  // namespace lancekit
