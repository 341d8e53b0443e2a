// Constant pages. Parameters: mode; then those of page_fuzz.h. What is written repeats the first valid row.
#include "fuzz/page_fuzz.h"

namespace lancekit::fuzz {
namespace {

void Run(FuzzInput input) {
  if (!input.Flag()) return ReadPage(&input);
  const FuzzValues values = TakeValues(&input);
  const PageValues page = values.Page();
  const std::uint64_t row = page.validity == nullptr ? 0 : 1;  // null rows are those divisible by 3
  if (page.num_rows <= row) return;
  const testing::MemoryPage written(WriteConstantPage(page, row));
  const auto reader = written.Open(values.leaf);
  if (!reader) Require(reader.error().describe());
  const auto array = testing::ReadArray(**reader, values.leaf, {0, page.num_rows});
  if (!array) Require(array.error().describe());
  for (std::uint64_t i = 0; i < page.num_rows; ++i) {
    const bool null = page.validity != nullptr && i % 3 == 0;
    const std::string expected = null ? "null" : testing::RowText(page, row);
    Require(testing::RowText(testing::ValuesOf(values.leaf, *array), i) == expected, "a row is different");
  }
}

}  // namespace
}  // namespace lancekit::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  lancekit::fuzz::Run({data, size});
  return 0;
}
