#include "reader/file_statistics.h"

#include <algorithm>

#include "base/hash.h"
#include "base/trace.h"

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
Buffer FileStatistics::Find(std::size_t* global_buffer) const {
  constexpr std::uint64_t kIdentifierEnd = 8;
  for (std::size_t i = 1; i < global_buffers_.size(); ++i) {
    const format::FileRange& range = global_buffers_[i];
    const auto head = source_->Read(range.offset, std::min(range.size, kIdentifierEnd));
    if (!head || !format::Statistics::Matches(head->bytes())) continue;
    auto bytes = source_->Read(range.offset, range.size);
    if (!bytes) continue;
    *global_buffer = i;
    return *std::move(bytes);
  }
  return {};
}

void FileStatistics::Load() const {
  const TraceSpan span(source_->context(), "statistics");
  std::size_t global_buffer = 0;
  Buffer bytes = Find(&global_buffer);
  if (bytes.empty()) return;
  global_buffer_ = global_buffer;
  const Place place{.path = source_->path(), .offset = global_buffers_[global_buffer].offset};
  auto statistics = format::Statistics::Parse(std::move(bytes));
  if (!statistics) {
    damage_ = At(std::move(statistics).status(), place);
  } else if (statistics->num_columns() != footer_.num_columns) {
    damage_ = At(Corrupt("statistics of {} columns in a file of {}", statistics->num_columns(), footer_.num_columns), place);
  } else {
    statistics_.emplace(*std::move(statistics));
  }
}

std::optional<PieceHashes> FileStatistics::HashesOf(std::uint32_t column) const {
  if (!unverified_.load(std::memory_order_relaxed)) {
    const format::Statistics* const statistics = Get();
    if (statistics == nullptr) return {};
    const Bytes hashes = statistics->BufferHashes(column);
    return PieceHashes{statistics->piece_bytes(), hashes.size() / 8, hashes.data()};
  }
  const auto entry = UnverifiedEntry(column);
  if (message_.empty()) return {};
  const auto hashes = entry ? entry->Vector(format::Statistics::kBufferHashesField, 8) : std::nullopt;
  if (!hashes) return PieceHashes{1, 0, nullptr};  // which fits no column, so that the statistics are looked at
  const auto piece_bytes =
      format::FlatTable::Root(message_.bytes())->Number<std::uint64_t>(format::Statistics::kPieceBytesField, 0);
  return PieceHashes{piece_bytes == 0 ? ~std::uint64_t{0} : piece_bytes, hashes->count, message_.data() + hashes->begin};
}

std::optional<format::FlatTable> FileStatistics::UnverifiedEntry(std::uint32_t column) const {
  std::call_once(found_, [this] {
    std::size_t global_buffer = 0;
    message_ = Find(&global_buffer);
  });
  const auto root = format::FlatTable::Root(message_.bytes());
  const auto columns = root ? root->Vector(format::Statistics::kColumnsField, 4) : std::nullopt;
  return columns ? format::FlatTable::Element(*columns, column) : std::nullopt;
}

Status FileStatistics::CheckMetadata(std::uint32_t column, Bytes metadata) const {
  if (!unverified_.load(std::memory_order_relaxed)) return {};
  const auto entry = UnverifiedEntry(column);
  if (message_.empty()) return {};
  const auto hash = entry ? entry->Number<std::uint64_t>(format::Statistics::kMetadataHashField, 0) : 0;
  if (HashBytes(metadata) == hash || Get() == nullptr) return {};
  return Corrupt("{} bytes of column metadata differ from their hash", metadata.size());
}

Status FileStatistics::CheckTail() const {
  if (unverified_.load(std::memory_order_relaxed)) return {};  // the metadata of the columns that are read was compared
  std::call_once(compared_, [this] { tail_ = CompareTail(); });
  if (tail_.ok()) return {};
  return tail_.error();
}

Status FileStatistics::CompareTail() const {
  const TraceSpan span(source_->context(), "check hashes");
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
