#include <gtest/gtest.h>

#include <functional>
#include <limits>

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

constexpr std::int64_t kHuge = std::numeric_limits<std::int64_t>::max();

void ExpectImports(const Field& field, const ArrowSchema& schema, MadeArray* made) {
  const auto view = ImportArray(field, schema, made->array->c());
  ASSERT_TRUE(view.has_value()) << view.error().describe();
  ASSERT_EQ(view->length, static_cast<std::int64_t>(made->expected.size()));
  std::int64_t nulls = 0;
  for (std::int64_t i = 0; i < view->length; ++i) {
    const std::string& expected = made->expected[static_cast<std::size_t>(i)];
    ASSERT_EQ(Render(*view, i), expected) << "slot " << i;
    nulls += expected == "null";
  }
  // A dictionary may have null entries besides.
  EXPECT_TRUE(field.type.id == TypeId::kDictionary ? view->null_count <= nulls : view->null_count == nulls);
  EXPECT_EQ(view->validity != nullptr, view->null_count > 0 && field.type.id != TypeId::kNull);
}

TEST(ArrowImportArray, SeesTheSlotsOfSlicedArraysOfEveryType) {
  std::mt19937 random(7);
  for (const DataType& type : AllTypes()) {
    const Field field = MakeField("c", type);
    OwnedSchema schema(field);
    for (int round = 0; round < 20; ++round) {
      SCOPED_TRACE(type.to_string());
      MadeArray made = MakeArray(type, round * 5, {}, &random);
      ASSERT_NO_FATAL_FAILURE(ExpectImports(field, *schema, &made));
    }
  }
}

TEST(ArrowImportArray, SeesViewsAsStringsAndBinaries) {
  std::mt19937 random(8);
  for (const TypeId id : {TypeId::kString, TypeId::kBinary}) {
    const char* format = id == TypeId::kString ? "vu" : "vz";
    const Field field = MakeField("c", {.id = id});
    const Field keyed = MakeField("c", {.id = TypeId::kDictionary, .children = {MakeField("", {.id = id})}});
    OwnedSchema schema(field);
    schema->format = format;
    OwnedSchema keyed_schema(keyed);
    keyed_schema->dictionary->format = format;
    for (int round = 0; round < 20; ++round) {
      MadeArray made = MakeArray(field.type, round * 5, {.storage = Storage::kView}, &random);
      ASSERT_NO_FATAL_FAILURE(ExpectImports(field, *schema, &made));
      MadeArray keys = MakeArray(keyed.type, round * 5, {.storage = Storage::kView}, &random);
      ASSERT_NO_FATAL_FAILURE(ExpectImports(keyed, *keyed_schema, &keys));
    }
  }
}

TEST(ArrowImportArray, AcceptsMissingBuffersOfEmptyArrays) {
  for (const TypeId id : {TypeId::kInt32, TypeId::kString, TypeId::kLargeBinary}) {
    const Field field = MakeField("c", {.id = id});
    OwnedSchema schema(field);
    HandArray array(0, 3);
    array.AddNullBuffer().AddNullBuffer();
    if (IsVariableWidth(id)) array.AddNullBuffer();
    EXPECT_TRUE(ImportArray(field, *schema, array.c()).has_value());
  }
}

TEST(ArrowImportArray, BelievesANullCountOfZero) {
  const Field field = MakeField("c", {.id = TypeId::kInt8});
  OwnedSchema schema(field);
  HandArray array(3, 0, 0);
  array.AddBuffer<char>({0}).AddBuffer<char>({1, 2, 3});
  const auto view = ImportArray(field, *schema, array.c());
  ASSERT_TRUE(view.has_value());
  EXPECT_EQ(view->null_count, 0);
  EXPECT_EQ(view->validity, nullptr);
}

TEST(ArrowImportArray, AllowsOtherChildNamesButNotOtherTypes) {
  const Field field = MakeField("c", {.id = TypeId::kList, .children = {MakeField("item", {.id = TypeId::kInt32})}});
  OwnedSchema renamed(MakeField("d", {.id = TypeId::kList, .children = {MakeField("element", {.id = TypeId::kInt32}, false)}}));
  OwnedSchema retyped(MakeField("c", {.id = TypeId::kList, .children = {MakeField("item", {.id = TypeId::kInt64})}}));
  std::mt19937 random(9);
  MadeArray made = MakeArray(field.type, 4, {}, &random);
  EXPECT_TRUE(ImportArray(field, *renamed, made.array->c()).has_value());
  const auto view = ImportArray(field, *retyped, made.array->c());
  ASSERT_FALSE(view.has_value());
  EXPECT_EQ(view.error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(view.error().column, "c");
}

// Damages the struct of a good array of 10 slots without nulls, one field at a time.
struct Damage {
  const char* what;
  DataType type;
  std::function<void(ArrowArray*)> apply;
};

std::vector<Damage> StructDamages() {
  const DataType number{.id = TypeId::kInt32};
  const DataType text{.id = TypeId::kString};
  const DataType pair{.id = TypeId::kStruct, .children = {MakeField("x", number), MakeField("y", text)}};
  const DataType list{.id = TypeId::kList, .children = {MakeField("item", number)}};
  const DataType vector{.id = TypeId::kFixedSizeList, .size = 3, .children = {MakeField("item", number)}};
  const DataType keyed{.id = TypeId::kDictionary, .children = {MakeField("", text)}};
  return {
      {"released", number, [](ArrowArray* a) { a->release = nullptr; }},
      {"negative length", number, [](ArrowArray* a) { a->length = -1; }},
      {"negative offset", number, [](ArrowArray* a) { a->offset = -1; }},
      {"length + offset overflows", number, [](ArrowArray* a) { a->length = a->offset = kHuge; }},
      {"too long for a byte count", number, [](ArrowArray* a) { a->length = kHuge / 2; }},
      {"null_count below -1", number, [](ArrowArray* a) { a->null_count = -2; }},
      {"null_count above length", number, [](ArrowArray* a) { a->null_count = 11; }},
      {"nulls without bitmap", number, [](ArrowArray* a) { a->buffers[0] = nullptr, a->null_count = 1; }},
      {"one buffer", number, [](ArrowArray* a) { a->n_buffers = 1; }},
      {"negative buffers", number, [](ArrowArray* a) { a->n_buffers = -1; }},
      {"two buffers for strings", text, [](ArrowArray* a) { a->n_buffers = 2; }},
      {"buffers of null", {.id = TypeId::kNull}, [](ArrowArray* a) { a->n_buffers = 1; }},
      {"no buffer list", number, [](ArrowArray* a) { a->buffers = nullptr; }},
      {"no values", number, [](ArrowArray* a) { a->buffers[1] = nullptr; }},
      {"no offsets", text, [](ArrowArray* a) { a->buffers[1] = nullptr; }},
      {"no bytes", text, [](ArrowArray* a) { a->buffers[2] = nullptr; }},
      {"children of a number", number, [](ArrowArray* a) { a->n_children = 1; }},
      {"negative children", pair, [](ArrowArray* a) { a->n_children = -1; }},
      {"too few children", pair, [](ArrowArray* a) { a->n_children = 1; }},
      {"no child list", pair, [](ArrowArray* a) { a->children = nullptr; }},
      {"short child", pair, [](ArrowArray* a) { a->children[0]->length = 9; }},
      {"damaged child", pair, [](ArrowArray* a) { a->children[0]->length = -5; }},
      {"short item array", vector, [](ArrowArray* a) { a->children[0]->length = 29; }},
      {"item count overflows", vector, [](ArrowArray* a) { a->length = std::int64_t{1} << 58, a->null_count = 0; }},
      {"item count overflows int64",
       {.id = TypeId::kFixedSizeList, .size = 1 << 30, .children = {MakeField("item", {})}},
       [](ArrowArray* a) { a->length = std::int64_t{1} << 50, a->null_count = 0; }},
      {"list ends outside", list, [](ArrowArray* a) { a->children[0]->length = 0; }},
      {"no dictionary", keyed, [](ArrowArray* a) { a->dictionary = nullptr; }},
      {"dictionary too short", keyed, [](ArrowArray* a) { a->dictionary->length = 0; }},
      {"damaged dictionary", keyed, [](ArrowArray* a) { a->dictionary->n_buffers = 0; }},
  };
}

// A dictionary of several entries and lists with items, so that every damage hits something.
std::unique_ptr<HandArray> GoodArray(const DataType& type) {
  const std::vector<std::int32_t> offsets{0, 1, 1, 2, 3, 4, 5, 6, 7, 8, 9};
  const std::vector<char> all_valid{-1, -1, -1, -1};
  auto array = std::make_unique<HandArray>(10);
  if (type.id != TypeId::kNull) array->AddBuffer(all_valid);
  if (type.id == TypeId::kInt32) array->AddBuffer(offsets);
  if (type.id == TypeId::kString) array->AddBuffer(offsets).AddBuffer(std::vector<char>(9));
  if (type.id == TypeId::kList) array->AddBuffer(offsets);
  if (type.id == TypeId::kDictionary)
    array->AddBuffer(std::vector<std::int32_t>(10)).SetDictionary(GoodArray(type.children[0].type));
  for (const Field& child : type.children) {
    if (type.id == TypeId::kDictionary) break;
    if (type.id != TypeId::kFixedSizeList || type.size > 3) {
      array->AddChild(GoodArray(child.type));
    } else {
      auto items = std::make_unique<HandArray>(30);
      items->AddBuffer(all_valid).AddBuffer(std::vector<std::int32_t>(30));
      array->AddChild(std::move(items));
    }
  }
  return array;
}

TEST(ArrowImportArray, RejectsMalformedStructs) {
  for (const Damage& damage : StructDamages()) {
    SCOPED_TRACE(damage.what);
    const Field field = MakeField("c", damage.type);
    OwnedSchema schema(field);
    const auto array = GoodArray(damage.type);
    if (damage.type.size <= 3) {
      const auto good = ImportArray(field, *schema, array->c());
      ASSERT_TRUE(good.has_value()) << good.error().describe();
    }
    damage.apply(&array->c());
    const auto view = ImportArray(field, *schema, array->c());
    ASSERT_FALSE(view.has_value());
    EXPECT_EQ(view.error().code, ErrorCode::kInvalidArgument);
    EXPECT_EQ(view.error().column.substr(0, 1), "c");
  }
}

template <class T>
bool ImportsOffsets(TypeId id, const std::vector<T>& offsets, std::int64_t first, std::int64_t length) {
  const bool list = !IsVariableWidth(id);
  const Field field = MakeField("c", {.id = id, .children = list ? std::vector{MakeField("item", {})} : std::vector<Field>{}});
  OwnedSchema schema(field);
  HandArray array(length, first);
  array.AddNullBuffer().AddBuffer(offsets);
  list ? array.AddChild(std::make_unique<HandArray>(10)) : array.AddBuffer(std::vector<char>(10));
  const auto view = ImportArray(field, *schema, array.c());
  if (!view) {
    EXPECT_EQ(view.error().code, ErrorCode::kInvalidArgument);
  }
  return view.has_value();
}

TEST(ArrowImportArray, RejectsOffsetsThatAreNegativeOrDescend) {
  for (const TypeId id : {TypeId::kString, TypeId::kBinary, TypeId::kList}) {
    EXPECT_TRUE(ImportsOffsets<std::int32_t>(id, {0, 4, 4, 10}, 0, 3));
    EXPECT_FALSE(ImportsOffsets<std::int32_t>(id, {0, 4, 3, 10}, 0, 3));
    EXPECT_FALSE(ImportsOffsets<std::int32_t>(id, {-1, 4, 4, 10}, 0, 3));
    EXPECT_FALSE(ImportsOffsets<std::int32_t>(id, {0, 4, 4, -10}, 0, 3));
    EXPECT_TRUE(ImportsOffsets<std::int32_t>(id, {7, 2, 4, 10}, 1, 2)) << "damage before the slice does not matter";
  }
  for (const TypeId id : {TypeId::kLargeString, TypeId::kLargeBinary, TypeId::kLargeList}) {
    EXPECT_TRUE(ImportsOffsets<std::int64_t>(id, {2, 4, 4, 10}, 0, 3));
    EXPECT_FALSE(ImportsOffsets<std::int64_t>(id, {0, 4, 3, 10}, 0, 3));
    EXPECT_FALSE(ImportsOffsets<std::int64_t>(id, {std::numeric_limits<std::int64_t>::min(), 4, 4, 10}, 0, 3));
  }
  EXPECT_FALSE(ImportsOffsets<std::int32_t>(TypeId::kList, {0, 4, 4, 11}, 0, 3)) << "the child has 10 items";
}

template <class T>
bool ImportsKeys(TypeId key_id, const std::vector<T>& keys, std::vector<char> validity) {
  const Field field = MakeField("c", {.id = TypeId::kDictionary, .key_id = key_id, .children = {MakeField("", {})}});
  OwnedSchema schema(field);
  HandArray array(static_cast<std::int64_t>(keys.size()));
  array.AddBuffer(validity).AddBuffer(keys).SetDictionary(std::make_unique<HandArray>(3));
  const auto view = ImportArray(field, *schema, array.c());
  if (!view) {
    EXPECT_EQ(view.error().code, ErrorCode::kInvalidArgument);
  }
  return view.has_value();
}

TEST(ArrowImportArray, RejectsKeysOutsideTheDictionaryInValidSlots) {
  EXPECT_TRUE(ImportsKeys<std::int8_t>(TypeId::kInt8, {0, 1, 2}, {7}));
  EXPECT_FALSE(ImportsKeys<std::int8_t>(TypeId::kInt8, {0, 1, 3}, {7}));
  EXPECT_FALSE(ImportsKeys<std::int8_t>(TypeId::kInt8, {-1, 1, 2}, {7}));
  EXPECT_TRUE(ImportsKeys<std::int8_t>(TypeId::kInt8, {-1, 1, 2}, {6})) << "a null slot may hold anything";
  EXPECT_FALSE(ImportsKeys<std::uint8_t>(TypeId::kUInt8, {0, 255}, {3}));
  EXPECT_FALSE(ImportsKeys<std::int64_t>(TypeId::kInt64, {0, std::int64_t{1} << 32}, {3}));
  EXPECT_FALSE(ImportsKeys<std::uint64_t>(TypeId::kUInt64, {0, ~std::uint64_t{0}}, {3}));
}

// One view of 16 bytes as four numbers: size, prefix, buffer, offset.
bool ImportsView(std::vector<std::int32_t> view, std::vector<std::int64_t> sizes = {20}, bool valid = true) {
  const Field field = MakeField("c", {.id = TypeId::kString});
  OwnedSchema schema(field);
  schema->format = "vu";
  HandArray array(1);
  array.AddBuffer(std::vector<char>{static_cast<char>(valid ? 1 : 0)}).AddBuffer(view);
  for (const std::int64_t size : sizes) {
    size == 20 ? array.AddBuffer(std::vector<char>(20)) : array.AddNullBuffer();
  }
  array.AddBuffer(sizes);
  const auto imported = ImportArray(field, *schema, array.c());
  if (!imported) {
    EXPECT_EQ(imported.error().code, ErrorCode::kInvalidArgument);
  }
  return imported.has_value();
}

TEST(ArrowImportArray, RejectsViewsOutsideTheirBuffers) {
  constexpr std::int32_t kMax = std::numeric_limits<std::int32_t>::max();
  EXPECT_TRUE(ImportsView({20, 0, 0, 0}));
  EXPECT_TRUE(ImportsView({13, 0, 0, 7}));
  EXPECT_TRUE(ImportsView({12, -1, -1, -1})) << "up to 12 bytes lie in the view itself";
  EXPECT_TRUE(ImportsView({5, -1, -1, -1}, {}));
  EXPECT_FALSE(ImportsView({13, 0, 0, 8}));
  EXPECT_FALSE(ImportsView({kMax, 0, 0, kMax}));
  EXPECT_FALSE(ImportsView({-1, 0, 0, 0}));
  EXPECT_FALSE(ImportsView({13, 0, -1, 0}));
  EXPECT_FALSE(ImportsView({13, 0, 1, 0}));
  EXPECT_FALSE(ImportsView({13, 0, 0, -1}));
  EXPECT_FALSE(ImportsView({13, 0, 0, 0}, {}));
  EXPECT_TRUE(ImportsView({-1, 0, 0, 0}, {20}, false)) << "a null slot may hold anything";
  EXPECT_TRUE(ImportsView({5, 0, 0, 0}, {20, 0}));
  EXPECT_FALSE(ImportsView({5, 0, 0, 0}, {20, -1}));
  EXPECT_FALSE(ImportsView({5, 0, 0, 0}, {20, 1})) << "a buffer of one byte needs a pointer";
}

TEST(ArrowImportArray, RejectsViewsWithoutSizes) {
  const Field field = MakeField("c", {.id = TypeId::kBinary});
  OwnedSchema schema(field);
  schema->format = "vz";
  HandArray two_buffers(0);
  two_buffers.AddNullBuffer().AddNullBuffer();
  EXPECT_FALSE(ImportArray(field, *schema, two_buffers.c()).has_value());
  two_buffers.AddNullBuffer();
  EXPECT_TRUE(ImportArray(field, *schema, two_buffers.c()).has_value()) << "no data buffers, so no sizes";
  two_buffers.AddNullBuffer();
  EXPECT_FALSE(ImportArray(field, *schema, two_buffers.c()).has_value());
}

TEST(ArrowImportArray, NamesTheNestedColumn) {
  const DataType inner{.id = TypeId::kStruct, .children = {MakeField("name", {.id = TypeId::kString})}};
  const Field field = MakeField("user", {.id = TypeId::kStruct, .children = {MakeField("details", inner)}});
  OwnedSchema schema(field);
  const auto array = GoodArray(field.type);
  array->c().children[0]->children[0]->buffers[1] = nullptr;
  const auto view = ImportArray(field, *schema, array->c());
  ASSERT_FALSE(view.has_value());
  EXPECT_EQ(view.error().column, "user.details.name");
}

}  // namespace
}  // namespace lancekit
