// A whole file: the container, the metadata of all columns, and all rows of the flat ones.
#include "fuzz/page_fuzz.h"
#include "reader/file_reader.h"

namespace lancekit::fuzz {
namespace {

void ReadColumn(const FileReader& file, const format::Leaf& leaf) {
  const Field& field = *leaf.path.back();
  const auto column = file.Column(leaf.column, field);
  if (column) ReadRows(**column, (*column)->leaf(), (*column)->num_rows());
}

void Run(FuzzInput input) {
  const testing::OddBytes bytes(input.Rest());
  const auto file = FileReader::Open(MakeMemorySource(Buffer(nullptr, bytes.bytes()), "file"));
  if (!file) return;
  constexpr std::uint32_t kMaxColumns = 32;
  for (std::uint32_t i = 0; i < std::min((*file)->footer().num_columns, kMaxColumns); ++i)
    static_cast<void>((*file)->ReadColumnMetadata(i).has_value());
  std::uint32_t columns = 0;
  for (const format::Leaf& leaf : format::Leaves((*file)->descriptor().schema)) {
    if (leaf.path.size() == 1 && columns++ < kMaxColumns) ReadColumn(**file, leaf);
  }
}

}  // namespace
}  // namespace lancekit::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  lancekit::fuzz::Run({data, size});
  return 0;
}
