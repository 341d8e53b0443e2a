// Which compressive encodings suit the values of a page.
#pragma once

#include <memory>
#include <optional>

#include "encodings/definitions.h"
#include "encodings/encoding.h"
#include "structural/page_writer.h"
#include "writer/dictionary_builder.h"
#include "writer/hints.h"

namespace lancekit {

struct EncoderChoice {
  std::uint64_t bytes = 0;  ///< about what it writes
  std::unique_ptr<ChunkEncoder> encoder;
  bool compressed = false;  ///< it has a general compression around it
};

/// Puts the compression that the hints ask for around the encoder where that makes it smaller.
void AddGeneral(EncoderChoice* choice, std::uint64_t num_values, const EncodingHints& hints);

/// What numbers are chosen for.
struct NumberTarget {
  const EncodingHints& hints;
  format::FileVersion version;
  bool floating_point = false;
  const PageEntries* entries = nullptr;  ///< of a nested page
};
/// For values of fixed width that are no lists.
EncoderChoice ChooseNumbers(const ValuesView& values, const NumberTarget& target);

/// The same among the encodings of X1. Widths of 8, 16, 32, 64 or 128 bits.
EncoderChoice ChooseX1Numbers(const ValuesView& values, bool floating_point);
/// Strings in the encodings of X1. `fsst` keeps what the encoder borrows.
std::unique_ptr<ChunkEncoder> ChooseX1Strings(const ValuesView& values, std::unique_ptr<FsstStrings>* fsst);

/// Bytes of all chunks that the encoder writes, with a general compression around it if there is one.
std::uint64_t BytesOf(const ChunkEncoder& encoder, std::uint64_t num_values,
                      const std::optional<format::BufferCompression>& compression = std::nullopt);

/// The items in their block encoding, compressed as a whole where the version allows it (2.2).
EncodedDictionary EncodeDictionary(const DictionaryBuilder& builder, const EncodingHints& hints, format::FileVersion version);

/// Replaces values by indices into a dictionary when that is smaller than `other_bytes` and the hints do not forbid it; the
/// dictionary and the indices, null slots repeating the one before them, go to `numbers` then.
std::optional<EncodedPage> TryDictionaryPage(const PageValues& page, std::uint64_t other_bytes, const EncodingHints& hints,
                                             format::FileVersion version, std::optional<DictionaryAttempt>* numbers);

}  // namespace lancekit
