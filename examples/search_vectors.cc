// The rows whose vectors are nearest to that of a row: search_vectors TABLE COLUMN ROW [FILTER], for example
// search_vectors photos.lance embedding 17 "year >= 2020". Makes the index where there is none, and brings it up to date.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <lancekit/index.hpp>
#include <lancekit/lancekit.hpp>
#include <string>
#include <vector>

namespace {

int fail(const lancekit::Error& error) {
  std::fprintf(stderr, "%s\n", error.describe().c_str());
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4 && argc != 5) {
    std::fprintf(stderr, "usage: search_vectors TABLE COLUMN ROW [FILTER]\n");
    return 2;
  }
  const std::string table_path = argv[1], column = argv[2];
  const std::int64_t row = std::strtoll(argv[3], nullptr, 10);
  const lancekit::Context context;

  const std::string sidecar = lancekit::VectorIndex::default_sidecar(table_path, column);
  lancekit::IndexOpenOptions options;
  options.column = column;
  auto index = lancekit::VectorIndex::open(context, table_path, options);
  if (!index) {
    // Rows were appended since; or there is no index yet, or one of other data.
    lancekit::ChangeOptions change;
    change.open = options;
    if (!lancekit::VectorIndex::add(context, table_path, change)) {
      if (auto built = lancekit::VectorIndex::build(context, table_path, column, sidecar); !built) return fail(built.error());
    }
    index = lancekit::VectorIndex::open(context, table_path, options);
    if (!index) return fail(index.error());
  }

  // The vector of the row, as Arrow has it: lists of a fixed size in one struct array.
  auto table = lancekit::open(context, table_path);
  if (!table) return fail(table.error());
  auto batch = table->take({&row, 1}, {column});
  if (!batch) return fail(batch.error());
  ArrowArray rows{};
  ArrowSchema schema{};
  if (auto exported = batch->export_array(&rows, &schema); !exported) return fail(exported.error());
  const ArrowArray& lists = *rows.children[0];
  const bool is_float = std::string(schema.children[0]->children[0]->format) == "f" && lists.null_count == 0;
  std::vector<float> vector;
  if (is_float) {
    const auto* values = static_cast<const float*>(lists.children[0]->buffers[1]);
    const std::int64_t first = lists.offset * index->dimensions() + lists.children[0]->offset;
    vector.assign(values + first, values + first + index->dimensions());
  }
  rows.release(&rows);
  schema.release(&schema);
  if (!is_float) {
    std::fprintf(stderr, "row %lld has no vector of float32\n", static_cast<long long>(row));
    return 1;
  }

  lancekit::VectorQuery query;
  query.k = 5;
  lancekit::RowSet matching;
  if (argc == 5) {
    auto filter = lancekit::Filter::parse(argv[4]);
    if (!filter) return fail(filter.error());
    auto found = index->rows_where(*filter);
    if (!found) return fail(found.error());
    matching = *found;
    query.rows = &matching;
  }
  lancekit::SearchReport report;
  auto hits = index->search({vector.data(), vector.size()}, query, &report);
  if (!hits) return fail(hits.error());
  for (const lancekit::VectorHit& hit : *hits)
    std::printf("%llu %g\n", static_cast<unsigned long long>(hit.row), static_cast<double>(hit.distance));
  std::fprintf(stderr, "%llu of %llu vectors looked at\n", static_cast<unsigned long long>(report.codes + report.vectors),
               static_cast<unsigned long long>(index->size()));
  return 0;
}
