#include "legacy/page.h"

#include <algorithm>

#include "base/bitmap.h"
#include "base/checked_math.h"

namespace lancekit::legacy {
namespace {

using format::ArrayEncoding;
using format::ArrayEncodingId;
using format::Nullability;

/// Every slot is null; there are no buffers.
class AllNullArray final : public PageReader {
 public:
  Status Read(ValueRange rows, LeafSink* sink, PageScratch*) const override {
    LANCEKIT_TRY(AppendFreeValues(&sink->values(), rows.count));
    sink->AppendNull(rows.count);
    return {};
  }
};

/// The levels that ValiditySink takes: 0 is valid.
const std::uint16_t* LevelsOf(const ItemBits& bits, std::uint64_t count, MutableBuffer* levels) {
  levels->Resize(count * sizeof(std::uint16_t));
  auto* const to = levels->as<std::uint16_t>();
  for (std::uint64_t i = 0; i < count; ++i) to[i] = GetBit(bits.bits, bits.first_bit + i) ? 0 : 1;
  return to;
}

}  // namespace

Status AppendFreeValues(ValueSink* sink, std::uint64_t count) {
  const ValueShape& shape = sink->shape();
  const std::uint64_t width = shape.variable() ? 64 : std::max<std::uint64_t>(1, shape.width_bits);
  std::uint64_t length = 0, num_bits = 0;
  if (!CheckedAdd(sink->length(), count, &length) || !CheckedMul(length, width, &num_bits) || num_bits / 8 > kMaxFreeBytes) {
    return MakeError(ErrorCode::kResourceLimit, "{} null values are too many for one batch", count);
  }
  sink->AppendNulls(count);
  return {};
}

Result<Validity> Validity::Open(const PageInput& input, const ArrayEncoding** encoding) {
  Validity validity;
  const ArrayEncoding& outer = **encoding;
  if (outer.id != ArrayEncodingId::kNullable) return validity;
  validity.nullability_ = outer.nullability;
  *encoding = outer.children.empty() ? nullptr : &outer.children.back();
  if (outer.nullability == Nullability::kSomeNulls) {
    LANCEKIT_ASSIGN(validity.bits_, OpenFixedArray(input, outer.children[0], 1));
  }
  return validity;
}

Status Validity::AppendTo(LeafSink* sink, ValueRange rows, PageScratch* scratch) const {
  if (nullability_ == Nullability::kAllNulls) {
    sink->AppendNull(rows.count);
    return {};
  }
  if (nullability_ == Nullability::kNoNulls) {
    sink->AppendValid(rows.count);
    return {};
  }
  LANCEKIT_ASSIGN(const ItemBits bits, bits_->Read(rows, &scratch->decode.block));
  const std::uint64_t valid = rows.count == 0 ? 0 : CountSetBits(bits.bits, bits.first_bit, rows.count);
  if (valid == rows.count) {
    sink->AppendValid(rows.count);
    return {};
  }
  constexpr std::uint64_t kBlockRows = 1 << 16;
  for (std::uint64_t row = 0; row < rows.count; row += kBlockRows) {
    const std::uint64_t count = std::min(kBlockRows, rows.count - row);
    sink->AppendLevels(LevelsOf({{}, bits.bits, bits.first_bit + row}, count, &scratch->visible), count);
  }
  return {};
}

Status Validity::AppendTo(ValueSink* sink, std::size_t list_level, ValueRange items, PageScratch* scratch) const {
  if (nullability_ == Nullability::kNoNulls || items.count == 0) return {};
  if (nullability_ == Nullability::kSomeNulls) {
    LANCEKIT_ASSIGN(const ItemBits bits, bits_->Read(items, &scratch->decode.block));
    sink->AppendItemValidity(list_level, bits.bits, bits.first_bit, items.count);
    return {};
  }
  MutableBuffer& zeros = scratch->decode.block;
  zeros.Clear();
  zeros.AppendFill(BitmapBytes(items.count), std::byte{0});
  sink->AppendItemValidity(list_level, zeros.data(), 0, items.count);
  return {};
}

Result<std::unique_ptr<PageReader>> OpenArray(const PageInput& input, const ArrayEncoding& outer) {
  const ArrayEncoding& encoding = WithoutNullable(outer);
  if (input.leaf->shape.packed()) return OpenPackedStructArray(input, encoding);
  if (encoding.id == ArrayEncodingId::kNullable && encoding.nullability == Nullability::kAllNulls) {
    return std::unique_ptr<PageReader>(std::make_unique<AllNullArray>());
  }
  switch (encoding.id) {
    case ArrayEncodingId::kBinary:
      return OpenBinaryArray(input, encoding);
    case ArrayEncodingId::kFsst:
      return OpenFsstArray(input, encoding);
    case ArrayEncodingId::kDictionary:
      return OpenDictionaryArray(input, encoding);
    case ArrayEncodingId::kList:
    case ArrayEncodingId::kStruct:
    case ArrayEncodingId::kPackedStruct:
      return Unsupported("{} in the place of values of type {}", format::ArrayEncodingName(encoding.id),
                         input.leaf->type.to_string());
    default:
      return OpenFixedWidthArray(input, encoding);
  }
}

}  // namespace lancekit::legacy
