#include "writer/packed_rows.h"

#include <algorithm>
#include <cstring>

#include "base/bitmap.h"
#include "encodings/definitions.h"
#include "writer/array_access.h"

namespace lancekit {
namespace {

void AppendField(const ArrayView& field, const ValueShape& shape, std::uint64_t slot, MutableBuffer* data) {
  if (shape.fixed()) {
    const std::uint64_t bytes = shape.width_bits / 8;
    data->Append({field.values + SlotOf(field, slot) * bytes, bytes});
    return;
  }
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
}

}  // namespace

Result<ValueShape> PackedRowShape(const ValueShape& packed) {
  std::uint64_t bits = 0;
  bool variable = false;
  for (const ValueShape& field : packed.fields) {
    variable = variable || field.variable();
    bits += field.width_bits;
    if (!field.list_sizes.empty())
      return Unsupported("packed structs of fixed-size lists cannot be read back by Lance; remove lance-encoding:packed");
    if (!field.variable() && (field.width_bits == 0 || field.width_bits % 8 != 0))
      return Unsupported("packed structs hold fields of whole bytes only; remove lance-encoding:packed");
  }
  if (!variable) return FixedShape(bits);
  ValueShape shape;
  shape.kind = ValueShape::Kind::kVariable;
  return shape;
}

format::Encoding DescribePackedStruct(const ValueShape& packed) {
  format::Encoding encoding;
  const bool variable = std::ranges::any_of(packed.fields, [](const ValueShape& field) { return field.variable(); });
  encoding.id = variable ? format::EncodingId::kVariablePackedStruct : format::EncodingId::kPackedStruct;
  std::uint64_t bits = 0;
  for (const ValueShape& field : packed.fields) {
    bits += field.width_bits;
    encoding.child_bits.push_back(field.variable() ? (field.large_offsets ? 64 : 32) : field.width_bits);
    if (!variable) continue;
    ValuesView values;
    values.shape = field;
    encoding.child_is_variable.push_back(field.variable());
    encoding.children.push_back(field.variable() ? MakeVariableEncoder(values)->Describe() : MakeFlatEncoder(values)->Describe());
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
      AppendField(view.children[i], packed.fields[i], row, data);
    }
    if (ends != nullptr) ends->AppendLe(static_cast<std::int32_t>(data->size()));
  }
  return {};
}

std::uint64_t PackedBytesOf(const ArrayView& view, const ValueShape& packed, std::uint64_t first, std::uint64_t count) {
  std::uint64_t bytes = 0;
  for (std::size_t i = 0; i < packed.fields.size(); ++i) {
    const ValueShape& field = packed.fields[i];
    bytes += count * (field.variable() ? (field.large_offsets ? 8 : 4) : field.width_bits / 8);
    if (field.variable()) bytes += StringBytesOf(view.children[i], field.large_offsets, first, count);
  }
  return bytes;
}

}  // namespace lancekit
