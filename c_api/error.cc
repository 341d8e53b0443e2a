#include <new>
#include <stdexcept>

#include "base/without_throwing.h"
#include "c_api/handles.h"
#include "lancekit/version.hpp"

static_assert(static_cast<int>(lancekit::ErrorCode::kInvalidArgument) + 1 == LANCEKIT_INVALID_ARGUMENT);
static_assert(static_cast<int>(lancekit::ErrorCode::kIo) + 1 == LANCEKIT_IO);
static_assert(static_cast<int>(lancekit::ErrorCode::kCorruption) + 1 == LANCEKIT_CORRUPTION);
static_assert(static_cast<int>(lancekit::ErrorCode::kUnsupported) + 1 == LANCEKIT_UNSUPPORTED);
static_assert(static_cast<int>(lancekit::ErrorCode::kOutput) + 1 == LANCEKIT_OUTPUT);
static_assert(static_cast<int>(lancekit::ErrorCode::kResourceLimit) + 1 == LANCEKIT_RESOURCE_LIMIT);
static_assert(static_cast<int>(lancekit::ErrorCode::kCancelled) + 1 == LANCEKIT_CANCELLED);
static_assert(static_cast<int>(lancekit::ErrorCode::kInternal) + 1 == LANCEKIT_INTERNAL);
static_assert(lancekit::Error::kNoOffset == LANCEKIT_NONE);

namespace lancekit::c_api {

lancekit_code Report(Status status, lancekit_error** error) noexcept {
  if (status.ok()) return LANCEKIT_OK;
  const lancekit_code code = CodeOf(status.error());
  if (error == nullptr) return code;
  try {
    *error = new lancekit_error(std::move(status.error()));
  } catch (const std::bad_alloc&) {
    *error = nullptr;  // which says enough
  }
  return code;
}

lancekit_code ReportException(lancekit_error** error) noexcept {
  if (error != nullptr) *error = nullptr;
  try {
    throw;
  } catch (const std::bad_alloc&) {
    return LANCEKIT_RESOURCE_LIMIT;  // there is no memory for more
  } catch (const std::length_error&) {
    return LANCEKIT_RESOURCE_LIMIT;
  } catch (const std::exception& exception) {
    return Report(WithoutThrowing([&]() -> Status { return MakeError(ErrorCode::kInternal, "{}", exception.what()); }), error);
  } catch (...) {
    return LANCEKIT_INTERNAL;
  }
}

Result<std::vector<std::string>> NamesOf(const char* const* names, std::size_t count) {
  std::vector<std::string> result;
  if (names == nullptr) return result;
  for (std::size_t i = 0; i < count; ++i) {
    if (names[i] == nullptr) return Invalid("name {} of {} is null", i, count);
    result.emplace_back(names[i]);
  }
  return result;
}

}  // namespace lancekit::c_api

const char* lancekit_version() { return LANCEKIT_VERSION; }

lancekit_code lancekit_error_code(const lancekit_error* error) {
  return error == nullptr ? LANCEKIT_RESOURCE_LIMIT : lancekit::c_api::CodeOf(error->error);
}
const char* lancekit_error_message(const lancekit_error* error) {
  return error == nullptr ? lancekit_error_describe(error) : error->error.message.c_str();
}
const char* lancekit_error_path(const lancekit_error* error) { return error == nullptr ? "" : error->error.path.c_str(); }
const char* lancekit_error_column(const lancekit_error* error) { return error == nullptr ? "" : error->error.column.c_str(); }
int64_t lancekit_error_page(const lancekit_error* error) { return error == nullptr ? -1 : error->error.page; }
uint64_t lancekit_error_offset(const lancekit_error* error) { return error == nullptr ? LANCEKIT_NONE : error->error.offset; }
const char* lancekit_error_describe(const lancekit_error* error) {
  return error == nullptr ? "out of memory" : error->description.c_str();
}
void lancekit_error_free(lancekit_error* error) { delete error; }
