// What the targets of the decoders share: bytes are decoded as a chunk, a whole buffer or single values of an encoding. The
// properties: nothing is read out of bounds, as many values come out as were asked for, and a value decoded alone equals the
// same value decoded among others.
#pragma once

#include "encodings/encoding_testing.h"
#include "fuzz/fuzz_input.h"

namespace lancekit::fuzz {

// No page has more values in a chunk; levels and dictionaries of this size are large enough to find what is wrong.
inline constexpr std::uint64_t kMaxValues = 32'768;

inline constexpr std::uint64_t kWidths[] = {8, 16, 32, 64};
inline std::uint64_t TakeWidth(FuzzInput* input) { return kWidths[input->Byte() % 4]; }

/// Parameters: number of values, first one and number of those to decode, sizes of all buffers but the last.
inline void DecodeChunk(const format::Encoding& encoding, const ValueShape& shape, FuzzInput* input) {
  const auto decoder = MakeChunkDecoder(encoding, shape);
  if (!decoder) return;
  const std::uint64_t num_values = input->Below(kMaxValues + 1);
  ValueRange range;
  range.first = input->Below(num_values + 1);
  range.count = input->Below(num_values - range.first + 1);
  std::vector<Bytes> buffers;
  while (buffers.size() + 1 < (*decoder)->num_buffers()) buffers.push_back(input->Take(input->Number<std::uint16_t>()));
  buffers.push_back(input->Rest());
  const testing::OwnedChunk chunk(buffers, num_values);
  ValueSink sink(shape);
  Scratch scratch;
  if (!(*decoder)->Decode(chunk.chunk(), range, &sink, &scratch).ok()) return;
  Require(sink.length() == range.count, "a chunk decodes to another number of values");
  for (std::uint64_t i = 0; i < range.count; i += 1 + range.count / 4) {
    ValueSink alone(shape);
    Require((*decoder)->Decode(chunk.chunk(), {range.first + i, 1}, &alone, &scratch).ok(),
            "a value is refused only when it is alone");
    Require(testing::Difference(alone, testing::ViewOf(sink), {i, 1}));
  }
}

/// Parameter: number of values.
inline void DecodeWholeBuffer(const format::Encoding& encoding, const ValueShape& shape, FuzzInput* input) {
  const std::uint64_t num_values = input->Below(kMaxValues + 1);
  const testing::OddBytes bytes(input->Rest());
  ValueSink sink(shape);
  Scratch scratch;
  if (!DecodeBlock(encoding, bytes.bytes(), num_values, &sink, &scratch).ok()) return;
  Require(sink.length() == num_values, "a buffer decodes to another number of values");
}

/// Values of the stored size one after the other; those of variable width have their size in a byte before them.
inline void DecodeValues(const format::Encoding& encoding, const ValueShape& shape, FuzzInput* input) {
  const auto decoder = MakeValueDecoder(encoding, shape);
  if (!decoder) return;
  const std::uint64_t size = (*decoder)->stored_bytes();
  ValueSink sink(shape);
  Scratch scratch;
  for (std::uint64_t count = 1; input->remaining() != 0 && input->remaining() >= size; ++count) {
    const testing::OddBytes stored(input->Take(size != 0 ? size : input->Byte()));
    if (!(*decoder)->Append(stored.bytes(), &sink, &scratch).ok()) return;
    Require(sink.length() == count, "a value decodes to another number of values");
  }
}

/// Decodes the rest of the input in one of the three places where the encoding may stand.
inline void DecodeAnywhere(const format::Encoding& encoding, const ValueShape& shape, FuzzInput* input) {
  switch (input->Byte() % 3) {
    case 0:
      return DecodeChunk(encoding, shape, input);
    case 1:
      return DecodeWholeBuffer(encoding, shape, input);
    default:
      return DecodeValues(encoding, shape, input);
  }
}

/// The rest of the input as strings: each begins with its size in a byte.
inline std::vector<std::string> TakeStrings(FuzzInput* input) {
  std::vector<std::string> strings;
  while (input->remaining() != 0) strings.push_back(testing::TextOf(input->Take(input->Byte())));
  return strings;
}

/// The rest of the input as values of a fixed shape. Each byte is a value when `narrow`, so that values are small.
inline testing::OwnedValues TakeNumbers(const ValueShape& shape, bool narrow, FuzzInput* input) {
  const Bytes bytes = input->Rest();
  if (!narrow) return {shape, bytes.first(bytes.size() / (shape.width_bits / 8) * (shape.width_bits / 8))};
  MutableBuffer wide;
  for (const std::byte byte : bytes) {
    wide.AppendLe(byte);
    wide.AppendFill(shape.width_bits / 8 - 1, std::byte{0});
  }
  return {shape, wide.bytes()};
}

}  // namespace lancekit::fuzz
