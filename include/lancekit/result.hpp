// Errors as values: Error, Status and Result<T>. Nothing in lancekit throws across its boundary.
#pragma once

#include <cstdint>
#include <memory>
#include <new>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

#include "lancekit/export.h"

namespace lancekit {

/// What kind of failure it was; the programs map each to one exit code.
enum class ErrorCode : std::uint8_t {
  kInvalidArgument,  ///< the caller asked for something impossible (unknown column, bad option)
  kIo,               ///< the input cannot be read: missing, no permission, I/O error
  kCorruption,       ///< the input is damaged or is not what it claims to be
  kUnsupported,      ///< the input is valid, but this version or encoding is not supported here
  kOutput,           ///< the output cannot be written: exists, disk full, no permission
  kResourceLimit,    ///< a memory limit would be exceeded; the message says how much would do
  kCancelled,        ///< the caller cancelled the call
  kInternal,         ///< a bug in lancekit
};

/// One failure with its place. Fields that do not apply keep their defaults.
struct LANCEKIT_EXPORT Error {
  static constexpr std::uint64_t kNoOffset = ~std::uint64_t{0};

  ErrorCode code = ErrorCode::kInternal;
  std::string message;               ///< what was found and what was expected
  std::string path;                  ///< file
  std::string column;                ///< dotted column path
  std::int64_t page = -1;            ///< page of the column
  std::uint64_t offset = kNoOffset;  ///< byte position in the file

  /// Code, place and message on one line.
  std::string describe() const;
};

/// Success, or an Error. One pointer wide.
class [[nodiscard]] Status {
 public:
  Status() noexcept = default;
  Status(Error error) : error_(std::make_unique<Error>(std::move(error))) {}  // NOLINT(google-explicit-constructor)

  bool ok() const noexcept { return error_ == nullptr; }
  explicit operator bool() const noexcept { return ok(); }
  /// Pre: !ok().
  const Error& error() const noexcept { return *error_; }
  Error& error() noexcept { return *error_; }

 private:
  std::unique_ptr<Error> error_;
};

/// Thrown by Result::value() only, for callers who prefer exceptions.
class BadResult : public std::runtime_error {
 public:
  explicit BadResult(const Error& error) : std::runtime_error(error.describe()) {}
};

/// A value, or an Error. The member names are those of std::expected.
template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : value_(std::move(value)) {}          // NOLINT(google-explicit-constructor)
  Result(Error error) : status_(std::move(error)) {}     // NOLINT(google-explicit-constructor)
  Result(Status status) : status_(std::move(status)) {}  // NOLINT(google-explicit-constructor)

  bool has_value() const noexcept { return value_.has_value(); }
  explicit operator bool() const noexcept { return has_value(); }
  /// Pre: has_value().
  T& operator*() & noexcept { return *value_; }
  const T& operator*() const& noexcept { return *value_; }
  T&& operator*() && noexcept { return std::move(*value_); }
  T* operator->() noexcept { return &*value_; }
  const T* operator->() const noexcept { return &*value_; }
  /// Pre: !has_value().
  const Error& error() const noexcept { return status_.error(); }
  Error& error() noexcept { return status_.error(); }
  Status&& status() && noexcept { return std::move(status_); }

  /// The value; throws BadResult when there is none.
  T& value() & {
    if (!has_value()) throw BadResult(error());
    return *value_;
  }
  T&& value() && {
    if (!has_value()) throw BadResult(error());
    return std::move(*value_);
  }

 private:
  std::optional<T> value_;
  Status status_;
};

}  // namespace lancekit
