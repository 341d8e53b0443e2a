#include "encodings/values.h"

#include <gtest/gtest.h>

#include <limits>
#include <random>

#include "encodings/encoding_testing.h"

namespace lancekit {
namespace {

using testing::ListShape;
using testing::StringShape;

constexpr std::uint64_t kMaxOffset = std::numeric_limits<std::int32_t>::max();

TEST(ShapeOf, FollowsTheType) {
  EXPECT_EQ(ShapeOf({.id = TypeId::kBool})->width_bits, 1u);
  EXPECT_EQ(ShapeOf({.id = TypeId::kNull})->kind, ValueShape::Kind::kNone);
  EXPECT_TRUE(ShapeOf({.id = TypeId::kLargeBinary})->large_offsets);
  EXPECT_EQ(ShapeOf({.id = TypeId::kFixedSizeBinary, .size = 0})->width_bits, 0u);
  DataType keys{.id = TypeId::kDictionary, .key_id = TypeId::kInt16};
  keys.children.push_back({.name = "", .type = {.id = TypeId::kString}});
  EXPECT_EQ(ShapeOf(keys)->width_bits, 16u);
  DataType vector{.id = TypeId::kFixedSizeList, .size = 3};
  vector.children.push_back({.name = "item", .type = {.id = TypeId::kFloat32}});
  const auto shape = ShapeOf(vector);
  ASSERT_TRUE(shape);
  EXPECT_EQ(shape->width_bits, 96u);
  EXPECT_EQ(shape->item_bits, 32u);
  EXPECT_EQ(shape->ItemsPerValue(0), 3u);
  for (const std::int64_t size : {std::int64_t{0}, std::int64_t{-1}, std::numeric_limits<std::int64_t>::max()}) {
    vector.size = size;
    const auto refused = ShapeOf(vector);
    ASSERT_FALSE(refused) << size;
    EXPECT_EQ(refused.error().code, ErrorCode::kUnsupported);
  }
  EXPECT_FALSE(ShapeOf({.id = TypeId::kStruct}));
}

// Items of no bytes take no memory, but Arrow counts them with 64 bits.
TEST(ShapeOf, BoundsItemsWithoutBytes) {
  DataType list{.id = TypeId::kFixedSizeList, .size = std::int64_t{1} << 31};
  list.children.push_back({.name = "item", .type = {.id = TypeId::kFixedSizeBinary, .size = 0}});
  const auto shape = ShapeOf(list);
  ASSERT_TRUE(shape);
  ValueSink fits(*shape);
  fits.AppendNulls(std::uint64_t{1} << 31);
  EXPECT_EQ(std::move(fits).Finish(list).children[0].length, std::int64_t{1} << 62);
  ValueSink overflows(*shape);
  overflows.AppendNulls(std::uint64_t{1} << 34);
  EXPECT_THROW(std::move(overflows).Finish(list), std::bad_array_new_length);
  DataType outer{.id = TypeId::kFixedSizeList, .size = 16};
  outer.children.push_back({.name = "item", .type = list});
  EXPECT_EQ(ShapeOf(outer).error().code, ErrorCode::kUnsupported);
}

TEST(ValueSink, AppendsBitsAtEveryAlignment) {
  std::mt19937 random(3);
  std::vector<std::byte> from(256);
  for (std::byte& byte : from) byte = static_cast<std::byte>(random());
  for (const std::uint64_t width : {1u, 3u, 7u, 8u, 9u, 12u, 16u, 33u}) {
    ValueSink sink(FixedShape(width));
    std::vector<bool> expected;
    for (int piece = 0; piece < 40; ++piece) {
      const std::uint64_t count = random() % 20;
      const std::uint64_t first_bit = random() % 64;
      sink.AppendBits(from.data(), first_bit, count);
      for (std::uint64_t i = 0; i < count * width; ++i) expected.push_back(GetBit(from.data(), first_bit + i));
      if (piece % 5 != 4) continue;
      sink.AppendNulls(3);
      expected.resize(expected.size() + 3 * width);
    }
    ASSERT_EQ(sink.length() * width, expected.size());
    for (std::uint64_t i = 0; i < expected.size(); ++i)
      ASSERT_EQ(GetBit(sink.values().data(), i), expected[i]) << width << " bits, bit " << i;
    EXPECT_EQ(sink.values().size(), BitmapBytes(expected.size()));
  }
}

TEST(ValueSink, AppendsStringsOfEitherOffset) {
  const testing::OwnedValues narrow({"a", "", "bcd"}, false);
  const testing::OwnedValues wide({"ef", "g"}, true);
  const testing::OwnedValues expected({"", "bcd", "ef", "", "g"}, false);
  for (const bool large : {false, true}) {
    ValueSink sink(StringShape(large));
    ASSERT_TRUE(sink.AppendStrings(narrow.View().offsets<std::int32_t>() + 1, narrow.View().data, 2).ok());
    ASSERT_TRUE(sink.AppendStrings(wide.View().offsets<std::int64_t>(), wide.View().data, 1).ok());
    sink.AppendNulls(1);
    *sink.ReserveData(1) = std::byte{'g'};
    const std::int64_t end = 1;
    ASSERT_TRUE(sink.AppendEnds(&end, 1).ok());
    EXPECT_EQ(testing::Difference(sink, expected.View(), {0, 5}), "");
    sink.Clear();
    EXPECT_EQ(sink.length(), 0u);
    ASSERT_TRUE(sink.AppendStrings(narrow.View().offsets<std::int32_t>(), narrow.View().data, 3).ok());
    EXPECT_EQ(testing::Difference(sink, narrow.View(), {0, 3}), "");
  }
}

TEST(ValueSink, RefusesStringsBeyond32BitOffsets) {
  ValueSink sink(StringShape(false));
  EXPECT_TRUE(sink.HasRoom(kMaxOffset));
  EXPECT_FALSE(sink.HasRoom(kMaxOffset + 1));
  *sink.ReserveData(1) = std::byte{'x'};
  const std::int64_t one = 1;
  ASSERT_TRUE(sink.AppendEnds(&one, 1).ok());
  EXPECT_TRUE(sink.HasRoom(kMaxOffset - 1));
  EXPECT_FALSE(sink.HasRoom(kMaxOffset));
  EXPECT_FALSE(sink.HasRoom(~std::uint64_t{0}));
  const std::int64_t far = static_cast<std::int64_t>(kMaxOffset);
  const Status status = sink.AppendEnds(&far, 1);
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code, ErrorCode::kResourceLimit);
  EXPECT_EQ(sink.length(), 1u);
  EXPECT_TRUE(ValueSink(StringShape(true)).HasRoom(kMaxOffset + 1));
}

TEST(ValueSink, ItemsAppendedWithoutValidityAreValid) {
  const ValueShape shape = ListShape(8, {2});
  const auto bytes = testing::HexBytes("01 02 03 04 05 06 07 08");
  const auto bits = testing::HexBytes("02");
  ValueSink sink(shape);
  sink.AppendBits(bytes.data(), 0, 1);
  sink.AppendItemValidity(0, bits.data(), 0, 2);
  sink.AppendBits(bytes.data(), 16, 1);
  sink.AppendNulls(2);  // no validity of items: padded at the end
  DataType type{.id = TypeId::kFixedSizeList, .size = 2};
  type.children.push_back({.name = "item", .type = {.id = TypeId::kInt8}});
  const ArrayData array = std::move(sink).Finish(type);
  EXPECT_EQ(array.length, 4);
  ASSERT_EQ(array.children[0].length, 8);
  EXPECT_EQ(array.children[0].null_count, 1);
  EXPECT_EQ(array.children[0].validity.data()[0], std::byte{0b11111011});
}

TEST(ValueSink, BorrowsWholeColumns) {
  const auto bytes = testing::HexBytes("01000000 02000000");
  ValueSink sink(FixedShape(32));
  sink.Borrow(Buffer(nullptr, bytes), 2);
  const ArrayData array = std::move(sink).Finish({.id = TypeId::kInt32});
  EXPECT_EQ(array.length, 2);
  EXPECT_EQ(array.values.data(), bytes.data());
}

}  // namespace
}  // namespace lancekit
