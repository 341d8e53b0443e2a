// Byte-stream split of chunks; there is no encoder. Parameters: width; number of values, first one and number of those to decode.
#include "fuzz/decoder_fuzz.h"

namespace lancekit::fuzz {
namespace {

void Run(FuzzInput input) {
  const std::uint64_t width = input.Flag() ? 64 : 32;
  DecodeChunk(testing::EncodingOf(format::EncodingId::kByteStreamSplit, {testing::FlatEncoding(width)}), FixedShape(width),
              &input);
}

}  // namespace
}  // namespace lancekit::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  lancekit::fuzz::Run({data, size});
  return 0;
}
