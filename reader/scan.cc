// The public face of scans, and scans as Arrow streams.
#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/without_throwing.h"
#include "lancekit/table.hpp"
#include "reader/scan_impl.h"

namespace lancekit {

Scan::Scan(std::shared_ptr<ScanImpl> impl) noexcept : impl_(std::move(impl)) {}
Scan::~Scan() = default;
Scan::Scan(Scan&&) noexcept = default;
Scan& Scan::operator=(Scan&&) noexcept = default;

Scan& Scan::select(std::vector<std::string> columns) & {
  impl_->columns_ = std::move(columns);
  return *this;
}
Scan Scan::select(std::vector<std::string> columns) && { return std::move(select(std::move(columns))); }
Scan& Scan::where(Filter filter) & {
  impl_->filter_ = impl_->filter_.has_value() ? *impl_->filter_ && filter : std::move(filter);
  return *this;
}
Scan Scan::where(Filter filter) && { return std::move(where(std::move(filter))); }
Scan& Scan::offset(std::uint64_t rows) & {
  impl_->offset_ = rows;
  return *this;
}
Scan Scan::offset(std::uint64_t rows) && { return std::move(offset(rows)); }
Scan& Scan::limit(std::uint64_t rows) & {
  impl_->limit_ = rows;
  return *this;
}
Scan Scan::limit(std::uint64_t rows) && { return std::move(limit(rows)); }
Scan& Scan::batch_rows(std::uint64_t rows) & {
  impl_->batch_rows_ = std::max<std::uint64_t>(1, rows);
  return *this;
}
Scan Scan::batch_rows(std::uint64_t rows) && { return std::move(batch_rows(rows)); }
Scan& Scan::batch_bytes(std::uint64_t bytes) & {
  impl_->batch_bytes_ = std::max<std::uint64_t>(1, bytes);
  return *this;
}
Scan Scan::batch_bytes(std::uint64_t bytes) && { return std::move(batch_bytes(bytes)); }

Scan& Scan::row_numbers() & {
  impl_->counts_only_ = impl_->numbers_rows_ = true;
  return *this;
}
Scan Scan::row_numbers() && { return std::move(row_numbers()); }

Result<std::optional<Batch>> Scan::next() { return impl_->Next(); }

Result<Schema> Scan::schema() {
  LANCEKIT_ASSIGN(const std::shared_ptr<const Schema> schema, impl_->OutputSchema());
  return *schema;
}

Result<std::uint64_t> Scan::count() { return impl_->Count(); }
Result<Batch> Scan::aggregate(const std::vector<Aggregate>& wanted) {
  return WithoutThrowing([&] { return impl_->AggregateRows(wanted); });
}
ScanReport Scan::report() const { return impl_->report(); }

void Scan::Iterator::advance() {
  auto next = scan_->next();
  if (!next) {
    // The error is the last element; the scan gives nothing after it.
    current_.emplace(std::move(next).status());
    return;
  }
  if (!next->has_value()) {
    scan_ = nullptr;
    return;
  }
  current_.emplace(**std::move(next));
}

namespace {

struct StreamState {
  explicit StreamState(std::shared_ptr<ScanImpl> impl) : scan(std::move(impl)) {}
  std::shared_ptr<ScanImpl> scan;
  std::string last_error;

  int Fail(const Error& error) {
    last_error = error.describe();
    switch (error.code) {
      case ErrorCode::kResourceLimit:
        return ENOMEM;
      case ErrorCode::kUnsupported:
        return ENOTSUP;
      case ErrorCode::kIo:
        return EIO;
      default:
        return EINVAL;
    }
  }
};

StreamState& StateOf(ArrowArrayStream* stream) { return *static_cast<StreamState*>(stream->private_data); }

int StreamSchema(ArrowArrayStream* stream, ArrowSchema* out) {
  auto schema = StateOf(stream).scan->OutputSchema();
  if (!schema) return StateOf(stream).Fail(schema.error());
  ExportSchema(**schema, out);
  return 0;
}

int StreamNext(ArrowArrayStream* stream, ArrowArray* out) {
  auto next = StateOf(stream).scan->Next();
  if (!next) return StateOf(stream).Fail(next.error());
  std::memset(out, 0, sizeof(*out));
  if (!next->has_value()) return 0;
  const Status status = (**next).export_array(out, nullptr);
  return status.ok() ? 0 : StateOf(stream).Fail(status.error());
}

const char* StreamError(ArrowArrayStream* stream) {
  const std::string& text = StateOf(stream).last_error;
  return text.empty() ? nullptr : text.c_str();
}

void StreamRelease(ArrowArrayStream* stream) {
  delete static_cast<StreamState*>(stream->private_data);
  stream->private_data = nullptr;
  stream->release = nullptr;
}

}  // namespace

Status Scan::export_stream(ArrowArrayStream* stream) {
  if (auto schema = impl_->OutputSchema(); !schema) return std::move(schema).status();
  stream->get_schema = &StreamSchema;
  stream->get_next = &StreamNext;
  stream->get_last_error = &StreamError;
  stream->release = &StreamRelease;
  stream->private_data = new StreamState(std::move(impl_));
  return {};
}

}  // namespace lancekit
