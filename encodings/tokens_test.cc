#include "encodings/kernels/tokens.h"

#include <gtest/gtest.h>

#include <random>

#include "encodings/encoding_testing.h"
#include "encodings/kernels/tokens_index.h"

namespace lancekit {
namespace {

using testing::CheckRoundTrip;
using testing::OwnedValues;

std::unique_ptr<ChunkEncoder> Frame(const ValuesView& values) { return MakeFrameEncoder(values); }
std::unique_ptr<ChunkEncoder> Flat(const ValuesView& values) { return MakeFlatEncoder(values); }

constexpr std::uint64_t kChunkBytes = 32 << 10;
constexpr format::BufferCompression kZstd{format::CompressionScheme::kZstd, 3};

std::vector<std::string> Texts(int count) {
  std::vector<std::string> texts;
  for (int i = 0; i < count; ++i)
    texts.push_back("https://example.org/user/" + std::to_string(i * 7919 % 4001) + "?tab=settings");
  texts[static_cast<std::size_t>(count) / 3].clear();
  return texts;
}

std::string CheckTokens(const std::vector<std::string>& strings, bool large) {
  const OwnedValues values(strings, large);
  const auto table = TrainTokens(values.View());
  if (table == nullptr) return "no tokens";
  std::string wrong = CheckRoundTrip(values.View(), *MakeTokensEncoder(values.View(), *table, kChunkBytes, Frame));
  if (!wrong.empty()) return wrong;
  return CheckRoundTrip(values.View(), *MakeGeneralEncoder(MakeTokensEncoder(values.View(), *table, 500, Flat), kZstd));
}

TEST(TokensChunk, RoundTrips) {
  for (const bool large : {false, true}) {
    EXPECT_EQ(CheckTokens(Texts(20'000), large), "");
    EXPECT_EQ(CheckTokens(Texts(1000), large), "");
    EXPECT_EQ(CheckTokens(Texts(100), large), "");
  }
}

TEST(TokensChunk, RoundTripsAllBytesAndLongStrings) {
  std::mt19937_64 random(1);
  std::vector<std::string> strings(40);
  for (std::size_t i = 0; i < strings.size(); ++i) {
    for (std::size_t k = 0; k < i * i * 40; ++k) strings[i] += static_cast<char>(random() % 3 == 0 ? random() : k % 256);
  }
  for (int i = 0; i < 40; ++i) strings.push_back(strings[39]);
  EXPECT_EQ(CheckTokens(strings, false), "");
}

TEST(TokensChunk, RoundTripsZeros) {
  std::vector<std::string> strings;
  for (std::size_t i = 0; i < 3000; ++i) strings.emplace_back(i % 40, '\0');
  EXPECT_EQ(CheckTokens(strings, false), "");
}

// Fewer than half a byte per code: one token of one byte makes codes of one bit.
TEST(TokensChunk, RoundTripsOneByte) { EXPECT_EQ(CheckTokens(std::vector<std::string>(1000, "a"), false), ""); }

// Bytes that the sample of a page misses get tokens all the same, also where codes grow by it.
TEST(TokensChunk, RoundTripsRareBytes) {
  std::vector<std::string> strings = Texts(60'000);
  for (std::size_t i = 0; i < 200; ++i) strings[59'000 + i] = std::string(1, static_cast<char>(i));
  EXPECT_EQ(CheckTokens(strings, false), "");
}

// Many tokens that start alike.
TEST(TokensChunk, FindsWholeStrings) {
  std::mt19937_64 random(5);
  std::vector<std::string> clerks;
  for (int i = 0; i < 40'000; ++i) clerks.push_back(fmt::format("Clerk#{:09}", random() % 700));
  EXPECT_EQ(CheckTokens(clerks, false), "");
  const OwnedValues values(clerks, false);
  EXPECT_LT(TrainTokens(values.View())->bytes, clerks.size() * 3 / 2);
}

TEST(TokensChunk, MakesTextSmall) {
  const OwnedValues values(Texts(20'000), false);
  const auto table = TrainTokens(values.View());
  ASSERT_NE(table, nullptr);
  const auto encoder = MakeTokensEncoder(values.View(), *table, kChunkBytes, Frame);
  std::uint64_t bytes = encoder->Describe().table.size();
  for (std::uint64_t first = 0; first < 20'000; first += encoder->ChunkSize(first)) {
    bytes += testing::EncodeChunk(*encoder, {first, encoder->ChunkSize(first)}).buffers()[0].size();
  }
  EXPECT_LT(bytes, values.View().StringBytes() / 6);
  EXPECT_LT(table->bytes, bytes * 11 / 10);
  EXPECT_GT(table->bytes, bytes * 9 / 10);
}

TEST(TokensChunk, SameStringsGiveTheSameTable) {
  const OwnedValues values(Texts(50'000), false);
  const auto first = TrainTokens(values.View());
  const auto second = TrainTokens(values.View());
  ASSERT_TRUE(first != nullptr && second != nullptr);
  EXPECT_EQ(first->index->tokens(), second->index->tokens());
}

/// The codes of the lanes, and where strings end in them.
struct Encoded {
  std::vector<std::vector<std::uint16_t>> lanes;
  std::vector<std::uint32_t> ends;
  std::vector<std::uint8_t> added;

  friend bool operator==(const Encoded&, const Encoded&) = default;
};

Encoded EncodeWith(void (kernels::TokenIndex::*encode)(kernels::TokenJob*) const, const kernels::TokenIndex& index,
                   const ValuesView& values) {
  std::vector<std::uint16_t> codes(values.StringBytes());
  Encoded encoded;
  encoded.ends.resize(values.length);
  kernels::TokenJob job;
  job.data = values.data;
  job.data_end = values.data + values.Offset(values.length);
  if (values.shape.large_offsets) job.large_offsets = values.offsets<std::int64_t>();
  if (!values.shape.large_offsets) job.offsets = values.offsets<std::int32_t>();
  job.num_strings = values.length;
  job.codes = codes.data();
  job.ends = encoded.ends.data();
  (index.*encode)(&job);
  for (std::uint64_t lane = 0; lane < kernels::kTokenLanes; ++lane) {
    const std::uint64_t first = job.FirstString(lane), last = job.FirstString(lane + 1);
    const auto* const begin = codes.data() + (values.Offset(first) - values.Offset(0));
    encoded.lanes.emplace_back(begin, begin + (first == last ? 0 : encoded.ends[last - 1]));
  }
  encoded.added.assign(job.added, job.added + job.num_added);
  return encoded;
}

// The table of one column is used on another too: bytes without a token, empty strings, zeros, tokens up to the last byte.
TEST(TokensChunk, KernelsGiveTheCodesOfThePortableForm) {
  std::mt19937_64 random(9);
  for (const std::size_t letters : {2u, 5u, 26u, 200u}) {
    for (const std::size_t count : {1u, 3u, 7u, 500u, 20'000u}) {
      std::vector<std::string> texts(count);
      for (std::string& text : texts) {
        for (std::size_t k = random() % 30; k != 0; --k) text += static_cast<char>((letters == 2 ? 0 : 97) + random() % letters);
      }
      const OwnedValues trained(Texts(20'000), false);
      for (const bool large_offsets : {false, true}) {
        const OwnedValues values(texts, large_offsets);
        for (const OwnedValues* const source : {&trained, &values}) {
          const auto table = TrainTokens(source->View());
          if (table == nullptr) continue;
          const Encoded fast = EncodeWith(&kernels::TokenIndex::Encode, *table->index, values.View());
          EXPECT_EQ(fast, EncodeWith(&kernels::TokenIndex::EncodePortably, *table->index, values.View()))
              << letters << " letters, " << count << " strings, large offsets: " << large_offsets;
          EXPECT_EQ(CheckRoundTrip(values.View(), *MakeTokensEncoder(values.View(), *table, kChunkBytes, Frame)), "");
        }
      }
    }
  }
}

TEST(TokensChunk, IsNotForNoiseOrFewBytes) {
  std::mt19937_64 random(2);
  std::vector<std::string> noise(50);
  for (std::string& text : noise) {
    for (int k = 0; k < 4000; ++k) text += static_cast<char>(random());
  }
  EXPECT_EQ(TrainTokens(OwnedValues(noise, false).View()), nullptr);
  EXPECT_EQ(TrainTokens(OwnedValues({"user", "user"}, false).View()), nullptr);
  EXPECT_EQ(TrainTokens(OwnedValues({"", ""}, false).View()), nullptr);
  EXPECT_EQ(TrainTokens(OwnedValues(std::vector<std::string>{}, false).View()), nullptr);
}

TEST(TokensChunk, SeveralRangesAtOnce) {
  const OwnedValues values(Texts(500), false);
  const ValuesView view = values.View();
  const auto table = TrainTokens(view);
  ASSERT_NE(table, nullptr);
  const auto encoder = MakeTokensEncoder(view, *table, 1 << 20, Frame);
  const auto decoder = MakeChunkDecoder(encoder->Describe(), view.shape);
  ASSERT_TRUE(decoder);
  const testing::OwnedChunk chunk = testing::EncodeChunk(*encoder, {0, 500});
  const std::vector<ValueRange> ranges{{3, 1}, {100, 50}, {160, 7}, {166 + 1, 1}, {490, 10}};
  ValueSink sink(view.shape);
  Scratch scratch;
  ASSERT_TRUE((*decoder)->DecodeRanges(chunk.chunk(), ranges, &sink, &scratch).ok());
  std::uint64_t at = 0;
  for (const ValueRange& range : ranges) {
    for (std::uint64_t i = 0; i < range.count; ++i, ++at) {
      EXPECT_EQ(testing::ValueAt(testing::ViewOf(sink), at), testing::ValueAt(view, range.first + i));
    }
  }
  EXPECT_EQ(at, sink.length());
}

std::vector<std::byte> Framed(std::string_view hex) {
  MutableBuffer framed;
  AppendCompressed(testing::HexBytes(hex), kZstd, &framed);
  return {framed.data(), framed.data() + framed.size()};
}

format::Encoding Message(std::uint64_t bits, std::vector<std::byte> table) {
  auto message = testing::EncodingOf(format::EncodingId::kTokens, {testing::FlatEncoding(32)});
  message.bits = bits;
  message.table = std::move(table);
  return message;
}

// "user", "user1", "x"
constexpr std::string_view kTable = "03000000 03 40 00 75736572 31 78";

TEST(TokensChunk, DecodesAHandMadeTable) {
  const auto decoder = MakeChunkDecoder(Message(2, Framed(kTable)), testing::StringShape(false));
  ASSERT_TRUE(decoder) << decoder.error().describe();
  // Codes 1, 2 / none / 0, 0, 2.
  const std::vector<std::byte> codes = testing::HexBytes("09 02");
  const std::vector<std::byte> counts = testing::HexBytes("02000000 00000000 03000000");
  const OwnedValues expected({"user1x", "", "useruserx"}, false);
  const auto code_of = [&](std::vector<std::byte> first, std::vector<std::byte> second) {
    const testing::OwnedChunk chunk({first, second}, 3);
    ValueSink sink(testing::StringShape(false));
    Scratch scratch;
    const Status status = (*decoder)->Decode(chunk.chunk(), {0, 3}, &sink, &scratch);
    if (!status.ok()) return status.error().code;
    EXPECT_EQ(testing::Difference(sink, expected.View(), {0, 3}), "");
    return ErrorCode::kInternal;
  };
  EXPECT_EQ(code_of(codes, counts), ErrorCode::kInternal);
  EXPECT_EQ(code_of(testing::HexBytes("0D 02"), counts), ErrorCode::kCorruption) << "code 3 has no token";
  EXPECT_EQ(code_of(testing::HexBytes("09 02 00"), counts), ErrorCode::kCorruption);
  EXPECT_EQ(code_of(codes, testing::HexBytes("02000000 00000000 08000000")), ErrorCode::kCorruption);
  EXPECT_EQ(code_of(codes, testing::HexBytes("FFFFFFFF FFFFFFFF FFFFFFFF")), ErrorCode::kCorruption);
}

TEST(TokensDamage, TruncationsAreRefused) {
  const OwnedValues values(Texts(300), false);
  const auto table = TrainTokens(values.View());
  ASSERT_NE(table, nullptr);
  const auto encoder = MakeTokensEncoder(values.View(), *table, 1 << 20, Frame);
  const auto decoder = MakeChunkDecoder(encoder->Describe(), values.View().shape);
  ASSERT_TRUE(decoder);
  EXPECT_EQ(testing::CheckTruncations(**decoder, values.View().shape, testing::EncodeChunk(*encoder, {0, 300})), "");
}

TEST(TokensDamage, MessagesAreChecked) {
  const auto code_of = [](std::uint64_t bits, std::vector<std::byte> table) {
    return testing::MakeChunkCode(Message(bits, std::move(table)), testing::StringShape(false));
  };
  EXPECT_EQ(code_of(2, Framed(kTable)), ErrorCode::kInternal);
  EXPECT_EQ(testing::MakeChunkCode(Message(2, Framed(kTable)), FixedShape(32)), ErrorCode::kCorruption);
  for (const std::uint64_t bits : {0u, 1u, 17u, 64u}) EXPECT_EQ(code_of(bits, Framed(kTable)), ErrorCode::kCorruption) << bits;
  EXPECT_EQ(code_of(2, {}), ErrorCode::kCorruption);
  EXPECT_EQ(code_of(2, Framed("")), ErrorCode::kCorruption);
  EXPECT_EQ(code_of(2, Framed("00000000")), ErrorCode::kCorruption) << "no tokens";
  EXPECT_EQ(code_of(16, Framed("FFFFFFFF 00 00")), ErrorCode::kCorruption);
  EXPECT_EQ(code_of(2, Framed("03000000 03 50 00 75736572 31 78")), ErrorCode::kCorruption) << "shares more than there is";
  EXPECT_EQ(code_of(2, Framed("03000000 03 4D 00 75736572 31 78")), ErrorCode::kCorruption) << "longer than 16";
  EXPECT_EQ(code_of(2, Framed("03000000 03 40 00 75736572 31")), ErrorCode::kCorruption) << "bytes are missing";
  EXPECT_EQ(code_of(2, Framed("03000000 03 40 00 75736572 31 78 00")), ErrorCode::kCorruption) << "bytes are left";
  std::vector<std::byte> huge = Framed(kTable);
  huge[5] = std::byte{1};  // announces 2^40 bytes
  EXPECT_EQ(code_of(2, huge), ErrorCode::kCorruption);
  auto two = Message(2, Framed(kTable));
  two.children.push_back(testing::FlatEncoding(32));
  EXPECT_EQ(testing::MakeChunkCode(two, testing::StringShape(false)), ErrorCode::kCorruption);
}

TEST(TokensKernel, UnpacksEveryWidthFromAnyCode) {
  std::mt19937_64 random(3);
  for (int width = 1; width <= kernels::kMaxTokenWidth; ++width) {
    kernels::TokenDecoder decoder(width);
    std::vector<std::string> tokens(std::size_t{1} << width);
    for (std::size_t i = 0; i < tokens.size(); ++i) {
      tokens[i].assign(1 + i % kernels::kMaxTokenLength, static_cast<char>(random()));
      decoder.Set(i, std::as_bytes(std::span(tokens[i])).data(), tokens[i].size());
    }
    std::vector<std::uint16_t> codes(100);
    for (std::uint16_t& code : codes) code = static_cast<std::uint16_t>(random() & ((1u << width) - 1));
    std::vector<std::byte> packed(2 * codes.size() + 8);
    packed.resize(kernels::PackTokenCodes(codes.data(), codes.size(), width, packed.data()));
    EXPECT_EQ(packed.size(), (codes.size() * static_cast<std::size_t>(width) + 7) / 8);
    const testing::OddBytes odd(packed);
    for (std::size_t first = 0; first <= codes.size(); first += 1 + first / 11) {
      for (std::size_t count = 0; count <= codes.size() - first; count += 1 + count / 3) {
        std::vector<std::byte> out(kernels::TokenDecoder::Room(count));
        std::vector<std::uint32_t> positions(count + 1);
        decoder.Decode(odd.bytes(), first, count, out.data(), positions.data());
        std::string expected;
        for (std::size_t i = 0; i < count; ++i) {
          EXPECT_EQ(positions[i], expected.size());
          expected += tokens[codes[first + i]];
        }
        ASSERT_EQ(positions[count], expected.size()) << width << " bits, " << first << "+" << count;
        EXPECT_EQ(testing::TextOf({out.data(), expected.size()}), expected);
      }
    }
  }
}

}  // namespace
}  // namespace lancekit
