// Packed structs: rows one after the other in one buffer, each the values of its fields back to back. The encodings of the fields
// tell widths only. There are no nulls, neither structs nor fields. Source: lance protos/encodings.proto (PackedStruct).
#include <cstring>

#include "base/checked_math.h"
#include "legacy/page.h"

namespace lancekit::legacy {
namespace {

using format::ArrayEncoding;
using format::ArrayEncodingId;

/// Bits of a field of fixed width. Errors: kUnsupported, kCorruption.
Result<std::uint64_t> WidthOf(const ArrayEncoding& outer) {
  const ArrayEncoding& encoding = WithoutNullable(outer);
  if (encoding.id == ArrayEncodingId::kFlat) return encoding.width;
  if (encoding.id != ArrayEncodingId::kFixedSizeList) {
    return Unsupported("packed_struct: a field that is {}", format::ArrayEncodingName(encoding.id));
  }
  LANCEKIT_ASSIGN(std::uint64_t width, WidthOf(encoding.children[0]));
  if (!CheckedMul(width, encoding.width, &width)) return Corrupt("packed_struct: a list of {} items", encoding.width);
  return width;
}

class PackedStructArray final : public PageReader {
 public:
  PackedStructArray(std::unique_ptr<FixedArray> rows, std::uint64_t row_bytes) : rows_(std::move(rows)), row_bytes_(row_bytes) {}

  Status Read(ValueRange rows, LeafSink* sink, PageScratch* scratch) const override {
    LANCEKIT_ASSIGN(const ItemBits stored, rows_->Read(rows, &scratch->decode.block));
    const ValueShape& shape = sink->leaf().shape;
    ValueSink& values = sink->values();
    std::uint64_t at = 0;
    for (std::size_t i = 0; i < shape.fields.size(); ++i) {
      const std::uint64_t width = shape.fields[i].width_bits / 8;
      std::byte* const to = values.field(i).AppendFixed(rows.count);
      for (std::uint64_t row = 0; width != 0 && row < rows.count; ++row) {
        std::memcpy(to + row * width, stored.bytes() + row * row_bytes_ + at, width);
      }
      at += width;
    }
    values.CountRows(rows.count);
    sink->AppendValid(rows.count);
    return {};
  }

 private:
  std::unique_ptr<FixedArray> rows_;
  std::uint64_t row_bytes_;
};

}  // namespace

Result<std::unique_ptr<PageReader>> OpenPackedStructArray(const PageInput& input, const ArrayEncoding& outer) {
  const ArrayEncoding& encoding = WithoutNullable(outer);
  const ValueShape& shape = input.leaf->shape;
  if (encoding.id != ArrayEncodingId::kPackedStruct) {
    return Unsupported("{} in the place of packed structs", format::ArrayEncodingName(encoding.id));
  }
  if (encoding.children.size() != shape.fields.size()) {
    return Corrupt("packed_struct: {} fields where the type has {}", encoding.children.size(), shape.fields.size());
  }
  std::uint64_t row_bits = 0;
  for (std::size_t i = 0; i < shape.fields.size(); ++i) {
    LANCEKIT_ASSIGN(const std::uint64_t width, WidthOf(encoding.children[i]));
    if (!shape.fields[i].fixed() || width != shape.fields[i].width_bits) {
      return Corrupt("packed_struct: field {} has {} bits where the type has {}", i, width, shape.fields[i].width_bits);
    }
    if (width % 8 != 0) return Unsupported("packed_struct: a field of {} bits", width);
    if (!CheckedAdd(row_bits, width, &row_bits)) return Corrupt("packed_struct: fields of {} bits", width);
  }
  LANCEKIT_ASSIGN(const format::FileRange range, FindBuffer(input, encoding.buffer));
  auto rows = MakeFlatArray(*input.source, range, row_bits);
  return std::unique_ptr<PageReader>(std::make_unique<PackedStructArray>(std::move(rows), row_bits / 8));
}

}  // namespace lancekit::legacy
