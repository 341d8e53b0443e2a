// Arrays in memory: Arrow's layout with shared buffers, and their way in and out through the Arrow C interfaces.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "base/buffer.h"
#include "base/status.h"
#include "lancekit/arrow_abi.h"
#include "lancekit/types.hpp"

namespace lancekit {

/// One column (or child) as the reader makes it. Offsets start at 0; there is no slicing.
/// Buffers by type, after `validity`: fixed width and bool: values; strings and binary: offsets, data; others: none or offsets.
struct ArrayData {
  std::int64_t length = 0;
  std::int64_t null_count = 0;
  Buffer validity;  ///< empty when null_count is 0
  Buffer values;    ///< values, or offsets of strings, lists and maps
  Buffer data;      ///< bytes of strings and binaries
  std::vector<ArrayData> children;
  std::shared_ptr<const ArrayData> dictionary;
};

/// Fills `out`, which then owns a reference to all buffers. `type` must fit the array.
void ExportArray(const DataType& type, const ArrayData& array, ArrowArray* out);
/// A struct array of the columns.
void ExportColumns(const Schema& schema, const std::vector<ArrayData>& columns, std::int64_t num_rows, ArrowArray* out);
/// The schema as a struct type, with nullability and metadata.
LANCEKIT_EXPORT void ExportSchema(const Schema& schema, ArrowSchema* out);
void ExportField(const Field& field, ArrowSchema* out);

/// Reads a C schema; views (utf8_view, binary_view) become string and binary, as Lance stores them.
/// Errors: kInvalidArgument for a malformed struct; kUnsupported for a type that Lance cannot hold, by name and column.
Result<Schema> ImportSchema(const ArrowSchema& schema);
Result<Field> ImportField(const ArrowSchema& schema);

/// How an imported array stores its values; differs from its DataType only for views.
enum class Storage : std::uint8_t { kPlain, kView };

/// A borrowed, checked look at one Arrow C array; valid as long as the ArrowArray is. Slots are [offset, offset + length).
/// Children of structs and fixed-size lists are cut to what the parent uses: item j of slot i is at child.offset + i * size + j,
/// i counted from 0. The child of a list or map is whole: offsets count from child.offset.
struct ArrayView {
  const DataType* type = nullptr;
  Storage storage = Storage::kPlain;
  std::int64_t length = 0;
  std::int64_t offset = 0;
  std::int64_t null_count = 0;              ///< exact
  const std::byte* validity = nullptr;      ///< nullptr when null_count is 0 and for the null type
  const std::byte* values = nullptr;        ///< values, offsets or views; may be nullptr when length is 0
  const std::byte* data = nullptr;          ///< bytes of strings and binaries
  std::vector<const std::byte*> view_data;  ///< variadic buffers of views
  std::vector<std::int64_t> view_sizes;
  std::vector<ArrayView> children;
  std::unique_ptr<ArrayView> dictionary;
};

/// Checks an array against its type and wraps it. Checks counts of buffers and children, lengths, that offsets ascend,
/// that dictionary keys are in range and views lie inside their buffers. `schema` tells how strings are stored; its type must
/// be the field's, names and nullability apart. The view borrows `field` too.
/// Errors: kInvalidArgument with the column's name.
Result<ArrayView> ImportArray(const Field& field, const ArrowSchema& schema, const ArrowArray& array);

/// Bits of one value of a fixed-width type (1 for bool); 0 for other types, dictionaries and null among them. Fixed-size lists
/// multiply out, also to 0 when the product does not fit.
std::uint64_t FixedWidthBits(const DataType& type);
/// string, large_string, binary, large_binary
bool IsVariableWidth(TypeId id);
/// True for 64-bit offsets.
bool HasLargeOffsets(TypeId id);

}  // namespace lancekit
