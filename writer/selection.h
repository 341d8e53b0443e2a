// Which compressive encodings suit the values of a page: candidates are tried on a sample, and the one that costs least is taken.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "encodings/definitions.h"
#include "encodings/encoding.h"
#include "structural/page_writer.h"
#include "writer/candidates.h"
#include "writer/column_memory.h"
#include "writer/hints.h"

namespace lancekit {

/// What was tried for a page, for people.
struct SelectionTrace {
  struct Tried {
    std::string encoding;     ///< as EncoderTree::ToText; "dictionary of 50 items, " before that of the indices
    std::uint64_t bytes = 0;  ///< about what the page would take
    double cost = 1;          ///< how many times these bytes count
  };
  std::vector<Tried> tried;
  std::string chosen;  ///< one of these, or what was clear without trying
  std::string reason;
};

/// What a page is encoded for.
struct PageTarget {
  const EncodingHints& hints;
  format::FileVersion version;
  SelectionTrace* trace = nullptr;
  ColumnMemory* memory = nullptr;  ///< of the pages before
  ThreadPool* pool = nullptr;      ///< whose idle threads help
};

struct EncoderChoice {
  std::uint64_t bytes = 0;  ///< about what it writes
  std::unique_ptr<ChunkEncoder> encoder;
  bool compressed = false;  ///< it has a general compression around it
  double cost = 1;          ///< how many times the bytes count
  std::string name;         ///< as EncoderTree::ToText
  bool rough = false;       ///< that something costs more than this is not worth remembering
};

/// Puts the compression that the hints ask for around the encoder where that makes it smaller.
void AddGeneral(EncoderChoice* choice, std::uint64_t num_values, const EncodingHints& hints);

/// Bytes of the values and of 32 bit offsets.
std::uint64_t RawBytes(const ValuesView& values);

/// For values of fixed width that are no lists. `entries`: of a nested page.
EncoderChoice ChooseNumbers(const ValuesView& values, const ValueFacts* facts, bool floating_point, const PageEntries* entries,
                            const PageTarget& target);

/// What strings would take, by a sample.
struct StringChoice {
  Candidate candidate;
  std::uint64_t bytes = 0;
  std::shared_ptr<const TokenTable> tokens;  ///< trained on the page
};
/// Nothing where the writer of an official version is not to compress more than the reference does.
std::optional<StringChoice> ChooseStrings(const ValuesView& values, const PageTarget& target);
/// Much faster: what they take at most, by what is tried on a few of them. Nothing where ChooseStrings gives nothing.
std::optional<EncoderChoice> RoughStrings(const ValuesView& values, const PageTarget& target);
std::unique_ptr<ChunkEncoder> MakeChosenStrings(const StringChoice& choice, const ValuesView& values, const PageTarget& target);

/// Bytes of all chunks that the encoder writes, with a general compression around it if there is one.
std::uint64_t BytesOf(const ChunkEncoder& encoder, std::uint64_t num_values,
                      const std::optional<format::BufferCompression>& compression = std::nullopt);

}  // namespace lancekit
