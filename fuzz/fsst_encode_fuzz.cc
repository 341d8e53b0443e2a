// FSST encoding, apart from decoding because it is a thousand times slower. Parameters: mode; then strings (TakeStrings).
#include "fuzz/decoder_fuzz.h"

namespace lancekit::fuzz {
namespace {

void Run(FuzzInput input) {
  const bool large = input.Flag();
  const testing::OwnedValues values(TakeStrings(&input), large);
  const auto strings = testing::ForceFsst(values.View());
  if (strings != nullptr) Require(testing::CheckRoundTrip(values.View(), *MakeFsstEncoder(*strings)));
}

}  // namespace
}  // namespace lancekit::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  lancekit::fuzz::Run({data, size});
  return 0;
}
