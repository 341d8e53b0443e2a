#include <chrono>
#include <memory>

#include "c_api/handles.h"
#include "c_api/stream.h"
#include "types/array.h"

namespace lancekit::c_api {

Result<OpenOptions> ReadOpenOptions(const lancekit_open_options* given) {
  LANCEKIT_ASSIGN(const lancekit_open_options read, ReadOptions(given));
  OpenOptions options;
  if (read.version != nullptr) options.version = *read.version;
  options.tag = TextOf(read.tag);
  options.branch = TextOf(read.branch);
  if (read.as_of_microseconds != nullptr) {
    using Clock = std::chrono::system_clock;
    constexpr auto kLast = std::chrono::floor<std::chrono::microseconds>(Clock::duration::max()).count();
    const std::int64_t as_of = *read.as_of_microseconds;
    if (as_of > kLast || as_of < -kLast) return Invalid("a time {} microseconds from 1970 is out of range", as_of);
    options.as_of = Clock::time_point(std::chrono::microseconds(as_of));
  }
  return options;
}

namespace {

/// Empty for all.
Result<std::vector<std::string>> ColumnsOf(const char* const* columns, std::size_t num_columns) {
  if (columns != nullptr && num_columns == 0) return Invalid("no columns are selected; null selects all");
  return NamesOf(columns, num_columns);
}

Result<Scan> MakeScan(const Table& table, const lancekit_scan_options& options) {
  Scan scan = table.scan();
  if (options.columns != nullptr) {
    LANCEKIT_ASSIGN(std::vector<std::string> columns, ColumnsOf(options.columns, options.num_columns));
    scan.select(std::move(columns));
  }
  if (options.where != nullptr) {
    LANCEKIT_ASSIGN(Filter filter, Filter::parse(options.where));
    scan.where(std::move(filter));
  }
  if (options.limit != nullptr) scan.limit(*options.limit);
  scan.offset(options.offset);
  if (options.batch_rows != 0) scan.batch_rows(options.batch_rows);
  if (options.batch_bytes != 0) scan.batch_bytes(options.batch_bytes);
  return scan;
}

}  // namespace
}  // namespace lancekit::c_api

using lancekit::Status;
using lancekit::c_api::CheckGiven;
using lancekit::c_api::Guard;

lancekit_code lancekit_open(lancekit_context* context, const char* path, const lancekit_open_options* options,
                            lancekit_table** out, lancekit_error** error) {
  return Guard(error, [&]() -> Status {
    LANCEKIT_TRY(CheckGiven("out", out));
    *out = nullptr;
    LANCEKIT_TRY(CheckGiven("path", path));
    LANCEKIT_ASSIGN(const lancekit::OpenOptions wanted, lancekit::c_api::ReadOpenOptions(options));
    LANCEKIT_ASSIGN(lancekit::Table table, lancekit::open(lancekit::c_api::ContextOf(context), path, wanted));
    *out = new lancekit_table{std::move(table)};
    return {};
  });
}

uint64_t lancekit_table_num_rows(const lancekit_table* table) { return table->table.row_count(); }
const char* lancekit_table_format_version(const lancekit_table* table) { return table->table.format_version().c_str(); }

lancekit_code lancekit_table_schema(const lancekit_table* table, ArrowSchema* out, lancekit_error** error) {
  return Guard(error, [&]() -> Status {
    LANCEKIT_TRY(CheckGiven("table and out", table, out));
    lancekit::ExportSchema(table->table.schema(), out);
    return {};
  });
}

lancekit_code lancekit_table_scan(const lancekit_table* table, const lancekit_scan_options* options, ArrowArrayStream* out,
                                  lancekit_error** error) {
  return Guard(error, [&]() -> Status {
    LANCEKIT_TRY(CheckGiven("table and out", table, out));
    LANCEKIT_ASSIGN(const lancekit_scan_options wanted, lancekit::c_api::ReadOptions(options));
    LANCEKIT_ASSIGN(lancekit::Scan scan, lancekit::c_api::MakeScan(table->table, wanted));
    LANCEKIT_ASSIGN(lancekit::Schema schema, scan.schema());
    auto shared = std::make_shared<lancekit::Scan>(std::move(scan));
    lancekit::c_api::MakeStream(std::move(schema), [shared] { return shared->next(); }, out);
    return {};
  });
}

lancekit_code lancekit_table_take(const lancekit_table* table, const int64_t* rows, size_t num_rows, const char* const* columns,
                                  size_t num_columns, ArrowArrayStream* out, lancekit_error** error) {
  return Guard(error, [&]() -> Status {
    LANCEKIT_TRY(CheckGiven("table and out", table, out));
    if (num_rows != 0) LANCEKIT_TRY(CheckGiven("rows", rows));
    LANCEKIT_ASSIGN(const std::vector<std::string> names, lancekit::c_api::ColumnsOf(columns, num_columns));
    LANCEKIT_ASSIGN(lancekit::Batch batch, table->table.take({rows, num_rows}, names));
    lancekit::Schema schema = batch.schema();
    auto next = [rest = std::optional(std::move(batch))]() mutable -> lancekit::Result<std::optional<lancekit::Batch>> {
      return std::exchange(rest, std::nullopt);
    };
    lancekit::c_api::MakeStream(std::move(schema), std::move(next), out);
    return {};
  });
}

void lancekit_table_free(lancekit_table* table) { delete table; }
