// --sample: some rows of a stream, each as likely as the others.
#pragma once

#include <cstdint>

#include "tools/lance-convert/batches.h"

namespace lancekit::convert {

/// `count` rows of `input`, or all when there are fewer, in the order that they have there. The same for the same seed and rows.
/// They are kept in memory until the input ends.
ReaderPtr SampleRows(ReaderPtr input, std::uint64_t count, std::uint64_t seed, arrow::MemoryPool* pool);

}  // namespace lancekit::convert
