#include <gtest/gtest.h>

#include <random>

#include "encodings/encoding_testing.h"

namespace lancekit {
namespace {

using testing::CheckRoundTrip;
using testing::Numbers;

std::unique_ptr<ChunkEncoder> Flat(const ValuesView& values) { return MakeFlatEncoder(values); }
std::unique_ptr<ChunkEncoder> Frame(const ValuesView& values) { return MakeFrameEncoder(values); }
std::unique_ptr<ChunkEncoder> Delta(const ValuesView& values) { return MakeDeltaEncoder(values, Frame); }
std::unique_ptr<ChunkEncoder> Narrow(const ValuesView& values) {
  auto narrow = MakeNarrowEncoder(values, Flat);
  return narrow != nullptr ? std::move(narrow) : Flat(values);
}

/// Runs of up to `most` values of a few numbers.
template <class T>
std::vector<T> SomeRuns(std::uint64_t length, std::uint64_t most) {
  std::mt19937_64 random(length + most);
  std::vector<T> numbers;
  while (numbers.size() < length) {
    numbers.insert(numbers.end(), std::min<std::uint64_t>(1 + random() % most, length - numbers.size()),
                   static_cast<T>(random() % 200));
  }
  return numbers;
}

template <class T>
void CheckRuns() {
  for (const std::uint64_t length : {1u, 2u, 17u, 1023u, 1024u, 1025u, 33'000u}) {
    for (const std::uint64_t most : {1u, 300u, 100'000u}) {
      const auto values = Numbers(SomeRuns<T>(length, most));
      const ValuesView view = values.View();
      EXPECT_EQ(CheckRoundTrip(view, *MakeRunsEncoder(view, Flat, Narrow)), "") << length << ", runs of " << most;
      EXPECT_EQ(CheckRoundTrip(view, *MakeRunsEncoder(view, Delta, Frame)), "") << length << ", runs of " << most;
    }
  }
}

TEST(Runs, RoundTrip) {
  CheckRuns<std::uint8_t>();
  CheckRuns<std::uint16_t>();
  CheckRuns<std::uint32_t>();
  CheckRuns<std::uint64_t>();
}

/// Stretches of up to `most` values that ascend by a step.
template <class T>
std::vector<T> SomeStairs(std::uint64_t length, std::uint64_t most, T step) {
  std::mt19937_64 random(length + most);
  std::vector<T> numbers;
  while (numbers.size() < length) {
    auto value = static_cast<T>(random());
    for (std::uint64_t left = std::min<std::uint64_t>(3 + random() % most, length - numbers.size()); left != 0; --left) {
      numbers.push_back(value);
      value = static_cast<T>(value + step);
    }
  }
  return numbers;
}

template <class T>
void CheckStairs() {
  for (const T step : {T{1}, T{7}, static_cast<T>(-3), static_cast<T>(T{1} << (8 * sizeof(T) - 1))}) {
    for (const std::uint64_t length : {17u, 1024u, 33'000u}) {
      for (const std::uint64_t most : {3u, 300u, 100'000u}) {
        const auto values = Numbers(SomeStairs<T>(length, most, step));
        const auto encoder = MakeStairsEncoder(values.View(), Flat, Narrow);
        ASSERT_NE(encoder, nullptr);
        EXPECT_EQ(encoder->Describe().bits, step);
        EXPECT_EQ(CheckRoundTrip(values.View(), *encoder), "") << length << ", stairs of " << most;
        EXPECT_EQ(CheckRoundTrip(values.View(), *MakeStairsEncoder(values.View(), Delta, Frame)), "") << length;
      }
    }
  }
}

TEST(Runs, Ascend) {
  CheckStairs<std::uint8_t>();
  CheckStairs<std::uint16_t>();
  CheckStairs<std::uint32_t>();
  CheckStairs<std::uint64_t>();
}

TEST(Runs, AscendOnlyByACommonStep) {
  EXPECT_EQ(MakeStairsEncoder(Numbers<std::uint32_t>({5, 5, 5, 5, 6}).View(), Flat, Flat), nullptr);
  EXPECT_EQ(MakeStairsEncoder(Numbers<std::uint32_t>({5, 9, 1, 7, 6}).View(), Flat, Flat), nullptr);
  EXPECT_EQ(MakeStairsEncoder(Numbers<std::uint32_t>({5}).View(), Flat, Flat), nullptr);
}

// Of runs in a cascade: runs of runs.
TEST(Runs, Nest) {
  std::vector<std::uint32_t> numbers;
  for (std::uint32_t i = 0; i < 30'000; ++i) numbers.push_back(i / 10 % 2 + i / 5000);
  const auto values = Numbers(numbers);
  const InnerEncoder runs = [](const ValuesView& view) { return MakeRunsEncoder(view, Flat, Narrow); };
  EXPECT_EQ(CheckRoundTrip(values.View(), *MakeRunsEncoder(values.View(), Narrow, runs)), "");
}

TEST(Runs, ChunksBeginAnywhere) {
  const auto values = Numbers(SomeRuns<std::uint16_t>(600, 90));
  const auto encoder = MakeRunsEncoder(values.View(), Narrow, Narrow);
  const auto decoder = MakeChunkDecoder(encoder->Describe(), values.View().shape);
  ASSERT_TRUE(decoder);
  Scratch scratch;
  for (std::uint64_t first = 0; first + 128 < 600; ++first) {
    const auto chunk = testing::EncodeChunk(*encoder, {first, 128});
    const std::vector<ValueRange> ranges{{0, 2}, {5, 1}, {6, 30}, {90, 38}};
    ValueSink sink(values.View().shape);
    ASSERT_TRUE((*decoder)->DecodeRanges(chunk.chunk(), ranges, &sink, &scratch).ok());
    ASSERT_EQ(sink.length(), CountRows(ranges));
    std::uint64_t at = 0;
    for (const ValueRange& range : ranges) {
      for (std::uint64_t i = 0; i < range.count; ++i, ++at) {
        EXPECT_EQ(testing::ValueAt(testing::ViewOf(sink), at), testing::ValueAt(values.View(), first + range.first + i));
      }
    }
  }
}

TEST(Runs, HaveTheSpecifiedBytes) {
  const auto values = Numbers<std::uint16_t>({7, 7, 7, 9, 9, 1});
  const auto encoder = MakeRunsEncoder(values.View(), Flat, Flat);
  format::PageLayout layout;
  layout.id = format::LayoutId::kMiniBlock;
  layout.value_compression = encoder->Describe();
  // Mini-block, its values, runs (73): values flat of 16 bits, lengths flat of 32 bits.
  EXPECT_EQ(format::SerializePageLayout(layout),
            testing::TextOf(testing::HexBytes("0A11 1A0F CA04 0C 0A04 0A02 0810 1204 0A02 0820")));
  const auto whole = testing::EncodeChunk(*encoder, {0, 6});
  EXPECT_EQ(testing::TextOf(whole.buffers()[0]), testing::TextOf(testing::HexBytes("0300 00000000")));
  EXPECT_EQ(testing::TextOf(whole.buffers()[1]), testing::TextOf(testing::HexBytes("0700 0900 0100")));
  EXPECT_EQ(testing::TextOf(whole.buffers()[2]), testing::TextOf(testing::HexBytes("03000000 02000000 01000000")));
  const auto part = testing::EncodeChunk(*encoder, {2, 2});
  EXPECT_EQ(testing::TextOf(part.buffers()[0]), testing::TextOf(testing::HexBytes("0200 02000000")));
  EXPECT_EQ(testing::TextOf(part.buffers()[1]), testing::TextOf(testing::HexBytes("0700 0900")));
  EXPECT_EQ(testing::TextOf(part.buffers()[2]), testing::TextOf(testing::HexBytes("03000000 02000000")));
}

TEST(Runs, HaveTheSpecifiedStep) {
  const auto values = Numbers<std::uint16_t>({7, 8, 9, 3, 4, 5});
  const auto encoder = MakeStairsEncoder(values.View(), Flat, Flat);
  ASSERT_NE(encoder, nullptr);
  format::PageLayout layout;
  layout.id = format::LayoutId::kMiniBlock;
  layout.value_compression = encoder->Describe();
  EXPECT_EQ(format::SerializePageLayout(layout),
            testing::TextOf(testing::HexBytes("0A13 1A11 E204 0E 0A04 0A02 0810 1204 0A02 0820 1801")));
  const auto part = testing::EncodeChunk(*encoder, {2, 2});
  EXPECT_EQ(testing::TextOf(part.buffers()[0]), testing::TextOf(testing::HexBytes("0200 02000000")));
  EXPECT_EQ(testing::TextOf(part.buffers()[1]), testing::TextOf(testing::HexBytes("0700 0300")));
  EXPECT_EQ(testing::TextOf(part.buffers()[2]), testing::TextOf(testing::HexBytes("03000000 03000000")));
}

TEST(Runs, RejectDamage) {
  const auto values = Numbers<std::uint32_t>({7, 7, 7, 9, 9, 1});
  const auto encoder = MakeRunsEncoder(values.View(), Flat, Flat);
  const auto decoder = MakeChunkDecoder(encoder->Describe(), FixedShape(32));
  ASSERT_TRUE(decoder);
  const auto chunk = testing::EncodeChunk(*encoder, {0, 6});
  EXPECT_EQ(testing::CheckTruncations(**decoder, FixedShape(32), chunk), "");
  const auto code = [&](std::string_view header, std::string_view lengths) {
    const auto header_bytes = testing::HexBytes(header), length_bytes = testing::HexBytes(lengths);
    const testing::OwnedChunk damaged({header_bytes, chunk.buffers()[1], length_bytes}, 6);
    ValueSink sink(FixedShape(32));
    Scratch scratch;
    const Status status = (*decoder)->Decode(damaged.chunk(), {0, 1}, &sink, &scratch);
    return status.ok() ? ErrorCode::kInternal : status.error().code;
  };
  EXPECT_EQ(code("0300 00000000", "03000000 02000000 01000000"), ErrorCode::kInternal);
  EXPECT_EQ(code("0300 00000000", "03000000 02000000 FF000000"), ErrorCode::kInternal);    // goes on in the next chunk
  EXPECT_EQ(code("0200 02000000", "03000000 05000000"), ErrorCode::kInternal);             // began in the one before
  EXPECT_EQ(code("0300 01000000", "03000000 02000000 01000000"), ErrorCode::kCorruption);  // too few
  EXPECT_EQ(code("0300 03000000", "03000000 02000000 09000000"), ErrorCode::kCorruption);  // nothing of the first run
  EXPECT_EQ(code("0300 00000000", "06000000 02000000 01000000"), ErrorCode::kCorruption);  // too many runs
  EXPECT_EQ(code("0300 00000000", "03000000 00000000 03000000"), ErrorCode::kCorruption);  // an empty one
  EXPECT_EQ(code("0300 00000000", "FFFFFFFF FFFFFFFF FFFFFFFF"), ErrorCode::kCorruption);
  EXPECT_EQ(code("0000 00000000", "03000000 02000000 01000000"), ErrorCode::kCorruption);
  EXPECT_EQ(code("0700 00000000", "03000000 02000000 01000000"), ErrorCode::kCorruption);
}

TEST(Runs, RejectWrongParameters) {
  const auto flat = testing::FlatEncoding(32);
  const auto message = [&](std::vector<format::Encoding> children) {
    return testing::EncodingOf(format::EncodingId::kRuns, std::move(children));
  };
  EXPECT_EQ(testing::MakeChunkCode(message({flat, flat}), FixedShape(32)), ErrorCode::kInternal);
  EXPECT_EQ(testing::MakeChunkCode(message({flat}), FixedShape(32)), ErrorCode::kCorruption);
  EXPECT_EQ(testing::MakeChunkCode(message({flat, testing::FlatEncoding(16)}), FixedShape(32)), ErrorCode::kCorruption);
  EXPECT_EQ(testing::MakeChunkCode(message({testing::FlatEncoding(128), flat}), FixedShape(128)), ErrorCode::kCorruption);
  EXPECT_EQ(testing::MakeChunkCode(message({flat, flat}), testing::StringShape(false)), ErrorCode::kCorruption);
}

}  // namespace
}  // namespace lancekit
