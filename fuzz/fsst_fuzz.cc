// FSST decoding. Parameters: mode; then the symbol table: the number of symbols and their bytes, from which the 2312 bytes are
// made, and those of the place (decoder_fuzz.h).
#include "encodings/kernels/fsst.h"
#include "fuzz/decoder_fuzz.h"

namespace lancekit::fuzz {
namespace {

std::vector<std::byte> TakeTable(FuzzInput* input) {
  std::vector<std::byte> table = testing::HexBytes("00 00 00 01 54 53 53 46");
  const std::uint64_t symbols = input->Byte();
  table[0] = static_cast<std::byte>(symbols);
  table[3] = static_cast<std::byte>(input->Byte());
  const Bytes bytes = input->Take(9 * symbols);
  table.insert(table.end(), bytes.begin(), bytes.end());
  table.resize(kernels::kFsstTableSize);
  return table;
}

void Run(FuzzInput input) {
  const std::uint8_t mode = input.Byte();
  auto inner = testing::EncodingOf(format::EncodingId::kVariable, {testing::FlatEncoding(mode % 4 / 2 == 1 ? 64 : 32)});
  auto encoding = testing::EncodingOf(format::EncodingId::kFsst, {std::move(inner)});
  encoding.table = TakeTable(&input);
  DecodeAnywhere(encoding, testing::StringShape(mode % 2 == 1), &input);
}

}  // namespace
}  // namespace lancekit::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  lancekit::fuzz::Run({data, size});
  return 0;
}
