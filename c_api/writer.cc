#include "c_api/handles.h"

namespace lancekit::c_api {
namespace {

Result<WriteOptions> ReadWriteOptions(const lancekit_write_options* given) {
  LANCEKIT_ASSIGN(const lancekit_write_options read, ReadOptions(given));
  if (read.mode < LANCEKIT_CREATE || read.mode > LANCEKIT_REPLACE) return Invalid("there is no write mode {}", read.mode);
  if (read.num_encodings != 0) LANCEKIT_TRY(CheckGiven("encodings", read.encodings));
  WriteOptions options;
  if (read.version != nullptr) options.version = read.version;
  options.preset = TextOf(read.preset);
  options.single_file = read.single_file != 0;
  options.overwrite = read.mode == LANCEKIT_OVERWRITE || read.mode == LANCEKIT_REPLACE;
  options.keep_versions = read.mode == LANCEKIT_OVERWRITE && !options.single_file;
  options.append = read.mode == LANCEKIT_APPEND;
  for (std::size_t i = 0; i < read.num_encodings; ++i) {
    LANCEKIT_TRY(CheckGiven("an encoding", read.encodings[i].encoding));
    options.encodings.push_back({TextOf(read.encodings[i].column), read.encodings[i].encoding});
  }
  LANCEKIT_ASSIGN(const std::vector<std::string> blooms, NamesOf(read.bloom_columns, read.num_bloom_columns));
  for (const std::string& column : blooms) options.bloom.push_back({column});
  if (read.max_rows_per_file != 0) options.max_rows_per_file = read.max_rows_per_file;
  if (read.page_bytes != 0) options.page_bytes = read.page_bytes;
  options.statistics = read.no_statistics == 0;
  return options;
}

/// Releases what a call takes over, also where it does not come to use it.
template <class Arrow>
struct Releasing {
  Arrow* given;
  ~Releasing() {
    if (given != nullptr && given->release != nullptr) given->release(given);
  }
};

}  // namespace
}  // namespace lancekit::c_api

using lancekit::Status;
using lancekit::c_api::CheckGiven;
using lancekit::c_api::Guard;
using lancekit::c_api::Releasing;

lancekit_code lancekit_create(lancekit_context* context, const char* path, const lancekit_write_options* options,
                              lancekit_writer** out, lancekit_error** error) {
  return Guard(error, [&]() -> Status {
    LANCEKIT_TRY(CheckGiven("out", out));
    *out = nullptr;
    LANCEKIT_TRY(CheckGiven("path", path));
    LANCEKIT_ASSIGN(const lancekit::WriteOptions wanted, lancekit::c_api::ReadWriteOptions(options));
    LANCEKIT_ASSIGN(lancekit::Writer writer, lancekit::create(lancekit::c_api::ContextOf(context), path, wanted));
    *out = new lancekit_writer{std::move(writer)};
    return {};
  });
}

lancekit_code lancekit_writer_set_schema(lancekit_writer* writer, const ArrowSchema* schema, lancekit_error** error) {
  return Guard(error, [&]() -> Status {
    LANCEKIT_TRY(CheckGiven("writer and schema", writer, schema));
    return writer->writer.set_schema(schema);
  });
}

lancekit_code lancekit_writer_write_stream(lancekit_writer* writer, ArrowArrayStream* stream, lancekit_error** error) {
  return Guard(error, [&]() -> Status {
    const Releasing<ArrowArrayStream> releasing{stream};
    LANCEKIT_TRY(CheckGiven("writer and stream", writer, stream));
    if (stream->release == nullptr) return lancekit::Invalid("the stream was released before");
    return writer->writer.write(stream);
  });
}

lancekit_code lancekit_writer_write_batch(lancekit_writer* writer, ArrowArray* batch, const ArrowSchema* schema,
                                          lancekit_error** error) {
  return Guard(error, [&]() -> Status {
    const Releasing<ArrowArray> releasing{batch};
    LANCEKIT_TRY(CheckGiven("writer, batch and schema", writer, batch, schema));
    return writer->writer.write(batch, schema);
  });
}

lancekit_code lancekit_writer_commit(lancekit_writer* writer, lancekit_write_summary* summary, lancekit_error** error) {
  return Guard(error, [&]() -> Status {
    LANCEKIT_TRY(CheckGiven("writer", writer));
    LANCEKIT_TRY(lancekit::c_api::WriteSummaryTo(summary, {}));
    LANCEKIT_ASSIGN(const lancekit::WriteSummary written, writer->writer.commit());
    return lancekit::c_api::WriteSummaryTo(summary, {0, written.rows, written.files, written.bytes, written.arrow_bytes});
  });
}

void lancekit_writer_free(lancekit_writer* writer) { delete writer; }
