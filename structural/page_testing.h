// For tests and fuzzers of pages: a page in memory that can be opened, and rows as text, to compare what was written with what
// is read. Nothing here needs GoogleTest.
#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "base/bitmap.h"
#include "encodings/encoding_testing.h"
#include "structural/page_reader.h"
#include "structural/page_writer.h"

namespace lancekit::testing {

/// A page whose buffers lie back to back in a source of exactly their size.
class MemoryPage {
 public:
  MemoryPage(const std::vector<Bytes>& buffers, std::string_view layout, std::uint64_t num_rows) {
    MutableBuffer file;
    file.AppendFill(1, std::byte{0});  // so that buffers start at odd addresses
    for (const Bytes buffer : buffers) {
      metadata_.buffers.push_back({file.size(), buffer.size()});
      file.Append(buffer);
    }
    auto owner = std::make_shared<std::unique_ptr<std::byte[]>>(new std::byte[file.size()]);
    std::memcpy(owner->get(), file.data(), file.size());
    const Bytes bytes(owner->get(), file.size());
    source_ = MakeMemorySource(Buffer(std::move(owner), bytes), "page");
    metadata_.length = num_rows;
    metadata_.encoding.type_url = format::kPageLayoutUrl;
    const Bytes message = std::as_bytes(std::span(layout));
    metadata_.encoding.value.assign(message.begin(), message.end());
  }
  explicit MemoryPage(const EncodedPage& page)
      : MemoryPage(Views(page), format::SerializePageLayout(page.layout), page.num_rows) {}

  Result<std::unique_ptr<PageReader>> Open(const LeafType& leaf) const { return OpenPage(*source_, metadata_, leaf); }
  std::uint64_t num_rows() const { return metadata_.length; }

  static std::vector<Bytes> Views(const EncodedPage& page) {
    std::vector<Bytes> views;
    for (const MutableBuffer& buffer : page.buffers) views.push_back(buffer.bytes());
    return views;
  }

 private:
  std::shared_ptr<Source> source_;
  format::PageMetadata metadata_;
};

/// An array of a leaf that is no dictionary as page values. Borrows.
inline PageValues ValuesOf(const LeafType& leaf, const ArrayData& array) {
  PageValues page;
  page.num_rows = static_cast<std::uint64_t>(array.length);
  page.validity = array.validity.empty() ? nullptr : array.validity.data();
  page.values.shape = leaf.shape;
  page.values.length = page.num_rows;
  const ArrayData* items = &array;
  while (!items->children.empty()) {
    items = &items->children[0];
    page.values.item_validity.push_back(items->validity.empty() ? nullptr : items->validity.data());
  }
  page.values.values = items->values.data();
  page.values.data = items->data.data();
  return page;
}

inline std::string RowText(const PageValues& page, std::uint64_t row) {
  if (page.validity != nullptr && !GetBit(page.validity, row)) return "null";
  const ValuesView& values = page.values;
  if (values.shape.list_sizes.empty()) return "=" + ValueAt(values, row);
  std::string text;
  const std::uint64_t items = values.shape.ItemsPerValue(values.shape.list_sizes.size() - 1);
  for (std::uint64_t item = 0; item < items; ++item) {
    bool valid = true;
    for (std::size_t level = 0; level < values.item_validity.size(); ++level) {
      const std::uint64_t in_level = values.shape.ItemsPerValue(level);
      const std::byte* const bits = values.item_validity[level];
      valid = valid && (bits == nullptr || GetBit(bits, row * in_level + item * in_level / items));
    }
    ValuesView view = values;
    view.shape = FixedShape(values.shape.item_bits);
    text += valid ? "=" + ValueAt(view, row * items + item) : "null";
  }
  return text;
}

inline std::vector<std::string> RowTexts(const PageValues& page, ValueRange rows) {
  std::vector<std::string> texts;
  for (std::uint64_t i = 0; i < rows.count; ++i) texts.push_back(RowText(page, rows.first + i));
  return texts;
}

/// Reads rows into an array of their own.
inline Result<ArrayData> ReadArray(const PageReader& reader, const LeafType& leaf, ValueRange rows) {
  PageScratch scratch;
  LeafSink sink(leaf, rows.count);
  LANCEKIT_TRY(reader.Read(rows, &sink, &scratch));
  return std::move(sink).Finish();
}

/// Ranges of `length` rows each, `gap` rows apart.
inline std::vector<ValueRange> SpreadRanges(std::uint64_t num_rows, std::uint64_t length, std::uint64_t gap) {
  std::vector<ValueRange> ranges;
  for (std::uint64_t row = 0; row < num_rows; row += length + gap) ranges.push_back({row, std::min(length, num_rows - row)});
  return ranges;
}

/// Reads ranges of rows as runs of equal values. Returns what went wrong or is different from `expected`.
inline std::string CheckRuns(const PageReader& reader, const LeafType& leaf, const PageValues& expected,
                             std::span<const ValueRange> ranges) {
  PageScratch scratch;
  LeafSink sink(leaf, CountRows(ranges));
  sink.CollectRuns();
  if (Status status = reader.ReadRanges(ranges, &sink, &scratch); !status.ok()) return status.error().describe();
  const ArrayData array = std::move(sink).Finish();
  const PageValues runs = ValuesOf(leaf, *array.dictionary);
  std::uint64_t at = 0, run = 0;
  for (const ValueRange& rows : ranges) {
    for (std::uint64_t row = rows.first; row < rows.first + rows.count; ++row, ++at) {
      while (run < runs.num_rows && at >= LoadLe<std::uint64_t>(array.values.data() + run * 8)) ++run;
      if (run >= runs.num_rows) return fmt::format("the runs end before row {}", row);
      const bool is_valid = array.validity.empty() || GetBit(array.validity.data(), at);
      if ((is_valid ? RowText(runs, run) : "null") != RowText(expected, row))
        return fmt::format("run of row {} is different", row);
    }
  }
  return static_cast<std::uint64_t>(array.length) == at ? "" : fmt::format("{} rows in runs", array.length);
}

/// Reads ranges of rows at once. Returns what went wrong or is different from `expected`.
inline std::string CheckRanges(const PageReader& reader, const LeafType& leaf, const PageValues& expected,
                               std::span<const ValueRange> ranges) {
  PageScratch scratch;
  LeafSink sink(leaf, CountRows(ranges));
  if (Status status = reader.ReadRanges(ranges, &sink, &scratch); !status.ok()) return status.error().describe();
  const ArrayData array = std::move(sink).Finish();
  if (array.length != static_cast<std::int64_t>(CountRows(ranges))) return fmt::format("{} rows of ranges", array.length);
  std::uint64_t at = 0;
  for (const ValueRange& rows : ranges) {
    if (RowTexts(ValuesOf(leaf, array), {at, rows.count}) != RowTexts(expected, rows)) {
      return fmt::format("rows {}+{} among {} ranges are different", rows.first, rows.count, ranges.size());
    }
    at += rows.count;
  }
  const bool has_runs = reader.RowsPerRun() != 0 && leaf.shape.list_sizes.empty();
  return has_runs ? CheckRuns(reader, leaf, expected, ranges) : "";
}

/// Reads the page as a whole, in parts and some rows alone. Returns what went wrong or is different from `expected`.
inline std::string CheckPage(const MemoryPage& page, const LeafType& leaf, const PageValues& expected) {
  const auto reader = page.Open(leaf);
  if (!reader) return reader.error().describe();
  const std::uint64_t n = expected.num_rows;
  for (const ValueRange rows : {ValueRange{0, n}, {0, 1}, {n - 1, 1}, {n / 2, 1}, {n / 3, n / 3}, {n / 2, n - n / 2}, {0, 0}}) {
    const auto array = ReadArray(**reader, leaf, rows);
    if (!array) return array.error().describe();
    if (array->length != static_cast<std::int64_t>(rows.count))
      return fmt::format("{} rows instead of {}", array->length, rows.count);
    if (RowTexts(ValuesOf(leaf, *array), {0, rows.count}) != RowTexts(expected, rows)) {
      return fmt::format("rows {}+{} are different", rows.first, rows.count);
    }
  }
  for (const auto& [length, gap] : {std::pair<std::uint64_t, std::uint64_t>{1, 1}, {1, 700}, {3, 40}, {20, 0}, {600, 1500}}) {
    const std::string wrong = CheckRanges(**reader, leaf, expected, SpreadRanges(n, length, gap));
    if (!wrong.empty()) return wrong;
  }
  return "";
}

}  // namespace lancekit::testing
