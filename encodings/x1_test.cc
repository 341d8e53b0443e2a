// Round trips of the encodings of X1, alone and inside each other, and what they refuse.
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <limits>
#include <random>

#include "encodings/encoding_testing.h"

namespace lancekit {
namespace {

using testing::CheckRoundTrip;
using testing::Numbers;

InnerEncoder Frame() {
  return [](const ValuesView& values) { return MakeFrameEncoder(values); };
}
InnerEncoder Flat() {
  return [](const ValuesView& values) { return MakeFlatEncoder(values); };
}

constexpr std::uint64_t kLengths[] = {1, 2, 17, 1023, 1024, 1025, 4096, 5000, 9000};

/// Uniform below 2^width, from `base` on.
template <class T>
std::vector<T> Uniform(std::uint64_t length, int width, T base) {
  std::mt19937_64 random(length * 64 + static_cast<std::uint64_t>(width));
  const T mask = width == 0 ? T{0} : static_cast<T>(static_cast<T>(~T{0}) >> (static_cast<int>(8 * sizeof(T)) - width));
  std::vector<T> numbers(length);
  for (T& number : numbers) number = static_cast<T>(base + static_cast<T>(random() & mask));
  return numbers;
}

template <class T>
void CheckNumbers() {
  for (int width = 0; width <= static_cast<int>(8 * sizeof(T)); ++width) {
    for (const std::uint64_t length : kLengths) {
      const auto values = Numbers(Uniform<T>(length, width, static_cast<T>(-3)));
      const ValuesView view = values.View();
      EXPECT_EQ(CheckRoundTrip(view, *MakeFrameEncoder(view)), "") << width << " bits, " << length;
      if (width % 7 != 3) continue;
      EXPECT_EQ(CheckRoundTrip(view, *MakeDeltaEncoder(view, Frame())), "") << width << " bits, " << length;
      EXPECT_EQ(CheckRoundTrip(view, *MakeDeltaEncoder(view, Flat())), "") << width << " bits, " << length;
      EXPECT_EQ(CheckRoundTrip(view, *MakePatchedEncoder(view, Frame())), "") << width << " bits, " << length;
      const auto narrow = MakeNarrowEncoder(view, Frame());
      if (narrow != nullptr) {
        EXPECT_EQ(CheckRoundTrip(view, *narrow), "") << width;
      }
    }
  }
}

TEST(X1Numbers, RoundTripEveryWidth) {
  CheckNumbers<std::uint8_t>();
  CheckNumbers<std::uint16_t>();
  CheckNumbers<std::uint32_t>();
  CheckNumbers<std::uint64_t>();
}

std::uint64_t BytesOf(const ChunkEncoder& encoder, std::uint64_t num_values) {
  std::uint64_t bytes = 0;
  for (std::uint64_t first = 0; first < num_values; first += encoder.ChunkSize(first)) {
    const testing::OwnedChunk chunk = testing::EncodeChunk(encoder, {first, encoder.ChunkSize(first)});
    for (const Bytes buffer : chunk.buffers()) bytes += buffer.size();
  }
  return bytes;
}

TEST(X1Numbers, SignedNumbersAroundZeroStaySmall) {
  std::vector<std::int64_t> numbers;
  for (int i = 0; i < 8192; ++i) numbers.push_back(i % 15 - 7);
  const auto values = Numbers(numbers);
  EXPECT_EQ(BytesOf(*MakeFrameEncoder(values.View()), 8192), 8 * (128 * 4 + 9));
  EXPECT_EQ(BytesOf(*MakeDeltaEncoder(values.View(), Frame()), 8192), 8 * (128 * 4 + 9 + 8));
  const auto narrow = MakeNarrowEncoder(values.View(), Flat());
  ASSERT_NE(narrow, nullptr);
  EXPECT_EQ(BytesOf(*narrow, 8192), 8192);
}

TEST(X1Numbers, PatchesKeepOutliersApart) {
  auto numbers = Uniform<std::uint64_t>(4096, 6, 1'000'000);
  for (std::size_t i = 5; i < numbers.size(); i += 500) numbers[i] = i % 2 == 0 ? 0 : ~std::uint64_t{0} >> i % 60;
  const auto values = Numbers(numbers);
  const auto encoder = MakePatchedEncoder(values.View(), Frame());
  EXPECT_EQ(CheckRoundTrip(values.View(), *encoder), "");
  EXPECT_EQ(BytesOf(*encoder, 4096), 4u * (128 * 6 + 9) + 2 + 9 * 10);
}

TEST(X1Numbers, NarrowsDecimals) {
  std::vector<std::uint64_t> words;  // of 128-bit numbers from -500 on
  for (std::int64_t i = -500; i < 3000; ++i) {
    words.push_back(static_cast<std::uint64_t>(i));
    words.push_back(i < 0 ? ~std::uint64_t{0} : 0);
  }
  const testing::OwnedValues values(FixedShape(128), std::as_bytes(std::span(words)));
  const auto encoder = MakeNarrowEncoder(values.View(), Frame());
  ASSERT_NE(encoder, nullptr);
  EXPECT_EQ(encoder->Describe().bits, 16u);
  EXPECT_EQ(CheckRoundTrip(values.View(), *encoder), "");
}

template <class T>
void CheckScale() {
  std::mt19937_64 random(11);
  const auto multiples = [&](T unit, T base, std::uint64_t length) {
    std::vector<T> numbers(length);
    const T most = static_cast<T>(std::numeric_limits<T>::max() / unit);
    for (T& number : numbers) number = static_cast<T>(base + unit * static_cast<T>(random() % (std::uint64_t{most} / 2 + 1)));
    numbers[length / 2] = base;
    numbers[length / 3] = static_cast<T>(base + unit);
    return numbers;
  };
  for (const T unit : {T{2}, T{3}, T{12}, T{60}, static_cast<T>(std::numeric_limits<T>::max() / 3)}) {
    for (const T base : {T{0}, T{5}, static_cast<T>(-7), static_cast<T>(T{1} << (8 * sizeof(T) - 1))}) {
      for (const std::uint64_t length : {7u, 100u, 5000u}) {
        const auto values = testing::Numbers(multiples(unit, base, length));
        const auto encoder = MakeScaleEncoder(values.View(), Frame());
        ASSERT_NE(encoder, nullptr) << +unit;
        EXPECT_EQ(encoder->Describe().bits % unit, 0u) << +unit;
        EXPECT_EQ(CheckRoundTrip(values.View(), *encoder), "") << +unit;
        const InnerEncoder runs = [](const ValuesView& view) { return MakeRunsEncoder(view, Flat(), Flat()); };
        // Runs are scaled before they are expanded.
        const auto of_runs = MakeScaleEncoder(values.View(), runs);
        EXPECT_EQ(of_runs->Describe().id, format::EncodingId::kRuns);
        EXPECT_EQ(CheckRoundTrip(values.View(), *of_runs), "") << +unit;
        const InnerEncoder stairs = [](const ValuesView& view) { return MakeRunsEncoder(view, Frame(), Flat(), 3); };
        EXPECT_EQ(MakeScaleEncoder(values.View(), stairs)->Describe().id, format::EncodingId::kStairs);
        EXPECT_EQ(CheckRoundTrip(values.View(), *MakeScaleEncoder(values.View(), stairs)), "") << +unit;
      }
    }
  }
}

TEST(X1Numbers, Scale) {
  CheckScale<std::uint8_t>();
  CheckScale<std::uint16_t>();
  CheckScale<std::uint32_t>();
  CheckScale<std::uint64_t>();
}

TEST(X1Numbers, ScaleOnlyMultiples) {
  std::vector<std::uint32_t> numbers(6000);
  for (std::uint32_t i = 0; i < numbers.size(); ++i) numbers[i] = 60 * i + 7;
  const auto unit = [&](std::uint64_t least) {
    const auto encoder = MakeScaleEncoder(testing::Numbers(numbers).View(), Flat(), least);
    return encoder == nullptr ? 0 : encoder->Describe().bits;
  };
  EXPECT_EQ(unit(60), 60u);
  EXPECT_EQ(unit(61), 0u);
  numbers[4321] += 20;  // not among those that are looked at first
  EXPECT_EQ(unit(2), 20u);
  numbers[4322] += 1;
  EXPECT_EQ(unit(2), 0u);
  numbers.assign(6000, 5);
  EXPECT_EQ(unit(2), 0u);
}

TEST(X1Numbers, ScaleHasTheSpecifiedBytes) {
  const auto values = testing::Numbers<std::uint16_t>({65'526, 4, 14});  // -10, 4, 14
  const auto encoder = MakeScaleEncoder(values.View(), Flat());
  ASSERT_NE(encoder, nullptr);
  format::PageLayout layout;
  layout.id = format::LayoutId::kMiniBlock;
  layout.value_compression = encoder->Describe();
  // Mini-block, its values, scale (75): 2, base -10, flat of 16 bits.
  EXPECT_EQ(format::SerializePageLayout(layout),
            testing::TextOf(testing::HexBytes("0A11 1A0F DA04 0C 0802 1202F6FF 1A04 0A02 0810")));
  EXPECT_EQ(testing::TextOf(testing::EncodeChunk(*encoder, {0, 3}).buffers()[0]),
            testing::TextOf(testing::HexBytes("0000 0700 0C00")));
}

TEST(X1Numbers, NarrowsTwice) {
  std::mt19937_64 random(9);
  const InnerEncoder bits = [](const ValuesView& view) { return MakeNarrowEncoder(view, Flat(), 1); };
  for (const unsigned range : {2U, 4U, 16U}) {
    // The inner base, 250 or so, wraps around with what is added to it, as numbers below zero do.
    std::vector<std::array<std::uint64_t, 2>> decimals(6000);
    for (auto& decimal : decimals) decimal = {random() % range + 1000, 7};
    decimals[0][0] = 994;
    const testing::OwnedValues values(FixedShape(128), std::as_bytes(std::span(decimals)));
    EXPECT_EQ(CheckRoundTrip(values.View(), *MakeNarrowEncoder(values.View(), Frame())), "");
    const testing::OwnedValues later(FixedShape(128), std::as_bytes(std::span(decimals).subspan(1)));
    const auto encoder = MakeNarrowEncoder(later.View(), bits);
    EXPECT_EQ(CheckRoundTrip(later.View(), *encoder), "");
    format::Encoding message = encoder->Describe();
    ASSERT_EQ(message.bits, 8);
    ASSERT_EQ(message.children[0].id, format::EncodingId::kNarrow);
    message.children[0].table[0] = std::byte{254};
    const auto decoder = MakeChunkDecoder(message, FixedShape(128));
    ASSERT_TRUE(decoder);
    const testing::OwnedChunk chunk = testing::EncodeChunk(*encoder, {0, encoder->ChunkSize(0)});
    for (const std::uint64_t count : {std::uint64_t{3}, std::uint64_t{300}}) {
      ValueSink sink(FixedShape(128));
      Scratch scratch;
      ASSERT_TRUE((*decoder)->Decode({chunk.buffers(), chunk.num_values()}, {1, count}, &sink, &scratch).ok());
      for (std::uint64_t i = 0; i < count; ++i) {
        const std::uint64_t inner = decimals[i + 2][0] - 1000;
        EXPECT_EQ(sink.values().as<std::uint64_t>()[2 * i], 1000 + ((254 + inner) & 255)) << i;
        EXPECT_EQ(sink.values().as<std::uint64_t>()[2 * i + 1], 7);
      }
    }
  }
}

TEST(X1Numbers, NarrowsToBits) {
  for (const std::uint32_t range : {1u, 2u, 4u, 14u}) {
    for (const std::uint64_t length : kLengths) {
      std::vector<std::uint32_t> numbers(length);
      for (std::uint32_t i = 0; i < length; ++i) numbers[i] = 77 + i * 7 % (range + 1);
      const auto values = Numbers(numbers);
      const auto encoder = MakeNarrowEncoder(values.View(), Flat(), 1);
      ASSERT_NE(encoder, nullptr);
      EXPECT_LE(encoder->Describe().bits, 4u);
      EXPECT_EQ(CheckRoundTrip(values.View(), *encoder), "") << range << ", " << length;
    }
  }
}

TEST(X1Numbers, CutsHighFromLowBits) {
  for (const int width : {9, 12, 16, 24}) {
    for (const std::uint64_t length : kLengths) {
      const auto values = Numbers(Uniform<std::uint32_t>(length, width, 0));
      const auto encoder = MakeCutEncoder(values.View(), Flat(), Frame());
      if (encoder == nullptr) continue;  // few values may all be small
      EXPECT_LE(encoder->Describe().bits, static_cast<std::uint64_t>(width - 8));
      EXPECT_EQ(CheckRoundTrip(values.View(), *encoder), "") << width << " bits, " << length;
    }
  }
  EXPECT_EQ(MakeCutEncoder(Numbers(Uniform<std::uint16_t>(100, 8, 0)).View(), Flat(), Frame()), nullptr);
  EXPECT_EQ(MakeCutEncoder(Numbers(Uniform<std::uint64_t>(100, 64, 0)).View(), Flat(), Frame()), nullptr);
}

TEST(X1Numbers, NestToDepthThree) {
  std::vector<std::int64_t> stamps;
  std::mt19937_64 random(1);
  for (std::int64_t i = 0; i < 40'000; ++i)
    stamps.push_back(1'700'000'000'000'000 + i * 1000 + static_cast<std::int64_t>(random() % 100));
  const auto values = Numbers(stamps);
  const InnerEncoder narrow_patched = [](const ValuesView& view) {
    auto narrow = MakeNarrowEncoder(view, [](const ValuesView& inner) { return MakePatchedEncoder(inner, Frame()); });
    return narrow != nullptr ? std::move(narrow) : MakeFlatEncoder(view);
  };
  const auto encoder = MakeDeltaEncoder(values.View(), narrow_patched);
  EXPECT_EQ(encoder->Describe().children[0].id, format::EncodingId::kNarrow);
  EXPECT_EQ(CheckRoundTrip(values.View(), *encoder), "");
  EXPECT_LT(BytesOf(*encoder, stamps.size()), stamps.size() * 8 / 6);
}

// Compressed, and compressed again deeper down: both at once are in memory.
TEST(X1Numbers, NestCompressions) {
  constexpr format::BufferCompression kZstd{format::CompressionScheme::kZstd, 1};
  const auto zstd = [&](const ValuesView& view) { return MakeGeneralEncoder(MakeFlatEncoder(view), kZstd); };
  const auto values = Numbers(Uniform<std::uint64_t>(5000, 12, 3));
  const ValuesView view = values.View();
  EXPECT_EQ(CheckRoundTrip(view, *MakeGeneralEncoder(MakeDeltaEncoder(view, zstd), kZstd)), "");
  EXPECT_EQ(CheckRoundTrip(view, *MakeGeneralEncoder(MakePatchedEncoder(view, zstd), kZstd)), "");
}

TEST(X1Numbers, SeveralRangesAtOnce) {
  const auto values = Numbers(Uniform<std::uint32_t>(4096, 9, 1000));
  const ValuesView view = values.View();
  const std::unique_ptr<ChunkEncoder> encoders[] = {MakeFrameEncoder(view), MakeDeltaEncoder(view, Frame()),
                                                    MakePatchedEncoder(view, Frame()), MakeNarrowEncoder(view, Flat()),
                                                    MakeCutEncoder(view, Frame(), Frame())};
  for (const auto& encoder : encoders) {
    const auto decoder = MakeChunkDecoder(encoder->Describe(), view.shape);
    ASSERT_TRUE(decoder);
    const testing::OwnedChunk chunk = testing::EncodeChunk(*encoder, {0, 4096});
    const std::vector<ValueRange> ranges{{3, 1}, {1000, 50}, {1024, 1}, {4000, 96}};
    ValueSink sink(view.shape);
    Scratch scratch;
    ASSERT_TRUE((*decoder)->DecodeRanges(chunk.chunk(), ranges, &sink, &scratch).ok());
    ASSERT_EQ(sink.length(), CountRows(ranges));
    std::uint64_t at = 0;
    for (const ValueRange& range : ranges) {
      for (std::uint64_t i = 0; i < range.count; ++i, ++at) {
        EXPECT_EQ(testing::ValueAt(testing::ViewOf(sink), at), testing::ValueAt(view, range.first + i));
      }
    }
  }
}

template <class Float>
std::vector<Float> Prices(std::uint64_t length) {
  std::mt19937_64 random(length);
  std::vector<Float> prices(length);
  for (Float& price : prices) price = static_cast<Float>(static_cast<double>(random() % 100'000) / 100);
  return prices;
}

template <class Float>
void CheckAlp() {
  const Float specials[] = {std::numeric_limits<Float>::quiet_NaN(), std::numeric_limits<Float>::infinity(), Float{-0.0},
                            std::numeric_limits<Float>::denorm_min(), std::numeric_limits<Float>::max()};
  for (const std::uint64_t length : kLengths) {
    auto prices = Prices<Float>(length);
    for (std::size_t i = 7; i < prices.size(); i += 97) prices[i] = specials[i % std::size(specials)];
    const testing::OwnedValues values(FixedShape(8 * sizeof(Float)), std::as_bytes(std::span(prices)));
    const auto encoder = MakeAlpEncoder(values.View(), Frame());
    ASSERT_NE(encoder, nullptr);
    EXPECT_EQ(CheckRoundTrip(values.View(), *encoder), "") << length;
  }
}

TEST(X1Floats, AlpRoundTrips) {
  CheckAlp<float>();
  CheckAlp<double>();
}

TEST(X1Floats, AlpMakesPricesSmall) {
  const auto prices = Prices<double>(8192);
  const testing::OwnedValues values(FixedShape(64), std::as_bytes(std::span(prices)));
  const auto encoder = MakeAlpEncoder(values.View(), Frame());
  ASSERT_NE(encoder, nullptr);
  EXPECT_LT(BytesOf(*encoder, 8192), 8192u * 18 / 8);
}

TEST(X1Floats, AlpLeavesNoiseAlone) {
  std::mt19937_64 random(3);
  std::normal_distribution<double> normal;
  std::vector<double> noise(5000);
  for (double& value : noise) value = normal(random);
  const testing::OwnedValues values(FixedShape(64), std::as_bytes(std::span(noise)));
  EXPECT_EQ(MakeAlpEncoder(values.View(), Frame()), nullptr);
}

TEST(X1Strings, LengthsRoundTrip) {
  std::vector<std::string> strings;
  std::mt19937_64 random(4);
  for (int i = 0; i < 20'000; ++i) strings.emplace_back(random() % 30, static_cast<char>('a' + i % 26));
  for (const bool large : {false, true}) {
    const testing::OwnedValues values(strings, large);
    EXPECT_EQ(CheckRoundTrip(values.View(), *MakeLengthsEncoder(values.View(), 8192, Frame())), "");
    EXPECT_EQ(CheckRoundTrip(values.View(), *MakeLengthsEncoder(values.View(), 1 << 20, Flat())), "");
  }
}

format::Encoding Message(format::EncodingId id, std::vector<format::Encoding> children = {}) {
  return testing::EncodingOf(id, std::move(children));
}

TEST(X1Damage, TruncationsAreRefused) {
  const auto values = Numbers(Uniform<std::uint32_t>(3000, 9, 77));
  const ValuesView view = values.View();
  const auto check = [&](const ChunkEncoder& encoder) {
    const auto decoder = MakeChunkDecoder(encoder.Describe(), view.shape);
    ASSERT_TRUE(decoder);
    EXPECT_EQ(testing::CheckTruncations(**decoder, view.shape, testing::EncodeChunk(encoder, {0, 3000})), "");
  };
  check(*MakeFrameEncoder(view));
  check(*MakeDeltaEncoder(view, Frame()));
  check(*MakePatchedEncoder(view, Frame()));
  check(*MakeNarrowEncoder(view, Frame()));
  check(*MakeCutEncoder(view, Frame(), Frame()));
}

TEST(X1Damage, MessagesAreChecked) {
  using format::EncodingId;
  auto frame = Message(EncodingId::kFrame);
  frame.bits = 128;
  EXPECT_EQ(testing::MakeChunkCode(frame, FixedShape(128)), ErrorCode::kCorruption);
  EXPECT_EQ(testing::MakeChunkCode(frame, FixedShape(1)), ErrorCode::kCorruption);
  EXPECT_EQ(testing::MakeChunkCode(frame, testing::StringShape(false)), ErrorCode::kCorruption);
  EXPECT_EQ(testing::MakeChunkCode(Message(EncodingId::kAlp, {frame}), FixedShape(64)), ErrorCode::kCorruption);
  frame.bits = 32;
  EXPECT_EQ(testing::MakeChunkCode(frame, FixedShape(64)), ErrorCode::kCorruption);
  frame.bits = 64;
  EXPECT_EQ(testing::MakeChunkCode(frame, FixedShape(64)), ErrorCode::kInternal);
  auto alp = Message(EncodingId::kAlp, {frame});
  alp.table = {std::byte{3}, std::byte{4}};
  EXPECT_EQ(testing::MakeChunkCode(alp, FixedShape(64)), ErrorCode::kCorruption);
  alp.table = {std::byte{11}, std::byte{0}};
  EXPECT_EQ(testing::MakeChunkCode(alp, FixedShape(32)), ErrorCode::kCorruption);
  EXPECT_EQ(testing::MakeChunkCode(alp, FixedShape(64)), ErrorCode::kInternal);
  frame.bits = 8;
  auto narrow = Message(EncodingId::kNarrow, {frame});
  narrow.bits = 8;
  EXPECT_EQ(testing::MakeChunkCode(narrow, FixedShape(32)), ErrorCode::kCorruption);
  narrow.table.resize(4);
  EXPECT_EQ(testing::MakeChunkCode(narrow, FixedShape(32)), ErrorCode::kInternal);
  narrow.bits = 32;
  narrow.children[0].bits = 32;
  EXPECT_EQ(testing::MakeChunkCode(narrow, FixedShape(32)), ErrorCode::kCorruption);
  narrow.bits = 9;
  EXPECT_EQ(testing::MakeChunkCode(narrow, FixedShape(32)), ErrorCode::kCorruption);
  EXPECT_EQ(testing::MakeChunkCode(Message(EncodingId::kLengths, {frame}), FixedShape(32)), ErrorCode::kCorruption);
  auto scale = Message(EncodingId::kScale, {frame});
  EXPECT_EQ(testing::MakeChunkCode(scale, FixedShape(8)), ErrorCode::kCorruption);
  scale.table.resize(1);
  EXPECT_EQ(testing::MakeChunkCode(scale, FixedShape(8)), ErrorCode::kInternal);
  scale.children.clear();
  EXPECT_EQ(testing::MakeChunkCode(scale, FixedShape(8)), ErrorCode::kCorruption);
  auto cut = Message(EncodingId::kCut, {frame, frame});
  cut.bits = 7;
  EXPECT_EQ(testing::MakeChunkCode(cut, FixedShape(8)), ErrorCode::kInternal);
  cut.bits = 8;
  EXPECT_EQ(testing::MakeChunkCode(cut, FixedShape(8)), ErrorCode::kCorruption);
  EXPECT_EQ(testing::MakeChunkCode(Message(EncodingId::kCut, {frame}), FixedShape(8)), ErrorCode::kCorruption);
}

}  // namespace
}  // namespace lancekit
