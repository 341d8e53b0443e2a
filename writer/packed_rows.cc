#include "writer/packed_rows.h"

#include <cstring>

#include "base/bitmap.h"
#include "base/checked_math.h"
#include "encodings/definitions.h"
#include "writer/array_access.h"

namespace lancekit {
namespace {

/// The items of fixed-size lists come with bitmaps; not booleans, with which the reference cannot read them here.
bool HasBitmaps(const ValueShape& shape) { return !shape.list_sizes.empty() && shape.item_bits != 1; }

/// Bytes of a value of fixed width.
std::uint64_t StoredBytes(const ValueShape& shape) {
  std::uint64_t bytes = shape.width_bits / 8;
  for (std::size_t level = 0; HasBitmaps(shape) && level < shape.list_sizes.size(); ++level) {
    bytes += BitmapBytes(shape.ItemsPerValue(level));
  }
  return bytes;
}

Status AppendFixedField(const ArrayView& field, const ValueShape& shape, std::uint64_t slot, MutableBuffer* data) {
  const ArrayView* items = &field;
  std::uint64_t first = slot;
  for (std::size_t level = 0; level < shape.list_sizes.size(); ++level) {
    const std::uint64_t num_items = shape.ItemsPerValue(level);
    first *= shape.list_sizes[level];
    items = &items->children[0];
    const std::uint64_t bit = SlotOf(*items, first);
    if (!HasBitmaps(shape)) {
      if (items->validity != nullptr && CountSetBits(items->validity, bit, num_items) != num_items)
        return Unsupported("a null in a list of booleans in a packed struct; remove lance-encoding:packed");
      continue;
    }
    const std::size_t at = data->size();
    data->AppendFill(BitmapBytes(num_items), std::byte{0});
    if (items->validity == nullptr) {
      FillBits(data->data() + at, 0, num_items, true);
    } else {
      CopyBits(items->validity, bit, data->data() + at, 0, num_items);
    }
  }
  const std::size_t at = data->size();
  data->Resize(at + shape.width_bits / 8);
  CopyBits(items->values, SlotOf(*items, first) * shape.item_bits, data->data() + at, 0, shape.width_bits);
  return {};
}

Status AppendField(const ArrayView& field, const ValueShape& shape, std::uint64_t slot, MutableBuffer* data) {
  if (shape.fixed()) return AppendFixedField(field, shape, slot, data);
  const std::uint64_t position = SlotOf(field, slot);
  Bytes value;
  if (field.storage == Storage::kView) {
    value = ViewAt(field, position);
  } else {
    const std::uint64_t start = OffsetAt(field, shape.large_offsets, position);
    value = {field.data + start, static_cast<std::size_t>(OffsetAt(field, shape.large_offsets, position + 1) - start)};
  }
  const auto size = static_cast<std::uint64_t>(value.size());
  shape.large_offsets ? data->AppendLe(size) : data->AppendLe(static_cast<std::uint32_t>(size));
  data->Append(value);
  return {};
}

}  // namespace

Result<ValueShape> PackedRowShape(const ValueShape& packed) {
  std::uint64_t bits = 0;
  bool variable = false;
  for (const ValueShape& field : packed.fields) {
    variable = variable || field.variable() || !field.list_sizes.empty();
    bits += field.width_bits;
    if (!field.variable() && (field.width_bits == 0 || field.width_bits % 8 != 0))
      return Unsupported("packed structs hold fields of whole bytes only; remove lance-encoding:packed");
  }
  if (!variable) return FixedShape(bits);
  ValueShape shape;
  shape.kind = ValueShape::Kind::kVariable;
  return shape;
}

namespace {

format::Encoding DescribeField(const ValueShape& shape) {
  ValuesView values;
  values.shape = shape;
  if (shape.variable()) return MakeVariableEncoder(values)->Describe();
  format::Encoding encoding = DescribeFixedSizeList(values);
  format::Encoding* list = &encoding;
  for (std::size_t level = 0; level < shape.list_sizes.size(); ++level, list = &list->children[0]) {
    list->has_validity = HasBitmaps(shape);
  }
  return encoding;
}

}  // namespace

format::Encoding DescribePackedStruct(const ValueShape& packed) {
  format::Encoding encoding;
  const bool variable = PackedRowShape(packed)->variable();
  encoding.id = variable ? format::EncodingId::kVariablePackedStruct : format::EncodingId::kPackedStruct;
  std::uint64_t bits = 0;
  for (const ValueShape& field : packed.fields) {
    bits += field.width_bits;
    encoding.child_bits.push_back(field.variable() ? (field.large_offsets ? 64 : 32) : StoredBytes(field) * 8);
    if (!variable) continue;
    encoding.child_is_variable.push_back(field.variable());
    encoding.children.push_back(DescribeField(field));
  }
  if (!variable) encoding.children.push_back(MakeFlatEncoder({.shape = FixedShape(bits)})->Describe());
  return encoding;
}

Status AppendPackedRows(const ArrayView& view, const ValueShape& packed, std::uint64_t first, std::uint64_t count,
                        const std::byte* validity, std::uint64_t validity_bit, MutableBuffer* ends, MutableBuffer* data) {
  std::uint64_t fixed_bytes = 0;  // of a null row
  for (const ValueShape& field : packed.fields) fixed_bytes += field.width_bits / 8;
  if (ends != nullptr) fixed_bytes = 0;
  for (std::uint64_t row = first; row < first + count; ++row) {
    const bool valid = validity == nullptr || GetBit(validity, validity_bit + row - first);
    if (!valid) data->AppendFill(fixed_bytes, std::byte{0});
    for (std::size_t i = 0; valid && i < packed.fields.size(); ++i) {
      if (IsNullAt(view.children[i], row))
        return Unsupported("a null in a field of a packed struct; remove lance-encoding:packed");
      LANCEKIT_TRY(AppendField(view.children[i], packed.fields[i], row, data));
    }
    if (ends != nullptr) ends->AppendLe(static_cast<std::int32_t>(data->size()));
  }
  return {};
}

std::uint64_t PackedBytesOf(const ArrayView& view, const ValueShape& packed, std::uint64_t first, std::uint64_t count) {
  std::uint64_t bytes = 0;
  for (std::size_t i = 0; i < packed.fields.size(); ++i) {
    const ValueShape& field = packed.fields[i];
    bytes += count * (field.variable() ? (field.large_offsets ? 8 : 4) : StoredBytes(field));
    if (field.variable()) bytes += StringBytesOf(view.children[i], field.large_offsets, first, count);
  }
  return bytes;
}

}  // namespace lancekit
