#include "writer/hints.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "types/array_testing.h"
#include "writer/plan.h"

namespace lancekit {
namespace {

using format::FileVersion;
using testing::MakeField;

/// id: int64, text: string, s: struct<x: double, tags: list<item: string>>, key: dictionary, vector: fixed-size list.
Schema TestSchema() {
  const DataType tags{.id = TypeId::kList, .children = {MakeField("item", {.id = TypeId::kString})}};
  const DataType structs{.id = TypeId::kStruct, .children = {MakeField("x", {.id = TypeId::kFloat64}), MakeField("tags", tags)}};
  const DataType keys{.id = TypeId::kDictionary, .children = {MakeField("", {.id = TypeId::kString})}};
  const DataType vectors{.id = TypeId::kFixedSizeList, .size = 2, .children = {MakeField("item", {.id = TypeId::kInt32})}};
  Schema schema;
  schema.fields = {MakeField("id", {.id = TypeId::kInt64}), MakeField("text", {.id = TypeId::kString}), MakeField("s", structs),
                   MakeField("key", keys), MakeField("vector", vectors)};
  return schema;
}

/// "id: tree=delta; s.x: compression=zstd" of the fields that have metadata, without its prefix.
std::string Encoded(const Field& field, const std::string& path) {
  std::string text;
  for (const auto& [key, value] : field.metadata) {
    text += text.empty() ? path + ": " : ", ";
    text += key.substr(key.find(':') + 1) + "=" + value;
  }
  for (const Field& child : field.type.children) {
    const std::string below = Encoded(child, path + "." + child.name);
    text += (text.empty() || below.empty() ? "" : "; ") + below;
  }
  return text;
}

std::string Encoded(const std::vector<ColumnEncoding>& encodings, FileVersion version = FileVersion::kX1) {
  Schema schema = TestSchema();
  const Status status = SetEncodings(encodings, version, &schema);
  if (!status) return status.error().column + "! " + status.error().message;
  std::string text;
  for (const Field& field : schema.fields) {
    const std::string of_field = Encoded(field, field.name);
    text += (text.empty() || of_field.empty() ? "" : "; ") + of_field;
  }
  return text;
}

TEST(SetEncodings, FindsLeavesAndWhatIsAboveThem) {
  EXPECT_EQ(Encoded({{"id", "delta"}}), "id: tree=delta");
  EXPECT_EQ(Encoded({{"s.x", "alp(frame)"}}), "s.x: tree=alp(frame)");
  EXPECT_EQ(Encoded({{"s.tags.item", "lengths"}}), "s.tags.item: tree=lengths");
  EXPECT_EQ(Encoded({{"s.tags", "zstd:9"}}), "s.tags.item: compression=zstd, compression-level=9");
  EXPECT_EQ(Encoded({{"s", "zstd"}}), "s.x: compression=zstd; s.tags.item: compression=zstd");
  EXPECT_EQ(Encoded({{"key", "frame"}}), "key: tree=frame");
  EXPECT_EQ(Encoded({{"vector", "none"}}), "vector: compression=none");
  EXPECT_EQ(Encoded({{"s", "packed"}}), "s: packed=true");
  EXPECT_EQ(
      Encoded({{"", "lz4"}}),
      "id: compression=lz4; text: compression=lz4; s.x: compression=lz4; s.tags.item: compression=lz4; key: compression=lz4; "
      "vector: compression=lz4");
}

TEST(SetEncodings, TheLastOneCounts) {
  EXPECT_EQ(Encoded({{"id", "zstd:9"}, {"id", "frame"}}), "id: tree=frame");
  EXPECT_EQ(Encoded({{"id", "frame"}, {"id", "lz4"}}), "id: compression=lz4");
  EXPECT_EQ(Encoded({{"id", "fullzip"}, {"id", "frame"}}), "id: structural-encoding=fullzip, tree=frame");
  EXPECT_EQ(Encoded({{"id", "rle"}, {"id", "none"}}, FileVersion::k2_2), "id: compression=none");
}

TEST(SetEncodings, OfficialVersionsHaveTheirOwnWords) {
  EXPECT_EQ(Encoded({{"id", "rle"}}, FileVersion::k2_2), "id: rle-threshold=1");
  EXPECT_EQ(Encoded({{"id", "rle"}}), "id: tree=rle");
  EXPECT_EQ(Encoded({{"text", "dictionary"}}, FileVersion::k2_1), "text: tree=dictionary");
  EXPECT_EQ(Encoded({{"text", "fsst"}}, FileVersion::k2_2), "text: compression=fsst");
  for (const char* const encoding : {"frame", "delta(frame)", "alp(frame)", "zstd(split)"}) {
    EXPECT_NE(Encoded({{"id", encoding}}, FileVersion::k2_2).find("write version x1"), std::string::npos) << encoding;
  }
}

TEST(SetEncodings, RefusalsNameTheColumn) {
  EXPECT_EQ(Encoded({{"ID", "frame"}}), "ID! there is no such column to encode");
  EXPECT_EQ(Encoded({{"s.y", "frame"}}), "s.y! there is no such column to encode");
  EXPECT_EQ(Encoded({{"s.tags.item.x", "frame"}}), "s.tags.item.x! there is no such column to encode");
  EXPECT_EQ(Encoded({{"id", "frams"}}).substr(0, 4), "id! ");
  EXPECT_EQ(Encoded({{"s.x", "delta(frame"}}).substr(0, 5), "s.x! ");
  Schema none;
  EXPECT_TRUE(SetEncodings({{"id", "frame"}}, FileVersion::kX1, &none));
}

/// What a writer of X1 says when it sees the schema: "" or "column! message".
std::string Refusal(const std::string& column, const std::string& encoding) {
  const WriteOptions options{.version = "x1", .single_file = true, .encodings = {{column, encoding}}};
  const auto planned = PlanSchema(TestSchema(), options, FileVersion::kX1);
  EXPECT_TRUE(planned) << encoding;
  if (!planned) return "unplanned";
  for (const format::Leaf& leaf : format::Leaves(planned->file)) {
    const auto planned_leaf = PlanLeaf(leaf, options, FileVersion::kX1);
    if (planned_leaf) continue;
    EXPECT_EQ(planned_leaf.error().code, ErrorCode::kInvalidArgument);
    return leaf.Name() + "! " + planned_leaf.error().message;
  }
  return "";
}

TEST(PlanLeaf, TakesEncodingsThatHoldTheValues) {
  for (const char* const encoding :
       {"flat", "frame", "delta", "patched", "narrow", "bits", "cut", "rle", "bitpack", "dictionary", "delta(patched(frame))",
        "narrow(cut(narrow(zstd),frame))", "lz4(rle)", "snappy(runs(frame,frame))", "zstd(split)"}) {
    EXPECT_EQ(Refusal("id", encoding), "") << encoding;
  }
  for (const char* const encoding : {"alp", "alp(delta(frame))", "alp_rd", "frame", "zstd(split)", "split"}) {
    EXPECT_EQ(Refusal("s.x", encoding), "") << encoding;
  }
  for (const char* const encoding : {"lengths", "variable", "fsst(lengths)", "zstd:9(fsst(variable))", "front", "tokens",
                                     "zstd(tokens)", "front(fsst(lengths),frame)", "dictionary"}) {
    EXPECT_EQ(Refusal("text", encoding), "") << encoding;
    EXPECT_EQ(Refusal("s.tags.item", encoding), "") << encoding;
  }
  EXPECT_EQ(Refusal("key", "frame"), "");
  EXPECT_EQ(Refusal("key", "dictionary"), "");
}

TEST(PlanLeaf, RefusesEncodingsThatDoNot) {
  EXPECT_EQ(Refusal("text", "delta"), "text! \"delta\" is no encoding for values of type string");
  EXPECT_EQ(Refusal("s", "delta"), "s.tags.item! \"delta\" is no encoding for values of type string");
  EXPECT_EQ(Refusal("id", "alp"), "id! \"alp\" is no encoding for values of type int64");
  for (const char* const encoding :
       {"alp(frame)", "lengths", "fsst(lengths)", "zstd(lengths)", "delta(alp(frame))", "zstd(lz4)"}) {
    EXPECT_NE(Refusal("id", encoding), "") << encoding;
  }
  for (const char* const encoding : {"frame", "zstd(frame)", "fsst(frame)", "fsst(zstd)", "fsst(tokens)", "alp"}) {
    EXPECT_NE(Refusal("text", encoding), "") << encoding;
  }
  EXPECT_NE(Refusal("vector", "frame"), "");
  EXPECT_NE(Refusal("vector", "dictionary"), "");
  EXPECT_NE(Refusal("key", "lengths"), "");
}

TEST(PlanLeaf, OfficialVersionsPassOverTrees) {
  Schema schema = TestSchema();
  schema.fields[0].metadata = {{"lance-encoding:tree", "delta(frame)"}};
  schema.fields[1].metadata = {{"lance-encoding:tree", "dictionary"}};
  const std::vector<format::Leaf> leaves = format::Leaves(schema);
  const auto number = PlanLeaf(leaves[0], {}, FileVersion::k2_2);
  ASSERT_TRUE(number);
  EXPECT_EQ(number->hints.tree, "");
  const auto text = PlanLeaf(leaves[1], {}, FileVersion::k2_2);
  ASSERT_TRUE(text);
  EXPECT_EQ(text->hints.tree, "dictionary");
}

}  // namespace
}  // namespace lancekit
