#include <gtest/gtest.h>

#include <random>

#include "encodings/encoding_testing.h"

namespace lancekit {
namespace {

using testing::CheckRoundTrip;

format::Encoding Message(std::uint64_t bits) {
  format::Encoding encoding;
  encoding.id = format::EncodingId::kInlineBitpacking;
  encoding.bits = bits;
  return encoding;
}

/// `length` numbers of at most `width` bits, the widest among them.
template <class T>
std::vector<T> NumbersOf(std::uint64_t length, unsigned width) {
  std::mt19937_64 random(width);
  const T mask = width == 0 ? T{0} : static_cast<T>(static_cast<T>(~T{0}) >> (8 * sizeof(T) - width));
  std::vector<T> numbers(length);
  for (T& number : numbers) number = static_cast<T>(random()) & mask;
  numbers[0] = mask;
  return numbers;
}

template <class T>
void CheckWidths() {
  for (unsigned width = 0; width <= 8 * sizeof(T); ++width) {
    for (const std::uint64_t length : {1u, 17u, 1023u, 1024u, 1025u, 2500u}) {
      const auto values = testing::Numbers(NumbersOf<T>(length, width));
      EXPECT_EQ(CheckRoundTrip(values.View(), *MakeInlineBitpackingEncoder(values.View())), "")
          << width << " of " << 8 * sizeof(T) << " bits";
    }
  }
}

TEST(InlineBitpackingChunk, RoundTripsEveryWidth) {
  CheckWidths<std::uint8_t>();
  CheckWidths<std::uint16_t>();
  CheckWidths<std::uint32_t>();
  CheckWidths<std::uint64_t>();
}

TEST(InlineBitpackingChunk, StartsWithTheWidth) {
  std::vector<std::uint32_t> numbers(1024);
  for (std::uint32_t i = 0; i < 1024; ++i) numbers[i] = i;
  const auto values = testing::Numbers(numbers);
  const auto chunk = testing::EncodeChunk(*MakeInlineBitpackingEncoder(values.View()), {0, 1024});
  EXPECT_EQ(chunk.buffers()[0].size(), 4u + 1280u);
  EXPECT_EQ(testing::TextOf(chunk.buffers()[0].first(4)), testing::TextOf(testing::HexBytes("0A000000")));

  const auto zeros = testing::Numbers(std::vector<std::uint32_t>(1024));
  const auto zero_chunk = testing::EncodeChunk(*MakeInlineBitpackingEncoder(zeros.View()), {0, 1024});
  EXPECT_EQ(testing::TextOf(zero_chunk.buffers()[0]), testing::TextOf(testing::HexBytes("00000000")));
}

// The positions of the FastLanes layout for 32-bit values of width 1.
TEST(InlineBitpackingChunk, PutsValuesWhereFastLanesDoes) {
  constexpr struct {
    std::size_t index, word;
    unsigned bit;
  } kPlaces[] = {{0, 0, 0}, {1, 1, 0}, {31, 31, 0}, {32, 0, 16}, {64, 0, 8}, {96, 0, 24}, {128, 0, 1}, {1023, 31, 31}};
  for (const auto& place : kPlaces) {
    std::vector<std::uint32_t> numbers(1024);
    numbers[place.index] = 1;
    const auto values = testing::Numbers(numbers);
    const auto chunk = testing::EncodeChunk(*MakeInlineBitpackingEncoder(values.View()), {0, 1024});
    ASSERT_EQ(chunk.buffers()[0].size(), 4u + 128u);
    for (std::size_t word = 0; word < 32; ++word) {
      const std::uint32_t expected = word == place.word ? std::uint32_t{1} << place.bit : 0;
      EXPECT_EQ(LoadLe<std::uint32_t>(chunk.buffers()[0].data() + 4 + 4 * word), expected) << place.index << ", word " << word;
    }
  }
}

TEST(InlineBitpackingChunk, AnnouncesItsSize) {
  const auto values = testing::Numbers(NumbersOf<std::uint16_t>(3000, 5));
  const auto encoder = MakeInlineBitpackingEncoder(values.View());
  std::uint64_t bytes = 0;
  for (std::uint64_t first = 0; first < 3000; first += encoder->ChunkSize(first)) {
    bytes += testing::EncodeChunk(*encoder, {first, encoder->ChunkSize(first)}).buffers()[0].size();
  }
  EXPECT_EQ(InlineBitpackingBytes(values.View()), bytes);
}

TEST(InlineBitpackingChunk, RejectsDamage) {
  const auto values = testing::Numbers(NumbersOf<std::uint32_t>(1024, 3));
  const auto decoder = MakeChunkDecoder(Message(32), FixedShape(32));
  ASSERT_TRUE(decoder);
  const auto chunk = testing::EncodeChunk(*MakeInlineBitpackingEncoder(values.View()), {0, 1024});
  EXPECT_EQ(testing::CheckTruncations(**decoder, FixedShape(32), chunk), "");

  Scratch scratch;
  ValueSink sink(FixedShape(32));
  std::vector<std::byte> wide(4 + 33 * 128);
  wide[0] = std::byte{33};
  EXPECT_FALSE((*decoder)->Decode(testing::OwnedChunk({wide}, 1024).chunk(), {0, 1}, &sink, &scratch).ok());
  EXPECT_FALSE((*decoder)->Decode(testing::OwnedChunk(chunk.buffers(), 1025).chunk(), {0, 1}, &sink, &scratch).ok());
  EXPECT_EQ(testing::MakeChunkCode(Message(24), FixedShape(24)), ErrorCode::kCorruption);
  EXPECT_EQ(testing::MakeChunkCode(Message(32), FixedShape(64)), ErrorCode::kCorruption);
}

TEST(InlineBitpackingBlock, DecodesAtMostOneBlock) {
  const auto values = testing::Numbers(NumbersOf<std::uint16_t>(600, 2));
  const auto chunk = testing::EncodeChunk(*MakeInlineBitpackingEncoder(values.View()), {0, 600});
  EXPECT_EQ(testing::CheckBlock(Message(16), chunk.buffers()[0], values.View()), "");
  EXPECT_EQ(testing::BlockCode(Message(16), chunk.buffers()[0], 1025, FixedShape(16)), ErrorCode::kCorruption);
  EXPECT_EQ(testing::BlockCode(Message(16), {}, 1, FixedShape(16)), ErrorCode::kCorruption);
}

}  // namespace
}  // namespace lancekit
