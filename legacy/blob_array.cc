// Blobs: rows of u64 position and u64 size; the bytes lie at that position of the file. (0, 0) is an empty value, (p, 0) with
// p > 0 is null. Source: rust lance-encoding previous/encodings/logical/blob.rs.
#include "legacy/blob_array.h"

#include <cstring>

#include "base/checked_math.h"

namespace lancekit::legacy {
namespace {

using format::ArrayEncoding;
using format::ArrayEncodingId;

constexpr std::uint64_t kRowBytes = 16;

}  // namespace

Result<std::unique_ptr<BlobArray>> BlobArray::Open(const PageInput& input, const ArrayEncoding& outer) {
  const ArrayEncoding& encoding = WithoutNullable(outer);
  if (encoding.id != ArrayEncodingId::kPackedStruct || encoding.children.size() != 2) {
    return Unsupported("{} in the place of the positions and sizes of blobs", format::ArrayEncodingName(encoding.id));
  }
  for (const ArrayEncoding& child : encoding.children) {
    const ArrayEncoding& number = WithoutNullable(child);
    if (number.id != ArrayEncodingId::kFlat || number.width != 64) return Unsupported("blob: positions that are not flat");
  }
  if (!input.leaf->shape.variable()) return Corrupt("blob: stands where values of type {} are", input.leaf->type.to_string());
  LANCEKIT_ASSIGN(const format::FileRange range, FindBuffer(input, encoding.buffer));
  return std::unique_ptr<BlobArray>(new BlobArray(*input.source, MakeFlatArray(*input.source, range, kRowBytes * 8)));
}

Result<BlobPlace> BlobArray::PlaceOf(const std::byte* row) const {
  BlobPlace blob;
  blob.range = {LoadLe<std::uint64_t>(row), LoadLe<std::uint64_t>(row + 8)};
  blob.is_null = blob.range.size == 0 && blob.range.offset != 0;
  if (blob.range.size != 0 && !RangeFits(blob.range.offset, blob.range.size, source_->size())) {
    return Corrupt("a blob at [{}, +{}) of a file of {} bytes", blob.range.offset, blob.range.size, source_->size());
  }
  return blob;
}

Result<BlobPlace> BlobArray::Find(std::uint64_t row) const {
  MutableBuffer scratch;
  LANCEKIT_ASSIGN(const ItemBits stored, rows_->Read({row, 1}, &scratch));
  return PlaceOf(stored.bytes());
}

Status BlobArray::Read(ValueRange rows, LeafSink* sink, PageScratch* scratch) const {
  LANCEKIT_ASSIGN(const ItemBits stored, rows_->Read(rows, &scratch->decode.block));
  ValueSink& values = sink->values();
  std::uint64_t total = 0;
  for (std::uint64_t i = 0; i < rows.count; ++i) {
    LANCEKIT_ASSIGN(const BlobPlace blob, PlaceOf(stored.bytes() + i * kRowBytes));
    const std::uint64_t size = blob.range.size;
    // Values do not overlap, so what they take is bounded by the file.
    if (size > source_->size() - total) return Corrupt("blobs of more bytes than the file has, {}", source_->size());
    total += size;
    if (!values.HasRoom(size)) return MakeError(ErrorCode::kResourceLimit, "{} bytes of blobs do not fit into one batch", total);
    if (size != 0) {
      LANCEKIT_ASSIGN(const Buffer bytes, source_->Read(blob.range.offset, size));
      std::memcpy(values.ReserveData(size), bytes.data(), size);
    }
    const auto end = static_cast<std::int64_t>(size);
    LANCEKIT_TRY(values.AppendEnds(&end, 1));
    blob.is_null ? sink->AppendNull(1) : sink->AppendValid(1);
  }
  return {};
}

}  // namespace lancekit::legacy
