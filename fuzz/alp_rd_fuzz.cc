// ALP-RD. Parameters: mode, width; decoding: right bits, size of the dictionary and its bytes; then those of the place
// (decoder_fuzz.h).
#include "fuzz/decoder_fuzz.h"

namespace lancekit::fuzz {
namespace {

void Run(FuzzInput input) {
  const std::uint8_t mode = input.Byte();
  const ValueShape shape = FixedShape(input.Flag() ? 64 : 32);
  if (mode % 2 == 0) {
    auto encoding = testing::EncodingOf(format::EncodingId::kAlpRd, {});
    encoding.bits = input.Byte();
    const Bytes dictionary = input.Take(input.Byte() % 20);
    encoding.table.assign(dictionary.begin(), dictionary.end());
    return DecodeChunk(encoding, shape, &input);
  }
  const testing::OwnedValues values = TakeNumbers(shape, mode % 4 == 1, &input);
  const auto encoder = MakeAlpRdEncoder(values.View());
  if (encoder != nullptr) Require(testing::CheckRoundTrip(values.View(), *encoder));
}

}  // namespace
}  // namespace lancekit::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  lancekit::fuzz::Run({data, size});
  return 0;
}
