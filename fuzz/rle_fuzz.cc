// Run lengths. Parameters: mode, width; then those of the place (decoder_fuzz.h).
#include "fuzz/decoder_fuzz.h"

namespace lancekit::fuzz {
namespace {

format::Encoding Message(std::uint64_t bits) {
  return testing::EncodingOf(format::EncodingId::kRle, {testing::FlatEncoding(bits), testing::FlatEncoding(8)});
}

void Run(FuzzInput input) {
  const std::uint8_t mode = input.Byte();
  const ValueShape shape = FixedShape(TakeWidth(&input));
  if (mode % 2 == 0) return DecodeAnywhere(Message(shape.width_bits), shape, &input);
  const testing::OwnedValues values = TakeNumbers(shape, mode % 4 == 1, &input);
  const ValuesView view = values.View();
  if (view.length != 0) Require(testing::CheckRoundTrip(view, *MakeRleEncoder(view)));
  std::vector<std::uint16_t> levels(view.length);
  for (std::uint64_t i = 0; i < view.length; ++i) levels[i] = static_cast<std::uint16_t>(view.values[i * (shape.width_bits / 8)]);
  MutableBuffer block;
  AppendRleBlock(levels.data(), levels.size(), &block);
  Require(block.size() == RleBlockBytes(LevelBits::Changes(levels), 0, levels.size()), "the size is not as announced");
  Require(testing::CheckBlock(Message(16), block.bytes(), testing::Numbers(levels).View()));
}

}  // namespace
}  // namespace lancekit::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  lancekit::fuzz::Run({data, size});
  return 0;
}
