#include "structural/chunk_cuts.h"

#include <algorithm>
#include <limits>

#include "base/checked_math.h"
#include "encodings/definitions.h"
#include "structural/mini_block.h"

namespace lancekit {
namespace {

// Chunks begin at multiples of so many values.
constexpr std::uint64_t kUnit = 256;
// Header, chunk word, entry of the repetition index and padding of a chunk.
constexpr std::uint64_t kChunkOverhead = 48;
constexpr std::uint64_t kCannotBe = std::numeric_limits<std::uint64_t>::max();

/// Of packed levels in a chunk; kCannotBe where they are too many.
std::uint64_t PackedBytes(std::uint64_t count, int width) {
  if (width == 0) return 0;
  const std::uint64_t bytes = OutOfLineBitpackedBytes(count, width, 16);
  return bytes > mini_block::kMaxLevelBytes ? kCannotBe : AlignUp(bytes, mini_block::kAlignment);
}

}  // namespace

// From the last chunk to the first: what all from here on take at least.
void ChunkCuts::FillBlocks(int rep_width, int def_width) {
  sizes_.clear();
  if (all_visible_ || num_values_ == 0 || (rep_width == 0 && def_width == 0)) return;
  const std::uint64_t num_units = CeilDiv(num_values_, kUnit);
  std::vector<std::uint64_t> starts{0};  // entries before each unit
  for (std::uint64_t unit = 0; unit < num_units; ++unit) {
    const std::uint64_t first = unit * kUnit;
    starts.push_back(starts.back() + NumEntries(starts.back(), {first, std::min(kUnit, num_values_ - first)}));
  }
  const std::uint64_t chunk_bytes = encoder_.BytesOfBlock() + kChunkOverhead;
  std::vector<std::uint64_t> sizes(num_units);
  std::vector<std::uint64_t> bytes(num_units + 1, kCannotBe);  // of this chunk and all behind it
  bytes[num_units] = 0;
  for (std::uint64_t unit = num_units; unit-- > 0;) {
    const std::uint64_t first = unit * kUnit;
    const std::uint64_t most = encoder_.ChunkSize(first);
    const auto consider = [&](std::uint64_t size, std::uint64_t next) {
      const std::uint64_t count = starts[next] - starts[unit];
      const std::uint64_t rep = PackedBytes(count, rep_width);
      const std::uint64_t def = PackedBytes(count, def_width);
      if (count > mini_block::kMaxLevels || bytes[next] == kCannotBe || rep == kCannotBe || def == kCannotBe) return;
      const std::uint64_t total = bytes[next] + rep + def + chunk_bytes;
      if (total > bytes[unit]) return;
      bytes[unit] = total;
      sizes[unit] = size;
    };
    for (std::uint64_t size = kUnit; size <= most && first + size < num_values_; size *= 2) consider(size, unit + size / kUnit);
    if (first + most == num_values_) consider(most, num_units);
  }
  if (bytes[0] != kCannotBe) sizes_ = std::move(sizes);
}

std::uint64_t ChunkCuts::ChunkSize(std::uint64_t first) const {
  // A chunk that had to be cut in two leaves the plan.
  if (sizes_.empty() || first % kUnit != 0 || sizes_[first / kUnit] == 0) return encoder_.ChunkSize(first);
  return sizes_[first / kUnit];
}

std::uint64_t ChunkCuts::NumEntries(std::uint64_t first_entry, ValueRange values) const {
  if (values.first + values.count == num_values_) return entries_.count - first_entry;
  if (all_visible_) return values.count;
  return entries_.bits->without_value.Skip(first_entry, values.count, false) - first_entry;
}

std::vector<std::uint64_t> ChunkCuts::EntryCounts() const {
  std::vector<std::uint64_t> counts;
  std::uint64_t entry = 0;
  for (std::uint64_t first = 0; first < num_values_;) {
    const std::uint64_t count = ChunkSize(first);
    counts.push_back(NumEntries(entry, {first, count}));
    entry += counts.back();
    first += count;
  }
  return counts;
}

}  // namespace lancekit
