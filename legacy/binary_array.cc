// Strings and binaries:
//
//   indices: n x u64, the end of value i in the bytes; that of a null value is larger by the null adjustment
//   bytes: of all values, maybe compressed as a whole; with FSST each value is codes of the symbol table
//
// Source: lance protos/encodings.proto (Binary, Fsst), rust lance-encoding previous/encodings/physical/binary.rs.
#include "encodings/kernels/fsst.h"
#include "legacy/page.h"

namespace lancekit::legacy {
namespace {

using format::ArrayEncoding;

class BinaryArray final : public PageReader {
 public:
  BinaryArray(std::unique_ptr<FixedArray> indices, std::unique_ptr<FixedArray> bytes, std::uint64_t null_adjustment)
      : indices_(std::move(indices)), bytes_(std::move(bytes)), null_adjustment_(null_adjustment) {}

  void set_decoder(const kernels::FsstDecoder& decoder) { decoder_ = std::make_unique<kernels::FsstDecoder>(decoder); }

  Status Read(ValueRange rows, LeafSink* sink, PageScratch* scratch) const override {
    if (rows.count == 0) return {};
    LANCEKIT_ASSIGN(const bool any_null, ReadOffsets(rows, scratch));
    auto* const offsets = scratch->ends.as<std::uint64_t>();
    const std::uint64_t first = offsets[0];
    LANCEKIT_ASSIGN(const ItemBits bytes, bytes_->Read({first, offsets[rows.count] - first}, &scratch->decode.decompressed));
    for (std::uint64_t i = 0; i <= rows.count; ++i) offsets[i] -= first;
    const std::byte* const data = bytes.bits == nullptr ? nullptr : bytes.bytes();
    LANCEKIT_TRY(decoder_ == nullptr ? sink->values().AppendStrings(offsets, data, rows.count)
                                     : Decompress(offsets, data, rows.count, &sink->values(), scratch));
    if (any_null) {
      sink->AppendLevels(scratch->visible.as<std::uint16_t>(), rows.count);
    } else {
      sink->AppendValid(rows.count);
    }
    return {};
  }

 private:
  /// Fills scratch->ends with count + 1 positions and scratch->visible with a level per row; true when one is null.
  Result<bool> ReadOffsets(ValueRange rows, PageScratch* scratch) const {
    const std::uint64_t before = rows.first == 0 ? 0 : 1;
    LANCEKIT_ASSIGN(const ItemBits indices, indices_->Read({rows.first - before, rows.count + before}, &scratch->decode.block));
    const std::byte* from = indices.bytes();
    scratch->ends.Resize((rows.count + 1) * sizeof(std::uint64_t));
    scratch->visible.Resize(rows.count * sizeof(std::uint16_t));
    auto* const offsets = scratch->ends.as<std::uint64_t>();
    auto* const levels = scratch->visible.as<std::uint16_t>();
    std::uint64_t end = 0;
    if (before != 0) {
      end = LoadLe<std::uint64_t>(from);
      if (end >= null_adjustment_) end -= null_adjustment_;
      from += sizeof(std::uint64_t);
    }
    offsets[0] = end;
    bool any_null = false, ascend = true;
    for (std::uint64_t i = 0; i < rows.count; ++i) {
      const auto index = LoadLe<std::uint64_t>(from + i * sizeof(std::uint64_t));
      const bool is_null = index >= null_adjustment_;
      const std::uint64_t next = is_null ? index - null_adjustment_ : index;
      ascend &= next >= end;
      any_null |= is_null;
      levels[i] = is_null ? 1 : 0;
      offsets[i + 1] = end = next;
    }
    if (!ascend) return Corrupt("binary: ends of values do not ascend");
    return any_null;
  }

  Status Decompress(const std::uint64_t* offsets, const std::byte* data, std::uint64_t count, ValueSink* sink,
                    PageScratch* scratch) const {
    MutableBuffer& ends = scratch->decode.ends;
    ends.Resize(count * sizeof(std::int64_t));
    std::byte* const to = sink->ReserveData(kernels::FsstDecodeRoom(offsets[count]));
    if (!kernels::FsstDecodeRun<std::uint64_t, std::int64_t>(*decoder_, data, offsets, count, to, 0, ends.as<std::int64_t>())) {
      return Corrupt("fsst: a value ends after an escape code");
    }
    return sink->AppendEnds(ends.as<std::int64_t>(), count);
  }

  std::unique_ptr<FixedArray> indices_;
  std::unique_ptr<FixedArray> bytes_;
  std::uint64_t null_adjustment_;
  std::unique_ptr<kernels::FsstDecoder> decoder_;  // when values are codes
};

Result<std::unique_ptr<BinaryArray>> Open(const PageInput& input, const ArrayEncoding& encoding) {
  if (encoding.id != format::ArrayEncodingId::kBinary) {
    return Unsupported("fsst: values that are {}", format::ArrayEncodingName(encoding.id));
  }
  if (!input.leaf->shape.variable()) return Corrupt("binary: stands where values of type {} are", input.leaf->type.to_string());
  if (WithoutNullable(encoding.children[1]).id != format::ArrayEncodingId::kFlat)
    return Unsupported("binary: bytes that are not flat");
  LANCEKIT_ASSIGN(std::unique_ptr<FixedArray> indices, OpenFixedArray(input, encoding.children[0], 64));
  LANCEKIT_ASSIGN(std::unique_ptr<FixedArray> bytes, OpenFixedArray(input, encoding.children[1], 8));
  return std::make_unique<BinaryArray>(std::move(indices), std::move(bytes), encoding.null_adjustment);
}

}  // namespace

Result<std::unique_ptr<PageReader>> OpenBinaryArray(const PageInput& input, const ArrayEncoding& encoding) {
  LANCEKIT_ASSIGN(std::unique_ptr<BinaryArray> array, Open(input, encoding));
  return std::unique_ptr<PageReader>(std::move(array));
}

Result<std::unique_ptr<PageReader>> OpenFsstArray(const PageInput& input, const ArrayEncoding& encoding) {
  LANCEKIT_ASSIGN(std::unique_ptr<BinaryArray> array, Open(input, WithoutNullable(encoding.children[0])));
  kernels::FsstDecoder decoder;
  bool compressed = false;
  if (!kernels::ParseFsstTable(encoding.bytes, &decoder, &compressed)) {
    return Corrupt("fsst: a damaged symbol table of {} bytes", encoding.bytes.size());
  }
  if (compressed) array->set_decoder(decoder);
  return std::unique_ptr<PageReader>(std::move(array));
}

}  // namespace lancekit::legacy
