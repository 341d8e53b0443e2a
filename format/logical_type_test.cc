#include <gtest/gtest.h>

#include "base/limits.h"
#include "format/schema.h"

namespace lancekit::format {
namespace {

void ExpectBothWays(const std::string& text, const DataType& type) {
  auto parsed = ParseLogicalType(text);
  ASSERT_TRUE(parsed) << text << ": " << parsed.error().message;
  EXPECT_TRUE(*parsed == type) << text << ": " << parsed->to_string() << " != " << type.to_string();
  auto written = LogicalType(type);
  ASSERT_TRUE(written) << text << ": " << written.error().message;
  EXPECT_EQ(*written, text);
}

DataType ListOf(DataType item, std::int64_t size) {
  DataType type{.id = TypeId::kFixedSizeList, .size = size};
  type.children.push_back({.name = "item", .type = std::move(item)});
  return type;
}

DataType Dictionary(TypeId value, TypeId key) {
  DataType type{.id = TypeId::kDictionary, .key_id = key};
  type.children.push_back({.name = "", .type = {.id = value}});
  return type;
}

TEST(LogicalType, TypesWithoutParameters) {
  const std::pair<const char*, TypeId> kTypes[] = {
      {"null", TypeId::kNull},         {"bool", TypeId::kBool},     {"int8", TypeId::kInt8},
      {"int16", TypeId::kInt16},       {"int32", TypeId::kInt32},   {"int64", TypeId::kInt64},
      {"uint8", TypeId::kUInt8},       {"uint16", TypeId::kUInt16}, {"uint32", TypeId::kUInt32},
      {"uint64", TypeId::kUInt64},     {"float", TypeId::kFloat32}, {"halffloat", TypeId::kFloat16},
      {"double", TypeId::kFloat64},    {"string", TypeId::kString}, {"large_string", TypeId::kLargeString},
      {"binary", TypeId::kBinary},     {"struct", TypeId::kStruct}, {"large_binary", TypeId::kLargeBinary},
      {"date32:day", TypeId::kDate32}, {"list", TypeId::kList},     {"large_list", TypeId::kLargeList},
      {"date64:ms", TypeId::kDate64},  {"map", TypeId::kMap},
  };
  for (const auto& [text, id] : kTypes) ExpectBothWays(text, {.id = id});
}

TEST(LogicalType, TimeTypes) {
  ExpectBothWays("time32:s", {.id = TypeId::kTime32, .unit = TimeUnit::kSecond});
  ExpectBothWays("time32:ms", {.id = TypeId::kTime32, .unit = TimeUnit::kMilli});
  ExpectBothWays("time64:us", {.id = TypeId::kTime64, .unit = TimeUnit::kMicro});
  ExpectBothWays("time64:ns", {.id = TypeId::kTime64, .unit = TimeUnit::kNano});
  const std::pair<const char*, TimeUnit> kUnits[] = {
      {"s", TimeUnit::kSecond}, {"ms", TimeUnit::kMilli}, {"us", TimeUnit::kMicro}, {"ns", TimeUnit::kNano}};
  for (const auto& [name, unit] : kUnits) {
    ExpectBothWays(std::string("duration:") + name, {.id = TypeId::kDuration, .unit = unit});
    const std::string timestamp = std::string("timestamp:") + name + ":";
    ExpectBothWays(timestamp + "-", {.id = TypeId::kTimestamp, .unit = unit});
    for (const char* zone : {"UTC", "America/New_York", "+05:30", "-08:00"}) {
      ExpectBothWays(timestamp + zone, {.id = TypeId::kTimestamp, .unit = unit, .timezone = zone});
    }
  }
}

TEST(LogicalType, TypesWithNumbers) {
  ExpectBothWays("decimal:128:38:10", {.id = TypeId::kDecimal128, .precision = 38, .scale = 10});
  ExpectBothWays("decimal:128:10:-2", {.id = TypeId::kDecimal128, .precision = 10, .scale = -2});
  ExpectBothWays("decimal:256:76:0", {.id = TypeId::kDecimal256, .precision = 76, .scale = 0});
  ExpectBothWays("fixed_size_binary:16", {.id = TypeId::kFixedSizeBinary, .size = 16});
  ExpectBothWays("fixed_size_binary:0", {.id = TypeId::kFixedSizeBinary, .size = 0});
}

TEST(LogicalType, FixedSizeLists) {
  ExpectBothWays("fixed_size_list:float:128", ListOf({.id = TypeId::kFloat32}, 128));
  ExpectBothWays("fixed_size_list:fixed_size_list:int8:2:3", ListOf(ListOf({.id = TypeId::kInt8}, 2), 3));
  ExpectBothWays("fixed_size_list:fixed_size_list:fixed_size_list:bool:5:2:3",
                 ListOf(ListOf(ListOf({.id = TypeId::kBool}, 5), 2), 3));
  ExpectBothWays("fixed_size_list:timestamp:us:UTC:2",
                 ListOf({.id = TypeId::kTimestamp, .unit = TimeUnit::kMicro, .timezone = "UTC"}, 2));
  ExpectBothWays("fixed_size_list:timestamp:ns:+05:30:2",
                 ListOf({.id = TypeId::kTimestamp, .unit = TimeUnit::kNano, .timezone = "+05:30"}, 2));
  ExpectBothWays("fixed_size_list:decimal:128:5:1:2", ListOf({.id = TypeId::kDecimal128, .precision = 5, .scale = 1}, 2));
  ExpectBothWays("fixed_size_list:fixed_size_binary:3:2", ListOf({.id = TypeId::kFixedSizeBinary, .size = 3}, 2));
  ExpectBothWays("fixed_size_list:struct:2", ListOf({.id = TypeId::kStruct}, 2));
  DataType brain_floats = ListOf({.id = TypeId::kFixedSizeBinary, .size = 2}, 4);
  brain_floats.children[0].metadata = {{"ARROW:extension:name", "lance.bfloat16"}, {"ARROW:extension:metadata", ""}};
  ExpectBothWays("fixed_size_list:lance.bfloat16:4", brain_floats);
}

TEST(LogicalType, Dictionaries) {
  for (int key = static_cast<int>(TypeId::kInt8); key <= static_cast<int>(TypeId::kUInt64); ++key) {
    const auto key_id = static_cast<TypeId>(key);
    const std::string name = *LogicalType({.id = key_id});
    ExpectBothWays("dict:string:" + name + ":false", Dictionary(TypeId::kString, key_id));
    ExpectBothWays("dict:double:" + name + ":false", Dictionary(TypeId::kFloat64, key_id));
  }
  auto ordered = ParseLogicalType("dict:string:int8:true");
  ASSERT_TRUE(ordered);
  EXPECT_TRUE(ordered->ordered);
  EXPECT_EQ(*LogicalType(*ordered), "dict:string:int8:false") << "Lance has no ordered dictionaries";
}

TEST(LogicalType, ListsTellStructs) {
  EXPECT_EQ(ParseLogicalType("list.struct")->id, TypeId::kList);
  EXPECT_EQ(ParseLogicalType("large_list.struct")->id, TypeId::kLargeList);
  DataType list{.id = TypeId::kList};
  list.children.push_back({.name = "item", .type = {.id = TypeId::kStruct}});
  EXPECT_EQ(*LogicalType(list), "list.struct");
  list.id = TypeId::kLargeList;
  EXPECT_EQ(*LogicalType(list), "large_list.struct");
  list.children[0].type.id = TypeId::kInt8;
  EXPECT_EQ(*LogicalType(list), "large_list");
  EXPECT_EQ(ParseLogicalType("json")->id, TypeId::kLargeBinary);
}

TEST(ParseLogicalType, RefusesOthersByName) {
  for (const char* text : {"",
                           "int7",
                           "Int32",
                           "int32:",
                           "time32:us",
                           "timestamp",
                           "timestamp:us",
                           "timestamp:us:",
                           "timestamp:m:-",
                           "decimal",
                           "decimal:64:5:1",
                           "decimal:128:39:1",
                           "decimal:128:0:0",
                           "decimal:128:5:1:1",
                           "decimal:128:5:200",
                           "decimal:128:5:",
                           "decimal:128::1",
                           "fixed_size_binary:",
                           "fixed_size_binary:-1",
                           "fixed_size_binary:2147483648",
                           "fixed_size_list",
                           "fixed_size_list:",
                           "fixed_size_list:4",
                           "fixed_size_list:float:0",
                           "fixed_size_list:float:-1",
                           "fixed_size_list:float:x",
                           "fixed_size_list:string:2",
                           "fixed_size_list:list:2",
                           "fixed_size_list:null:2",
                           "fixed_size_list:dict:string:int8:false:2",
                           "fixed_size_list:fixed_size_list:struct:2:2",
                           "dict",
                           "dict:string:int8",
                           "dict:string:float:false",
                           "dict:string:int8:no",
                           "dict:json:int8:false",
                           "dict:date32:day:int8:false",
                           "dict:dict:string:int8:false:int8:false",
                           "list.int8",
                           "run_end_encoded"}) {
    const auto type = ParseLogicalType(text);
    ASSERT_FALSE(type) << text;
    EXPECT_EQ(type.error().code, ErrorCode::kUnsupported) << text;
    EXPECT_NE(type.error().message.find('"' + std::string(text) + '"'), std::string::npos) << type.error().message;
  }
}

TEST(ParseLogicalType, LimitsSizeAndNesting) {
  EXPECT_TRUE(ParseLogicalType("fixed_size_list:fixed_size_list:int8:1048576:1048576"));
  EXPECT_FALSE(ParseLogicalType("fixed_size_list:fixed_size_list:int8:1048577:1048576"));
  EXPECT_FALSE(ParseLogicalType("fixed_size_list:fixed_size_binary:2147483647:2147483647"));
  std::string deep = "int8";
  for (int i = 0; i < 10000; ++i) deep = "fixed_size_list:" + deep + ":1";
  const auto type = ParseLogicalType(deep);
  ASSERT_FALSE(type);
  EXPECT_LT(type.error().message.size(), 200u);
}

TEST(LogicalType, RefusesWhatLanceCannotHold) {
  const DataType kTypes[] = {
      {.id = TypeId::kTime32, .unit = TimeUnit::kNano},
      ListOf({.id = TypeId::kString}, 2),
      ListOf({.id = TypeId::kInt8}, 0),
      ListOf(ListOf({.id = TypeId::kStruct}, 2), 2),
      ListOf({.id = TypeId::kList}, 2),
      Dictionary(TypeId::kDate32, TypeId::kInt8),
      Dictionary(TypeId::kString, TypeId::kFloat32),
      {.id = TypeId::kDictionary},
      {.id = TypeId::kFixedSizeList, .size = 2},
  };
  for (const DataType& type : kTypes) {
    const auto text = LogicalType(type);
    ASSERT_FALSE(text) << *text;
    EXPECT_EQ(text.error().code, ErrorCode::kUnsupported);
  }
}

}  // namespace
}  // namespace lancekit::format
