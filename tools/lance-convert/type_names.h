// --type: the types that a user can ask for, by name.
#pragma once

#include <arrow/type.h>

#include <memory>
#include <string>
#include <string_view>

#include "base/status.h"

namespace lancekit::convert {

/// A column's type as the user wants it.
struct TypeWish {
  std::string column;
  std::shared_ptr<arrow::DataType> type;
  bool bad_is_null = false;  ///< a value that is not of the type becomes null
};

/// "int32", "float", "timestamp[us, UTC]", "decimal(10,2)", ... Errors: kInvalidArgument.
Result<std::shared_ptr<arrow::DataType>> ParseTypeName(std::string_view name);

/// "COL=TYPE" or "COL=TYPE?". Errors: kInvalidArgument.
Result<TypeWish> ParseTypeWish(const std::string& text);

}  // namespace lancekit::convert
