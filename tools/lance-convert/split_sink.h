// --split-by: one stream of rows as many outputs.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "tools/lance-convert/sink.h"

namespace lancekit::convert {

/// Where one output ends and the next begins; the measure that is 0 does not count.
struct Split {
  std::uint64_t rows = 0;
  std::uint64_t bytes = 0;  ///< as Arrow has the values in memory

  bool any() const { return rows != 0 || bytes != 0; }
};

/// "trips.csv.gz" and 3: "trips-00003.csv.gz".
std::string PartName(const std::string& path, std::uint64_t part);

/// Outputs beside each other, named by PartName() of the options' path from 0 on; one at least. They are built in a folder of
/// their own, from which Publish() moves them. Errors: kOutput, from Publish() where one exists and is not to be replaced.
Result<std::unique_ptr<Sink>> OpenSplitSink(const SinkOptions& options, const Split& split,
                                            const std::shared_ptr<arrow::Schema>& schema, const Environment& environment);

}  // namespace lancekit::convert
