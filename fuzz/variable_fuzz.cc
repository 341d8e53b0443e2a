// Strings. Parameters: mode; then those of the place (decoder_fuzz.h), or strings (TakeStrings).
#include "fuzz/decoder_fuzz.h"

namespace lancekit::fuzz {
namespace {

void Run(FuzzInput input) {
  const std::uint8_t mode = input.Byte();
  const bool large = mode % 4 / 2 == 1;
  if (mode % 2 == 0) {
    const bool wide = mode % 8 / 4 == 1;
    const auto encoding = testing::EncodingOf(format::EncodingId::kVariable, {testing::FlatEncoding(wide ? 64 : 32)});
    return DecodeAnywhere(encoding, testing::StringShape(large), &input);
  }
  const testing::OwnedValues values(TakeStrings(&input), large);
  const ValuesView view = values.View();
  const auto encoder = MakeVariableEncoder(view);
  Require(testing::CheckRoundTrip(view, *encoder));
  MutableBuffer block;
  AppendVariableBlock(view, &block);
  Require(testing::CheckBlock(encoder->Describe(), block.bytes(), view));
}

}  // namespace
}  // namespace lancekit::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  lancekit::fuzz::Run({data, size});
  return 0;
}
