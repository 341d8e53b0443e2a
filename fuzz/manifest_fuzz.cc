// A whole manifest file. What parses is written again; that text parses to the same text.
#include "format/manifest.h"
#include "fuzz/fuzz_input.h"

namespace lancekit::fuzz {
namespace {

void Run(FuzzInput input) {
  const auto manifest = format::ParseManifestFile(input.Rest());
  if (!manifest) return;
  const auto text = format::SerializeManifestFile(*manifest, "");
  if (!text) return;
  const auto again = format::ParseManifestFile(std::as_bytes(std::span(*text)));
  Require(again.has_value(), "what was written does not parse");
  const auto text_again = format::SerializeManifestFile(*again, "");
  Require(text_again.has_value() && *text_again == *text, "a manifest changes when it is written and parsed");
}

}  // namespace
}  // namespace lancekit::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  lancekit::fuzz::Run({data, size});
  return 0;
}
