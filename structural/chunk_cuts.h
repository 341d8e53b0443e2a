// Where the chunks of a mini-block page begin and end.
#pragma once

#include <cstdint>
#include <vector>

#include "encodings/encoding.h"
#include "structural/page_writer.h"

namespace lancekit {

/// The encoder counts values, and the entries follow them. Borrows both. Pre: the entries have their bits.
class ChunkCuts {
 public:
  ChunkCuts(const PageEntries& entries, const ChunkEncoder& encoder, std::uint64_t num_values)
      : entries_(entries), encoder_(encoder), num_values_(num_values), all_visible_(entries.count == num_values) {}

  /// Cuts chunks anew so that bit-packed levels fill their blocks of 1024: as few bytes as can be. A width of 0: no such levels.
  void FillBlocks(int rep_width, int def_width);

  /// Values of the chunk that starts at value `first`: a power of two of at least 2, or all that are left.
  std::uint64_t ChunkSize(std::uint64_t first) const;
  /// Entries of a chunk that starts at these: those up to its last value; the last chunk takes all that are left.
  std::uint64_t NumEntries(std::uint64_t first_entry, ValueRange values) const;
  /// Entries of all chunks.
  std::vector<std::uint64_t> EntryCounts() const;

 private:
  const PageEntries& entries_;
  const ChunkEncoder& encoder_;
  std::uint64_t num_values_;
  bool all_visible_;
  std::vector<std::uint64_t> sizes_;  // of the chunk that starts at each unit of values; empty: as the encoder has it
};

}  // namespace lancekit
