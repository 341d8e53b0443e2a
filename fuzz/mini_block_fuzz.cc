// Mini-block pages. Parameters: mode; then those of page_fuzz.h.
#include "fuzz/page_fuzz.h"

namespace lancekit::fuzz {
namespace {

constexpr format::FileVersion kVersions[] = {format::FileVersion::k2_1, format::FileVersion::k2_2};

std::unique_ptr<ChunkEncoder> MakeEncoder(std::uint8_t choice, const ValuesView& values) {
  if (values.shape.variable()) return MakeVariableEncoder(values);
  switch (choice % 3) {
    case 0:
      return MakeFlatEncoder(values);
    case 1:
      return MakeInlineBitpackingEncoder(values);
    default:
      return MakeRleEncoder(values);
  }
}

void Run(FuzzInput input) {
  const std::uint8_t mode = input.Byte();
  if (mode % 2 == 0) return ReadPage(&input);
  const std::uint8_t choice = input.Byte();
  const FuzzValues values = TakeValues(&input);
  const PageValues page = values.Page();
  if (page.num_rows == 0) return;
  const auto encoder = MakeEncoder(choice, page.values);
  const EncodedPage written = *WriteMiniBlockPage(page, *encoder, std::nullopt, kVersions[mode % 4 / 2]);
  Require(testing::CheckPage(testing::MemoryPage(written), values.leaf, page));
}

}  // namespace
}  // namespace lancekit::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  lancekit::fuzz::Run({data, size});
  return 0;
}
