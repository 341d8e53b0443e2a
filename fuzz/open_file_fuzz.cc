// A whole file: the container, the metadata of all columns, and all rows of all fields, filtered too.
#include <algorithm>

#include "filter/expression.h"
#include "fuzz/page_fuzz.h"
#include "reader/field_reader.h"
#include "reader/table_impl.h"

namespace lancekit::fuzz {
namespace {

/// Filters by way of zone maps and hashes, when the file has a statistics buffer.
void CountValues(const std::shared_ptr<const TableImpl>& table, const std::string& column) {
  constexpr std::uint64_t kMaxRows = 10'000;
  if (table->num_rows_ > kMaxRows) return;
  const Filter filter(filter::MakeNot(filter::MakeIsNull({column})));
  const auto count = Table(table).scan().where(filter).count();
  Require(!count || *count <= table->num_rows_, "more values than rows");
}

void Run(FuzzInput input) {
  const testing::OddBytes bytes(input.Rest());
  const auto file = FileReader::Open(MakeMemorySource(Buffer(nullptr, bytes.bytes()), "file"));
  if (!file) return;
  constexpr std::uint32_t kMaxColumns = 32;
  for (std::uint32_t i = 0; i < std::min((*file)->footer().num_columns, kMaxColumns); ++i)
    static_cast<void>((*file)->ReadColumnMetadata(i).has_value());
  const Context context(ContextOptions{.threads = 1});
  const auto opened = TableOfFile(context, *file);
  if (!opened) return;
  const std::shared_ptr<const TableImpl>& table = *opened;
  if (!table->schema_.fields.empty()) {
    // Some of the columns: by the name index, if there is one, or by a walk over the schema.
    std::vector<std::string> names{table->schema_.fields.back().name, "a.b"};
    static_cast<void>(TableOfFile(context, *file, {.columns = names}).has_value());
    names.pop_back();
    // With hashes that are taken unverified, as for files of many columns.
    const auto again = FileReader::Open(MakeMemorySource(Buffer(nullptr, bytes.bytes()), "file"), false);
    if (!again) return;
    (*again)->statistics().UseHashesUnverified();
    if (const auto some = TableOfFile(context, *again, {.columns = names})) {
      Scan scan = Table(*some).scan();
      static_cast<void>(scan.next().has_value());
    }
  }
  if (table->fragments_.empty()) return;
  const TableFragment& fragment = table->fragments_[0];
  std::uint32_t fields = 0;
  for (const Field& field : table->schema_.fields) {
    if (fields++ == kMaxColumns) return;
    const auto shape = FieldShape::Make(field);
    if (!shape) continue;
    const auto reader = FieldReader::Open(fragment, **shape, context.impl());
    if (!reader) continue;
    CountValues(table, field.name);
    ReadRows(**shape, fragment.num_rows, [&](std::span<const ValueRange> rows, FieldSink* sink, PageScratch* scratch) {
      return (*reader)->Read(rows, sink, scratch);
    });
  }
}

}  // namespace
}  // namespace lancekit::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  lancekit::fuzz::Run({data, size});
  return 0;
}
