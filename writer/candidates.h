// Which trees of encodings are tried for the values of a page, and what their bytes count.
#pragma once

#include <vector>

#include "format/version.h"
#include "writer/encoder_tree.h"
#include "writer/hints.h"

namespace lancekit {

/// A tree that may suit. What it takes counts `cost` times: more than 1 where decoding or finding single values costs time.
struct Candidate {
  EncoderTree tree;
  double cost = 1;
};

/// The candidates that version, preset and hints allow; none when the hints want an encoding that does not suit the kind.
std::vector<Candidate> CandidatesFor(ValueKind kind, format::FileVersion version, const EncodingHints& hints);

/// Official versions are for readers that often take single rows: what makes them fast is the default there.
Preset PresetOf(format::FileVersion version, const EncodingHints& hints);
/// What each byte of numbers that a general compression has to restore costs, in bytes.
double CostOfDecompressing(format::FileVersion version, const EncodingHints& hints);
ChunkPlan PlanFor(format::FileVersion version, const EncodingHints& hints);

}  // namespace lancekit
