// Compressed buffers, zstd and LZ4, around flat numbers and strings. Parameters: mode, width; then those of the place
// (decoder_fuzz.h). Compressed by this target itself when the mode says so, so that what is inside changes.
#include "fuzz/decoder_fuzz.h"

namespace lancekit::fuzz {
namespace {

format::Encoding Message(std::uint8_t mode, format::Encoding inner) {
  auto encoding = testing::EncodingOf(format::EncodingId::kGeneral, {std::move(inner)});
  encoding.compression.emplace();
  encoding.compression->scheme = mode % 4 / 2 == 1 ? format::CompressionScheme::kLz4 : format::CompressionScheme::kZstd;
  return encoding;
}

void Run(FuzzInput input) {
  const std::uint8_t mode = input.Byte();
  const bool strings = mode % 8 / 4 == 1;
  const std::uint64_t width = TakeWidth(&input);
  const ValueShape shape = strings ? testing::StringShape(false) : FixedShape(width);
  auto inner = testing::FlatEncoding(width);
  if (strings) inner = testing::EncodingOf(format::EncodingId::kVariable, {testing::FlatEncoding(32)});
  const format::Encoding encoding = Message(mode, inner);
  if (mode % 2 == 0) return DecodeAnywhere(encoding, shape, &input);
  const std::uint64_t num_values = input.Below(kMaxValues + 1);
  const Bytes plain = input.Rest();
  MutableBuffer compressed;
  AppendCompressed(plain, *encoding.compression, &compressed);
  Scratch scratch;
  ValueSink expected(shape);
  ValueSink got(shape);
  const testing::OddBytes odd_plain(plain);
  const testing::OddBytes odd_compressed(compressed.bytes());
  const bool ok = DecodeBlock(inner, odd_plain.bytes(), num_values, &expected, &scratch).ok();
  Require(DecodeBlock(encoding, odd_compressed.bytes(), num_values, &got, &scratch).ok() == ok,
          "compression changes what is valid");
  if (ok) Require(testing::Difference(got, testing::ViewOf(expected), {0, num_values}));
}

}  // namespace
}  // namespace lancekit::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  lancekit::fuzz::Run({data, size});
  return 0;
}
