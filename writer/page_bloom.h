// Bloom filters in the making: of the values of a page.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "structural/leaf.h"
#include "writer/column_buffer.h"
#include "writer/dictionary_builder.h"

namespace lancekit {

/// Nulls and NaNs are in no filter; none without other values. Pre: values of the leaf are ordered. `numbers`: as for
/// MakePageZones.
std::vector<std::byte> MakePageBloom(const LeafType& leaf, const ColumnBuffer& rows,
                                     const std::optional<DictionaryAttempt>& numbers, int bits_per_value);

}  // namespace lancekit
