// A FileDescriptor message. What parses and can be written parses to the same schema and number of rows.
#include "format/file_metadata.h"
#include "format/schema.h"
#include "fuzz/fuzz_input.h"

namespace lancekit::fuzz {
namespace {

void Run(FuzzInput input) {
  const auto descriptor = format::ParseFileDescriptor(input.Rest());
  if (!descriptor) return;
  for (const format::Leaf& leaf : format::Leaves(descriptor->schema)) Require(!leaf.path.empty(), "a leaf without a field");
  const auto text = format::SerializeFileDescriptor(*descriptor);
  if (!text) return;
  const auto again = format::ParseFileDescriptor(std::as_bytes(std::span(*text)));
  Require(again.has_value(), "what was written does not parse");
  Require(again->num_rows == descriptor->num_rows, "the number of rows changes when it is written and parsed");
  Require(again->schema.fields == descriptor->schema.fields, "a schema changes when it is written and parsed");
}

}  // namespace
}  // namespace lancekit::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  lancekit::fuzz::Run({data, size});
  return 0;
}
