// A ColumnMetadata message. Parameter: size of the file. What parses is written again; that text parses to the same text, and
// all buffers lie in the file.
#include "base/checked_math.h"
#include "format/file_metadata.h"
#include "fuzz/fuzz_input.h"

namespace lancekit::fuzz {
namespace {

void Run(FuzzInput input) {
  const auto file_size = input.Number<std::uint64_t>();
  const auto column = format::ParseColumnMetadata(input.Rest(), file_size);
  if (!column) return;
  for (const format::PageMetadata& page : column->pages) {
    for (const format::FileRange& buffer : page.buffers)
      Require(RangeFits(buffer.offset, buffer.size, file_size), "a buffer outside the file");
  }
  const std::string text = format::SerializeColumnMetadata(*column);
  const auto again = format::ParseColumnMetadata(std::as_bytes(std::span(text)), file_size);
  Require(again.has_value(), "what was written does not parse");
  Require(format::SerializeColumnMetadata(*again) == text, "column metadata changes when it is written and parsed");
}

}  // namespace
}  // namespace lancekit::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  lancekit::fuzz::Run({data, size});
  return 0;
}
