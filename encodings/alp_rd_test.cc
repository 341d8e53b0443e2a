#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

#include "encodings/encoding_testing.h"

namespace lancekit {
namespace {

using testing::CheckRoundTrip;

constexpr std::uint64_t kLengths[] = {1, 2, 17, 1023, 1024, 1025, 4096, 5000, 9000};

template <class Float>
testing::OwnedValues Floats(const std::vector<Float>& numbers) {
  return {FixedShape(8 * sizeof(Float)), std::as_bytes(std::span(numbers))};
}

/// Places on a map: no decimal numbers, in a narrow range.
template <class Float>
std::vector<Float> Latitudes(std::uint64_t length) {
  std::mt19937_64 random(length);
  std::normal_distribution<double> normal(48.1, 2.5);
  std::vector<Float> numbers(length);
  for (Float& number : numbers) number = static_cast<Float>(normal(random));
  return numbers;
}

template <class Float>
void CheckLatitudes() {
  const Float specials[] = {std::numeric_limits<Float>::quiet_NaN(), -std::numeric_limits<Float>::infinity(), Float{-0.0},
                            std::numeric_limits<Float>::denorm_min(), std::numeric_limits<Float>::lowest()};
  for (const std::uint64_t length : kLengths) {
    for (const std::uint64_t step : {20u, 97u, 100'000u}) {
      auto numbers = Latitudes<Float>(length);
      for (std::size_t i = step; i < length; i += step) numbers[i] = specials[i % std::size(specials)];
      const auto values = Floats(numbers);
      const auto encoder = MakeAlpRdEncoder(values.View());
      ASSERT_NE(encoder, nullptr) << length;
      EXPECT_EQ(CheckRoundTrip(values.View(), *encoder), "") << length << ", specials every " << step;
    }
  }
}

TEST(AlpRd, RoundTrips) {
  CheckLatitudes<float>();
  CheckLatitudes<double>();
}

// Left parts of every width, all dictionaries, and nearly nothing but exceptions.
TEST(AlpRd, RoundTripsEveryCut) {
  for (unsigned left_bits = 0; left_bits <= 16; ++left_bits) {
    for (const unsigned num_lefts : {1u, 2u, 3u, 8u, 9u}) {
      std::mt19937_64 random(left_bits);
      std::vector<std::uint64_t> numbers(3000);
      for (std::uint64_t& number : numbers) {
        const std::uint64_t left = random() % num_lefts * 0x9E37'79B9'7F4A'7C15;
        number = left_bits == 0 ? random() : left >> (64 - left_bits) << (64 - left_bits) | random() >> left_bits;
      }
      const auto values = testing::Numbers(numbers);
      if (const auto encoder = MakeAlpRdEncoder(values.View()); encoder != nullptr) {
        EXPECT_EQ(CheckRoundTrip(values.View(), *encoder), "") << left_bits << " bits, " << num_lefts;
      }
    }
  }
}

TEST(AlpRd, MakesLatitudesSmaller) {
  const auto doubles = Floats(Latitudes<double>(8192));
  EXPECT_LT(testing::EncodedBytes(*MakeAlpRdEncoder(doubles.View()), 8192), 8192u * 57 / 8);
  const auto floats = Floats(Latitudes<float>(8192));
  EXPECT_LT(testing::EncodedBytes(*MakeAlpRdEncoder(floats.View()), 8192), 8192u * 26 / 8);
}

TEST(AlpRd, LeavesRandomBitsAlone) {
  std::mt19937_64 random(3);
  std::vector<std::uint64_t> bits(5000);
  for (std::uint64_t& value : bits) value = random();
  const auto values = testing::Numbers(bits);
  EXPECT_EQ(MakeAlpRdEncoder(values.View()), nullptr);
  const testing::OwnedValues none(FixedShape(64), {});
  EXPECT_EQ(MakeAlpRdEncoder(none.View()), nullptr);
}

// 1000 + i / 1024 has 16 left bits 408F for all i; the third value is another number.
std::vector<double> GoldenNumbers() {
  std::vector<double> numbers;
  for (int i = 0; i < 1024; ++i) numbers.push_back(1000 + i / 1024.0);
  numbers[2] = -1;
  return numbers;
}

TEST(AlpRd, HasTheSpecifiedBytes) {
  const auto values = Floats(GoldenNumbers());
  const auto encoder = MakeAlpRdEncoder(values.View());
  ASSERT_NE(encoder, nullptr);
  format::PageLayout layout;
  layout.id = format::LayoutId::kMiniBlock;
  layout.value_compression = encoder->Describe();
  // Mini-block, its values, ALP-RD (70), of 48 bits, a dictionary of one left part.
  EXPECT_EQ(format::SerializePageLayout(layout), testing::TextOf(testing::HexBytes("0A0B 1A09 B204 06 0830 1202 8F40")));
  const auto chunk = testing::EncodeChunk(*encoder, {0, 1024});
  EXPECT_EQ(testing::TextOf(chunk.buffers()[0]), testing::TextOf(testing::HexBytes("0100 0200 F0BF")));
  ASSERT_EQ(chunk.buffers()[1].size(), 128u * 48);
  // The first lane: value 0, then 16 bits of value 128, 1000.125.
  EXPECT_EQ(testing::TextOf(chunk.buffers()[1].first(8)), testing::TextOf(testing::HexBytes("000000000040 0000")));
}

TEST(AlpRd, SeveralRangesAtOnce) {
  auto numbers = Latitudes<double>(4096);
  for (std::size_t i = 0; i < numbers.size(); i += 50) numbers[i] = 0;
  const auto values = Floats(numbers);
  const auto encoder = MakeAlpRdEncoder(values.View());
  const auto decoder = MakeChunkDecoder(encoder->Describe(), values.View().shape);
  ASSERT_TRUE(decoder);
  const testing::OwnedChunk chunk = testing::EncodeChunk(*encoder, {0, 4096});
  std::vector<ValueRange> few{{3, 1}, {1000, 50}, {1024, 1}, {4000, 96}}, many;
  for (std::uint64_t i = 0; i < 20; ++i) many.push_back({100 + i * 150, 1 + i * 3});
  for (const std::vector<ValueRange>& ranges : {few, many}) {
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
}

TEST(AlpRd, RejectsDamage) {
  const auto values = Floats(GoldenNumbers());
  const auto encoder = MakeAlpRdEncoder(values.View());
  const auto decoder = MakeChunkDecoder(encoder->Describe(), FixedShape(64));
  ASSERT_TRUE(decoder);
  const auto chunk = testing::EncodeChunk(*encoder, {0, 1024});
  EXPECT_EQ(testing::CheckTruncations(**decoder, FixedShape(64), chunk), "");
  const auto code = [&](std::string_view exceptions) {
    const auto bytes = testing::HexBytes(exceptions);
    const testing::OwnedChunk damaged({bytes, chunk.buffers()[1]}, 1024);
    ValueSink sink(FixedShape(64));
    Scratch scratch;
    const Status status = (*decoder)->Decode(damaged.chunk(), {0, 1}, &sink, &scratch);
    return status.ok() ? ErrorCode::kInternal : status.error().code;
  };
  EXPECT_EQ(code("0000"), ErrorCode::kInternal);
  EXPECT_EQ(code("0100 0004 0000"), ErrorCode::kCorruption);            // behind the last value
  EXPECT_EQ(code("0200 0500 0500 0000 0000"), ErrorCode::kCorruption);  // twice
}

TEST(AlpRd, RejectsWrongParameters) {
  auto message = testing::EncodingOf(format::EncodingId::kAlpRd, {});
  const auto code = [&](std::uint64_t right_bits, std::size_t table_bytes, const ValueShape& shape) {
    message.bits = right_bits;
    message.table.assign(table_bytes, std::byte{1});
    return testing::MakeChunkCode(message, shape);
  };
  for (const std::size_t bytes : {2u, 4u, 8u, 16u}) EXPECT_EQ(code(50, bytes, FixedShape(64)), ErrorCode::kInternal);
  for (const std::size_t bytes : {0u, 1u, 3u, 6u, 32u}) EXPECT_EQ(code(50, bytes, FixedShape(64)), ErrorCode::kCorruption);
  for (const std::uint64_t bits : {48u, 63u}) EXPECT_EQ(code(bits, 2, FixedShape(64)), ErrorCode::kInternal);
  for (const std::uint64_t bits : {0u, 47u, 64u, 70u}) EXPECT_EQ(code(bits, 2, FixedShape(64)), ErrorCode::kCorruption);
  for (const std::uint64_t bits : {16u, 31u}) EXPECT_EQ(code(bits, 2, FixedShape(32)), ErrorCode::kInternal);
  for (const std::uint64_t bits : {15u, 32u}) EXPECT_EQ(code(bits, 2, FixedShape(32)), ErrorCode::kCorruption);
  EXPECT_EQ(code(10, 2, FixedShape(16)), ErrorCode::kCorruption);
  EXPECT_EQ(code(50, 2, testing::StringShape(false)), ErrorCode::kCorruption);
  EXPECT_EQ(code(50, 2, testing::ListShape(32, {2})), ErrorCode::kCorruption);
}

}  // namespace
}  // namespace lancekit
