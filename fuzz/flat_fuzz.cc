// Flat values: booleans, whole bytes and odd numbers of bits. Parameters: mode, width; then those of the place (decoder_fuzz.h).
#include "fuzz/decoder_fuzz.h"

namespace lancekit::fuzz {
namespace {

void Run(FuzzInput input) {
  const std::uint8_t mode = input.Byte();
  const std::uint64_t width = 1 + input.Byte() % 130;
  if (mode % 2 == 0) return DecodeAnywhere(testing::FlatEncoding(width == 1 && mode == 4 ? 8 : width), FixedShape(width), &input);
  const testing::OwnedValues values(FixedShape(width), input.Rest());
  if (values.View().length != 0) Require(testing::CheckRoundTrip(values.View(), *MakeFlatEncoder(values.View())));
}

}  // namespace
}  // namespace lancekit::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  lancekit::fuzz::Run({data, size});
  return 0;
}
