#include "legacy/column.h"

#include <algorithm>

#include "base/checked_math.h"
#include "base/limits.h"
#include "base/trace.h"

namespace lancekit::legacy {
namespace {

Result<format::ArrayEncoding> ParseEncoding(const format::PageMetadata& page) {
  if (page.encoding.type_url != format::kArrayEncodingUrl) {
    return Unsupported("page encoding {} is not supported in a file of version 2.0", page.encoding.type_url);
  }
  return format::ParseArrayEncoding(page.encoding.value);
}

}  // namespace

Column::Column(std::shared_ptr<const Source> source, format::ColumnMetadata metadata, std::optional<LeafType> leaf,
               std::string name)
    : source_(std::move(source)),
      metadata_(std::move(metadata)),
      leaf_(std::move(leaf)),
      name_(std::move(name)),
      pages_(leaf_.has_value() ? metadata_.pages.size() : 0) {}

Result<std::shared_ptr<const Column>> Column::Open(std::shared_ptr<const Source> source, format::ColumnMetadata metadata,
                                                   std::optional<LeafType> leaf, std::string name) {
  std::shared_ptr<Column> column(new Column(std::move(source), std::move(metadata), std::move(leaf), std::move(name)));
  Status status = column->Load();
  if (status.ok() && !column->leaf_.has_value()) status = column->LoadLists();
  if (!status.ok()) return column->Locate(std::move(status));
  return std::shared_ptr<const Column>(std::move(column));
}

Status Column::Load() {
  if (metadata_.encoding.type_url != format::kColumnEncodingUrl) {
    return Unsupported("column encoding {} is not supported", metadata_.encoding.type_url);
  }
  LANCEKIT_ASSIGN(is_blob_, format::IsBlobColumn(metadata_.encoding.value));
  std::uint64_t length = 0;
  starts_.push_back(0);
  for (std::size_t i = 0; i < metadata_.pages.size(); ++i) {
    const format::PageMetadata& page = metadata_.pages[i];
    if (!CheckedAdd(length, page.length, &length) || length > kMaxRows) {
      return Locate(Corrupt("{} values in a page", page.length), static_cast<std::int64_t>(i));
    }
    starts_.push_back(length);
    for (const format::FileRange& buffer : page.buffers) stored_bytes_ += buffer.size;
  }
  if (is_blob_) stored_bytes_ = source_->size();
  item_starts_.push_back(0);
  return {};
}

Status Column::LoadLists() {
  std::uint64_t items = 0;
  for (std::size_t i = 0; i < metadata_.pages.size(); ++i) {
    const auto open = [&]() -> Status {
      LANCEKIT_ASSIGN(const format::ArrayEncoding encoding, ParseEncoding(metadata_.pages[i]));
      LANCEKIT_ASSIGN(OffsetsPage page, OffsetsPage::Open(InputOf(i), encoding));
      if (!CheckedAdd(items, page.num_items(), &items) || items > kMaxRows) return Corrupt("{} list items", page.num_items());
      offsets_pages_.push_back(std::move(page));
      item_starts_.push_back(items);
      return {};
    };
    if (Status status = open(); !status.ok()) return Locate(std::move(status), static_cast<std::int64_t>(i));
  }
  return {};
}

std::size_t Column::FindPage(std::uint64_t value) const {
  const auto it = std::upper_bound(starts_.begin(), starts_.end() - 1, value);
  return static_cast<std::size_t>(it - starts_.begin()) - 1;
}

Status Column::Locate(Status status, std::int64_t page) const {
  return At(std::move(status), {.path = source_->path(), .column = name_, .page = page});
}

PageInput Column::InputOf(std::size_t page) const {
  return {source_.get(), &metadata_.pages[page], leaf_.has_value() ? &*leaf_ : nullptr, &decompressed_};
}

Result<std::unique_ptr<PageReader>> Column::OpenPage(std::size_t page) const {
  LANCEKIT_ASSIGN(const format::ArrayEncoding encoding, ParseEncoding(metadata_.pages[page]));
  if (!is_blob_) return OpenArray(InputOf(page), encoding);
  LANCEKIT_ASSIGN(std::unique_ptr<BlobArray> blobs, BlobArray::Open(InputOf(page), encoding));
  return std::unique_ptr<PageReader>(std::move(blobs));
}

Result<const PageReader*> Column::Page(std::size_t page) const {
  LazyPage& lazy = pages_[page];
  std::call_once(lazy.once, [&] {
    auto reader = OpenPage(page);
    if (reader) {
      lazy.reader = *std::move(reader);
    } else {
      lazy.status = std::move(reader).status();
    }
  });
  if (!lazy.status.ok()) return lazy.status.error();
  return lazy.reader.get();
}

template <class Read>
Status Column::ForEachPage(ValueRange values, Read read) const {
  std::size_t page = values.count == 0 ? 0 : FindPage(values.first);
  while (values.count != 0) {
    const std::uint64_t skip = values.first - starts_[page];
    const std::uint64_t count = std::min(values.count, starts_[page + 1] - values.first);
    if (count != 0) {
      Status status = read(page, ValueRange{skip, count});
      if (!status.ok()) return Locate(std::move(status), static_cast<std::int64_t>(page));
    }
    values.first += count;
    values.count -= count;
    ++page;
  }
  return {};
}

Status Column::ReadValues(ValueRange values, LeafSink* sink, PageScratch* scratch) const {
  return ForEachPage(values, [&](std::size_t page, ValueRange range) -> Status {
    TraceSpan span(source_->context(), "decode");
    span.SetPlace(name_, static_cast<std::int64_t>(page));
    span.Set("rows", range.count);
    LANCEKIT_ASSIGN(const PageReader* reader, Page(page));
    return reader->Read(range, sink, scratch);
  });
}

Result<BlobPlace> Column::FindBlob(std::uint64_t value) const {
  if (!is_blob_) return Locate(Unsupported("the column holds no blobs that lie by themselves"));
  BlobPlace blob;
  LANCEKIT_TRY(ForEachPage({value, 1}, [&](std::size_t page, ValueRange range) -> Status {
    LANCEKIT_ASSIGN(const PageReader* reader, Page(page));
    LANCEKIT_ASSIGN(blob, static_cast<const BlobArray*>(reader)->Find(range.first));
    return {};
  }));
  return blob;
}

Result<ValueRange> Column::ReadLists(ValueRange lists, NodeSink* sink, PageScratch* scratch) const {
  ValueRange items;
  LANCEKIT_TRY(ForEachPage(lists, [&](std::size_t page, ValueRange range) -> Status {
    LANCEKIT_ASSIGN(const ValueRange part, offsets_pages_[page].Read(range, sink, scratch));
    const std::uint64_t first = item_starts_[page] + part.first;
    if (items.count == 0) {
      items = {first, part.count};
    } else if (part.count != 0) {
      if (first != items.first + items.count) return Corrupt("list: items that belong to no list");
      items.count += part.count;
    }
    return {};
  }));
  return items;
}

}  // namespace lancekit::legacy
