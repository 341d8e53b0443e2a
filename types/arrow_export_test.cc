#include <gtest/gtest.h>

#include "types/array.h"
#include "types/array_testing.h"

namespace lancekit {
namespace {

using testing::AllTypes;
using testing::HandArray;
using testing::MadeArray;
using testing::MakeArray;
using testing::MakeField;
using testing::OwnedSchema;
using testing::Render;

// Releases at the end of the scope what a test did not move away.
struct OwnedArray {
  ArrowArray c{};
  OwnedArray() = default;
  OwnedArray(const OwnedArray&) = delete;
  OwnedArray& operator=(const OwnedArray&) = delete;
  ~OwnedArray() {
    if (c.release != nullptr) c.release(&c);
  }
};

ArrayData Numbers(std::vector<std::int32_t> values) {
  HandArray array(static_cast<std::int64_t>(values.size()));
  return array.AddNullBuffer().AddBuffer(values).ToArrayData();
}

TEST(ArrowExport, ImportGivesBackEveryTypeWithItsValues) {
  std::mt19937 random(20);
  for (const DataType& type : AllTypes()) {
    for (const std::int64_t length : {0, 1, 9, 100}) {
      SCOPED_TRACE(type.to_string() + " x " + std::to_string(length));
      const Field field = MakeField("c", type);
      MadeArray made = MakeArray(type, length, {.offsets = false}, &random);
      OwnedArray exported;
      ExportArray(type, made.array->ToArrayData(), &exported.c);
      made.array.reset();  // the exported array keeps its own buffers
      OwnedSchema schema(field);
      const auto view = ImportArray(field, *schema, exported.c);
      ASSERT_TRUE(view.has_value()) << view.error().describe();
      ASSERT_EQ(view->length, length);
      for (std::int64_t i = 0; i < length; ++i) ASSERT_EQ(Render(*view, i), made.expected[static_cast<std::size_t>(i)]);
    }
  }
}

TEST(ArrowExport, BuffersThatConsumersReadAreNeverNull) {
  OwnedArray text;
  ExportArray({.id = TypeId::kLargeString}, ArrayData{}, &text.c);
  ASSERT_EQ(text.c.n_buffers, 3);
  EXPECT_EQ(text.c.buffers[0], nullptr);
  ASSERT_NE(text.c.buffers[1], nullptr);
  EXPECT_EQ(*static_cast<const std::int64_t*>(text.c.buffers[1]), 0);
  EXPECT_NE(text.c.buffers[2], nullptr);
}

TEST(ArrowExport, NullArraysHaveNoBuffersAndOnlyNulls) {
  OwnedArray nulls;
  ExportArray({.id = TypeId::kNull}, ArrayData{.length = 4}, &nulls.c);
  EXPECT_EQ(nulls.c.n_buffers, 0);
  EXPECT_EQ(nulls.c.null_count, 4);
}

TEST(ArrowExport, ColumnsBecomeAStructArray) {
  const Schema schema{.fields = {MakeField("a", {.id = TypeId::kInt32}), MakeField("b", {.id = TypeId::kInt32})}};
  OwnedArray batch;
  ExportColumns(schema, {Numbers({1, 2}), Numbers({3, 4})}, 2, &batch.c);
  EXPECT_EQ(batch.c.length, 2);
  EXPECT_EQ(batch.c.null_count, 0);
  ASSERT_EQ(batch.c.n_buffers, 1);
  EXPECT_EQ(batch.c.buffers[0], nullptr);
  ASSERT_EQ(batch.c.n_children, 2);
  EXPECT_EQ(static_cast<const std::int32_t*>(batch.c.children[1]->buffers[1])[0], 3);

  OwnedArray empty;
  ExportColumns(Schema{}, {}, 5, &empty.c);
  EXPECT_EQ(empty.c.length, 5);
  EXPECT_EQ(empty.c.n_children, 0);
}

TEST(ArrowExport, MovedChildOutlivesItsParent) {
  const Schema schema{.fields = {MakeField("a", {.id = TypeId::kInt32}), MakeField("b", {.id = TypeId::kInt32})}};
  OwnedArray batch;
  ExportColumns(schema, {Numbers({1, 2}), Numbers({3, 4})}, 2, &batch.c);
  OwnedArray child;
  child.c = *batch.c.children[0];
  batch.c.children[0]->release = nullptr;
  batch.c.release(&batch.c);
  EXPECT_EQ(batch.c.release, nullptr);
  EXPECT_EQ(static_cast<const std::int32_t*>(child.c.buffers[1])[1], 2);
}

TEST(ArrowExport, MovedDictionaryOutlivesItsParent) {
  const DataType type{.id = TypeId::kDictionary, .children = {MakeField("", {.id = TypeId::kInt32})}};
  ArrayData keys = Numbers({0, 1, 1});
  keys.dictionary = std::make_shared<const ArrayData>(Numbers({70, 80}));
  OwnedArray array;
  ExportArray(type, keys, &array.c);
  keys = {};
  OwnedArray dictionary;
  dictionary.c = *array.c.dictionary;
  array.c.dictionary->release = nullptr;
  array.c.release(&array.c);
  EXPECT_EQ(static_cast<const std::int32_t*>(dictionary.c.buffers[1])[1], 80);
}

TEST(ArrowExport, SharesBuffersAndLetsThemGoOnRelease) {
  const auto owner = std::make_shared<std::vector<std::byte>>(8);
  const ArrayData array{.length = 2, .values = Buffer(owner, *owner)};
  OwnedArray exported;
  ExportArray({.id = TypeId::kInt32}, array, &exported.c);
  EXPECT_EQ(exported.c.buffers[1], owner->data());
  EXPECT_EQ(owner.use_count(), 3);
  exported.c.release(&exported.c);
  EXPECT_EQ(owner.use_count(), 2);
}

TEST(ArrowExportSchema, MovedChildAndDictionaryOutliveTheirParent) {
  const DataType type{.id = TypeId::kDictionary, .children = {MakeField("values", {.id = TypeId::kString})}};
  OwnedSchema schema(Schema{.fields = {MakeField("a", type)}});
  ArrowSchema child = *schema->children[0];
  schema->children[0]->release = nullptr;
  schema->release(&*schema);
  ArrowSchema dictionary = *child.dictionary;
  child.dictionary->release = nullptr;
  EXPECT_STREQ(child.name, "a");
  child.release(&child);
  EXPECT_STREQ(dictionary.format, "u");
  dictionary.release(&dictionary);
}

}  // namespace
}  // namespace lancekit
