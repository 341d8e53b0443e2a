// What a mini-block page keeps in memory to find values: where its chunks lie and which values and rows they hold, in at most
// four bytes for each chunk beside the words of the file.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "base/buffer.h"
#include "base/status.h"
#include "structural/mini_block.h"

namespace lancekit {

/// Sizes and value counts of chunks as prefix sums, so that a value's chunk is found by arithmetic (equal chunks) or binary
/// search.
class ChunkTable {
 public:
  ChunkTable() = default;
  /// `words`: the chunk words, of 4 bytes if `large`, else of 2. Errors: kCorruption, kUnsupported.
  static Result<ChunkTable> Parse(Buffer words, bool large, std::uint64_t num_items, std::uint64_t data_bytes);

  std::size_t size() const noexcept { return size_; }
  std::uint64_t num_items() const noexcept { return num_items_; }
  /// The chunk that holds the item. Pre: it exists.
  std::size_t Find(std::uint64_t item) const noexcept {
    return log_ != 0 ? std::min<std::size_t>(item >> log_, size_ - 1) : FindUnequal(item);
  }
  /// Items before the chunk; also of the one behind the last.
  std::uint64_t first(std::size_t chunk) const noexcept {
    if (chunk == size_) return num_items_;
    return log_ != 0 ? std::uint64_t{chunk} << log_ : FirstUnequal(chunk);
  }
  std::uint64_t num_values(std::size_t chunk) const noexcept {
    return chunk + 1 == size_ ? num_items_ - first(chunk) : std::uint64_t{1} << Log(chunk);
  }
  std::uint64_t start_bytes(std::size_t chunk) const noexcept {
    const std::uint64_t start =
        starts_.empty() ? wide_starts_[chunk] : std::uint64_t{group_starts_[chunk / kGroup]} + starts_[chunk];
    return start * mini_block::kAlignment;
  }
  std::uint64_t end_bytes(std::size_t chunk) const noexcept { return start_bytes(chunk + 1); }
  /// Of memory, without the words.
  std::size_t memory_bytes() const noexcept {
    return (group_starts_.size() + wide_starts_.size() + group_first_.size()) * 4 + starts_.size() * 2;
  }

 private:
  static constexpr std::size_t kGroup = 16;

  std::uint32_t Word(std::size_t chunk) const noexcept {
    return large_ ? LoadLe<std::uint32_t>(words_.data() + 4 * chunk) : LoadLe<std::uint16_t>(words_.data() + 2 * chunk);
  }
  unsigned Log(std::size_t chunk) const noexcept {
    return log_ != 0 ? log_ : Word(chunk) & static_cast<unsigned>(mini_block::kLogMask);
  }
  std::size_t FindUnequal(std::uint64_t item) const noexcept;
  std::uint64_t FirstUnequal(std::size_t chunk) const noexcept;

  Buffer words_;
  bool large_ = false;
  unsigned log_ = 0;  // all chunks but the last hold 2^log_ items; 0: they do not hold equally many
  std::size_t size_ = 0;
  std::uint64_t num_items_ = 0;
  // In units of 8 bytes, one more than there are chunks: of each group, and of each chunk within its group, or of each.
  std::vector<std::uint32_t> group_starts_;
  std::vector<std::uint16_t> starts_;
  std::vector<std::uint32_t> wide_starts_;
  std::vector<std::uint32_t> group_first_;  // items before each group of unequal chunks
};

/// Where rows of lists start: how many of them in the chunks before each chunk.
class RowIndex {
 public:
  /// From pairs (rows that end in the chunk, entries left over behind the last row start). Errors: kCorruption, kUnsupported.
  static Result<RowIndex> Parse(Bytes pairs, std::size_t num_chunks, std::uint64_t num_rows);

  /// The chunk in which the row starts; the number of all chunks for the one behind the last.
  std::size_t Find(std::uint64_t row) const noexcept;
  /// The last chunk with entries of rows before `row`.
  std::size_t FindLast(std::uint64_t row) const noexcept {
    const std::size_t chunk = std::min(Find(row), counts_.size() - 1);
    return before(chunk) == row && !begins_inside_[chunk] && chunk > 0 ? chunk - 1 : chunk;
  }
  /// Rows that start before this chunk; also of the one behind the last.
  std::uint64_t before(std::size_t chunk) const noexcept;
  std::size_t memory_bytes() const noexcept { return group_starts_.size() * 4 + counts_.size() * 2 + begins_inside_.size() / 8; }

 private:
  static constexpr std::size_t kGroup = 16;

  std::uint64_t num_rows_ = 0;
  std::vector<std::uint32_t> group_starts_;  // rows that start before each group
  std::vector<std::uint16_t> counts_;        // rows that start in each chunk
  std::vector<bool> begins_inside_;          // the chunk begins with the rest of a row
};

}  // namespace lancekit
