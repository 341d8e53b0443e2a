// Out-of-line bit-packing of whole buffers. Parameters: mode, bits of the values, packed width; number of values.
#include "fuzz/decoder_fuzz.h"

namespace lancekit::fuzz {
namespace {

format::Encoding Message(std::uint64_t bits, std::uint64_t width) {
  format::Encoding encoding = testing::EncodingOf(format::EncodingId::kOutOfLineBitpacking, {testing::FlatEncoding(width)});
  encoding.bits = bits;
  return encoding;
}

void Run(FuzzInput input) {
  const std::uint8_t mode = input.Byte();
  const std::uint64_t bits = TakeWidth(&input);
  const std::uint64_t width = input.Byte() % 66;
  if (mode % 2 == 0) return DecodeWholeBuffer(Message(bits, width), FixedShape(bits), &input);
  // Levels: numbers of 16 bits, no wider than the width.
  const std::uint64_t level_width = width % 17;
  std::vector<std::uint16_t> levels(input.Below(3000));
  for (std::uint16_t& level : levels)
    level = static_cast<std::uint16_t>(input.Number<std::uint16_t>() & ((1u << level_width) - 1));
  const testing::OwnedValues values = testing::Numbers(levels);
  MutableBuffer packed;
  AppendOutOfLineBitpacked(levels.data(), levels.size(), static_cast<int>(level_width), &packed);
  Require(packed.size() == OutOfLineBitpackedBytes(levels.size(), static_cast<int>(level_width), 16),
          "the size is not as announced");
  Require(testing::CheckBlock(Message(16, level_width), packed.bytes(), values.View()));
}

}  // namespace
}  // namespace lancekit::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  lancekit::fuzz::Run({data, size});
  return 0;
}
