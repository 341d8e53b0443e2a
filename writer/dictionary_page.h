// Pages whose values are replaced by indices into a dictionary.
#pragma once

#include <optional>

#include "structural/page_writer.h"
#include "writer/dictionary_builder.h"
#include "writer/selection.h"

namespace lancekit {

/// The items in their block encoding, compressed as a whole where the version allows it (2.2).
EncodedDictionary EncodeDictionary(const DictionaryBuilder& builder, const EncodingHints& hints, format::FileVersion version);

/// True when most of the values that are looked at occur more than once, so that a dictionary is likely to pay.
bool RepeatsMuch(const PageValues& page);

/// Replaces values by indices into a dictionary when that costs less than `other`, whose encoder is not needed, and the hints do
/// not forbid it; the dictionary and the indices, null slots repeating the one before them, go to `numbers` then.
std::optional<EncodedPage> TryDictionaryPage(const PageValues& page, const EncoderChoice& other, const PageTarget& target,
                                             std::optional<DictionaryAttempt>* numbers);

}  // namespace lancekit
