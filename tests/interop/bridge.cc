// The library behind a few C functions, so that the Python tests exchange tables with it through the Arrow C stream.
#include <cstring>
#include <string>

#include "lancekit/lancekit.hpp"

namespace {

thread_local std::string last_error;

int Fail(const lancekit::Error& error) {
  last_error = error.describe();
  return 1 + static_cast<int>(error.code);
}

}  // namespace

extern "C" {

LANCEKIT_EXPORT const char* lk_error() { return last_error.c_str(); }

/// Columns are separated by '\n'; null = all. 0, or 1 + the error code.
LANCEKIT_EXPORT int lk_scan(const char* path, const char* columns, uint64_t batch_rows, int threads, int pread, ArrowArrayStream* out) {
  lancekit::Context context({.threads = threads, .io_mode = pread != 0 ? lancekit::IoMode::kRead : lancekit::IoMode::kMap});
  auto table = lancekit::open(context, path);
  if (!table) return Fail(table.error());
  auto scan = table->scan().batch_rows(batch_rows);
  if (columns != nullptr) {
    std::vector<std::string> names;
    for (const char* at = columns;;) {
      const char* end = std::strchr(at, '\n');
      names.emplace_back(at, end == nullptr ? std::strlen(at) : static_cast<std::size_t>(end - at));
      if (end == nullptr) break;
      at = end + 1;
    }
    scan.select(std::move(names));
  }
  const auto status = scan.export_stream(out);
  return status ? 0 : Fail(status.error());
}

LANCEKIT_EXPORT int lk_take(const char* path, const int64_t* rows, size_t count, ArrowArray* array, ArrowSchema* schema) {
  const lancekit::Context context;
  auto table = lancekit::open(context, path);
  if (!table) return Fail(table.error());
  auto batch = table->take({rows, count});
  if (!batch) return Fail(batch.error());
  const auto status = batch->export_array(array, schema);
  return status ? 0 : Fail(status.error());
}

LANCEKIT_EXPORT int lk_write(const char* path, ArrowArrayStream* stream, const char* version, int single_file, uint64_t max_rows_per_file,
                             uint64_t page_bytes, int threads) {
  lancekit::Context context({.threads = threads});
  lancekit::WriteOptions options;
  options.version = version;
  options.single_file = single_file != 0;
  options.overwrite = true;
  if (max_rows_per_file != 0) options.max_rows_per_file = max_rows_per_file;
  if (page_bytes != 0) options.page_bytes = page_bytes;
  auto writer = lancekit::create(context, path, options);
  if (!writer) return Fail(writer.error());
  if (const auto status = writer->write(stream); !status) return Fail(status.error());
  const auto summary = writer->commit();
  return summary ? 0 : Fail(summary.error());
}
}
