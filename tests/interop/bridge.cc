// The library behind a few C functions, so that the Python tests exchange tables with it through the Arrow C interfaces.
#include <cstring>
#include <iterator>
#include <string>

#include "lancekit/lancekit.hpp"

namespace {

thread_local std::string last_error;

int Fail(const lancekit::Error& error) {
  last_error = error.describe();
  return 1 + static_cast<int>(error.code);
}

/// The names in `text`, which are separated by '\n'.
std::vector<std::string> Split(const char* text) {
  std::vector<std::string> names;
  for (const char* at = text;;) {
    const char* end = std::strchr(at, '\n');
    names.emplace_back(at, end == nullptr ? std::strlen(at) : static_cast<std::size_t>(end - at));
    if (end == nullptr) return names;
    at = end + 1;
  }
}

}  // namespace

/// The Python side declares the same structs with ctypes.
struct LkOpenOptions {
  int has_version;
  std::uint64_t version;
  const char* tag;     ///< null = none
  const char* branch;  ///< null = main
  int has_as_of;
  std::int64_t as_of_microseconds;
  int checksums;  ///< 0 when scans read whole pages, 1 never, 2 always
  int no_zone_maps;
};

struct LkScanOptions {
  const char* columns;  ///< separated by '\n'; null = all
  std::uint64_t offset;
  std::uint64_t limit;
  std::uint64_t batch_rows;
  int threads;
  int pread;
  const char* filter;  ///< null = all rows
};

struct LkWriteOptions {
  const char* version;
  std::uint64_t max_rows_per_file;  ///< 0 = default
  std::uint64_t page_bytes;         ///< 0 = default
  int single_file;
  int threads;
  int no_statistics;
  const char* bloom;  ///< columns, separated by '\n'; null = none
  int bloom_bits;
};

namespace {

lancekit::Result<lancekit::Table> Open(const lancekit::Context& context, const char* path, const LkOpenOptions* given) {
  lancekit::OpenOptions options;
  if (given != nullptr) {
    if (given->has_version != 0) options.version = given->version;
    options.checksums = given->checksums == 0   ? lancekit::Checksums::kScans
                        : given->checksums == 1 ? lancekit::Checksums::kNever
                                                : lancekit::Checksums::kAlways;
    options.zone_maps = given->no_zone_maps == 0;
    if (given->tag != nullptr) options.tag = given->tag;
    if (given->branch != nullptr) options.branch = given->branch;
    if (given->has_as_of != 0) {
      options.as_of = std::chrono::system_clock::time_point(std::chrono::microseconds(given->as_of_microseconds));
    }
  }
  return lancekit::open(context, path, options);
}

void AddReport(const lancekit::ScanReport& found, std::uint64_t* sums) {
  const std::uint64_t all[] = {found.fragments,
                               found.fragments_skipped,
                               found.pages,
                               found.pages_kept,
                               found.zones,
                               found.zones_kept,
                               found.rows_filtered,
                               found.rows_encoded,
                               found.rows_matched,
                               found.bytes_read,
                               found.pages_skipped_by_bloom};
  for (std::size_t i = 0; i < std::size(all); ++i) sums[i] += all[i];
}

lancekit::Error Disorder(std::int64_t row, const char* filter) {
  lancekit::Error error;
  error.code = lancekit::ErrorCode::kInternal;
  error.message = "row " + std::to_string(row) + " comes out of order: " + filter;
  return error;
}

}  // namespace

// Each returns 0, or 1 + the error code.
extern "C" {

LANCEKIT_EXPORT const char* lk_error() { return last_error.c_str(); }

LANCEKIT_EXPORT int lk_scan(const char* path, const LkOpenOptions* version, const LkScanOptions* options, ArrowArrayStream* out) {
  const auto mode = options->pread != 0 ? lancekit::IoMode::kRead : lancekit::IoMode::kMap;
  const lancekit::Context context(lancekit::ContextOptions{options->threads, 0, mode});
  auto table = Open(context, path, version);
  if (!table) return Fail(table.error());
  auto scan = table->scan().batch_rows(options->batch_rows).offset(options->offset).limit(options->limit);
  if (options->columns != nullptr) scan.select(Split(options->columns));
  if (options->filter != nullptr) {
    auto filter = lancekit::Filter::parse(options->filter);
    if (!filter) return Fail(filter.error());
    scan.where(*std::move(filter));
  }
  const auto status = scan.export_stream(out);
  return status ? 0 : Fail(status.error());
}

LANCEKIT_EXPORT int lk_take(const char* path, const LkOpenOptions* version, const char* columns, const std::int64_t* rows,
                            std::size_t count, ArrowArray* array, ArrowSchema* schema) {
  const lancekit::Context context;
  auto table = Open(context, path, version);
  if (!table) return Fail(table.error());
  auto batch = table->take({rows, count}, columns == nullptr ? std::vector<std::string>() : Split(columns));
  if (!batch) return Fail(batch.error());
  const auto status = batch->export_array(array, schema);
  return status ? 0 : Fail(status.error());
}

LANCEKIT_EXPORT int lk_count(const char* path, const LkOpenOptions* version, std::uint64_t* rows) {
  const lancekit::Context context;
  auto table = Open(context, path, version);
  if (!table) return Fail(table.error());
  *rows = table->row_count();
  return 0;
}

/// Counts the rows that match; to `report` is added what lancekit::ScanReport has, in its order.
LANCEKIT_EXPORT int lk_count_where(const char* path, const LkOpenOptions* version, const char* filter, std::uint64_t* rows,
                                   std::uint64_t* report) {
  const lancekit::Context context(lancekit::ContextOptions{1, 0, lancekit::IoMode::kRead});
  auto table = Open(context, path, version);
  if (!table) return Fail(table.error());
  auto parsed = lancekit::Filter::parse(filter);
  if (!parsed) return Fail(parsed.error());
  auto scan = table->scan().where(*std::move(parsed));
  const auto count = scan.count();
  if (!count) return Fail(count.error());
  *rows = *count;
  AddReport(scan.report(), report);
  return 0;
}

/// Aggregates, a line each: "min\tCOLUMN"; over the rows that match, if there is a filter, of which `offset` are skipped.
LANCEKIT_EXPORT int lk_aggregate(const char* path, const LkOpenOptions* version, const char* wanted, const char* filter,
                                 std::uint64_t offset, int threads, ArrowArray* array, ArrowSchema* schema) {
  const lancekit::Context context(lancekit::ContextOptions{threads, 0, lancekit::IoMode::kDefault});
  auto table = Open(context, path, version);
  if (!table) return Fail(table.error());
  std::vector<lancekit::Aggregate> aggregates;
  for (const std::string& line : Split(wanted)) {
    const std::size_t tab = line.find('\t');
    const std::string kind = line.substr(0, tab);
    using Kind = lancekit::Aggregate::Kind;
    aggregates.push_back({kind == "min"   ? Kind::kMin
                          : kind == "max" ? Kind::kMax
                          : kind == "sum" ? Kind::kSum
                                          : Kind::kCount,
                          line.substr(tab + 1)});
  }
  auto scan = table->scan().offset(offset);
  if (filter != nullptr) {
    auto parsed = lancekit::Filter::parse(filter);
    if (!parsed) return Fail(parsed.error());
    scan.where(*std::move(parsed));
  }
  const auto batch = scan.aggregate(aggregates);
  if (!batch) return Fail(batch.error());
  const auto status = batch->export_array(array, schema);
  return status ? 0 : Fail(status.error());
}

/// What some filters find in one open table. `masks`: num_rows bytes for each filter, set to 1 at the numbers in the int64 column
/// `row` of the rows that match. `counts`: what Scan::count() says; null = not asked. `report`: as in lk_count_where, summed up.
LANCEKIT_EXPORT int lk_match(const char* path, const LkOpenOptions* version, const char* row, const char* const* filters,
                             std::size_t num_filters, std::uint64_t batch_rows, std::uint64_t num_rows, std::uint8_t* masks,
                             std::uint64_t* counts, std::uint64_t* report) {
  const lancekit::Context context(lancekit::ContextOptions{1, 0, lancekit::IoMode::kMap});
  auto table = Open(context, path, version);
  if (!table) return Fail(table.error());
  for (std::size_t i = 0; i < num_filters; ++i) {
    auto filter = lancekit::Filter::parse(filters[i]);
    if (!filter) return Fail(filter.error());
    auto scan = table->scan().select({row}).where(*filter).batch_rows(batch_rows);
    for (std::int64_t last = -1; auto& batch : scan) {
      if (!batch) return Fail(batch.error());
      for (const std::int64_t number : batch->values<std::int64_t>(row)) {
        if (number <= last || static_cast<std::uint64_t>(number) >= num_rows) return Fail(Disorder(number, filters[i]));
        masks[i * num_rows + static_cast<std::size_t>(number)] = 1;
        last = number;
      }
    }
    AddReport(scan.report(), report);
    if (counts == nullptr) continue;
    const auto count = table->scan().where(*filter).count();
    if (!count) return Fail(count.error());
    counts[i] = *count;
  }
  return 0;
}

/// Reads `size` bytes of a blob from `offset` on through pread; `counts`: bytes copied, blob size or -1 for null, bytes read
/// from files after opening.
LANCEKIT_EXPORT int lk_blob(const char* path, const char* column, std::int64_t row, std::uint64_t offset, std::size_t size,
                            void* to, std::int64_t* counts) {
  const lancekit::Context context(lancekit::ContextOptions{1, 0, lancekit::IoMode::kRead});
  const auto table = lancekit::open(context, path);
  if (!table) return Fail(table.error());
  const std::uint64_t before = context.metrics().bytes_read;
  const auto blob = table->blob(row, column);
  if (!blob) return Fail(blob.error());
  const auto read = blob->read(offset, to, size);
  if (!read) return Fail(read.error());
  counts[0] = static_cast<std::int64_t>(*read);
  counts[1] = blob->is_null() ? -1 : static_cast<std::int64_t>(blob->size());
  counts[2] = static_cast<std::int64_t>(context.metrics().bytes_read - before);
  return 0;
}

/// Scans these columns through pread; `bytes`: read from files after opening.
LANCEKIT_EXPORT int lk_count_bytes(const char* path, const char* columns, std::uint64_t* bytes) {
  const lancekit::Context context(lancekit::ContextOptions{1, 0, lancekit::IoMode::kRead});
  const auto table = lancekit::open(context, path);
  if (!table) return Fail(table.error());
  const std::uint64_t before = context.metrics().bytes_read;
  auto scan = table->scan().select(Split(columns));
  for (const auto& batch : scan) {
    if (!batch) return Fail(batch.error());
  }
  *bytes = context.metrics().bytes_read - before;
  return 0;
}

LANCEKIT_EXPORT int lk_write(const char* path, ArrowArrayStream* stream, const LkWriteOptions* given) {
  const lancekit::Context context(lancekit::ContextOptions{given->threads, 0, lancekit::IoMode::kMap});
  lancekit::WriteOptions options;
  options.version = given->version;
  options.single_file = given->single_file != 0;
  options.overwrite = true;
  if (given->max_rows_per_file != 0) options.max_rows_per_file = given->max_rows_per_file;
  options.statistics = given->no_statistics == 0;
  if (given->page_bytes != 0) options.page_bytes = given->page_bytes;
  if (given->bloom != nullptr) {
    for (std::string& column : Split(given->bloom)) options.bloom.push_back({std::move(column), given->bloom_bits});
  }
  auto writer = lancekit::create(context, path, options);
  if (!writer) return Fail(writer.error());
  if (const auto status = writer->write(stream); !status) return Fail(status.error());
  const auto summary = writer->commit();
  return summary ? 0 : Fail(summary.error());
}
}
