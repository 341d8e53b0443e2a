// FSST. Parameters: mode (encoding, which is slow, from 240 on); then the symbol table: the number of symbols and their bytes,
// from which the 2312 bytes are made, and those of the place (decoder_fuzz.h), or strings (TakeStrings), repeated until there are
// enough to train on.
#include "fuzz/decoder_fuzz.h"

namespace lancekit::fuzz {
namespace {

std::vector<std::byte> TakeTable(FuzzInput* input) {
  constexpr std::size_t kTableBytes = 2312;
  std::vector<std::byte> table = testing::HexBytes("00 00 00 01 54 53 53 46");
  const std::uint64_t symbols = input->Byte();
  table[0] = static_cast<std::byte>(symbols);
  table[3] = static_cast<std::byte>(input->Byte());
  const Bytes bytes = input->Take(9 * symbols);
  table.insert(table.end(), bytes.begin(), bytes.end());
  table.resize(kTableBytes);
  return table;
}

void Run(FuzzInput input) {
  const std::uint8_t mode = input.Byte();
  const bool large = mode % 2 == 1;
  if (mode < 240) {
    auto inner = testing::EncodingOf(format::EncodingId::kVariable, {testing::FlatEncoding(mode % 4 / 2 == 1 ? 64 : 32)});
    auto encoding = testing::EncodingOf(format::EncodingId::kFsst, {std::move(inner)});
    encoding.table = TakeTable(&input);
    return DecodeAnywhere(encoding, testing::StringShape(large), &input);
  }
  constexpr std::size_t kEnough = 40'000;
  const std::vector<std::string> some = TakeStrings(&input);
  std::size_t bytes = 0;
  for (const std::string& text : some) bytes += text.size();
  if (bytes == 0) return;
  std::vector<std::string> strings;
  for (std::size_t done = 0; done < kEnough && strings.size() < kEnough; done += bytes)
    strings.insert(strings.end(), some.begin(), some.end());
  const testing::OwnedValues values(strings, large);
  const auto compressed = CompressFsst(values.View());
  if (compressed == nullptr) return;
  const auto encoder = MakeFsstEncoder(*compressed);
  Require(testing::CheckRoundTrip(values.View(), *encoder));
}

}  // namespace
}  // namespace lancekit::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  lancekit::fuzz::Run({data, size});
  return 0;
}
