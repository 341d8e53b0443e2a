#include <gtest/gtest.h>

#include "encodings/encoding_testing.h"

namespace lancekit {
namespace {

using testing::FlatEncoding;
using testing::HexBytes;

format::Encoding Message(std::uint64_t bits, std::uint64_t length_bits = 8) {
  return testing::EncodingOf(format::EncodingId::kRle, {FlatEncoding(bits), FlatEncoding(length_bits)});
}

/// Runs of 1, 2, 3, ... values.
template <class T>
std::vector<T> Runs(std::uint64_t length) {
  std::vector<T> values;
  for (std::uint64_t run = 1; values.size() < length; ++run) {
    for (std::uint64_t i = 0; i < run && values.size() < length; ++i) values.push_back(static_cast<T>(run * 0x9E3779B97F4A7C15u));
  }
  return values;
}

template <class T>
void CheckLengths() {
  for (const std::uint64_t length : {1u, 2u, 255u, 256u, 1000u, 4096u, 9000u, 50'000u}) {
    const auto values = testing::Numbers(Runs<T>(length));
    EXPECT_EQ(testing::CheckRoundTrip(values.View(), *MakeRleEncoder(values.View())), "") << length;
  }
}

TEST(RleChunk, RoundTripsEveryWidthAndLength) {
  CheckLengths<std::uint8_t>();
  CheckLengths<std::uint16_t>();
  CheckLengths<std::uint32_t>();
  CheckLengths<std::uint64_t>();
}

// So many runs that they are stored in several parts; one without values among them, and values at an odd address.
TEST(RleChunk, StoresManyShortRuns) {
  std::vector<std::uint64_t> values;
  std::vector<std::byte> odd{std::byte{0}}, lengths;
  for (std::uint64_t run = 0; run < 1700; ++run) {
    const std::uint64_t value = run * 0x9E3779B97F4A7C15u;
    const std::uint64_t length = run == 1500 ? 0 : run * run % 5 + 1 + (run == 900 ? 200 : 0);
    values.insert(values.end(), length, value);
    const auto* const bytes = reinterpret_cast<const std::byte*>(&value);
    odd.insert(odd.end(), bytes, bytes + sizeof(value));
    lengths.push_back(static_cast<std::byte>(length));
  }
  const auto decoder = MakeChunkDecoder(Message(64), FixedShape(64));
  ASSERT_TRUE(decoder);
  const std::vector<std::byte> even(odd.begin() + 1, odd.end());
  for (const Bytes run_values : {Bytes(even), Bytes(odd).subspan(1)}) {
    const std::array<Bytes, 2> buffers{run_values, lengths};
    Scratch scratch;
    ValueSink sink(FixedShape(64));
    ASSERT_TRUE((*decoder)->Decode({buffers, values.size()}, {0, values.size()}, &sink, &scratch).ok());
    ASSERT_EQ(sink.length(), values.size());
    EXPECT_EQ(std::memcmp(sink.values().data(), values.data(), values.size() * 8), 0);
  }
  const auto regular = testing::Numbers(values);
  EXPECT_EQ(testing::CheckRoundTrip(regular.View(), *MakeRleEncoder(regular.View())), "");
}

TEST(RleChunk, SplitsRunsLikeTheReference) {
  const auto values = testing::Numbers(std::vector<std::int32_t>(6000, 77));
  const auto encoder = MakeRleEncoder(values.View());
  ASSERT_EQ(encoder->ChunkSize(0), 4096u);
  const auto first = testing::EncodeChunk(*encoder, {0, 4096});
  EXPECT_EQ(testing::TextOf(first.buffers()[1]), std::string(16, '\xFF') + '\x10');
  EXPECT_EQ(first.buffers()[0].size(), 17u * 4);
  const auto last = testing::EncodeChunk(*encoder, {4096, 1904});
  EXPECT_EQ(testing::TextOf(last.buffers()[1]), std::string(7, '\xFF') + '\x77');
  EXPECT_EQ(testing::TextOf(last.buffers()[0].first(8)), testing::TextOf(HexBytes("4D000000 4D000000")));
}

TEST(RleChunk, RejectsDamage) {
  const auto values = testing::Numbers(Runs<std::uint16_t>(40));
  const auto chunk = testing::EncodeChunk(*MakeRleEncoder(values.View()), {0, 40});
  const auto decoder = MakeChunkDecoder(Message(16), FixedShape(16));
  ASSERT_TRUE(decoder);
  EXPECT_EQ(testing::CheckTruncations(**decoder, FixedShape(16), chunk), "");
  Scratch scratch;
  ValueSink sink(FixedShape(16));
  EXPECT_FALSE((*decoder)->Decode(testing::OwnedChunk(chunk.buffers(), 41).chunk(), {0, 41}, &sink, &scratch).ok());
  EXPECT_FALSE((*decoder)->Decode(testing::OwnedChunk(chunk.buffers(), 39).chunk(), {0, 39}, &sink, &scratch).ok());
  EXPECT_EQ(sink.length(), 0u);
}

TEST(RleChunk, AcceptsRunsOfNoValues) {
  const auto values = HexBytes("01 02 03 04");
  const auto lengths = HexBytes("00 02 00 01");
  const auto decoder = MakeChunkDecoder(Message(8), FixedShape(8));
  ASSERT_TRUE(decoder);
  Scratch scratch;
  const testing::OwnedChunk chunk({values, lengths}, 3);
  for (const ValueRange range : {ValueRange{0, 3}, {1, 2}, {2, 1}, {3, 0}}) {
    ValueSink sink(FixedShape(8));
    ASSERT_TRUE((*decoder)->Decode(chunk.chunk(), range, &sink, &scratch).ok());
    EXPECT_EQ(testing::TextOf(sink.values().bytes()), std::string("\x02\x02\x04").substr(range.first, range.count));
  }
}

TEST(RleChunk, RejectsWrongParameters) {
  EXPECT_EQ(testing::MakeChunkCode(Message(24), FixedShape(24)), ErrorCode::kCorruption);
  EXPECT_EQ(testing::MakeChunkCode(Message(16), FixedShape(32)), ErrorCode::kCorruption);
  EXPECT_EQ(testing::MakeChunkCode(Message(16, 16), FixedShape(16)), ErrorCode::kUnsupported);
  EXPECT_EQ(testing::MakeChunkCode(testing::EncodingOf(format::EncodingId::kRle, {FlatEncoding(16)}), FixedShape(16)),
            ErrorCode::kUnsupported);
}

TEST(RleBlock, WritesTheReferencesBytes) {
  const std::vector<std::uint16_t> levels(6000, 1);
  MutableBuffer block;
  AppendRleBlock(levels.data(), levels.size(), &block);
  EXPECT_EQ(block.size(), RleBlockBytes(LevelBits::Changes(levels), 0, levels.size()));
  std::string expected = testing::TextOf(HexBytes("3000000000000000"));
  for (int i = 0; i < 24; ++i) expected += testing::TextOf(HexBytes("0100"));
  expected += std::string(23, '\xFF') + '\x87';
  EXPECT_EQ(testing::TextOf(block.bytes()), expected);
  EXPECT_EQ(testing::CheckBlock(Message(16), block.bytes(), testing::Numbers(levels).View()), "");
}

TEST(RleBlock, RejectsDamage) {
  const auto levels = Runs<std::uint16_t>(30);
  MutableBuffer block;
  AppendRleBlock(levels.data(), levels.size(), &block);
  const ValueShape shape = FixedShape(16);
  for (std::size_t size = 0; size < block.size(); ++size) {
    EXPECT_EQ(testing::BlockCode(Message(16), block.bytes().first(size), 30, shape), ErrorCode::kCorruption) << size;
  }
  EXPECT_EQ(testing::BlockCode(Message(16), block.bytes(), 31, shape), ErrorCode::kCorruption);
  EXPECT_EQ(testing::BlockCode(Message(16), block.bytes(), ~std::uint64_t{0}, shape), ErrorCode::kCorruption);
  StoreLe<std::uint64_t>(block.data(), ~std::uint64_t{0});
  EXPECT_EQ(testing::BlockCode(Message(16), block.bytes(), 30, shape), ErrorCode::kCorruption);
}

}  // namespace
}  // namespace lancekit
