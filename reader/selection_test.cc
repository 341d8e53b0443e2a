#include "reader/selection.h"

#include <gtest/gtest.h>

#include "types/array_testing.h"

namespace lancekit {
namespace {

using testing::MakeField;

Schema MakeSchema() {
  const DataType number{.id = TypeId::kInt32};
  const DataType inner{.id = TypeId::kStruct, .children = {MakeField("c", number), MakeField("d", number)}};
  const DataType outer{.id = TypeId::kStruct,
                       .children = {MakeField("b", inner), MakeField("e", number), MakeField("e.f", number)}};
  const DataType list{.id = TypeId::kList, .children = {MakeField("item", inner)}};
  Schema schema;
  schema.fields = {MakeField("a", outer), MakeField("a.b", number), MakeField("l", list), MakeField("x", number)};
  return schema;
}

std::string Selected(const std::vector<std::string>& names) {
  const Schema schema = MakeSchema();
  const auto selection = SelectFields(schema, names);
  if (!selection) return selection.error().message;
  std::string text;
  for (const Field& field : SelectedSchema(schema, *selection).fields) text += field.name + ": " + field.type.to_string() + "; ";
  return text;
}

TEST(SelectFields, TakesNamesAndPaths) {
  EXPECT_EQ(Selected({"x"}), "x: int32; ");
  EXPECT_EQ(Selected({"a.b.c"}), "a: struct<b: struct<c: int32>>; ");
  EXPECT_EQ(Selected({"a.e", "x", "a.b.d"}), "a: struct<b: struct<d: int32>, e: int32>; x: int32; ");
  EXPECT_EQ(Selected({"l.c"}), "l: list<struct<c: int32>>; ");
  EXPECT_EQ(Selected({"l.item.c"}), "l: list<struct<c: int32>>; ");
  EXPECT_EQ(SelectFields(MakeSchema(), {})->size(), 4u);
}

TEST(SelectFields, PrefersTheLongerName) {
  EXPECT_EQ(Selected({"a.b"}), "a.b: int32; ");
  EXPECT_EQ(Selected({"a.e.f"}), "a: struct<e.f: int32>; ");
}

TEST(SelectFields, NamesWhatIsMissing) {
  EXPECT_EQ(Selected({"y"}), "there is no column \"y\"");
  EXPECT_EQ(Selected({"a.y"}), "there is no column \"a.y\"");
  EXPECT_EQ(Selected({"x.y"}), "there is no column \"x.y\"");
}

}  // namespace
}  // namespace lancekit
