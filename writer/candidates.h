// Which trees of encodings are tried for the values of a page, and what their bytes count.
#pragma once

#include <vector>

#include "format/version.h"
#include "writer/encoder_tree.h"
#include "writer/hints.h"

namespace lancekit {

/// What numbers cost for each byte that a general compression or RLE has to restore, in bytes.
struct Restoring {
  double byte = 0;
  double byte_of_run = 0;  ///< more for those of the first value of each run of equal ones, by the share that compression saves
};

/// A tree that may suit. What it takes counts `cost` times: more than 1 where decoding or finding single values costs time.
struct Candidate {
  EncoderTree tree;
  double cost = 1;
  Restoring restoring;
};

/// The candidates that version, preset and hints allow; none when the hints want an encoding that does not suit the kind. `bits`:
/// of a number.
std::vector<Candidate> CandidatesFor(ValueKind kind, format::FileVersion version, const EncodingHints& hints,
                                     std::uint64_t bits = 64);

/// Official versions are for readers that often take single rows: what makes them fast is the default there.
Preset PresetOf(format::FileVersion version, const EncodingHints& hints);
/// What each byte of numbers that are read from runs costs, in bytes.
double CostOfRuns(format::FileVersion version, const EncodingHints& hints);
ChunkPlan PlanFor(format::FileVersion version, const EncodingHints& hints);

}  // namespace lancekit
