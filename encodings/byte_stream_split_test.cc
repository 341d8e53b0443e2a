#include <gtest/gtest.h>

#include "encodings/encoding_testing.h"
#include "encodings/kernels/stats.h"

namespace lancekit {
namespace {

format::Encoding Message(std::uint64_t bits) {
  return testing::EncodingOf(format::EncodingId::kByteStreamSplit, {testing::FlatEncoding(bits)});
}

// There is no encoder in chunks, so the kernel makes them.
TEST(ByteStreamSplitChunk, DecodesRanges) {
  for (const std::uint64_t width : {32u, 64u}) {
    std::vector<std::uint64_t> numbers(500);
    for (std::uint64_t i = 0; i < numbers.size(); ++i) numbers[i] = i * 0x9E3779B97F4A7C15u;
    const testing::OwnedValues values(FixedShape(width), std::as_bytes(std::span(numbers)));
    const ValuesView view = values.View();
    MutableBuffer split(view.length * width / 8);
    kernels::ByteStreamSplit(view.values, static_cast<int>(width / 8), view.length, split.data());
    const testing::OwnedChunk chunk({split.bytes()}, view.length);
    const auto decoder = MakeChunkDecoder(Message(width), FixedShape(width));
    ASSERT_TRUE(decoder);
    Scratch scratch;
    for (const ValueRange range : {ValueRange{0, view.length}, {0, 1}, {view.length - 1, 1}, {7, 100}, {3, 0}}) {
      ValueSink sink(FixedShape(width));
      ASSERT_TRUE((*decoder)->Decode(chunk.chunk(), range, &sink, &scratch).ok());
      EXPECT_EQ(testing::Difference(sink, view, range), "");
    }
    EXPECT_EQ(testing::CheckTruncations(**decoder, FixedShape(width), chunk), "");
  }
}

TEST(ByteStreamSplitChunk, PutsFirstBytesFirst) {
  const auto split = testing::HexBytes("01 05 02 06 03 07 04 08");
  const auto decoder = MakeChunkDecoder(Message(32), FixedShape(32));
  ASSERT_TRUE(decoder);
  Scratch scratch;
  ValueSink sink(FixedShape(32));
  ASSERT_TRUE((*decoder)->Decode(testing::OwnedChunk({split}, 2).chunk(), {0, 2}, &sink, &scratch).ok());
  EXPECT_EQ(testing::TextOf(sink.values().bytes()), testing::TextOf(testing::HexBytes("01 02 03 04 05 06 07 08")));
}

TEST(ByteStreamSplitChunk, RejectsWrongParameters) {
  EXPECT_EQ(testing::MakeChunkCode(Message(16), FixedShape(16)), ErrorCode::kCorruption);
  EXPECT_EQ(testing::MakeChunkCode(Message(32), FixedShape(64)), ErrorCode::kCorruption);
  EXPECT_EQ(testing::MakeChunkCode(testing::EncodingOf(format::EncodingId::kByteStreamSplit, {}), FixedShape(32)),
            ErrorCode::kUnsupported);
}

}  // namespace
}  // namespace lancekit
