// JSON of tags and branches. Whatever parses has members whose names and texts can be looked up.
#include "format/flat_json.h"
#include "fuzz/fuzz_input.h"

namespace lancekit::fuzz {
namespace {

void Run(FuzzInput input) {
  const Bytes bytes = input.Rest();
  const auto members = format::ParseFlatJson({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  if (!members) return;
  for (const format::JsonMember& member : *members) {
    const bool has_text = member.kind != format::JsonMember::Kind::kNull && member.kind != format::JsonMember::Kind::kNested;
    Require(has_text || member.text.empty(), "a text where none can be");
    static_cast<void>(format::NumberMember(*members, member.name));
  }
}

}  // namespace
}  // namespace lancekit::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  lancekit::fuzz::Run({data, size});
  return 0;
}
