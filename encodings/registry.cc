#include <array>
#include <bit>

#include "encodings/definitions.h"
#include "encodings/encoding.h"
#include "encodings/widths.h"

namespace lancekit {
namespace {

constexpr std::array kEncodings = {
    &kFlat,
    &kVariable,
    &kConstant,
    &kOutOfLineBitpacking,
    &kInlineBitpacking,
    &kFsst,
    &kRle,
    &kByteStreamSplit,
    &kGeneral,
    &kFixedSizeList,
    &kPackedStruct,
    &kVariablePackedStruct,
    &kNarrow,
    &kFrame,
    &kPatched,
    &kDelta,
    &kAlp,
    &kLengths,
    &kCut,
    &kAlpRd,
    &kFront,
    &kRuns,
    &kScale,
    &kStairs,
    &kTokens,
};

}  // namespace

std::span<const EncodingDef* const> AllEncodings() { return kEncodings; }

Result<const EncodingDef*> FindEncoding(format::EncodingId id) {
  for (const EncodingDef* def : kEncodings) {
    if (def->id == id) return def;
  }
  return Unsupported("encoding {} is not supported", format::EncodingName(id));
}

ValueSink* Scratch::InnerValues(std::uint64_t width_bits) {
  if (inner_values_ == nullptr || inner_values_->shape().width_bits != width_bits) {
    inner_values_ = std::make_unique<ValueSink>(FixedShape(width_bits));
  }
  inner_values_->Clear();
  return inner_values_.get();
}

ValueSink* Scratch::InnerStrings() {
  if (inner_strings_ == nullptr) {
    ValueShape shape;
    shape.kind = ValueShape::Kind::kVariable;
    shape.large_offsets = true;
    inner_strings_ = std::make_unique<ValueSink>(shape);
  }
  inner_strings_->Clear();
  return inner_strings_.get();
}

Scratch* Scratch::Inner() {
  if (inner_ == nullptr) inner_ = std::make_unique<Scratch>();
  return inner_.get();
}

Status ChunkDecoder::DecodeRanges(const Chunk& chunk, std::span<const ValueRange> ranges, ValueSink* sink,
                                  Scratch* scratch) const {
  for (const ValueRange& range : ranges) LANCEKIT_TRY(Decode(chunk, range, sink, scratch));
  return {};
}

Status ChunkDecoder::DecodeRuns(const Chunk&, std::span<const ValueRange>, ValueSink*, std::vector<std::uint64_t>*,
                                Scratch*) const {
  return Unsupported("an encoding without runs is asked for them");
}

Result<StringsView> ChunkDecoder::View(const Chunk&, ValueRange, Scratch*) const {
  return Unsupported("an encoding for fixed-width values stands where strings are stored");
}

Status CheckWidth(const ValueShape& shape, std::uint64_t least_bits, std::uint64_t most_bits, std::string_view encoding) {
  const std::uint64_t bits = shape.width_bits;
  if (!shape.fixed() || !shape.list_sizes.empty() || !std::has_single_bit(bits) || bits < least_bits || bits > most_bits) {
    return Corrupt("{}: stands where values of {} bits are stored", encoding, bits);
  }
  return {};
}

Status DecodeSpanOf(const ChunkDecoder& decoder, const Chunk& chunk, std::span<const ValueRange> ranges, ValueSink* sink,
                    Scratch* scratch) {
  if (ranges.size() == 1) return decoder.Decode(chunk, ranges[0], sink, scratch);
  const std::uint64_t first = ranges.front().first;
  const std::uint64_t end = ranges.back().first + ranges.back().count;
  ValueSink* const span = scratch->InnerValues(sink->shape().width_bits);
  LANCEKIT_TRY(decoder.Decode(chunk, {first, end - first}, span, scratch->Inner()));
  for (const ValueRange& range : ranges) {
    sink->AppendBits(span->values().data(), (range.first - first) * sink->shape().width_bits, range.count);
  }
  return {};
}

Result<std::unique_ptr<ChunkDecoder>> MakeChunkDecoder(const format::Encoding& encoding, const ValueShape& shape) {
  LANCEKIT_ASSIGN(const EncodingDef* def, FindEncoding(encoding.id));
  if (def->make_chunk_decoder == nullptr) return Unsupported("encoding {} in a mini-block chunk is not supported", def->name);
  return def->make_chunk_decoder(encoding, shape);
}

Result<std::unique_ptr<ChunkDecoder>> MakeInnerDecoder(const format::Encoding& encoding, const ValueShape& shape) {
  if (encoding.children.size() == 1) return MakeChunkDecoder(encoding.children[0], shape);
  return Corrupt("{}: {} inner encodings", format::EncodingName(encoding.id), encoding.children.size());
}

Status DecodeBlock(const format::Encoding& encoding, Bytes bytes, std::uint64_t num_values, ValueSink* sink, Scratch* scratch) {
  LANCEKIT_ASSIGN(const EncodingDef* def, FindEncoding(encoding.id));
  if (def->decode_block == nullptr) return Unsupported("encoding {} of a whole buffer is not supported", def->name);
  return def->decode_block(encoding, bytes, num_values, sink, scratch);
}

Status PickFromBlock(const format::Encoding& encoding, Bytes bytes, std::uint64_t num_values, std::uint64_t index,
                     ValueSink* sink, Scratch* scratch) {
  LANCEKIT_ASSIGN(const EncodingDef* def, FindEncoding(encoding.id));
  if (def->pick_from_block != nullptr) return def->pick_from_block(encoding, bytes, num_values, index, sink);
  const std::uint64_t bits = sink->shape().width_bits;
  ValueSink* const all = scratch->InnerValues(bits);
  LANCEKIT_TRY(DecodeBlock(encoding, bytes, num_values, all, scratch->Inner()));
  sink->AppendBits(all->values().data(), index * bits, 1);
  return {};
}

Result<std::unique_ptr<ValueDecoder>> MakeValueDecoder(const format::Encoding& encoding, const ValueShape& shape) {
  LANCEKIT_ASSIGN(const EncodingDef* def, FindEncoding(encoding.id));
  if (def->make_value_decoder == nullptr) return Unsupported("encoding {} in a full-zip page is not supported", def->name);
  return def->make_value_decoder(encoding, shape);
}

}  // namespace lancekit
