#include "reader/column_reader.h"

#include <algorithm>

#include "base/checked_math.h"
#include "base/limits.h"
#include "base/trace.h"

namespace lancekit {

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

bool ColumnReader::HoldPage(std::span<const ValueRange> rows, std::size_t page) const {
  if (rows.empty()) return false;  // as for single rows
  const ValueRange in_page = RowsOfPage(page);
  return std::any_of(rows.begin(), rows.end(), [&](const ValueRange& range) {
    return range.first <= in_page.first && in_page.first + in_page.count <= range.first + range.count;
  });
}

Result<const PageReader*> ColumnReader::Page(std::size_t page) const {
  LazyPage& lazy = pages_[page];
  std::call_once(lazy.once, [&] {
    source_->Count(Counter::kPagesOpened);
    TraceSpan span(source_->context(), "open page");
    span.SetPlace(name_, static_cast<std::int64_t>(page));
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

// What cannot be opened is more likely to be damaged than to be wrong.
Result<const PageReader*> ColumnReader::SoundPage(std::size_t page) const {
  Result<const PageReader*> reader = Page(page);
  Status status = reader ? hashes_.CheckOpened(page, (*reader)->data_buffer()) : hashes_.CheckPage(page);
  if (!status.ok()) return Locate(std::move(status), page);
  return reader;
}

template <class ReadPage>
Status ColumnReader::ForEachPage(std::span<const ValueRange> rows, PageScratch* scratch, ReadPage read) const {
  std::vector<ValueRange>& in_page = scratch->page_rows;
  in_page.clear();
  std::size_t page = 0;  // that in_page is of
  const auto flush = [&]() -> Status {
    if (in_page.empty()) return {};
    const bool checks = HoldPage(scratch->whole_rows, page);
    LANCEKIT_ASSIGN(const PageReader* reader, checks ? SoundPage(page) : Page(page));
    std::optional<BufferCheck> check;
    if (checks && reader->data_buffer().has_value()) check.emplace(hashes_, page, *reader->data_buffer());
    scratch->check = check.has_value() ? &*check : nullptr;
    Status status = read(*reader, page, std::span<const ValueRange>(in_page));
    scratch->check = nullptr;
    if (!status.ok() && checks) {
      // Damage says more than what came of it.
      if (Status damage = hashes_.CheckPage(page); !damage.ok()) status = std::move(damage);
    }
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
  return ForEachPage(rows, scratch, [&](const PageReader& page, std::size_t number, std::span<const ValueRange> slots) {
    TraceSpan span(source_->context(), "decode");
    if (span) Describe(number, slots, &span);
    LANCEKIT_TRY(slots.size() == 1 ? page.Read(slots[0], sink, scratch) : page.ReadRanges(slots, sink, scratch));
    sink->Fold();
    return Status();
  });
}

Result<std::vector<FileRange>> ColumnReader::Reads(std::span<const ValueRange> rows, PageScratch* scratch) const {
  std::vector<FileRange> reads;
  const std::span<const ValueRange> whole_rows = std::exchange(scratch->whole_rows, {});
  Status status =
      ForEachPage(rows, scratch, [&](const PageReader& page, std::size_t, std::span<const ValueRange> slots) -> Status {
        page.AddReads(slots, &reads);
        return {};
      });
  scratch->whole_rows = whole_rows;
  if (!status.ok()) return status;
  return reads;
}

void ColumnReader::Describe(std::size_t page, std::span<const ValueRange> slots, TraceSpan* span) const {
  span->SetPlace(name_, static_cast<std::int64_t>(page));
  span->Set("rows", CountRows(slots) / slots_per_row_);
  if (const auto layout = format::ParsePageLayout(metadata_.pages[page].encoding.value))
    span->SetEncoding(format::EncodingText(*layout));
}

// What cannot be read says so when it is.
void ColumnReader::Prefetch(std::span<const ValueRange> rows, PageScratch* scratch) const {
  constexpr std::size_t kProbes = 4;
  std::vector<ValueRange> some;
  for (std::size_t i = 0; i < kProbes; ++i) {
    const ValueRange& range = rows[i * (rows.size() - 1) / (kProbes - 1)];
    if (some.empty() || some.back().first != range.first) some.push_back(range);
  }
  const auto probes = Reads(some, scratch);
  if (!probes || !source_->MayWait(*probes)) return;
  if (auto reads = Reads(rows, scratch)) source_->Prefetch(*std::move(reads));
}

// Told of ahead, at least and at most; columns that are no larger are not worth it.
constexpr std::uint64_t kLeastAhead = 64 << 10, kMostAhead = 4 << 20;

// Asking whether bytes are in memory takes a system call, which small batches had better share; so ever more is told while rows
// follow each other.
std::optional<ValueRange> ReadAheadMark::Advance(const ValueRange& rows, std::uint64_t row_bytes, std::uint64_t limit) {
  const std::uint64_t told = end_row_.load(std::memory_order_relaxed);
  const std::uint64_t end = rows.first + rows.count;
  if (told >= std::min(limit, end + rows.count)) return {};
  const bool follows = told != 0 && told >= rows.first;
  const std::uint64_t before = follows ? bytes_.load(std::memory_order_relaxed) : rows.count * row_bytes;
  const std::uint64_t bytes = std::clamp(2 * before, kLeastAhead, kMostAhead);
  const std::uint64_t first = follows ? told : rows.first;
  const std::uint64_t ahead_end = std::min(limit, end + CeilDiv(bytes, row_bytes));
  // Another thread, with a larger batch that comes later, may have told of more.
  if (ahead_end <= first) return {};
  bytes_.store(bytes, std::memory_order_relaxed);
  end_row_.store(ahead_end, std::memory_order_relaxed);
  return ValueRange{first, ahead_end - first};
}

void ColumnReader::ReadAhead(const ValueRange& rows, ReadAheadMark* mark, PageScratch* scratch) const {
  if (stored_bytes_ <= kLeastAhead || rows.count == 0) return;
  // Of the page that the rows end in, so that none is opened for it.
  const std::uint64_t limit = PageEnd(rows.first + rows.count - 1);
  const auto ahead = mark->Advance(rows, std::max<std::uint64_t>(1, stored_bytes_ / num_rows()), limit);
  if (!ahead.has_value()) return;
  const auto reads = Reads({&*ahead, 1}, scratch);
  if (!reads) return;
  for (const FileRange& range : *reads) source_->WillRead(range);
}

Result<std::uint64_t> ColumnReader::CountDictionaryItems(std::span<const ValueRange> rows) const {
  std::uint64_t items = 0;
  bool all = true;
  PageScratch scratch;
  LANCEKIT_TRY(ForEachPage(rows, &scratch, [&](const PageReader& page, std::size_t, std::span<const ValueRange>) -> Status {
    items += page.NumDictionaryItems();
    all = all && page.NumDictionaryItems() != 0;
    return {};
  }));
  return all ? items : 0;
}

Result<std::uint64_t> ColumnReader::RowsPerRun(std::span<const ValueRange> rows) const {
  std::uint64_t least = kMaxRows;
  PageScratch scratch;
  LANCEKIT_TRY(ForEachPage(rows, &scratch, [&](const PageReader& page, std::size_t, std::span<const ValueRange>) -> Status {
    least = std::min(least, page.RowsPerRun());
    return {};
  }));
  return least;
}

Result<std::vector<BlobPlace>> ColumnReader::FindBlobs(std::span<const ValueRange> rows) const {
  std::vector<BlobPlace> places;
  PageScratch scratch;
  LANCEKIT_TRY(ForEachPage(rows, &scratch, [&](const PageReader& page, std::size_t, std::span<const ValueRange> slots) -> Status {
    LANCEKIT_ASSIGN(const std::vector<BlobPlace> found, page.FindBlobs(slots, &scratch));
    places.insert(places.end(), found.begin(), found.end());
    return {};
  }));
  return places;
}

}  // namespace lancekit
