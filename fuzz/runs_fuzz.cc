// Runs whose values and lengths are encoded in turn. Parameters: mode, width, perhaps a step; then those of a chunk
// (decoder_fuzz.h), values and lengths being flat or frame; or numbers to encode.
#include "fuzz/decoder_fuzz.h"

namespace lancekit::fuzz {
namespace {

using format::EncodingId;

std::unique_ptr<ChunkEncoder> Frame(const ValuesView& values) { return MakeFrameEncoder(values); }
std::unique_ptr<ChunkEncoder> Flat(const ValuesView& values) { return MakeFlatEncoder(values); }

void Run(FuzzInput input) {
  const std::uint8_t mode = input.Byte();
  const ValueShape shape = FixedShape(TakeWidth(&input));
  const bool framed_values = mode / 2 % 2 == 1;
  const bool framed_lengths = mode / 4 % 2 == 1;
  if (mode % 2 == 0) {
    auto values = testing::FlatEncoding(shape.width_bits), lengths = testing::FlatEncoding(32);
    if (framed_values) values.id = EncodingId::kFrame;
    if (framed_lengths) lengths.id = EncodingId::kFrame;
    auto runs = testing::EncodingOf(EncodingId::kRuns, {values, lengths});
    if (mode / 8 % 2 == 1) {
      runs.id = EncodingId::kStairs;
      runs.bits = std::uint64_t{input.Byte()} * 0x0101010101010101;
    }
    return DecodeChunk(runs, shape, &input);
  }
  const testing::OwnedValues numbers = TakeNumbers(shape, mode / 8 % 2 == 0, &input);
  const ValuesView view = numbers.View();
  if (view.length == 0) return;
  const InnerEncoder values = framed_values ? Frame : Flat, lengths = framed_lengths ? Frame : Flat;
  Require(testing::CheckRoundTrip(view, *MakeRunsEncoder(view, values, lengths)));
  if (const auto stairs = MakeStairsEncoder(view, values, lengths)) Require(testing::CheckRoundTrip(view, *stairs));
}

}  // namespace
}  // namespace lancekit::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  lancekit::fuzz::Run({data, size});
  return 0;
}
