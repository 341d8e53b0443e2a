#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "encodings/encoding_testing.h"

namespace lancekit {
namespace {

using testing::CheckRoundTrip;

constexpr std::uint64_t kChunkBytes = 8192;

std::unique_ptr<ChunkEncoder> Flat(const ValuesView& values) { return MakeFlatEncoder(values); }
std::unique_ptr<ChunkEncoder> Frame(const ValuesView& values) { return MakeFrameEncoder(values); }
std::unique_ptr<ChunkEncoder> Variable(const ValuesView& values) { return MakeVariableEncoder(values, kChunkBytes); }
std::unique_ptr<ChunkEncoder> Lengths(const ValuesView& values) { return MakeLengthsEncoder(values, kChunkBytes, Frame); }
std::unique_ptr<ChunkEncoder> Zstd(const ValuesView& values) {
  return MakeGeneralEncoder(Lengths(values), {format::CompressionScheme::kZstd, 1});
}

/// Paths in ascending order, some of them equal, some with more than 255 bytes in common.
std::vector<std::string> Paths(std::size_t count) {
  std::mt19937_64 random(count);
  std::vector<std::string> paths(count);
  for (std::string& path : paths) {
    path = fmt::format("https://example.org/{}/{:03}", random() % 20, random() % 500);
    if (random() % 40 == 0) path = "https://example.org/" + std::string(300 + random() % 3, 'x') + path;
    if (random() % 100 == 0) path.clear();
  }
  std::ranges::sort(paths);
  return paths;
}

TEST(Front, RoundTrips) {
  for (const bool large : {false, true}) {
    for (const std::size_t count : {1u, 2u, 17u, 31u, 32u, 33u, 1000u, 5000u, 20'000u}) {
      auto paths = Paths(count);
      const testing::OwnedValues sorted(paths, large);
      const ValuesView view = sorted.View();
      for (const auto inner : {&Variable, &Lengths, &Zstd}) {
        EXPECT_EQ(CheckRoundTrip(view, *MakeFrontEncoder(view, inner, Frame)), "") << count;
      }
      EXPECT_EQ(CheckRoundTrip(view, *MakeFrontEncoder(view, Lengths, Flat)), "") << count;
      std::unique_ptr<FsstStrings> symbols;
      const InnerEncoder fsst = [&](const ValuesView& suffixes) {
        symbols = testing::ForceFsst(suffixes);
        return symbols == nullptr ? Lengths(suffixes) : MakeFsstEncoder(*symbols, Lengths(symbols->values));
      };
      EXPECT_EQ(CheckRoundTrip(view, *MakeFrontEncoder(view, fsst, Frame)), "") << count;
      std::shuffle(paths.begin(), paths.end(), std::mt19937_64(1));
      const testing::OwnedValues shuffled(paths, large);
      EXPECT_EQ(CheckRoundTrip(shuffled.View(), *MakeFrontEncoder(shuffled.View(), Lengths, Frame)), "") << count;
    }
  }
}

// Chunks may begin anywhere: the page may halve them.
TEST(Front, ChunksBeginAnywhere) {
  const testing::OwnedValues values(Paths(500), false);
  const auto encoder = MakeFrontEncoder(values.View(), Lengths, Frame);
  const auto decoder = MakeChunkDecoder(encoder->Describe(), values.View().shape);
  ASSERT_TRUE(decoder);
  Scratch scratch;
  for (std::uint64_t first = 0; first + 70 < 500; ++first) {
    const auto chunk = testing::EncodeChunk(*encoder, {first, 70});
    for (const ValueRange range : {ValueRange{0, 70}, {1, 1}, {69, 1}, {20, 40}}) {
      ValueSink sink(values.View().shape);
      ASSERT_TRUE((*decoder)->Decode(chunk.chunk(), range, &sink, &scratch).ok());
      EXPECT_EQ(testing::Difference(sink, values.View(), {first + range.first, range.count}), "") << first;
    }
  }
}

TEST(Front, SeveralRangesAtOnce) {
  const testing::OwnedValues values(Paths(400), false);
  const auto encoder = MakeFrontEncoder(values.View(), Lengths, Frame);
  const auto decoder = MakeChunkDecoder(encoder->Describe(), values.View().shape);
  ASSERT_TRUE(decoder);
  const auto chunk = testing::EncodeChunk(*encoder, {0, encoder->ChunkSize(0)});
  ASSERT_GE(chunk.num_values(), 256u);
  std::vector<ValueRange> ranges{{3, 1}, {4, 2}, {9, 20}, {31, 3}, {100, 1}, {130, 90}};
  ValueSink sink(values.View().shape);
  Scratch scratch;
  ASSERT_TRUE((*decoder)->DecodeRanges(chunk.chunk(), ranges, &sink, &scratch).ok());
  ASSERT_EQ(sink.length(), CountRows(ranges));
  std::uint64_t at = 0;
  for (const ValueRange& range : ranges) {
    for (std::uint64_t i = 0; i < range.count; ++i, ++at) {
      EXPECT_EQ(testing::ValueAt(testing::ViewOf(sink), at), testing::ValueAt(values.View(), range.first + i));
    }
  }
}

TEST(Front, HasTheSpecifiedBytes) {
  const testing::OwnedValues values({"car", "card", "care", "", "dog"}, false);
  const auto encoder = MakeFrontEncoder(
      values.View(), [](const ValuesView& suffixes) { return MakeLengthsEncoder(suffixes, kChunkBytes, Flat); }, Flat);
  format::PageLayout layout;
  layout.id = format::LayoutId::kMiniBlock;
  layout.value_compression = encoder->Describe();
  // Mini-block, its values, front (71): prefix lengths flat (1) of 8 bits, suffixes in lengths (69), these flat of 32 bits.
  EXPECT_EQ(format::SerializePageLayout(layout),
            testing::TextOf(testing::HexBytes("0A16 1A14 BA04 11 1204 0A02 0808 1A09 AA04 06 1A04 0A02 0820")));
  const auto whole = testing::EncodeChunk(*encoder, {0, 5});
  ASSERT_EQ(whole.buffers().size(), 4u);
  EXPECT_EQ(testing::TextOf(whole.buffers()[0]), "");
  EXPECT_EQ(testing::TextOf(whole.buffers()[1]), "cardedog");
  EXPECT_EQ(testing::TextOf(whole.buffers()[3]), testing::TextOf(testing::HexBytes("00 03 03 00 00")));
  const auto part = testing::EncodeChunk(*encoder, {2, 2});
  EXPECT_EQ(testing::TextOf(part.buffers()[0]), "car");
  EXPECT_EQ(testing::TextOf(part.buffers()[1]), "e");
}

TEST(Front, MakesSortedPathsSmaller) {
  const testing::OwnedValues values(Paths(20'000), false);
  const std::uint64_t count = values.View().length;
  EXPECT_LT(testing::EncodedBytes(*MakeFrontEncoder(values.View(), Lengths, Frame), count) * 4,
            testing::EncodedBytes(*Lengths(values.View()), count));
}

TEST(Front, RejectsDamage) {
  const testing::OwnedValues values({"car", "card", "care", "cart", "dog"}, false);
  const auto encoder = MakeFrontEncoder(values.View(), Lengths, Flat);
  const auto decoder = MakeChunkDecoder(encoder->Describe(), values.View().shape);
  ASSERT_TRUE(decoder);
  const auto chunk = testing::EncodeChunk(*encoder, {1, 4});
  EXPECT_EQ(testing::CheckTruncations(**decoder, values.View().shape, chunk), "");
  const auto code = [&](std::string_view prefixes, ValueRange range) {
    const auto bytes = testing::HexBytes(prefixes);
    std::vector<Bytes> buffers = chunk.buffers();
    buffers.back() = bytes;
    const testing::OwnedChunk damaged(buffers, 4);
    ValueSink sink(values.View().shape);
    Scratch scratch;
    const Status status = (*decoder)->Decode(damaged.chunk(), range, &sink, &scratch);
    return status.ok() ? ErrorCode::kInternal : status.error().code;
  };
  EXPECT_EQ(code("03 03 03 00", {0, 4}), ErrorCode::kInternal);
  EXPECT_EQ(code("04 03 03 00", {0, 1}), ErrorCode::kCorruption);  // more than the chunk begins with
  EXPECT_EQ(code("03 05 03 00", {0, 4}), ErrorCode::kCorruption);  // more than "card" has
  EXPECT_EQ(code("03 05 03 00", {2, 1}), ErrorCode::kCorruption);  // on the way
  EXPECT_EQ(code("03 05 03 00", {3, 1}), ErrorCode::kInternal);    // not needed
}

TEST(Front, RejectsWrongParameters) {
  const ValueShape shape = testing::StringShape(false);
  const auto variable = testing::EncodingOf(format::EncodingId::kVariable, {testing::FlatEncoding(32)});
  const auto message = [&](std::vector<format::Encoding> children) {
    return testing::EncodingOf(format::EncodingId::kFront, std::move(children));
  };
  EXPECT_EQ(testing::MakeChunkCode(message({variable, testing::FlatEncoding(8)}), shape), ErrorCode::kInternal);
  EXPECT_EQ(testing::MakeChunkCode(message({variable, testing::FlatEncoding(8)}), FixedShape(32)), ErrorCode::kCorruption);
  EXPECT_EQ(testing::MakeChunkCode(message({variable, testing::FlatEncoding(32)}), shape), ErrorCode::kCorruption);
  EXPECT_EQ(testing::MakeChunkCode(message({testing::FlatEncoding(32), testing::FlatEncoding(8)}), shape),
            ErrorCode::kCorruption);
  EXPECT_EQ(testing::MakeChunkCode(message({variable}), shape), ErrorCode::kCorruption);
}

}  // namespace
}  // namespace lancekit
