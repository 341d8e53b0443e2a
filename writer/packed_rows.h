// Packed structs on their way into a page: the fields of a row side by side, as one value.
#pragma once

#include "base/buffer.h"
#include "base/status.h"
#include "encodings/values.h"
#include "format/encoding.h"
#include "types/array.h"

namespace lancekit {

/// How rows are stored: fixed width, or variable width as soon as one field has it or is a fixed-size list.
/// Errors: kUnsupported for fields that are no whole bytes.
Result<ValueShape> PackedRowShape(const ValueShape& packed);

/// The encoding tree of such rows. Pre: there is a PackedRowShape.
format::Encoding DescribePackedStruct(const ValueShape& packed);

/// Appends rows [first, first + count) of a struct: the bytes of each to `data`, its end to `ends` (32-bit offsets; not for
/// fixed width). Rows whose bit in `validity` (from bit 0, nullptr: all valid) is 0 are zeros or empty.
/// Errors: kUnsupported for nulls in fields of valid rows, and for null booleans in lists.
Status AppendPackedRows(const ArrayView& view, const ValueShape& packed, std::uint64_t first, std::uint64_t count,
                        const std::byte* validity, std::uint64_t validity_bit, MutableBuffer* ends, MutableBuffer* data);

/// Bytes that these rows take at most.
std::uint64_t PackedBytesOf(const ArrayView& view, const ValueShape& packed, std::uint64_t first, std::uint64_t count);

}  // namespace lancekit
