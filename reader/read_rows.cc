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

namespace {

// Fewer are read one by one: asking whether they are in memory would cost more than it spares.
constexpr std::size_t kRangesToPrefetch = 16;

Status ReadInto(const FieldReader& reader, std::span<const ValueRange> rows, FieldSink* sink, PageScratch* scratch) {
  if (rows.size() >= kRangesToPrefetch) reader.Prefetch(rows, scratch);
  return reader.Read(rows, sink, scratch);
}

Result<ArrayData> Finish(FieldSink sink, const FieldShape& shape) {
  auto array = std::move(sink).Finish();
  if (!array) return At(std::move(array).status(), {.column = shape.field().name});
  return array;
}

}  // namespace

Result<ArrayData> ReadRows(const FieldReader& reader, const FieldShape& shape, std::span<const ValueRange> rows, bool follows,
                           PageScratch* scratch) {
  FieldSink sink(shape, CountRows(rows));
  if (follows && !rows.empty()) {
    reader.ReadAhead({rows.front().first, rows.back().first + rows.back().count - rows.front().first}, scratch);
    LANCEKIT_TRY(reader.Read(rows, &sink, scratch));
  } else {
    LANCEKIT_TRY(ReadInto(reader, rows, &sink, scratch));
  }
  return Finish(std::move(sink), shape);
}

Result<ArrayData> TakeRows(const TableImpl& table, const OpenColumns& columns, std::size_t field, std::span<const RowRun> runs,
                           PageScratch* scratch) {
  scratch->whole_rows = CheckedRows(table, {});
  const FieldShape& shape = *columns.fields()[field];
  std::uint64_t total = 0;
  for (const RowRun& run : runs) total += run.count;
  FieldSink sink(shape, total);
  std::vector<ValueRange> ranges;
  ranges.reserve(runs.size());
  for (std::size_t i = 0; i < runs.size();) {
    const TableFragment* const fragment = runs[i].fragment;
    LANCEKIT_ASSIGN(const std::shared_ptr<const FieldReader> reader, columns.Reader(*fragment, field, table.context()));
    while (i < runs.size() && runs[i].fragment == fragment) {
      // Runs that ascend are read in one go.
      ranges.clear();
      for (std::uint64_t end = 0; i < runs.size() && runs[i].fragment == fragment && runs[i].first >= end; ++i) {
        ranges.push_back({runs[i].first, runs[i].count});
        end = runs[i].first + runs[i].count;
      }
      LANCEKIT_TRY(ReadInto(*reader, ranges, &sink, scratch));
    }
  }
  return Finish(std::move(sink), shape);
}

}  // namespace lancekit
