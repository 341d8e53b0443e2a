#include "format/schema.h"

#include <gtest/gtest.h>

#include "base/limits.h"
#include "format/test_files.h"

namespace lancekit::format {
namespace {

Field Make(std::string name, TypeId id, std::vector<Field> children = {}, Metadata metadata = {}) {
  return {.name = std::move(name), .type = {.id = id, .children = std::move(children)}, .metadata = std::move(metadata)};
}

Field Required(Field field) {
  field.nullable = false;
  return field;
}

Field Dictionary(std::string name) {
  Field field = Make(std::move(name), TypeId::kDictionary, {Make("", TypeId::kString)});
  field.type.key_id = TypeId::kInt16;
  return field;
}

Field ListOf(std::string name, Field item, std::int64_t size) {
  Field field = Make(std::move(name), TypeId::kFixedSizeList, {std::move(item)});
  field.type.size = size;
  return field;
}

/// One field of every kind.
Schema AllKinds() {
  Schema schema;
  schema.fields = {
      Make("s", TypeId::kStruct, {Required(Make("x", TypeId::kInt32)), Make("none", TypeId::kStruct)}),
      Make("l", TypeId::kList, {Make("item", TypeId::kStruct, {Make("y", TypeId::kString)})}),
      Make("ll", TypeId::kLargeList, {Make("item", TypeId::kList, {Make("item", TypeId::kBool)})}),
      Make("m", TypeId::kMap,
           {Required(Make("entries", TypeId::kStruct, {Required(Make("key", TypeId::kString)), Make("value", TypeId::kInt8)}))}),
      Dictionary("d"),
      ListOf("v", Make("item", TypeId::kFloat32), 3),
      ListOf("vv", ListOf("item", Make("item", TypeId::kInt8), 2), 2),
      ListOf("vs", Make("item", TypeId::kStruct, {Make("a", TypeId::kInt8), Make("b", TypeId::kInt8)}), 2),
      Make("p", TypeId::kStruct, {Make("a", TypeId::kInt8), Make("b", TypeId::kInt8)}, {{"lance-encoding:packed", "True"}}),
      Make("b", TypeId::kStruct, {Make("data", TypeId::kLargeBinary)}, {{"ARROW:extension:name", "lance.blob.v2"}, {"k", ""}}),
      Make("n", TypeId::kNull),
  };
  AssignFieldIds(&schema);
  return schema;
}

Result<std::vector<Field>> Parse(const std::vector<std::string>& messages) {
  std::vector<Bytes> bytes;
  for (const std::string& message : messages) bytes.push_back(BytesOf(message));
  return ParseFields(bytes);
}

/// A Field message by hand.
std::string Message(const std::string& name, std::int32_t id, std::int32_t parent, const std::string& type,
                    const Metadata& metadata = {}) {
  std::string bytes;
  pbf_writer writer(bytes);
  writer.add_string(2, name);
  writer.add_int32(3, id);
  writer.add_int32(4, parent);
  writer.add_string(5, type);
  WriteMap(&writer, 10, metadata);
  return bytes;
}

void ExpectError(const std::vector<std::string>& messages, ErrorCode code, const std::string& part) {
  const auto fields = Parse(messages);
  ASSERT_FALSE(fields) << part;
  EXPECT_EQ(fields.error().code, code) << fields.error().describe();
  EXPECT_NE(fields.error().describe().find(part), std::string::npos) << fields.error().describe();
}

void ExpectSameIds(const std::vector<Field>& a, const std::vector<Field>& b) {
  ASSERT_EQ(a.size(), b.size());
  for (std::size_t i = 0; i < a.size(); ++i) {
    EXPECT_EQ(a[i].id, b[i].id) << a[i].name;
    EXPECT_EQ(a[i].metadata, b[i].metadata) << a[i].name;
    ExpectSameIds(a[i].type.children, b[i].type.children);
  }
}

TEST(Fields, EveryKindGoesThereAndBack) {
  const Schema schema = AllKinds();
  const auto messages = SerializeFields(schema);
  ASSERT_TRUE(messages) << messages.error().describe();
  auto fields = Parse(*messages);
  ASSERT_TRUE(fields) << fields.error().describe();
  ASSERT_EQ(fields->size(), schema.fields.size());
  for (std::size_t i = 0; i < fields->size(); ++i) {
    EXPECT_TRUE((*fields)[i] == schema.fields[i]) << (*fields)[i].type.to_string();
  }
  ExpectSameIds(*fields, schema.fields);
}

TEST(SerializeFields, WritesTheBytesOfTheOfficialWriter) {
  Schema schema;
  schema.fields = {Make("a", TypeId::kStruct, {Dictionary("d")}),
                   Make("j", TypeId::kLargeBinary, {}, {{"ARROW:extension:name", "lance.json"}})};
  AssignFieldIds(&schema);
  const auto messages = SerializeFields(schema);
  ASSERT_TRUE(messages);
  ASSERT_EQ(messages->size(), 3u);
  const std::string minus_one = " 20 ff ff ff ff ff ff ff ff ff 01 ";
  EXPECT_EQ((*messages)[0], FromHex("12 01 61" + minus_one + "2a 06") + "struct" + FromHex("30 01"));
  EXPECT_EQ((*messages)[1], FromHex("12 01 64 18 01 2a 17") + "dict:string:int16:false" + FromHex("30 01 38 03 42 00"));
  EXPECT_EQ((*messages)[2], FromHex("12 01 6a 18 02" + minus_one + "2a 04") + "json" + FromHex("30 01 38 02 4a 0a") +
                                "lance.json" + FromHex("52 22 0a 14") + "ARROW:extension:name" + FromHex("12 0a") + "lance.json");
}

TEST(SerializeFields, NamesTheColumnItCannotWrite) {
  Schema schema;
  schema.fields = {Make("a", TypeId::kStruct, {ListOf("b", Make("item", TypeId::kString), 2)})};
  auto without_ids = SerializeFields(schema);
  ASSERT_FALSE(without_ids);
  EXPECT_EQ(without_ids.error().code, ErrorCode::kInvalidArgument);
  AssignFieldIds(&schema);
  auto refused = SerializeFields(schema);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kUnsupported);
  EXPECT_EQ(refused.error().column, "a.b");
}

TEST(AssignFieldIds, CountsDepthFirstAndKeepsIds) {
  Schema schema = AllKinds();
  EXPECT_EQ(schema.fields[0].id, 0);
  EXPECT_EQ(schema.fields[0].type.children[1].id, 2);
  EXPECT_EQ(schema.fields[1].type.children[0].type.children[0].id, 5);
  EXPECT_EQ(schema.fields[4].type.children[0].id, -1) << "the values of a dictionary are no field";
  EXPECT_EQ(schema.fields[5].id, schema.fields[4].id + 1);
  EXPECT_EQ(schema.fields[6].id, schema.fields[5].id + 1) << "the items of a list of primitives are no field";
  schema.fields.insert(schema.fields.begin(), Make("new", TypeId::kInt8));
  const std::int32_t last = schema.fields.back().id;
  AssignFieldIds(&schema);
  EXPECT_EQ(schema.fields[0].id, last + 1);
  EXPECT_EQ(schema.fields[1].id, 0);
}

TEST(Leaves, CountsColumnsAsLanceDoes) {
  const Schema schema = AllKinds();
  std::string names;
  const auto leaves = Leaves(schema);
  for (std::size_t i = 0; i < leaves.size(); ++i) {
    EXPECT_EQ(leaves[i].column, i);
    names += leaves[i].Name() + " ";
  }
  EXPECT_EQ(names, "s.x s.none l.item.y ll.item.item m.entries.key m.entries.value d v vv vs.item.a vs.item.b p b n ");
  EXPECT_EQ(leaves[0].path.front(), &schema.fields[0]);
  EXPECT_EQ(leaves[0].path.size(), 2u);
}

TEST(ParseFields, AbsentParentIsTheFieldWithId0) {
  std::string child;
  pbf_writer writer(child);
  writer.add_string(2, "x");
  writer.add_int32(3, 1);
  writer.add_string(5, "int8");
  auto fields = Parse({Message("s", 0, -1, "struct"), child});
  ASSERT_TRUE(fields) << fields.error().describe();
  ASSERT_EQ(fields->size(), 1u);
  EXPECT_EQ((*fields)[0].type.children.at(0).name, "x");
  EXPECT_FALSE((*fields)[0].type.children[0].nullable);
}

TEST(SelectMessages, TakesAllWhereFieldsDoNotFollowTheirParents) {
  Schema schema;
  const Field number{.name = "y", .type = {.id = TypeId::kInt32}};
  schema.fields = {{.name = "a", .type = {.id = TypeId::kStruct, .children = {number}}},
                   {.name = "b", .type = {.id = TypeId::kInt64}}};
  AssignFieldIds(&schema);
  const auto messages = SerializeFields(schema);
  ASSERT_TRUE(messages);
  std::vector<Bytes> in_order;
  for (const std::string& message : *messages) in_order.push_back(std::as_bytes(std::span(message)));
  const std::vector<std::string> wanted{"a.y"};
  EXPECT_EQ(SelectMessages(in_order, wanted).size(), 2u);
  EXPECT_EQ(SelectMessages(in_order, std::vector<std::string>{"b"}).size(), 1u);
  EXPECT_EQ(SelectMessages(in_order, std::vector<std::string>{"y"}).size(), 0u);
  std::swap(in_order[1], in_order[2]);  // a, b, a.y
  EXPECT_EQ(SelectMessages(in_order, wanted).size(), 3u);
}

TEST(ParseFields, BlobChildrenWithoutIdsFollowTheirParent) {
  const Metadata blob = {{"lance-encoding:blob", "true"}, {"lance-encoding:packed", "true"}};
  const std::vector<std::string> messages = {
      Message("s", 0, -1, "struct"),         Message("b", 1, 0, "struct", blob),    Message("kind", -1, -1, "uint8"),
      Message("position", -1, -1, "uint64"), Message("blob_uri", -1, -1, "string"), Message("after", 2, 0, "int8"),
  };
  auto fields = Parse(messages);
  ASSERT_TRUE(fields) << fields.error().describe();
  ASSERT_EQ(fields->size(), 1u);
  const Field& b = (*fields)[0].type.children.at(0);
  ASSERT_EQ(b.type.children.size(), 3u);
  EXPECT_EQ(b.type.children[2].name, "blob_uri");
  EXPECT_EQ((*fields)[0].type.children.at(1).name, "after");
  EXPECT_EQ(Leaves({*fields, {}}).size(), 2u);
  Schema schema{*fields, {}};
  auto again = SerializeFields(schema);
  ASSERT_TRUE(again) << again.error().describe();
  EXPECT_TRUE(*Parse(*again) == *fields);
  ExpectError({messages[0], Message("x", -1, -1, "uint8")}, ErrorCode::kCorruption, "has the id -1");
  ExpectError({messages[0], messages[1], messages[5], messages[2]}, ErrorCode::kCorruption, "has the id -1");
}

TEST(ParseFields, RejectsBadTrees) {
  const auto corrupt = [](const std::vector<std::string>& messages, const std::string& part) {
    ExpectError(messages, ErrorCode::kCorruption, part);
  };
  corrupt({Message("a", 0, 0, "struct")}, "names 0 as its parent");
  corrupt({Message("a", 0, 1, "struct"), Message("b", 1, 0, "struct")}, "names 1 as its parent");
  corrupt({Message("a", 0, -1, "struct"), Message("b", 1, 7, "int8")}, "names 7 as its parent");
  corrupt({Message("a", 0, -1, "struct"), Message("b", 1, -2, "int8")}, "names -2 as its parent");
  corrupt({Message("a", 0, -1, "int8"), Message("b", 0, -1, "int8")}, "two fields have the id 0");
  corrupt({Message("a", -5, -1, "int8")}, "has the id -5");
  corrupt({Message("a", 0, -1, "int8"), Message("b", 1, 0, "int8")}, "with 1 children");
  corrupt({Message("a", 0, -1, "list")}, "a list with 0 children");
  corrupt({Message("a", 0, -1, "list"), Message("b", 1, 0, "int8"), Message("c", 2, 0, "int8")}, "a list with 2 children");
  corrupt({Message("a", 0, -1, "map")}, "a map without");
  corrupt({Message("a", 0, -1, "map"), Message("b", 1, 0, "int8")}, "a map without");
  corrupt({Message("a", 0, -1, "map"), Message("b", 1, 0, "struct"), Message("k", 2, 1, "int8")}, "a map without");
  corrupt({Message("a", 0, -1, "fixed_size_list:struct:2")}, "without exactly one struct child");
  corrupt({Message("a", 0, -1, "fixed_size_list:int8:2"), Message("b", 1, 0, "int8")}, "with 1 children");
  corrupt({FromHex("12 05 61")}, "malformed field");
  ExpectError({Message("a", 0, -1, "struct"), Message("b", 1, 0, "int7")}, ErrorCode::kUnsupported, "column \"a.b\"");
}

TEST(ParseFields, LimitsDepth) {
  std::vector<std::string> messages;
  for (int i = 0; i < kMaxSchemaDepth; ++i) messages.push_back(Message("s", i, i - 1, "struct"));
  EXPECT_TRUE(Parse(messages));
  messages.push_back(Message("s", kMaxSchemaDepth, kMaxSchemaDepth - 1, "int8"));
  ExpectError(messages, ErrorCode::kCorruption, "nests deeper");
}

TEST(ParseFields, DamageNeverCrashes) {
  const auto messages = *SerializeFields(AllKinds());
  std::size_t num_refused = 0;
  for (std::size_t i = 0; i < messages.size(); ++i) {
    for (std::size_t at = 0; at < messages[i].size(); ++at) {
      auto damaged = messages;
      damaged[i].resize(at);
      num_refused += !Parse(damaged).has_value();
      for (int value = 0; value < 256; value += 3) {
        damaged[i] = messages[i];
        damaged[i][at] = static_cast<char>(value);
        num_refused += !Parse(damaged).has_value();
      }
    }
  }
  EXPECT_GT(num_refused, 1000u);
}

}  // namespace
}  // namespace lancekit::format
