#include "reader/read_rows.h"

#include "reader/field_reader.h"

namespace lancekit {

std::span<const ValueRange> CheckedRows(const TableImpl& table, std::span<const ValueRange> whole_rows) {
  switch (table.checksums_) {
    case Checksums::kNever:
      return {};
    case Checksums::kScans:
      return whole_rows;
    case Checksums::kAlways:
      return kAllRows;
  }
  return {};
}

// Fewer are read one by one: asking whether they are in memory would cost more than it spares.
constexpr std::size_t kRangesToPrefetch = 16;

namespace {

/// open(fragment) -> the reader of the column.
template <class Open>
Result<ArrayData> ReadRuns(const FieldShape& shape, std::span<const RowRun> runs, bool reads_on, PageScratch* scratch,
                           Open open) {
  std::uint64_t total = 0;
  for (const RowRun& run : runs) total += run.count;
  FieldSink sink(shape, total);
  std::vector<ValueRange> ranges;
  ranges.reserve(runs.size());
  for (std::size_t i = 0; i < runs.size();) {
    const TableFragment* const fragment = runs[i].fragment;
    LANCEKIT_ASSIGN(const std::shared_ptr<const FieldReader> reader, open(*fragment));
    while (i < runs.size() && runs[i].fragment == fragment) {
      // Runs that ascend are read in one go.
      ranges.clear();
      for (std::uint64_t end = 0; i < runs.size() && runs[i].fragment == fragment && runs[i].first >= end; ++i) {
        ranges.push_back({runs[i].first, runs[i].count});
        end = runs[i].first + runs[i].count;
      }
      if (reads_on) {
        reader->ReadAhead(ranges.back(), scratch);
      } else if (ranges.size() >= kRangesToPrefetch) {
        reader->Prefetch(ranges, scratch);
      }
      LANCEKIT_TRY(reader->Read(ranges, &sink, scratch));
    }
  }
  auto array = std::move(sink).Finish();
  if (!array) return At(std::move(array).status(), {.column = shape.field().name});
  return array;
}

}  // namespace

Result<ArrayData> ReadRows(const TableImpl& table, const FieldShape& shape, std::span<const RowRun> runs,
                           std::span<const ValueRange> whole_rows) {
  PageScratch scratch;
  scratch.whole_rows = CheckedRows(table, whole_rows);
  return ReadRuns(shape, runs, !whole_rows.empty(), &scratch,
                  [&](const TableFragment& fragment) { return FieldReader::Open(fragment, shape, table.context()); });
}

Result<ArrayData> TakeRows(const TableImpl& table, const OpenColumns& columns, std::size_t field, std::span<const RowRun> runs,
                           PageScratch* scratch) {
  scratch->whole_rows = CheckedRows(table, {});
  return ReadRuns(*columns.fields()[field], runs, false, scratch,
                  [&](const TableFragment& fragment) { return columns.Reader(fragment, field, table.context()); });
}

}  // namespace lancekit
