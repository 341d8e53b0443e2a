#include <array>

#include "encodings/definitions.h"
#include "encodings/encoding.h"

namespace lancekit {
namespace {

constexpr std::array kEncodings = {
    &kFlat, &kVariable,        &kConstant, &kOutOfLineBitpacking, &kInlineBitpacking, &kFsst,
    &kRle,  &kByteStreamSplit, &kGeneral,  &kFixedSizeList,       &kPackedStruct,     &kVariablePackedStruct,
};

}  // namespace

std::span<const EncodingDef* const> AllEncodings() { return kEncodings; }

Result<const EncodingDef*> FindEncoding(format::EncodingId id) {
  for (const EncodingDef* def : kEncodings) {
    if (def->id == id) return def;
  }
  return Unsupported("encoding {} is not supported", format::EncodingName(id));
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

Result<std::unique_ptr<ChunkDecoder>> MakeChunkDecoder(const format::Encoding& encoding, const ValueShape& shape) {
  LANCEKIT_ASSIGN(const EncodingDef* def, FindEncoding(encoding.id));
  if (def->make_chunk_decoder == nullptr) return Unsupported("encoding {} in a mini-block chunk is not supported", def->name);
  return def->make_chunk_decoder(encoding, shape);
}

Status DecodeBlock(const format::Encoding& encoding, Bytes bytes, std::uint64_t num_values, ValueSink* sink, Scratch* scratch) {
  LANCEKIT_ASSIGN(const EncodingDef* def, FindEncoding(encoding.id));
  if (def->decode_block == nullptr) return Unsupported("encoding {} of a whole buffer is not supported", def->name);
  return def->decode_block(encoding, bytes, num_values, sink, scratch);
}

Result<std::unique_ptr<ValueDecoder>> MakeValueDecoder(const format::Encoding& encoding, const ValueShape& shape) {
  LANCEKIT_ASSIGN(const EncodingDef* def, FindEncoding(encoding.id));
  if (def->make_value_decoder == nullptr) return Unsupported("encoding {} in a full-zip page is not supported", def->name);
  return def->make_value_decoder(encoding, shape);
}

}  // namespace lancekit
