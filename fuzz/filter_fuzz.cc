// The text of filters. What parses prints to text that parses to the same tree; what binds to a schema with a column of each type
// is what split() pushes.
#include "filter/bind.h"
#include "fuzz/fuzz_input.h"
#include "types/array_testing.h"

namespace lancekit::fuzz {
namespace {

/// Columns c0, c1, ... of all types, and a struct s with the fields a and b.c.
Schema AllColumns() {
  Schema schema;
  for (DataType& type : testing::AllTypes()) {
    const std::string name = fmt::format("c{}", schema.fields.size());
    schema.fields.push_back(testing::MakeField(name, std::move(type)));
  }
  schema.fields.push_back(testing::MakeField(
      "s", {.id = TypeId::kStruct,
            .children = {testing::MakeField("a", {.id = TypeId::kInt8}), testing::MakeField("b.c", {.id = TypeId::kString})}}));
  return schema;
}

void Run(FuzzInput input) {
  static const Schema kSchema = AllColumns();
  const Bytes bytes = input.Rest();
  const auto filter = Filter::parse({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  if (!filter) return Require(!filter.error().message.empty(), "an error without a message");
  const std::string text = filter->to_string();
  const auto again = Filter::parse(text);
  Require(again.has_value(), "the printed text does not parse");
  Require(again->node() == filter->node(), "the printed text is another tree");
  Require(again->to_string() == text, "the same tree prints differently");
  const auto bound = filter::BoundFilter::Bind(*filter, kSchema);
  const auto split = filter->split(kSchema);
  if (!bound) return Require(!split || split->residual.has_value(), "what cannot be evaluated must be left");
  Require(split.has_value() && split->pushed.has_value() && !split->residual, "what can be evaluated must be pushed");
}

}  // namespace
}  // namespace lancekit::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  lancekit::fuzz::Run({data, size});
  return 0;
}
