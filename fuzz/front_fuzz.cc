// Front coding. Parameters: mode; decoding: those of a chunk (decoder_fuzz.h), suffixes being variable or lengths, prefix lengths
// flat or frame; encoding: strings (TakeStrings), in order or not.
#include <algorithm>

#include "fuzz/decoder_fuzz.h"

namespace lancekit::fuzz {
namespace {

using format::EncodingId;

std::unique_ptr<ChunkEncoder> Frame(const ValuesView& values) { return MakeFrameEncoder(values); }

void Run(FuzzInput input) {
  const std::uint8_t mode = input.Byte();
  const bool lengths = mode / 2 % 2 == 1;
  const bool framed = mode / 4 % 2 == 1;
  const bool large = mode / 8 % 2 == 1;
  if (mode % 2 == 0) {
    const auto suffixes =
        testing::EncodingOf(lengths ? EncodingId::kLengths : EncodingId::kVariable, {testing::FlatEncoding(32)});
    auto prefixes = testing::FlatEncoding(8);
    if (framed) prefixes.id = EncodingId::kFrame;
    return DecodeChunk(testing::EncodingOf(EncodingId::kFront, {suffixes, prefixes}), testing::StringShape(large), &input);
  }
  std::vector<std::string> strings = TakeStrings(&input);
  if (mode / 16 % 2 == 1) std::ranges::sort(strings);
  const testing::OwnedValues values(strings, large);
  if (strings.empty()) return;
  const InnerEncoder suffixes = [&](const ValuesView& view) {
    return lengths ? MakeLengthsEncoder(view, 128, Frame) : MakeVariableEncoder(view, 128);
  };
  Require(testing::CheckRoundTrip(values.View(), *MakeFrontEncoder(values.View(), suffixes, Frame)));
}

}  // namespace
}  // namespace lancekit::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  lancekit::fuzz::Run({data, size});
  return 0;
}
