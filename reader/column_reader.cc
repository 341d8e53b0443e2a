#include "reader/column_reader.h"

#include <algorithm>

#include "base/checked_math.h"
#include "base/limits.h"

namespace lancekit {

PageHashes::PageHashes(std::shared_ptr<const FileStatistics> statistics, std::uint32_t column,
                       const format::ColumnMetadata& metadata)
    : statistics_(std::move(statistics)), column_(column), checked_(metadata.pages.size()) {
  first_buffers_.push_back(0);
  for (const format::PageMetadata& page : metadata.pages) first_buffers_.push_back(first_buffers_.back() + page.buffers.size());
}

Result<std::vector<std::size_t>> PageHashes::DamagedBuffers(const Source& source, const format::ColumnMetadata& metadata,
                                                            std::size_t page) const {
  std::vector<std::size_t> damaged;
  const format::Statistics* const statistics = statistics_->Get();
  if (statistics == nullptr) return damaged;
  if (statistics->NumBufferHashes(column_) != first_buffers_.back())
    return Corrupt("the statistics list {} hashes for the {} buffers of the column", statistics->NumBufferHashes(column_),
                   first_buffers_.back());
  const std::vector<format::FileRange>& buffers = metadata.pages[page].buffers;
  for (std::size_t i = 0; i < buffers.size(); ++i) {
    LANCEKIT_ASSIGN(const bool matches,
                    MatchesHash(source, buffers[i], statistics->BufferHash(column_, first_buffers_[page] + i)));
    if (!matches) damaged.push_back(i);
  }
  return damaged;
}

Status PageHashes::Check(const Source& source, const format::ColumnMetadata& metadata, std::size_t page) const {
  if (checked_[page].load(std::memory_order_relaxed)) return {};
  LANCEKIT_ASSIGN(const std::vector<std::size_t> damaged, DamagedBuffers(source, metadata, page));
  if (!damaged.empty()) {
    const format::FileRange& buffer = metadata.pages[page].buffers[damaged[0]];
    return At(Corrupt("the {} bytes of buffer {} differ from their hash", buffer.size, damaged[0]), {.offset = buffer.offset});
  }
  checked_[page].store(true, std::memory_order_relaxed);
  return {};
}

Result<std::shared_ptr<const ColumnReader>> ColumnReader::Open(std::shared_ptr<const Source> source,
                                                               format::ColumnMetadata metadata, LeafType leaf, std::string name,
                                                               std::uint64_t num_rows, PageHashes hashes) {
  std::shared_ptr<ColumnReader> column(
      new ColumnReader(std::move(source), std::move(metadata), std::move(leaf), std::move(name), std::move(hashes)));
  std::uint64_t rows = 0;
  column->slot_starts_.push_back(0);
  for (const format::PageMetadata& page : column->metadata_.pages) {
    if (!CheckedAdd(rows, page.length, &rows) || rows > kMaxRows)
      return column->Locate(Corrupt("{} rows in a page", page.length), 0);
    column->slot_starts_.push_back(rows);
    for (const format::FileRange& buffer : page.buffers) column->stored_bytes_ += buffer.size;
  }
  column->slots_per_row_ = column->leaf_.SlotsPerRow();
  std::uint64_t wanted = 0;
  if (!CheckedMul(num_rows, column->slots_per_row_, &wanted) || rows != wanted) {
    return At(Corrupt("the pages hold {} rows, the file {}", rows / column->slots_per_row_, num_rows),
              {.path = column->source_->path(), .column = column->name_});
  }
  return std::shared_ptr<const ColumnReader>(std::move(column));
}

std::size_t ColumnReader::FindPage(std::uint64_t slot) const {
  const auto it = std::upper_bound(slot_starts_.begin(), slot_starts_.end() - 1, slot);
  return static_cast<std::size_t>(it - slot_starts_.begin()) - 1;
}

Status ColumnReader::Locate(Status status, std::size_t page) const {
  return At(std::move(status), {.path = source_->path(), .column = name_, .page = static_cast<std::int64_t>(page)});
}

Status ColumnReader::CheckHashes(std::size_t page, std::span<const ValueRange> whole_rows) const {
  if (whole_rows.empty()) return {};
  const ValueRange in_page = RowsOfPage(page);
  const auto holds_page = [&](const ValueRange& rows) {
    return rows.first <= in_page.first && in_page.first + in_page.count <= rows.first + rows.count;
  };
  if (std::none_of(whole_rows.begin(), whole_rows.end(), holds_page)) return {};
  Status status = hashes_.Check(*source_, metadata_, page);
  return status.ok() ? std::move(status) : Locate(std::move(status), page);
}

Result<const PageReader*> ColumnReader::Page(std::size_t page) const {
  LazyPage& lazy = pages_[page];
  std::call_once(lazy.once, [&] {
    auto reader = OpenPage(*source_, metadata_.pages[page], leaf_);
    if (reader) {
      lazy.reader = *std::move(reader);
    } else {
      lazy.status = Locate(std::move(reader).status(), page);
    }
  });
  if (!lazy.status.ok()) return lazy.status.error();
  return lazy.reader.get();
}

template <class ReadPage>
Status ColumnReader::ForEachPage(std::span<const ValueRange> rows, PageScratch* scratch, ReadPage read) const {
  std::vector<ValueRange>& in_page = scratch->page_rows;
  in_page.clear();
  std::size_t page = 0;  // that in_page is of
  const auto flush = [&]() -> Status {
    if (in_page.empty()) return {};
    LANCEKIT_TRY(CheckHashes(page, scratch->whole_rows));
    LANCEKIT_ASSIGN(const PageReader* reader, Page(page));
    Status status = read(*reader, std::span<const ValueRange>(in_page));
    if (!status.ok()) return Locate(std::move(status), page);
    in_page.clear();
    return {};
  };
  for (const ValueRange& range : rows) {
    ValueRange slots{range.first * slots_per_row_, range.count * slots_per_row_};
    while (slots.count != 0) {
      if (in_page.empty() || slots.first >= slot_starts_[page + 1]) {
        LANCEKIT_TRY(flush());
        page = FindPage(slots.first);
      }
      const std::uint64_t count = std::min(slots.count, slot_starts_[page + 1] - slots.first);
      in_page.push_back({slots.first - slot_starts_[page], count});
      slots.first += count;
      slots.count -= count;
    }
  }
  return flush();
}

Status ColumnReader::Read(std::span<const ValueRange> rows, LeafSink* sink, PageScratch* scratch) const {
  return ForEachPage(rows, scratch, [&](const PageReader& page, std::span<const ValueRange> slots) {
    return slots.size() == 1 ? page.Read(slots[0], sink, scratch) : page.ReadRanges(slots, sink, scratch);
  });
}

Result<std::uint64_t> ColumnReader::CountDictionaryItems(std::span<const ValueRange> rows) const {
  std::uint64_t items = 0;
  bool all = true;
  PageScratch scratch;
  LANCEKIT_TRY(ForEachPage(rows, &scratch, [&](const PageReader& page, std::span<const ValueRange>) -> Status {
    items += page.NumDictionaryItems();
    all = all && page.NumDictionaryItems() != 0;
    return {};
  }));
  return all ? items : 0;
}

Result<std::uint64_t> ColumnReader::RowsPerRun(std::span<const ValueRange> rows) const {
  std::uint64_t least = kMaxRows;
  PageScratch scratch;
  LANCEKIT_TRY(ForEachPage(rows, &scratch, [&](const PageReader& page, std::span<const ValueRange>) -> Status {
    least = std::min(least, page.RowsPerRun());
    return {};
  }));
  return least;
}

Result<std::vector<BlobPlace>> ColumnReader::FindBlobs(std::span<const ValueRange> rows) const {
  std::vector<BlobPlace> places;
  PageScratch scratch;
  LANCEKIT_TRY(ForEachPage(rows, &scratch, [&](const PageReader& page, std::span<const ValueRange> slots) -> Status {
    LANCEKIT_ASSIGN(const std::vector<BlobPlace> found, page.FindBlobs(slots, &scratch));
    places.insert(places.end(), found.begin(), found.end());
    return {};
  }));
  return places;
}

}  // namespace lancekit
