// Pages of numbers, or of indices into a dictionary.
#pragma once

#include <cstdint>
#include <optional>

#include "structural/page_writer.h"
#include "writer/selection.h"

namespace lancekit {

/// What a page takes of a file.
std::uint64_t FileBytes(const EncodedPage& page);

/// The numbers, one for each value of the page, as chosen; those of a nested leaf also otherwise where that is smaller with the
/// levels. Errors: those of WriteMiniBlockPage.
Result<EncodedPage> WriteNumberPage(const PageValues& page, const ValuesView& numbers, const EncoderChoice& choice,
                                    std::optional<EncodedDictionary> dictionary, const PageTarget& target);

}  // namespace lancekit
