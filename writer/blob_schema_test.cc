#include "writer/blob_schema.h"

#include <gtest/gtest.h>

namespace lancekit {
namespace {

const Metadata kBlob{{"lance-encoding:blob", "True"}, {"key", "value"}};

Field BlobField(DataType type = {.id = TypeId::kLargeBinary}) {
  return {.name = "b", .type = std::move(type), .metadata = kBlob};
}

/// As pylance gives blobs to a writer.
Field ExtensionField() {
  DataType type{.id = TypeId::kStruct};
  type.children = {{.name = "data", .type = {.id = TypeId::kLargeBinary}}, {.name = "uri", .type = {.id = TypeId::kString}}};
  return {.name = "b", .type = type, .metadata = {{"ARROW:extension:name", "lance.blob.v2"}, {"ARROW:extension:metadata", ""}}};
}

std::string Value(const Field& field, const std::string& key) {
  for (const auto& [name, value] : field.metadata) {
    if (name == key) return value;
  }
  return "none";
}

TEST(TableSchema, MakesBlobPagesOfBothForms) {
  const Schema input{.fields = {{.name = "n", .type = {.id = TypeId::kInt32}}, BlobField(), ExtensionField()}};
  const auto table = TableSchema(input, BlobForm::kPages);
  ASSERT_TRUE(table) << table.error().describe();
  for (const std::size_t i : {1, 2}) {
    EXPECT_EQ(table->fields[i].type.id, TypeId::kLargeBinary);
    EXPECT_EQ(Value(table->fields[i], "lance-encoding:blob"), "true");
    EXPECT_EQ(Value(table->fields[i], "ARROW:extension:name"), "none");
  }
  EXPECT_EQ(Value(table->fields[1], "key"), "value");
  EXPECT_EQ(format::Leaves(FileSchema(*table)).size(), 3u);
}

TEST(TableSchema, MakesDescriptorsOfBothForms) {
  for (const Field& field : {BlobField(), ExtensionField()}) {
    const auto table = TableSchema({.fields = {field, {.name = "n", .type = {.id = TypeId::kInt32}}}}, BlobForm::kDescriptors);
    ASSERT_TRUE(table) << table.error().describe();
    EXPECT_EQ(Value(table->fields[0], "ARROW:extension:name"), "lance.blob.v2");
    EXPECT_EQ(Value(table->fields[0], "lance-encoding:blob"), "none");
    const Schema file = FileSchema(*table);
    EXPECT_EQ(file.fields[0].type.to_string(),
              "struct<kind: uint8, position: uint64, size: uint64, blob_id: uint32, blob_uri: string>");
    for (const Field& child : file.fields[0].type.children) EXPECT_FALSE(child.nullable) << child.name;
    EXPECT_EQ(file.fields[0].id, 0);
    EXPECT_EQ(file.fields[1].id, table->fields[1].id);
    EXPECT_EQ(format::Leaves(file).size(), 2u);
    EXPECT_TRUE(format::SerializeFields(file));
  }
}

TEST(TableSchema, RefusesBlobsThatCannotBeReadBack) {
  const auto refused = [](Field field, BlobForm form) {
    const auto table = TableSchema({.fields = {std::move(field)}}, form);
    return table ? std::string() : table.error().describe();
  };
  EXPECT_NE(refused(BlobField({.id = TypeId::kBinary}), BlobForm::kPages).find("\"b\""), std::string::npos);
  EXPECT_NE(refused(BlobField({.id = TypeId::kStruct}), BlobForm::kPages).find("\"b\""), std::string::npos);
  const Field inside{.name = "s", .type = {.id = TypeId::kStruct, .children = {BlobField()}}};
  EXPECT_EQ(refused(inside, BlobForm::kPages), "");
  EXPECT_NE(refused(inside, BlobForm::kDescriptors).find("\"s.b\""), std::string::npos);
}

}  // namespace
}  // namespace lancekit
