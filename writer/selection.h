// Which compressive encodings suit the values of a page.
#pragma once

#include <memory>
#include <optional>

#include "encodings/encoding.h"
#include "structural/page_writer.h"
#include "writer/dictionary_builder.h"
#include "writer/hints.h"

namespace lancekit {

/// An encoder, perhaps with a general compression around it.
struct EncoderChoice {
  std::uint64_t bytes = 0;  ///< about what it writes
  std::unique_ptr<ChunkEncoder> inner;
  std::unique_ptr<ChunkEncoder> outer;
  const ChunkEncoder& encoder() const { return outer != nullptr ? *outer : *inner; }
};

/// Puts the compression that the hints ask for around the encoder where that makes it smaller.
void AddGeneral(EncoderChoice* choice, std::uint64_t num_values, const EncodingHints& hints);

/// For values of fixed width that are no lists. `entries`: of a nested page, else nullptr.
EncoderChoice ChooseNumbers(const ValuesView& values, const PageEntries* entries, const EncodingHints& hints);

/// The items in their block encoding, compressed as a whole where the version allows it (2.2).
EncodedDictionary EncodeDictionary(const DictionaryBuilder& builder, const EncodingHints& hints, format::FileVersion version);

/// Replaces values by indices into a dictionary when that is smaller than `other_bytes` and the hints do not forbid it; the
/// dictionary and the indices, null slots repeating the one before them, go to `numbers` then.
std::optional<EncodedPage> TryDictionaryPage(const PageValues& page, std::uint64_t other_bytes, const EncodingHints& hints,
                                             format::FileVersion version, std::optional<DictionaryAttempt>* numbers);

}  // namespace lancekit
