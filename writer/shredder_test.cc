#include "writer/shredder.h"

#include <gtest/gtest.h>

#include "writer/page_round_trip.h"

namespace lancekit {
namespace {

using testing::HandArray;
using testing::MakeField;
using Levels = std::vector<std::uint16_t>;

DataType List(DataType item) { return {.id = TypeId::kList, .children = {MakeField("item", std::move(item))}}; }
DataType Struct(DataType a) { return {.id = TypeId::kStruct, .children = {MakeField("a", std::move(a))}}; }
const DataType kInt{.id = TypeId::kInt32};

/// Nested types beside those of AllTypes().
std::vector<DataType> NestedTypes() {
  DataType dictionary{.id = TypeId::kDictionary, .key_id = TypeId::kInt16};
  dictionary.children.push_back(MakeField("", {.id = TypeId::kString}));
  DataType large{.id = TypeId::kLargeList, .children = {MakeField("item", Struct(List({.id = TypeId::kString})))}};
  DataType fixed{.id = TypeId::kFixedSizeList, .size = 3, .children = {MakeField("item", Struct(kInt))}};
  DataType vectors{.id = TypeId::kFixedSizeList, .size = 2, .children = {MakeField("item", {.id = TypeId::kFloat32})}};
  DataType two = Struct(List(Struct({.id = TypeId::kBool})));
  two.children.push_back(MakeField("b", {.id = TypeId::kString}));
  DataType packed{.id = TypeId::kStruct};
  packed.children = {MakeField("x", {.id = TypeId::kInt16}, false), MakeField("v", vectors, false)};
  packed.children.push_back(MakeField("s", {.id = TypeId::kString}, false));
  Field packed_field = MakeField("p", packed);
  packed_field.metadata = {{"lance-encoding:packed", "true"}};
  const DataType with_packed{.id = TypeId::kStruct, .children = {packed_field}};
  return {List(kInt),
          with_packed,
          List(with_packed),
          List(List(List(kInt))),
          List(Struct(List(Struct({.id = TypeId::kString})))),
          List(dictionary),
          large,
          fixed,
          List(vectors),
          Struct(Struct(Struct(kInt))),
          Struct(fixed),
          List({.id = TypeId::kNull}),
          List(two),
          Struct(two)};
}

struct Shredded {
  explicit Shredded(const DataType& type) : field(MakeField("x", type)), schema{.fields = {field}} {}
  LeafPath Path() const { return *LeafPath::Make(format::Leaves(schema)[0], format::FileVersion::k2_2); }
  Field field;
  Schema schema;
};

// [1, null], null (with garbage), [], [4]
TEST(Shredder, GivesLevelsAndSlots) {
  auto items = std::make_unique<HandArray>(6);
  items->AddBytes("\x3D", 1).AddBuffer<std::int32_t>({1, 0, 7, 7, 4, 9});
  HandArray array(4, 1);
  array.AddBytes("\x1A", 1).AddBuffer<std::int32_t>({0, 0, 2, 4, 4, 5}).AddChild(std::move(items));
  const Shredded shredded(List(kInt));
  testing::OwnedSchema schema(shredded.field);
  const auto view = ImportArray(shredded.field, *schema, array.c());
  ASSERT_TRUE(view) << view.error().describe();
  const LeafPath path = shredded.Path();
  Shredder shredder(path);
  ASSERT_TRUE(shredder.Shred(*view, 0, 4).ok());
  EXPECT_EQ(Levels(shredder.rep().begin(), shredder.rep().end()), (Levels{1, 0, 1, 1, 1}));
  EXPECT_EQ(Levels(shredder.def().begin(), shredder.def().end()), (Levels{0, 1, 2, 3, 0}));
  EXPECT_EQ(shredder.num_values(), 3u);
  ASSERT_EQ(shredder.slots().size(), 2u);  // the garbage between is left out
  EXPECT_EQ(shredder.slots()[1].first, 4u);
  shredder.Truncate(3, 2);
  EXPECT_EQ(shredder.rep().size(), 3u);
  EXPECT_EQ(shredder.slots().size(), 1u);
}

TEST(LeafPath, NumbersOnlyWhatOccurs) {
  const LeafPath path = Shredded(List(Struct(List(Struct(kInt))))).Path();
  EXPECT_EQ(path.max_def(), 7);
  EXPECT_EQ(path.max_visible(), 2);
  using Layer = format::RepDefLayer;
  Levels numbers;
  const auto all = path.Layers(std::vector<bool>(8, true), true, &numbers);
  EXPECT_EQ(all, (std::vector<Layer>{Layer::kNullableItem, Layer::kNullableItem, Layer::kNullAndEmptyList, Layer::kNullableItem,
                                     Layer::kNullAndEmptyList}));
  EXPECT_EQ(numbers, (Levels{0, 1, 2, 3, 4, 5, 6, 7}));
  std::vector<bool> some(8, false);
  some[1] = some[4] = some[6] = true;
  const auto few = path.Layers(some, true, &numbers);
  EXPECT_EQ(few, (std::vector<Layer>{Layer::kNullableItem, Layer::kAllValidItem, Layer::kEmptyableList, Layer::kAllValidItem,
                                     Layer::kNullableList}));
  EXPECT_EQ(numbers, (Levels{0, 1, 0, 0, 2, 0, 3, 0}));
}

// The reference cannot read a packed struct that is all valid below one that is null.
TEST(LeafPath, MakesPackedStructsNullableBelowNulls) {
  Field packed = MakeField("p", Struct(kInt));
  packed.metadata = {{"lance-encoding:packed", "true"}};
  const LeafPath path = Shredded({.id = TypeId::kStruct, .children = {packed}}).Path();
  using Layer = format::RepDefLayer;
  Levels numbers;
  EXPECT_EQ(path.Layers({false, false, true}, true, &numbers), (std::vector<Layer>{Layer::kNullableItem, Layer::kNullableItem}));
  EXPECT_EQ(numbers, (Levels{0, 1, 2}));
  EXPECT_EQ(path.Layers({false, false, false}, true, &numbers), (std::vector<Layer>{Layer::kAllValidItem, Layer::kAllValidItem}));
}

TEST(LeafPath, RefusesWhatReadersCannotTake) {
  DataType fixed{.id = TypeId::kFixedSizeList, .size = 3, .children = {MakeField("item", Struct(kInt))}};
  const auto make = [](const DataType& type, format::FileVersion version) {
    const Schema schema{.fields = {MakeField("x", type)}};
    return LeafPath::Make(format::Leaves(schema)[0], version).has_value();
  };
  EXPECT_TRUE(make(fixed, format::FileVersion::k2_2));
  EXPECT_FALSE(make(fixed, format::FileVersion::k2_1));
  EXPECT_FALSE(make(List(fixed), format::FileVersion::k2_2));
}

// Every type, sliced and with nulls at every level, in one page and in many.
TEST(Pages, HoldEveryType) {
  std::mt19937 random(21);
  std::vector<DataType> types = testing::AllTypes();
  const std::vector<DataType> nested = NestedTypes();
  types.insert(types.end(), nested.begin(), nested.end());
  for (const DataType& type : types) {
    for (const std::int64_t rows : {1, 37, 600}) {
      const Field field = MakeField("x", type);
      const testing::MadeArray made = testing::MakeArray(type, rows, {}, &random);
      testing::OwnedSchema schema(field);
      const auto view = ImportArray(field, *schema, made.array->c());
      ASSERT_TRUE(view) << view.error().describe();
      for (const auto version : {format::FileVersion::k2_1, format::FileVersion::k2_2}) {
        for (const std::uint64_t page_bytes : {std::uint64_t{1}, std::uint64_t{500}, std::uint64_t{1} << 20}) {
          EXPECT_EQ(testing::RoundTrip(field, *view, version, page_bytes), "") << type.to_string() << ", pages of " << page_bytes;
        }
      }
    }
  }
}

}  // namespace
}  // namespace lancekit
