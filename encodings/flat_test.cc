#include <gtest/gtest.h>

#include <random>

#include "base/checked_math.h"
#include "encodings/encoding_testing.h"

namespace lancekit {
namespace {

using testing::CheckRoundTrip;
using testing::FlatEncoding;
using testing::OwnedValues;

std::vector<std::byte> RandomBytes(std::size_t size) {
  std::mt19937 random(7);
  std::vector<std::byte> bytes(size);
  for (std::byte& byte : bytes) byte = static_cast<std::byte>(random());
  return bytes;
}

TEST(FlatChunk, RoundTripsEveryWidthAndLength) {
  for (const std::uint64_t width : {1u, 2u, 7u, 8u, 12u, 16u, 24u, 32u, 64u, 96u, 128u, 256u, 2047u}) {
    for (const std::uint64_t length : {1u, 2u, 7u, 8u, 9u, 255u, 4096u, 5000u}) {
      const OwnedValues values(FixedShape(width), RandomBytes(CeilDiv(length * width, 8)));
      EXPECT_EQ(CheckRoundTrip(values.View(), *MakeFlatEncoder(values.View())), "") << width << " bits";
    }
  }
}

TEST(FlatChunk, WritesNumbersAndBits) {
  const OwnedValues numbers = testing::Numbers<std::int32_t>({0, 10, -1});
  const auto chunk = testing::EncodeChunk(*MakeFlatEncoder(numbers.View()), {1, 2});
  EXPECT_EQ(testing::TextOf(chunk.buffers()[0]), testing::TextOf(testing::HexBytes("0A000000 FFFFFFFF")));

  const std::byte bits[] = {std::byte{0b10110101}, std::byte{0b1}};
  const OwnedValues booleans(FixedShape(1), bits);
  const auto packed = testing::EncodeChunk(*MakeFlatEncoder(booleans.View()), {2, 7});
  EXPECT_EQ(testing::TextOf(packed.buffers()[0]), testing::TextOf(testing::HexBytes("6D")));
}

TEST(FlatChunk, RejectsTruncation) {
  for (const std::uint64_t width : {1u, 9u, 32u}) {
    const OwnedValues values(FixedShape(width), RandomBytes(100));
    const auto encoder = MakeFlatEncoder(values.View());
    const auto decoder = MakeChunkDecoder(encoder->Describe(), FixedShape(width));
    ASSERT_TRUE(decoder);
    const auto chunk = testing::EncodeChunk(*encoder, {0, values.View().length});
    EXPECT_EQ(testing::CheckTruncations(**decoder, FixedShape(width), chunk), "");
  }
}

TEST(FlatChunk, RejectsWrongParameters) {
  EXPECT_EQ(testing::MakeChunkCode(FlatEncoding(16), FixedShape(32)), ErrorCode::kCorruption);
  EXPECT_EQ(testing::MakeChunkCode(FlatEncoding(32), testing::StringShape(false)), ErrorCode::kCorruption);
  format::Encoding compressed = FlatEncoding(32);
  compressed.compression.emplace();
  EXPECT_EQ(testing::MakeChunkCode(compressed, FixedShape(32)), ErrorCode::kUnsupported);
}

TEST(FlatBlock, DecodesAndRejects) {
  const std::vector<std::uint16_t> levels{0, 1, 0, 7};
  const OwnedValues values = testing::Numbers(levels);
  const auto bytes = std::as_bytes(std::span(levels));
  EXPECT_EQ(testing::CheckBlock(FlatEncoding(16), bytes, values.View()), "");
  EXPECT_EQ(testing::BlockCode(FlatEncoding(16), bytes.first(7), 4, FixedShape(16)), ErrorCode::kCorruption);
  EXPECT_EQ(testing::BlockCode(FlatEncoding(16), bytes, std::uint64_t{1} << 60, FixedShape(16)), ErrorCode::kCorruption);
  EXPECT_EQ(testing::BlockCode(FlatEncoding(16), bytes, ~std::uint64_t{0}, FixedShape(16)), ErrorCode::kCorruption);
}

TEST(FlatValue, BooleansTakeAByte) {
  const auto decoder = MakeValueDecoder(FlatEncoding(8), FixedShape(1));
  ASSERT_TRUE(decoder);
  EXPECT_EQ((*decoder)->stored_bytes(), 1u);
  ValueSink sink(FixedShape(1));
  Scratch scratch;
  for (const std::byte stored : {std::byte{1}, std::byte{0}, std::byte{1}}) {
    ASSERT_TRUE((*decoder)->Append({&stored, 1}, &sink, &scratch).ok());
  }
  EXPECT_EQ(sink.length(), 3u);
  EXPECT_EQ(sink.values().data()[0], std::byte{0b101});
  EXPECT_FALSE(MakeValueDecoder(FlatEncoding(1), FixedShape(1)));
  EXPECT_FALSE(MakeValueDecoder(FlatEncoding(12), FixedShape(12)));
}

}  // namespace
}  // namespace lancekit
