// Inline bit-packing. Parameters: mode, width; then those of the place (decoder_fuzz.h).
#include "fuzz/decoder_fuzz.h"

namespace lancekit::fuzz {
namespace {

void Run(FuzzInput input) {
  const std::uint8_t mode = input.Byte();
  const ValueShape shape = FixedShape(TakeWidth(&input));
  if (mode % 2 == 0) {
    format::Encoding encoding;
    encoding.id = format::EncodingId::kInlineBitpacking;
    encoding.bits = shape.width_bits;
    return DecodeAnywhere(encoding, shape, &input);
  }
  const testing::OwnedValues values = TakeNumbers(shape, mode % 4 == 1, &input);
  const ValuesView view = values.View();
  if (view.length == 0) return;
  const auto encoder = MakeInlineBitpackingEncoder(view);
  Require(testing::CheckRoundTrip(view, *encoder));
  std::uint64_t bytes = 0;
  for (std::uint64_t first = 0; first < view.length; first += encoder->ChunkSize(first)) {
    bytes += testing::EncodeChunk(*encoder, {first, encoder->ChunkSize(first)}).buffers()[0].size();
  }
  Require(bytes == InlineBitpackingBytes(view), "the size is not as announced");
}

}  // namespace
}  // namespace lancekit::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  lancekit::fuzz::Run({data, size});
  return 0;
}
