#include "tools/lance-convert/arrow_error.h"

#include <arrow/util/io_util.h>

#include <cstring>
#include <memory>

namespace lancekit::convert {
namespace {

constexpr const char* kDetailTypeId = "lancekit::Error";

class ErrorDetail : public arrow::StatusDetail {
 public:
  explicit ErrorDetail(Error error) : error_(std::move(error)) {}
  const char* type_id() const override { return kDetailTypeId; }
  std::string ToString() const override { return error_.describe(); }
  const Error& error() const { return error_; }

 private:
  Error error_;
};

ErrorCode CodeOf(const arrow::Status& status, Side side) {
  switch (status.code()) {
    case arrow::StatusCode::OutOfMemory:
      return ErrorCode::kResourceLimit;
    case arrow::StatusCode::Cancelled:
      return ErrorCode::kCancelled;
    case arrow::StatusCode::NotImplemented:
    case arrow::StatusCode::TypeError:
    case arrow::StatusCode::CapacityError:
      return ErrorCode::kUnsupported;
    case arrow::StatusCode::IOError:
      if (side == Side::kOutput) return ErrorCode::kOutput;
      // Arrow reports damaged files as I/O errors too; only those of the system carry an errno.
      return arrow::internal::ErrnoFromStatus(status) != 0 ? ErrorCode::kIo : ErrorCode::kCorruption;
    case arrow::StatusCode::Invalid:
    case arrow::StatusCode::SerializationError:
    case arrow::StatusCode::IndexError:
    case arrow::StatusCode::KeyError:
      return side == Side::kInput ? ErrorCode::kCorruption : ErrorCode::kUnsupported;
    default:
      return ErrorCode::kInternal;
  }
}

}  // namespace

arrow::Status ToArrow(Error error) {
  const std::string text = error.describe();
  const auto code = error.code == ErrorCode::kResourceLimit ? arrow::StatusCode::OutOfMemory : arrow::StatusCode::UnknownError;
  return arrow::Status(code, text, std::make_shared<ErrorDetail>(std::move(error)));
}

arrow::Status ToArrow(Status status) { return status.ok() ? arrow::Status::OK() : ToArrow(std::move(status.error())); }

Error FromArrow(const arrow::Status& status, Side side, const std::string& path) {
  if (status.detail() != nullptr && status.detail()->type_id() == std::string_view(kDetailTypeId)) {
    Error error = static_cast<const ErrorDetail&>(*status.detail()).error();
    if (error.path.empty()) error.path = path;
    return error;
  }
  Error error;
  error.code = CodeOf(status, side);
  error.message = status.message();
  if (const int number = arrow::internal::ErrnoFromStatus(status); number != 0)
    error.message += fmt::format(": {}", std::strerror(number));
  error.path = path;
  return error;
}

}  // namespace lancekit::convert
