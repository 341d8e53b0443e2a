#include "structural/chunk_table.h"

#include <limits>

namespace lancekit {

Result<ChunkTable> ChunkTable::Parse(Buffer words, bool large, std::uint64_t num_items, std::uint64_t data_bytes) {
  constexpr std::uint64_t kMost = std::numeric_limits<std::uint32_t>::max();
  const std::size_t width = large ? 4 : 2;
  if (words.size() % width != 0) return Corrupt("{} bytes of chunk words of {} bytes", words.size(), width);
  if (num_items > kMost) return Unsupported("a page of {} items", num_items);
  ChunkTable table;
  table.words_ = std::move(words);
  table.large_ = large;
  table.size_ = table.words_.size() / width;
  table.num_items_ = num_items;
  const std::size_t count = table.size_;
  std::uint64_t items = 0, end = 0, group_start = 0;
  bool equal = true;
  for (std::size_t i = 0; i < count; ++i) {
    if (i % kGroup == 0) {
      group_start = end;
      if (!large) table.group_starts_.push_back(static_cast<std::uint32_t>(end));
      table.group_first_.push_back(static_cast<std::uint32_t>(items));
    }
    if (large) {
      table.wide_starts_.push_back(static_cast<std::uint32_t>(end));
    } else {
      table.starts_.push_back(static_cast<std::uint16_t>(end - group_start));  // 15 chunks of at most 4096 units
    }
    const std::uint32_t word = table.Word(i);
    end += (word >> mini_block::kLogBits) + 1;
    if (end > data_bytes / mini_block::kAlignment || end > kMost)
      return Corrupt("chunks of {} bytes in a buffer of {}", end * mini_block::kAlignment, data_bytes);
    if (i + 1 == count) break;
    const unsigned log = word & static_cast<unsigned>(mini_block::kLogMask);
    if (i == 0) table.log_ = log;
    equal = equal && log == table.log_;
    items += std::uint64_t{1} << log;
    if (log == 0 || items >= num_items) return Corrupt("chunk {} of {}: values do not add up to {}", i, count, num_items);
  }
  if (count == 0 && num_items != 0) return Corrupt("no chunks for {} items", num_items);
  if (count != 0 && num_items - items > mini_block::kMaxChunkValues)
    return Corrupt("{} values in the last chunk", num_items - items);
  if (large) {
    table.wide_starts_.push_back(static_cast<std::uint32_t>(end));
  } else {
    if (count % kGroup == 0) {
      group_start = end;
      table.group_starts_.push_back(static_cast<std::uint32_t>(end));
    }
    table.starts_.push_back(static_cast<std::uint16_t>(end - group_start));
  }
  if (count == 1) table.log_ = 31;  // all items are in chunk 0
  if (!equal) table.log_ = 0;
  if (table.log_ != 0) table.group_first_ = {};
  return table;
}

std::size_t ChunkTable::FindUnequal(std::uint64_t item) const noexcept {
  const auto group = std::upper_bound(group_first_.begin(), group_first_.end(), item) - 1;
  auto chunk = static_cast<std::size_t>(group - group_first_.begin()) * kGroup;
  std::uint64_t end = *group;
  for (; chunk + 1 < size_; ++chunk) {
    end += std::uint64_t{1} << Log(chunk);
    if (item < end) break;
  }
  return chunk;
}

std::uint64_t ChunkTable::FirstUnequal(std::size_t chunk) const noexcept {
  std::uint64_t first = group_first_[chunk / kGroup];
  for (std::size_t i = chunk / kGroup * kGroup; i < chunk; ++i) first += std::uint64_t{1} << Log(i);
  return first;
}

Result<RowIndex> RowIndex::Parse(Bytes pairs, std::size_t num_chunks, std::uint64_t num_rows) {
  if (pairs.size() != num_chunks * 16) return Corrupt("a repetition index of {} bytes for {} chunks", pairs.size(), num_chunks);
  if (num_rows > std::numeric_limits<std::uint32_t>::max()) return Unsupported("a page of {} rows", num_rows);
  RowIndex index;
  index.num_rows_ = num_rows;
  index.counts_.reserve(num_chunks);
  std::uint64_t rows = 0;
  bool open = false;
  for (std::size_t i = 0; i < num_chunks; ++i) {
    if (i % kGroup == 0) index.group_starts_.push_back(static_cast<std::uint32_t>(rows));
    index.begins_inside_.push_back(open);
    const auto ended = LoadLe<std::uint64_t>(pairs.data() + 16 * i);
    const bool leaves_open = LoadLe<std::uint64_t>(pairs.data() + 16 * i + 8) != 0;
    // A row that began before this chunk ends in it or goes on. Each row has a level at least.
    if (ended > mini_block::kMaxLevels || ended + (leaves_open ? 1 : 0) < (open ? 1 : 0))
      return Corrupt("repetition index: {} rows end in chunk {}", ended, i);
    const std::uint64_t begun = ended + (leaves_open ? 1 : 0) - (open ? 1 : 0);
    if (begun > mini_block::kMaxLevels) return Corrupt("repetition index: {} rows start in chunk {}", begun, i);
    index.counts_.push_back(static_cast<std::uint16_t>(begun));
    rows += begun;
    if (rows > num_rows) return Corrupt("repetition index: more than {} rows", num_rows);
    open = leaves_open;
  }
  if (rows != num_rows || open) return Corrupt("repetition index: {} rows where the page has {}", rows, num_rows);
  return index;
}

std::uint64_t RowIndex::before(std::size_t chunk) const noexcept {
  if (chunk == counts_.size()) return num_rows_;
  std::uint64_t rows = group_starts_[chunk / kGroup];
  for (std::size_t i = chunk / kGroup * kGroup; i < chunk; ++i) rows += counts_[i];
  return rows;
}

std::size_t RowIndex::Find(std::uint64_t row) const noexcept {
  if (row >= num_rows_ || counts_.empty()) return counts_.size();
  const auto group = std::upper_bound(group_starts_.begin(), group_starts_.end(), row) - 1;
  auto chunk = static_cast<std::size_t>(group - group_starts_.begin()) * kGroup;
  for (std::uint64_t end = std::uint64_t{*group} + counts_[chunk]; end <= row; end += counts_[++chunk]) {
  }
  return chunk;
}

}  // namespace lancekit
