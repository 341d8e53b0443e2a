#include "reader/read_rows.h"

namespace lancekit {

Result<ArrayData> ReadColumnRows(const TableImpl& table, std::size_t column, const LeafType& leaf, std::span<const RowRun> runs) {
  std::uint64_t total = 0;
  for (const RowRun& run : runs) total += run.count;
  LeafSink sink(leaf, total);
  PageScratch scratch;
  const TableFragment* fragment = nullptr;
  std::shared_ptr<const ColumnReader> reader;
  for (const RowRun& run : runs) {
    if (run.fragment != fragment) {
      fragment = run.fragment;
      LANCEKIT_ASSIGN(reader, fragment->Column(table.schema_.fields[column]));
    }
    if (reader != nullptr) {
      LANCEKIT_TRY(reader->Read({run.first, run.count}, &sink, &scratch));
    } else {
      sink.AppendNull(run.count);
      sink.values().AppendNulls(run.count);
    }
  }
  return std::move(sink).Finish();
}

}  // namespace lancekit
