// A PageLayout message. What parses is written again; that text parses to the same text.
#include "format/encoding.h"
#include "fuzz/fuzz_input.h"

namespace lancekit::fuzz {
namespace {

void Run(FuzzInput input) {
  const auto layout = format::ParsePageLayout(input.Rest());
  if (!layout) return;
  const std::string text = format::SerializePageLayout(*layout);
  const auto again = format::ParsePageLayout(std::as_bytes(std::span(text)));
  Require(again.has_value(), "what was written does not parse");
  Require(format::SerializePageLayout(*again) == text, "a layout changes when it is written and parsed");
}

}  // namespace
}  // namespace lancekit::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  lancekit::fuzz::Run({data, size});
  return 0;
}
