// Full-zip pages. Parameters: mode; then those of page_fuzz.h.
#include "fuzz/page_fuzz.h"

namespace lancekit::fuzz {
namespace {

EncodedPage Write(const PageValues& page) {
  if (!page.values.shape.variable()) return *WriteFixedFullZipPage(page);
  std::vector<std::uint64_t> offsets;
  for (std::uint64_t i = 0; i <= page.num_rows; ++i) offsets.push_back(page.values.Offset(i));
  return WriteVariableFullZipPage(page, {MakeVariableEncoder(page.values)->Describe(), page.values.data, offsets});
}

void Run(FuzzInput input) {
  if (!input.Flag()) return ReadPage(&input);
  const FuzzValues values = TakeValues(&input);
  const PageValues page = values.Page();
  if (page.num_rows == 0) return;
  Require(testing::CheckPage(testing::MemoryPage(Write(page)), values.leaf, page));
}

}  // namespace
}  // namespace lancekit::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  lancekit::fuzz::Run({data, size});
  return 0;
}
