#include "reader/file_statistics.h"

#include <algorithm>

#include "base/hash.h"

namespace lancekit {

Result<bool> MatchesHash(const Source& source, const format::FileRange& range, std::uint64_t hash) {
  LANCEKIT_ASSIGN(const Buffer bytes, source.Read(range.offset, range.size));
  return HashBytes(bytes.bytes()) == hash;
}

const format::Statistics* FileStatistics::Get() const {
  std::call_once(loaded_, [this] { Load(); });
  return statistics_.has_value() ? &*statistics_ : nullptr;
}

std::optional<std::size_t> FileStatistics::global_buffer() const {
  static_cast<void>(Get());
  return global_buffer_;
}

Status FileStatistics::Damage() const {
  static_cast<void>(Get());
  if (damage_.ok()) return {};
  return damage_.error();
}

// The first global buffer is the schema.
void FileStatistics::Load() const {
  for (std::size_t i = 1; i < global_buffers_.size(); ++i) {
    const format::FileRange& range = global_buffers_[i];
    auto bytes = source_->Read(range.offset, range.size);
    if (!bytes || !format::Statistics::Matches(bytes->bytes())) continue;
    global_buffer_ = i;
    const Place place{.path = source_->path(), .offset = range.offset};
    auto statistics = format::Statistics::Parse(*std::move(bytes));
    if (!statistics) {
      damage_ = At(std::move(statistics).status(), place);
    } else if (statistics->num_columns() != footer_.num_columns) {
      damage_ = At(Corrupt("statistics of {} columns in a file of {}", statistics->num_columns(), footer_.num_columns), place);
    } else {
      statistics_.emplace(*std::move(statistics));
    }
    return;
  }
}

Status FileStatistics::CheckTail() const {
  std::call_once(compared_, [this] { tail_ = CompareTail(); });
  if (tail_.ok()) return {};
  return tail_.error();
}

Status FileStatistics::CompareTail() const {
  const format::Statistics* const statistics = Get();
  if (statistics == nullptr) return {};
  const auto check = [&](const format::FileRange& range, std::uint64_t hash, const char* what) -> Status {
    LANCEKIT_ASSIGN(const bool matches, MatchesHash(*source_, range, hash));
    if (matches) return {};
    return At(Corrupt("{} of {} bytes differ from their hash", what, range.size),
              {.path = source_->path(), .offset = range.offset});
  };
  const std::vector<std::uint64_t> hashes = statistics->GlobalBufferHashes();
  for (std::size_t i = 0; i < std::min(hashes.size(), global_buffers_.size()); ++i)
    LANCEKIT_TRY(check(global_buffers_[i], hashes[i], i == 0 ? "the schema" : "a global buffer"));
  const format::TailHashes& tail = statistics->tail_hashes();
  LANCEKIT_TRY(check({footer_.cmo_offset, std::uint64_t{footer_.num_columns} * 16}, tail.column_table, "the column table"));
  LANCEKIT_TRY(check({footer_.gbo_offset, std::uint64_t{footer_.num_global_buffers} * 16}, tail.global_buffer_table,
                     "the global buffer table"));
  return check({footer_.column_metadata_start, source_->size() - footer_.column_metadata_start}, tail.tail,
               "column metadata, tables and footer");
}

}  // namespace lancekit
