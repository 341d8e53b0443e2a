// Tokens. Parameters: mode; then, to decode: bits of a code, size of the token table, its bytes before compression, and those of
// the place (decoder_fuzz.h); to encode: size of a chunk, then strings (TakeStrings).
#include "fuzz/decoder_fuzz.h"

namespace lancekit::fuzz {
namespace {

void Decode(bool large, FuzzInput* input) {
  auto encoding = testing::EncodingOf(format::EncodingId::kTokens, {testing::FlatEncoding(32)});
  encoding.bits = input->Byte();
  MutableBuffer framed;
  AppendCompressed(input->Take(input->Number<std::uint16_t>()), {format::CompressionScheme::kZstd, 1}, &framed);
  encoding.table.assign(framed.data(), framed.data() + framed.size());
  DecodeChunk(encoding, testing::StringShape(large), input);
}

void Encode(bool large, FuzzInput* input) {
  const std::uint64_t chunk_bytes = input->Number<std::uint16_t>();
  const testing::OwnedValues values(TakeStrings(input), large);
  const auto table = TrainTokens(values.View());
  if (table == nullptr) return;
  const auto frame = [](const ValuesView& counts) { return MakeFrameEncoder(counts); };
  Require(testing::CheckRoundTrip(values.View(), *MakeTokensEncoder(values.View(), *table, chunk_bytes, frame)));
}

void Run(FuzzInput input) {
  const std::uint8_t mode = input.Byte();
  mode % 2 == 0 ? Decode(mode % 4 == 2, &input) : Encode(mode % 4 == 3, &input);
}

}  // namespace
}  // namespace lancekit::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  lancekit::fuzz::Run({data, size});
  return 0;
}
