#include <gtest/gtest.h>

#include <functional>
#include <map>

#include "base/limits.h"
#include "types/array.h"
#include "types/array_testing.h"

namespace lancekit {
namespace {

using testing::AllTypes;
using testing::MakeField;
using testing::OwnedSchema;

// A flat schema over literals that needs no release.
ArrowSchema Flat(const char* format, const char* name = "c") {
  ArrowSchema schema{};
  schema.format = format;
  schema.name = name;
  schema.release = [](ArrowSchema*) {};
  return schema;
}

TEST(ArrowImportSchema, RoundTripsEveryTypeWithMetadata) {
  const std::vector<DataType> types = AllTypes();
  Schema schema{.metadata = {{"owner", "me"}, {"", ""}}};
  for (std::size_t i = 0; i < types.size(); ++i) {
    schema.fields.push_back(MakeField("column " + std::to_string(i), types[i], i % 2 == 0));
    schema.fields.back().metadata = {{"ARROW:extension:name", "my.type"}, {"zero", std::string("a\0b", 3)}};
  }
  OwnedSchema exported(schema);
  const auto imported = ImportSchema(*exported);
  ASSERT_TRUE(imported.has_value()) << imported.error().describe();
  EXPECT_EQ(imported->fields, schema.fields);
  EXPECT_EQ(imported->metadata, schema.metadata);
  for (const Field& field : imported->fields) EXPECT_EQ(field.metadata, schema.fields[0].metadata);
}

TEST(ArrowImportSchema, ReadsAnEmptyTable) {
  OwnedSchema exported(Schema{});
  EXPECT_EQ(exported->metadata, nullptr);
  const auto imported = ImportSchema(*exported);
  ASSERT_TRUE(imported.has_value());
  EXPECT_TRUE(imported->fields.empty());
}

TEST(ArrowImportField, KnowsFormats) {
  const std::map<std::string, std::string> formats{
      {"n", "null"},
      {"b", "bool"},
      {"c", "int8"},
      {"C", "uint8"},
      {"s", "int16"},
      {"S", "uint16"},
      {"i", "int32"},
      {"I", "uint32"},
      {"l", "int64"},
      {"L", "uint64"},
      {"e", "halffloat"},
      {"f", "float"},
      {"g", "double"},
      {"z", "binary"},
      {"Z", "large_binary"},
      {"u", "string"},
      {"U", "large_string"},
      {"vu", "string"},
      {"vz", "binary"},
      {"w:42", "fixed_size_binary[42]"},
      {"d:19,10", "decimal128(19, 10)"},
      {"d:19,10,128", "decimal128(19, 10)"},
      {"d:40,-1,256", "decimal256(40, -1)"},
      {"tdD", "date32"},
      {"tdm", "date64"},
      {"tts", "time32[s]"},
      {"ttm", "time32[ms]"},
      {"ttu", "time64[us]"},
      {"ttn", "time64[ns]"},
      {"tss:", "timestamp[s]"},
      {"tsm:UTC", "timestamp[ms, UTC]"},
      {"tsu:+01:00", "timestamp[us, +01:00]"},
      {"tsn:", "timestamp[ns]"},
      {"tDs", "duration[s]"},
      {"tDm", "duration[ms]"},
      {"tDu", "duration[us]"},
      {"tDn", "duration[ns]"},
      {"+s", "struct<>"},
  };
  for (const auto& [format, name] : formats) {
    const auto field = ImportField(Flat(format.c_str()));
    ASSERT_TRUE(field.has_value()) << format << ": " << field.error().describe();
    EXPECT_EQ(field->type.to_string(), name);
    EXPECT_FALSE(field->nullable);
  }
}

TEST(ArrowImportField, RejectsFormatsOutsideTheGrammar) {
  for (const char* format : {"",    "x",    "ii",      "w:",    "w:-1",   "w:3x",       "w:99999999999", "+w:",   "+", "+x",
                             "d:",  "d:1",  "d:1,2,3", "d:0,0", "d:39,0", "d:77,0,256", "d:1,2,128,4",   "d:a,b", "t", "ts",
                             "tss", "tsx:", "tt",      "ttx",   "tds",    "tDx",        "tDss",          "ttss",  "v", "vx"}) {
    const auto field = ImportField(Flat(format));
    ASSERT_FALSE(field.has_value()) << format;
    EXPECT_EQ(field.error().code, ErrorCode::kInvalidArgument) << format;
    EXPECT_EQ(field.error().column, "c");
  }
}

TEST(ArrowImportField, NamesTypeAndColumnThatLanceCannotHold) {
  const std::map<std::string, std::string> foreign{{"+r", "run_end_encoded"},       {"+ud:0", "dense_union"},
                                                   {"+us:0", "sparse_union"},       {"+vl", "list_view"},
                                                   {"+vL", "large_list_view"},      {"tiM", "month_interval"},
                                                   {"tiD", "day_time_interval"},    {"tin", "month_day_nano_interval"},
                                                   {"d:5,1,32", "decimal32(5, 1)"}, {"d:12,1,64", "decimal64(12, 1)"}};
  for (const auto& [format, name] : foreign) {
    const DataType list{.id = TypeId::kList, .children = {MakeField("item", {.id = TypeId::kInt32})}};
    OwnedSchema schema(Schema{.fields = {MakeField("outer", list)}});
    schema->name = "query result";
    schema->children[0]->children[0]->format = format.c_str();
    const auto imported = ImportSchema(*schema);
    ASSERT_FALSE(imported.has_value()) << format;
    EXPECT_EQ(imported.error().code, ErrorCode::kUnsupported);
    EXPECT_EQ(imported.error().column, "outer.item");
    EXPECT_NE(imported.error().message.find(name), std::string::npos) << imported.error().message;
  }
}

TEST(ArrowImportField, RejectsMalformedStructs) {
  const DataType pair{.id = TypeId::kStruct, .children = {MakeField("k", {.id = TypeId::kInt32}), MakeField("v", {})}};
  const Field map = MakeField("c", {.id = TypeId::kMap, .children = {MakeField("entries", pair)}});
  const Field dictionary = MakeField("c", {.id = TypeId::kDictionary, .children = {MakeField("", {.id = TypeId::kString})}});
  const char negative_count[] = "\xff\xff\xff\xff";
  const char negative_size[] = "\x01\0\0\0\xfb\xff\xff\xff";
  struct Case {
    Field field;
    std::function<void(ArrowSchema*)> damage;
  };
  const std::vector<Case> cases{
      {map, [](ArrowSchema* s) { s->format = nullptr; }},
      {map, [](ArrowSchema* s) { s->n_children = -1; }},
      {map, [](ArrowSchema* s) { s->n_children = 0; }},
      {map, [](ArrowSchema* s) { s->children = nullptr; }},
      {map, [](ArrowSchema* s) { s->format = "i"; }},
      {map, [](ArrowSchema* s) { s->children[0]->format = "+l"; }},
      {map, [](ArrowSchema* s) { s->children[0]->n_children = 1; }},
      {map, [&](ArrowSchema* s) { s->metadata = negative_count; }},
      {map, [&](ArrowSchema* s) { s->metadata = negative_size; }},
      {dictionary, [](ArrowSchema* s) { s->format = "f"; }},
      {dictionary, [](ArrowSchema* s) { s->format = "+s"; }},
      {dictionary, [](ArrowSchema* s) { s->dictionary->format = nullptr; }},
  };
  for (std::size_t i = 0; i < cases.size(); ++i) {
    OwnedSchema schema(cases[i].field);
    ASSERT_TRUE(ImportField(*schema).has_value());
    cases[i].damage(&*schema);
    const auto field = ImportField(*schema);
    ASSERT_FALSE(field.has_value()) << "case " << i;
    EXPECT_EQ(field.error().code, ErrorCode::kInvalidArgument) << "case " << i;
    EXPECT_EQ(field.error().column.substr(0, 1), "c") << "case " << i;
  }
}

TEST(ArrowImportField, RejectsMissingAndReleasedChildren) {
  OwnedSchema schema(MakeField("c", {.id = TypeId::kStruct, .children = {MakeField("k", {}), MakeField("v", {})}}));
  ArrowSchema* const child = std::exchange(schema->children[1], nullptr);
  EXPECT_EQ(ImportField(*schema).error().code, ErrorCode::kInvalidArgument);
  schema->children[1] = child;
  child->release(child);
  EXPECT_EQ(ImportField(*schema).error().code, ErrorCode::kInvalidArgument);
}

TEST(ArrowImportSchema, RejectsATableThatIsNoStruct) {
  const auto schema = ImportSchema(Flat("i", ""));
  ASSERT_FALSE(schema.has_value());
  EXPECT_EQ(schema.error().code, ErrorCode::kInvalidArgument);
}

TEST(ArrowImportField, LimitsDepth) {
  const auto nested = [](int depth) {
    DataType type{.id = TypeId::kInt32};
    for (int i = 1; i < depth; ++i) type = {.id = TypeId::kList, .children = {MakeField("item", std::move(type))}};
    return MakeField("c", std::move(type));
  };
  OwnedSchema deepest(nested(kMaxSchemaDepth));
  EXPECT_TRUE(ImportField(*deepest).has_value());
  OwnedSchema deeper(nested(kMaxSchemaDepth + 1));
  const auto field = ImportField(*deeper);
  ASSERT_FALSE(field.has_value());
  EXPECT_EQ(field.error().code, ErrorCode::kInvalidArgument);
}

TEST(ArrowImportField, TakesAMissingNameAsEmpty) {
  const auto field = ImportField(Flat("i", nullptr));
  ASSERT_TRUE(field.has_value());
  EXPECT_EQ(field->name, "");
}

}  // namespace
}  // namespace lancekit
