#include "c_api/stream.h"

#include <cerrno>
#include <memory>

#include "c_api/handles.h"
#include "types/array.h"

namespace lancekit::c_api {
namespace {

struct Stream {
  Schema schema;
  NextBatch next;
  lancekit_error* error = nullptr;

  ~Stream() { lancekit_error_free(error); }
  Stream(Schema given_schema, NextBatch given_next) : schema(std::move(given_schema)), next(std::move(given_next)) {}
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
};

Stream& StreamOf(const ArrowArrayStream* stream) { return *static_cast<Stream*>(stream->private_data); }

/// Runs `body`, keeps its error, and returns what Arrow wants: 0 or an errno.
template <class Body>
int Run(ArrowArrayStream* stream, Body body) noexcept {
  lancekit_error*& error = StreamOf(stream).error;
  lancekit_error_free(std::exchange(error, nullptr));
  switch (Guard(&error, body)) {
    case LANCEKIT_OK:
      return 0;
    case LANCEKIT_IO:
    case LANCEKIT_OUTPUT:
      return EIO;
    case LANCEKIT_UNSUPPORTED:
      return ENOTSUP;
    case LANCEKIT_RESOURCE_LIMIT:
      return ENOMEM;
    case LANCEKIT_CANCELLED:
      return ECANCELED;
    default:
      return EINVAL;
  }
}

int GetSchema(ArrowArrayStream* stream, ArrowSchema* out) {
  return Run(stream, [&]() -> Status {
    ExportSchema(StreamOf(stream).schema, out);
    return {};
  });
}

int GetNext(ArrowArrayStream* stream, ArrowArray* out) {
  return Run(stream, [&]() -> Status {
    *out = {};
    LANCEKIT_ASSIGN(const std::optional<Batch> batch, StreamOf(stream).next());
    return batch.has_value() ? batch->export_array(out, nullptr) : Status();
  });
}

const char* GetLastError(ArrowArrayStream* stream) {
  const lancekit_error* const error = StreamOf(stream).error;
  return error == nullptr ? nullptr : lancekit_error_describe(error);
}

void Release(ArrowArrayStream* stream) {
  delete &StreamOf(stream);
  stream->private_data = nullptr;
  stream->release = nullptr;
}

}  // namespace

void MakeStream(Schema schema, NextBatch next, ArrowArrayStream* out) {
  auto state = std::make_unique<Stream>(std::move(schema), std::move(next));
  *out = {&GetSchema, &GetNext, &GetLastError, &Release, state.release()};
}

}  // namespace lancekit::c_api

const lancekit_error* lancekit_stream_error(const ArrowArrayStream* stream) {
  if (stream == nullptr || stream->release != &lancekit::c_api::Release) return nullptr;
  return lancekit::c_api::StreamOf(stream).error;
}
