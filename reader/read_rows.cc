#include "reader/read_rows.h"

#include "reader/field_reader.h"

namespace lancekit {

Result<ArrayData> ReadRows(const TableImpl& table, const FieldShape& shape, std::span<const RowRun> runs) {
  std::uint64_t total = 0;
  for (const RowRun& run : runs) total += run.count;
  FieldSink sink(shape, total);
  PageScratch scratch;
  const TableFragment* fragment = nullptr;
  std::shared_ptr<const FieldReader> reader;
  for (const RowRun& run : runs) {
    if (run.fragment != fragment) {
      fragment = run.fragment;
      LANCEKIT_ASSIGN(reader, FieldReader::Open(*fragment, shape, table.context()));
    }
    LANCEKIT_TRY(reader->Read({run.first, run.count}, &sink, &scratch));
  }
  auto array = std::move(sink).Finish();
  if (!array) return At(std::move(array).status(), {.column = shape.field().name});
  return array;
}

}  // namespace lancekit
