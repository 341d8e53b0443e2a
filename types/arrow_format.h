// What Arrow import and export share: format strings of the C Data Interface, both ways, for the types that Lance can hold,
// and the column path of errors.
// Source: https://arrow.apache.org/docs/format/CDataInterface.html#data-type-description-format-strings
#pragma once

#include <string>
#include <string_view>

#include "base/status.h"
#include "types/array.h"

namespace lancekit {

/// The format of a type without its children. Pre: not a dictionary; its keys and its values have a format each.
std::string ArrowFormat(const DataType& type);

struct ParsedFormat {
  DataType type;  ///< without children
  Storage storage = Storage::kPlain;
};

/// Errors: kInvalidArgument for a string outside the grammar, kUnsupported for a type that Lance cannot hold, by name.
Result<ParsedFormat> ParseArrowFormat(std::string_view format);

/// True when id and parameters agree; children are not compared.
bool SameParameters(const DataType& a, const DataType& b);

/// Puts the field's name before the column path of an error, on its way up through nested fields.
Status WithinField(const std::string& name, Status status);

}  // namespace lancekit
