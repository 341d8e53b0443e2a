// Adds up one column of a Lance file or dataset: scan_sum PATH COLUMN. Columns of 8 bytes a value (int64 or double) only.
#include <cstdint>
#include <cstdio>
#include <lancekit/lancekit.hpp>
#include <string>
#include <utility>

namespace {

int fail(const lancekit::Error& error) {
  std::fprintf(stderr, "%s\n", error.describe().c_str());
  return 1;
}

template <class T>
int print_sum(lancekit::Scan scan, const std::string& column) {
  T sum = 0;
  std::int64_t num_nulls = 0;
  for (auto& batch : scan) {  // one bounded batch at a time
    if (!batch) return fail(batch.error());
    const auto values = batch->values<T>(column);
    for (std::int64_t row = 0; row < batch->num_rows(); ++row) {
      if (batch->valid(column, row)) {
        sum += values[static_cast<std::size_t>(row)];
      } else {
        ++num_nulls;
      }
    }
  }
  std::printf("%s: sum %s, %lld nulls\n", column.c_str(), std::to_string(sum).c_str(), static_cast<long long>(num_nulls));
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: scan_sum PATH COLUMN\n");
    return 2;
  }
  const std::string column = argv[2];
  const lancekit::Context context;
  auto table = lancekit::open(context, argv[1]);
  if (!table) return fail(table.error());
  auto scan = table->scan().select({column});
  auto schema = scan.schema();
  if (!schema) return fail(schema.error());
  switch (schema->fields[0].type.id) {
    case lancekit::TypeId::kInt64:
      return print_sum<std::int64_t>(std::move(scan), column);
    case lancekit::TypeId::kFloat64:
      return print_sum<double>(std::move(scan), column);
    default:
      std::fprintf(stderr, "%s is %s; this example adds int64 and double\n", argv[2], schema->fields[0].type.to_string().c_str());
      return 2;
  }
}
