#include <gtest/gtest.h>

#include "encodings/encoding_testing.h"

namespace lancekit {
namespace {

using testing::BlockCode;
using testing::HexBytes;
using testing::OwnedValues;
using testing::StringShape;

format::Encoding Message(std::uint64_t offset_bits) {
  return testing::EncodingOf(format::EncodingId::kVariable, {testing::FlatEncoding(offset_bits)});
}

std::vector<std::string> Strings(std::size_t count) {
  std::vector<std::string> strings;
  for (std::size_t i = 0; i < count; ++i) strings.push_back(std::string(i * 7 % 23, static_cast<char>('a' + i % 26)));
  return strings;
}

TEST(VariableChunk, RoundTripsEveryLength) {
  for (const bool large : {false, true}) {
    for (const std::size_t count : {1u, 2u, 3u, 7u, 100u, 4096u, 6000u}) {
      const OwnedValues values(Strings(count), large);
      EXPECT_EQ(testing::CheckRoundTrip(values.View(), *MakeVariableEncoder(values.View())), "") << count;
    }
    const OwnedValues empty(std::vector<std::string>(50), large);
    EXPECT_EQ(testing::CheckRoundTrip(empty.View(), *MakeVariableEncoder(empty.View())), "");
    const OwnedValues long_ones(std::vector<std::string>(5, std::string(20'000, 'x')), large);
    EXPECT_EQ(testing::CheckRoundTrip(long_ones.View(), *MakeVariableEncoder(long_ones.View())), "");
  }
}

TEST(VariableChunk, WritesTheReferencesBytes) {
  const OwnedValues values({"str0", "", "str2", "str3", "str4"}, false);
  const auto chunk = testing::EncodeChunk(*MakeVariableEncoder(values.View()), {0, 5});
  const std::string expected =
      testing::TextOf(HexBytes("18000000 1C000000 1C000000 20000000 24000000 28000000")) + "str0str2str3str4";
  EXPECT_EQ(testing::TextOf(chunk.buffers()[0]), expected);
  const OwnedValues odd({"ab"}, false);
  const auto padded = testing::EncodeChunk(*MakeVariableEncoder(odd.View()), {0, 1});
  EXPECT_EQ(testing::TextOf(padded.buffers()[0]), testing::TextOf(HexBytes("08000000 0A000000")) + "abHH");
}

// The other width of offsets than that of the column's type.
TEST(VariableChunk, ReadsEitherWidthOfOffsets) {
  for (const bool large : {false, true}) {
    const OwnedValues values(Strings(9), large);
    const auto chunk = testing::EncodeChunk(*MakeVariableEncoder(values.View()), {0, 9});
    const auto decoder = MakeChunkDecoder(Message(large ? 64 : 32), StringShape(!large));
    ASSERT_TRUE(decoder);
    ValueSink sink(StringShape(!large));
    Scratch scratch;
    ASSERT_TRUE((*decoder)->Decode(chunk.chunk(), {2, 5}, &sink, &scratch).ok());
    EXPECT_EQ(testing::Difference(sink, values.View(), {2, 5}), "");
  }
}

TEST(VariableChunk, RejectsDamage) {
  const OwnedValues values({"abc", "", "d", "efgh"}, false);
  const auto decoder = MakeChunkDecoder(Message(32), StringShape(false));
  ASSERT_TRUE(decoder);
  const auto chunk = testing::EncodeChunk(*MakeVariableEncoder(values.View()), {0, 4});
  EXPECT_EQ(testing::CheckTruncations(**decoder, StringShape(false), chunk), "");

  Scratch scratch;
  ValueSink sink(StringShape(false));
  const auto descending = HexBytes("0C000000 0B000000 0C000000");
  EXPECT_FALSE((*decoder)->Decode(testing::OwnedChunk({descending}, 2).chunk(), {0, 2}, &sink, &scratch).ok());
  const auto beyond = HexBytes("0C000000 0C000000 0D000000");
  EXPECT_FALSE((*decoder)->Decode(testing::OwnedChunk({beyond}, 2).chunk(), {0, 2}, &sink, &scratch).ok());
  EXPECT_EQ(sink.length(), 0u);

  EXPECT_EQ(testing::MakeChunkCode(Message(16), StringShape(false)), ErrorCode::kCorruption);
  EXPECT_EQ(testing::MakeChunkCode(Message(32), FixedShape(32)), ErrorCode::kCorruption);
  EXPECT_EQ(testing::MakeChunkCode(testing::EncodingOf(format::EncodingId::kVariable, {}), StringShape(false)),
            ErrorCode::kUnsupported);
}

const std::string kColours = testing::TextOf(HexBytes("20000000 18000000 00000000 03000000 08000000 0C000000")) + "redgreenblue";

TEST(VariableBlock, ReadsAndWritesDictionaries) {
  const OwnedValues colours({"red", "green", "blue"}, false);
  MutableBuffer block;
  AppendVariableBlock(colours.View(), &block);
  EXPECT_EQ(testing::TextOf(block.bytes()), kColours);
  EXPECT_EQ(testing::CheckBlock(Message(32), block.bytes(), colours.View()), "");

  const OwnedValues large({"val0", "val1", "val2", "val3"}, true);
  block.Clear();
  AppendVariableBlock(large.View(), &block);
  EXPECT_EQ(testing::TextOf(block.bytes()),
            testing::TextOf(HexBytes("4000000000000000 3800000000000000 0000000000000000 0400000000000000 0800000000000000 "
                                     "0C00000000000000 1000000000000000")) +
                "val0val1val2val3");
  EXPECT_EQ(testing::CheckBlock(Message(64), block.bytes(), large.View()), "");
}

// Before the release a header was a byte of bits, the number of values and the start of the data.
TEST(VariableBlock, ReadsTheOldHeader) {
  const std::string old = testing::TextOf(HexBytes("20 03000000 19000000 00000000 03000000 08000000 0C000000")) + "redgreenblue";
  EXPECT_EQ(testing::CheckBlock(Message(32), std::as_bytes(std::span(old)), OwnedValues({"red", "green", "blue"}, false).View()),
            "");
}

TEST(VariableBlock, RejectsDamage) {
  const Bytes bytes = std::as_bytes(std::span(kColours));
  const ValueShape shape = StringShape(false);
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_EQ(BlockCode(Message(32), bytes.first(size), 3, shape), ErrorCode::kCorruption) << size;
  }
  EXPECT_EQ(BlockCode(Message(64), bytes, 3, shape), ErrorCode::kCorruption);
  EXPECT_EQ(BlockCode(Message(32), bytes, 4, shape), ErrorCode::kCorruption);
  EXPECT_EQ(BlockCode(Message(32), bytes, ~std::uint64_t{0}, shape), ErrorCode::kCorruption);
  EXPECT_EQ(BlockCode(Message(32), bytes, std::uint64_t{1} << 62, shape), ErrorCode::kCorruption);
}

}  // namespace
}  // namespace lancekit
