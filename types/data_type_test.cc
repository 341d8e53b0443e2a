#include <gtest/gtest.h>

#include <set>

#include "types/array.h"
#include "types/array_testing.h"

namespace lancekit {
namespace {

using testing::AllTypes;
using testing::MakeField;

TEST(DataTypeToString, NamesParametersAndChildren) {
  const DataType number{.id = TypeId::kInt32};
  const DataType text{.id = TypeId::kString};
  const DataType pair{.id = TypeId::kStruct, .children = {MakeField("a", number), MakeField("b", text)}};
  EXPECT_EQ(number.to_string(), "int32");
  EXPECT_EQ((DataType{.id = TypeId::kTimestamp, .unit = TimeUnit::kMicro, .timezone = "UTC"}).to_string(), "timestamp[us, UTC]");
  EXPECT_EQ((DataType{.id = TypeId::kTimestamp, .unit = TimeUnit::kNano}).to_string(), "timestamp[ns]");
  EXPECT_EQ((DataType{.id = TypeId::kDecimal128, .precision = 10, .scale = -2}).to_string(), "decimal128(10, -2)");
  const DataType vector{.id = TypeId::kFixedSizeList, .size = 128, .children = {MakeField("item", {.id = TypeId::kFloat32})}};
  EXPECT_EQ(vector.to_string(), "fixed_size_list<float>[128]");
  EXPECT_EQ(pair.to_string(), "struct<a: int32, b: string>");
  EXPECT_EQ((DataType{.id = TypeId::kMap, .children = {MakeField("entries", pair)}}).to_string(), "map<int32, string>");
  EXPECT_EQ((DataType{.id = TypeId::kDictionary, .key_id = TypeId::kUInt8, .children = {MakeField("", text)}}).to_string(),
            "dictionary<uint8, string>");
}

TEST(DataTypeToString, TellsAllTypesApart) {
  std::set<std::string> names;
  for (const DataType& type : AllTypes()) EXPECT_TRUE(names.insert(type.to_string()).second) << type.to_string();
}

TEST(DataTypeEquals, OnlyItself) {
  const std::vector<DataType> types = AllTypes();
  for (std::size_t i = 0; i < types.size(); ++i) {
    for (std::size_t j = 0; j < types.size(); ++j) EXPECT_EQ(types[i] == types[j], i == j) << types[i].to_string();
  }
}

TEST(FieldEquals, ComparesNameAndNullabilityButNotIdAndMetadata) {
  const Field field = MakeField("a", {.id = TypeId::kInt32});
  Field other = field;
  other.id = 7;
  other.metadata = {{"k", "v"}};
  EXPECT_EQ(field, other);
  EXPECT_NE(field, MakeField("b", field.type));
  EXPECT_NE(field, MakeField("a", field.type, false));
  EXPECT_NE(field, MakeField("a", {.id = TypeId::kInt64}));
}

TEST(SchemaIndexOf, FindsTheFirstFieldOfThatName) {
  const Schema schema{.fields = {MakeField("a", {}), MakeField("b", {}), MakeField("b", {})}};
  EXPECT_EQ(schema.index_of("b"), 1);
  EXPECT_EQ(schema.index_of("c"), -1);
}

TEST(FixedWidthBits, OfNumbersAndNestedVectors) {
  const DataType flag{.id = TypeId::kBool};
  const DataType flags{.id = TypeId::kFixedSizeList, .size = 5, .children = {MakeField("item", flag)}};
  EXPECT_EQ(FixedWidthBits(flag), 1u);
  EXPECT_EQ(FixedWidthBits({.id = TypeId::kFloat16}), 16u);
  EXPECT_EQ(FixedWidthBits({.id = TypeId::kDecimal256}), 256u);
  EXPECT_EQ(FixedWidthBits({.id = TypeId::kFixedSizeBinary, .size = 3}), 24u);
  EXPECT_EQ(FixedWidthBits(flags), 5u);
  EXPECT_EQ(FixedWidthBits({.id = TypeId::kFixedSizeList, .size = 4, .children = {MakeField("item", flags)}}), 20u);
}

TEST(FixedWidthBits, ZeroForOtherTypesAndOverflow) {
  const DataType huge{.id = TypeId::kFixedSizeBinary, .size = std::int64_t{1} << 60};
  EXPECT_EQ(FixedWidthBits({.id = TypeId::kString}), 0u);
  EXPECT_EQ(FixedWidthBits({.id = TypeId::kNull}), 0u);
  EXPECT_EQ(FixedWidthBits({.id = TypeId::kFixedSizeList, .size = 4, .children = {MakeField("item", {.id = TypeId::kString})}}),
            0u);
  EXPECT_EQ(FixedWidthBits({.id = TypeId::kFixedSizeList, .size = 4, .children = {MakeField("item", huge)}}), 0u);
  EXPECT_EQ(FixedWidthBits({.id = TypeId::kFixedSizeBinary, .size = -1}), 0u);
}

}  // namespace
}  // namespace lancekit
