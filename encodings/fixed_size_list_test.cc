#include <gtest/gtest.h>

#include <numeric>

#include "encodings/encoding_testing.h"

namespace lancekit {
namespace {

using testing::HexBytes;
using testing::ListShape;
using testing::OwnedValues;

format::Encoding List(std::uint64_t items, bool has_validity, format::Encoding inner) {
  auto encoding = testing::EncodingOf(format::EncodingId::kFixedSizeList, {std::move(inner)});
  encoding.bits = items;
  encoding.has_validity = has_validity;
  return encoding;
}

std::vector<std::byte> Counting(std::size_t size) {
  std::vector<std::byte> bytes(size);
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::byte>(i * 37);
  return bytes;
}

DataType ListOf(DataType item, std::int64_t size) {
  DataType list{.id = TypeId::kFixedSizeList, .size = size};
  list.children.push_back({.name = "item", .type = std::move(item)});
  return list;
}

TEST(FixedSizeListChunk, RoundTripsEveryShape) {
  for (const std::uint64_t item_bits : {1u, 8u, 32u, 64u}) {
    for (const auto& sizes : std::vector<std::vector<std::uint64_t>>{{1}, {3}, {128}, {2, 3}, {2, 1, 5}}) {
      const ValueShape shape = ListShape(item_bits, sizes);
      const OwnedValues values(shape, Counting(shape.width_bits * 40));
      EXPECT_EQ(testing::CheckRoundTrip(values.View(), *MakeFixedSizeListEncoder(values.View())), "") << item_bits << " bits";
    }
  }
}

TEST(FixedSizeListChunk, KeepsTheValidityOfItems) {
  const ValueShape shape = ListShape(16, {2, 3});
  const OwnedValues values(shape, Counting(12 * 10));
  const auto inner_bits = HexBytes("FF 0F F0 AA 55 01 FE 0C");
  ValuesView view = values.View();
  view.item_validity = {nullptr, inner_bits.data()};
  const auto encoder = MakeFixedSizeListEncoder(view);
  EXPECT_EQ(encoder->num_buffers(), 2u);
  EXPECT_EQ(testing::CheckRoundTrip(view, *encoder), "");
  const auto decoder = MakeChunkDecoder(encoder->Describe(), shape);
  ASSERT_TRUE(decoder);
  const auto chunk = testing::EncodeChunk(*encoder, {0, 10});
  ValueSink sink(shape);
  Scratch scratch;
  ASSERT_TRUE((*decoder)->Decode(chunk.chunk(), {3, 5}, &sink, &scratch).ok());
  const DataType type = ListOf(ListOf({.id = TypeId::kInt16}, 3), 2);
  const ArrayData array = std::move(sink).Finish(type);
  const ArrayData& outer = array.children[0];
  ASSERT_EQ(outer.length, 10);
  EXPECT_EQ(outer.null_count, 0);
  const ArrayData& items = outer.children[0];
  ASSERT_EQ(items.length, 30);
  for (std::uint64_t i = 0; i < 30; ++i) EXPECT_EQ(GetBit(items.validity.data(), i), GetBit(inner_bits.data(), 18 + i)) << i;
  EXPECT_EQ(testing::CheckTruncations(**decoder, shape, chunk), "");
}

TEST(FixedSizeListChunk, RejectsWrongParameters) {
  const ValueShape shape = ListShape(32, {4});
  const auto flat = testing::FlatEncoding(32);
  EXPECT_EQ(testing::MakeChunkCode(List(4, false, flat), shape), ErrorCode::kInternal);
  EXPECT_EQ(testing::MakeChunkCode(List(5, false, flat), shape), ErrorCode::kCorruption);
  EXPECT_EQ(testing::MakeChunkCode(List(4, false, testing::FlatEncoding(16)), shape), ErrorCode::kCorruption);
  EXPECT_EQ(testing::MakeChunkCode(List(4, false, flat), FixedShape(128)), ErrorCode::kCorruption);
  EXPECT_EQ(testing::MakeChunkCode(List(2, false, List(2, false, flat)), shape), ErrorCode::kCorruption);
  EXPECT_EQ(testing::MakeChunkCode(List(4, true, testing::EncodingOf(format::EncodingId::kConstant, {})), shape),
            ErrorCode::kUnsupported);
}

TEST(FixedSizeListValue, ReadsBitmapsBeforeItems) {
  const ValueShape shape = ListShape(8, {3});
  const auto decoder = MakeValueDecoder(List(3, true, testing::FlatEncoding(8)), shape);
  ASSERT_TRUE(decoder);
  ASSERT_EQ((*decoder)->stored_bytes(), 4u);
  EXPECT_FALSE((*decoder)->is_plain());
  ValueSink sink(shape);
  Scratch scratch;
  ASSERT_TRUE((*decoder)->Append(HexBytes("05 0A 0B 0C"), &sink, &scratch).ok());
  ASSERT_TRUE((*decoder)->Append(HexBytes("07 0D 0E 0F"), &sink, &scratch).ok());
  EXPECT_EQ(testing::TextOf(sink.values().bytes()), testing::TextOf(HexBytes("0A 0B 0C 0D 0E 0F")));
  const ArrayData array = std::move(sink).Finish(ListOf({.id = TypeId::kInt8}, 3));
  EXPECT_EQ(array.children[0].null_count, 1);
  EXPECT_EQ(array.children[0].validity.data()[0] & std::byte{0x3F}, std::byte{0b111101});
}

// The reference stores lists whose items are all null without the items.
TEST(FixedSizeListValue, ReadsListsOfNullsOnly) {
  const ValueShape shape = ListShape(32, {2});
  const auto decoder = MakeValueDecoder(List(2, true, testing::EncodingOf(format::EncodingId::kConstant, {})), shape);
  ASSERT_TRUE(decoder);
  ASSERT_EQ((*decoder)->stored_bytes(), 1u);
  ValueSink sink(shape);
  Scratch scratch;
  for (int i = 0; i < 3; ++i) ASSERT_TRUE((*decoder)->Append(HexBytes("00"), &sink, &scratch).ok());
  const ArrayData array = std::move(sink).Finish(ListOf({.id = TypeId::kInt32}, 2));
  EXPECT_EQ(array.length, 3);
  EXPECT_EQ(array.children[0].null_count, 6);
}

}  // namespace
}  // namespace lancekit
