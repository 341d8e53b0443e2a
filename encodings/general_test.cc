#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "encodings/encoding_testing.h"

namespace lancekit {
namespace {

using format::BufferCompression;
using format::CompressionScheme;

constexpr BufferCompression kSchemes[] = {{CompressionScheme::kZstd, std::nullopt},
                                          {CompressionScheme::kZstd, 9},
                                          {CompressionScheme::kLz4, std::nullopt},
                                          {CompressionScheme::kSnappy, std::nullopt}};

format::Encoding Message(BufferCompression compression, format::Encoding inner) {
  auto encoding = testing::EncodingOf(format::EncodingId::kGeneral, {std::move(inner)});
  encoding.compression = compression;
  return encoding;
}

std::vector<std::uint32_t> SomeNumbers(std::size_t count) {
  std::vector<std::uint32_t> numbers(count);
  for (std::size_t i = 0; i < count; ++i) numbers[i] = static_cast<std::uint32_t>(i / 5 * 1000);
  return numbers;
}

MutableBuffer Compressed(Bytes bytes, BufferCompression compression) {
  MutableBuffer out;
  AppendCompressed(bytes, compression, &out);
  return out;
}

TEST(GeneralBlock, RoundTrips) {
  for (const BufferCompression& compression : kSchemes) {
    for (const std::size_t count : {1u, 10u, 5000u}) {
      const auto values = testing::Numbers(SomeNumbers(count));
      const MutableBuffer bytes = Compressed({values.View().values, count * 4}, compression);
      EXPECT_EQ(testing::CheckBlock(Message(compression, testing::FlatEncoding(32)), bytes.bytes(), values.View()), "");
    }
    const testing::OwnedValues strings({"red", "green", "blue"}, false);
    MutableBuffer plain;
    AppendVariableBlock(strings.View(), &plain);
    const format::Encoding inner = MakeVariableEncoder(strings.View())->Describe();
    EXPECT_EQ(testing::CheckBlock(Message(compression, inner), Compressed(plain.bytes(), compression).bytes(), strings.View()),
              "");
  }
}

// A compressed row of compressed fields: neither may overwrite the other's bytes.
TEST(GeneralValue, ReadsCompressedFieldsOfCompressedRows) {
  for (const BufferCompression& compression : kSchemes) {
    const format::Encoding text =
        Message(compression, MakeVariableEncoder(testing::OwnedValues({"x"}, false).View())->Describe());
    format::Encoding row = testing::EncodingOf(format::EncodingId::kVariablePackedStruct, {text, text});
    row.child_bits = {32, 32};
    row.child_is_variable = {true, true};
    ValueShape shape;
    shape.kind = ValueShape::Kind::kPacked;
    shape.fields = {testing::StringShape(false), testing::StringShape(false)};
    const auto decoder = MakeValueDecoder(Message(compression, row), shape);
    ASSERT_TRUE(decoder) << decoder.error().describe();
    const std::string texts[] = {std::string(1000, 'a') + "end", std::string(3000, 'b') + "end"};
    MutableBuffer plain;
    for (const std::string& value : texts) {
      const MutableBuffer stored = Compressed(std::as_bytes(std::span(value)), compression);
      plain.AppendLe(static_cast<std::uint32_t>(stored.size()));
      plain.Append(stored.bytes());
    }
    ValueSink sink(shape);
    Scratch scratch;
    for (int rows = 0; rows < 2; ++rows) {
      const Status status = (*decoder)->Append(Compressed(plain.bytes(), compression).bytes(), &sink, &scratch);
      ASSERT_TRUE(status.ok()) << status.error().describe();
    }
    for (std::size_t i = 0; i < 2; ++i) EXPECT_EQ(testing::TextOf(sink.field(i).data().bytes()), texts[i] + texts[i]);
  }
}

TEST(GeneralBlock, HasTheReferencesFrames) {
  const std::vector<std::byte> bytes(64'302);
  const MutableBuffer lz4 = Compressed(bytes, kSchemes[2]);
  EXPECT_EQ(testing::TextOf(lz4.bytes().first(4)), testing::TextOf(testing::HexBytes("2EFB0000")));
  const MutableBuffer zstd = Compressed(bytes, kSchemes[0]);
  EXPECT_EQ(testing::TextOf(zstd.bytes().first(12)), testing::TextOf(testing::HexBytes("2EFB0000 00000000 28B52FFD")));
}

// A block of Snappy: its size, a literal of 5 bytes.
TEST(GeneralBlock, HasTheBytesOfSnappy) {
  const std::string text = "hello";
  const MutableBuffer snappy = Compressed(std::as_bytes(std::span(text)), kSchemes[3]);
  EXPECT_EQ(testing::TextOf(snappy.bytes()), testing::TextOf(testing::HexBytes("05 10 68656C6C6F")));
  format::PageLayout layout;
  layout.id = format::LayoutId::kMiniBlock;
  layout.value_compression = Message(kSchemes[3], testing::FlatEncoding(8));
  // Mini-block, its values, general (10), its compression of scheme 64, flat of 8 bits.
  EXPECT_EQ(format::SerializePageLayout(layout), testing::TextOf(testing::HexBytes("0A0E 1A0C 520A 0A02 0840 1A04 0A02 0808")));
}

TEST(GeneralBlock, ReadsABareZstdFrame) {
  const auto values = testing::Numbers(SomeNumbers(100));
  const MutableBuffer framed = Compressed({values.View().values, 400}, kSchemes[0]);
  EXPECT_EQ(testing::CheckBlock(Message(kSchemes[0], testing::FlatEncoding(32)), framed.bytes().subspan(8), values.View()), "");
}

TEST(GeneralBlock, RejectsDamage) {
  for (const BufferCompression& compression : kSchemes) {
    const format::Encoding encoding = Message(compression, testing::FlatEncoding(32));
    const auto numbers = SomeNumbers(300);
    MutableBuffer bytes = Compressed(std::as_bytes(std::span(numbers)), compression);
    for (std::size_t size = 0; size < bytes.size(); ++size) {
      EXPECT_EQ(testing::BlockCode(encoding, bytes.bytes().first(size), 300, FixedShape(32)), ErrorCode::kCorruption) << size;
    }
    EXPECT_EQ(testing::BlockCode(encoding, bytes.bytes(), 301, FixedShape(32)), ErrorCode::kCorruption);
    // A size that no memory would hold. Of Snappy it is a varint.
    StoreLe<std::uint32_t>(bytes.data(), 0xFFFFFFFF);
    if (compression.scheme == CompressionScheme::kSnappy) bytes.data()[4] = std::byte{0x0F};
    if (compression.scheme == CompressionScheme::kZstd) StoreLe<std::uint32_t>(bytes.data() + 4, 0x7FFFFFFF);
    EXPECT_EQ(testing::BlockCode(encoding, bytes.bytes(), 300, FixedShape(32)), ErrorCode::kCorruption);
  }
}

TEST(GeneralChunk, CompressesTheFirstBufferOnly) {
  const auto values = testing::Numbers(std::vector<std::uint32_t>(700, 5));
  const auto encoder = MakeRleEncoder(values.View());
  const auto plain = testing::EncodeChunk(*encoder, {0, 700});
  for (const BufferCompression& compression : kSchemes) {
    const auto decoder = MakeChunkDecoder(Message(compression, encoder->Describe()), FixedShape(32));
    ASSERT_TRUE(decoder);
    EXPECT_EQ((*decoder)->num_buffers(), 2u);
    const MutableBuffer first = Compressed(plain.buffers()[0], compression);
    const testing::OwnedChunk chunk({first.bytes(), plain.buffers()[1]}, 700);
    ValueSink sink(FixedShape(32));
    Scratch scratch;
    ASSERT_TRUE((*decoder)->Decode(chunk.chunk(), {100, 500}, &sink, &scratch).ok());
    EXPECT_EQ(testing::Difference(sink, values.View(), {100, 500}), "");
    ASSERT_TRUE((*decoder)->has_runs());
    EXPECT_EQ(testing::CheckRuns(**decoder, chunk, {100, 500}, sink), "");
    EXPECT_EQ(testing::CheckTruncations(**decoder, FixedShape(32), chunk), "");
  }
}

/// Words of a small vocabulary: chunks of them have much in common.
testing::OwnedValues Words(std::size_t count) {
  constexpr const char* kWords[] = {"furiously ", "deposits ", "sleep ", "quickly ",
                                    "express ",   "packages ", "above ", "ironic "};
  std::mt19937_64 random(1);
  std::vector<std::string> texts(count);
  for (std::string& text : texts) {
    for (std::uint64_t words = 1 + random() % 6; words != 0; --words) text += kWords[random() % std::size(kWords)];
    text += std::to_string(random() % 1000);
  }
  return {texts, false};
}

constexpr std::uint64_t kSmallChunk = 2048;

TEST(GeneralDictionary, MakesSmallChunksSmaller) {
  const auto values = Words(20'000);
  const ValuesView view = values.View();
  const auto trained = MakeTrainedEncoder(MakeVariableEncoder(view, kSmallChunk), view.length, 3);
  const std::size_t dictionary = trained->Describe().table.size();
  EXPECT_GT(dictionary, 500u);
  EXPECT_LE(dictionary, view.StringBytes() / 400);
  EXPECT_EQ(testing::CheckRoundTrip(view, *trained), "");
  const auto plain = MakeGeneralEncoder(MakeVariableEncoder(view, kSmallChunk), {CompressionScheme::kZstd, 3});
  EXPECT_LT((testing::EncodedBytes(*trained, view.length) + dictionary) * 10, testing::EncodedBytes(*plain, view.length) * 9);
  const auto again = MakeTrainedEncoder(MakeVariableEncoder(view, kSmallChunk), view.length, 3);
  EXPECT_EQ(again->Describe().table, trained->Describe().table);
}

TEST(GeneralDictionary, IsLeftOutWhereItDoesNotPay) {
  const auto few = Words(20);
  EXPECT_TRUE(MakeTrainedEncoder(MakeVariableEncoder(few.View()), 20, {})->Describe().table.empty());
  std::vector<std::uint64_t> noise(50'000);
  std::mt19937_64 random(2);
  for (std::uint64_t& number : noise) number = random();
  const auto numbers = testing::Numbers(noise);
  const auto encoder = MakeTrainedEncoder(MakeFlatEncoder(numbers.View()), noise.size(), {});
  EXPECT_TRUE(encoder->Describe().table.empty());
  EXPECT_EQ(testing::CheckRoundTrip(numbers.View(), *encoder), "");
}

/// The code of decoding a chunk of words with this message.
ErrorCode DecodeCode(const format::Encoding& message, const ValuesView& view, const testing::OwnedChunk& chunk) {
  const auto decoder = MakeChunkDecoder(message, view.shape);
  if (!decoder) return decoder.error().code;
  ValueSink sink(view.shape);
  Scratch scratch;
  const Status status = (*decoder)->Decode(chunk.chunk(), {0, chunk.num_values()}, &sink, &scratch);
  return status.ok() ? ErrorCode::kInternal : status.error().code;
}

TEST(GeneralDictionary, LiesAreRefused) {
  const auto values = Words(20'000);
  const ValuesView view = values.View();
  const auto encoder = MakeTrainedEncoder(MakeVariableEncoder(view, kSmallChunk), view.length, {});
  const auto chunk = testing::EncodeChunk(*encoder, {0, encoder->ChunkSize(0)});
  const format::Encoding good = encoder->Describe();
  ASSERT_GT(good.table.size(), 500u);
  EXPECT_EQ(DecodeCode(good, view, chunk), ErrorCode::kInternal);
  format::Encoding bad = good;
  bad.table[5] ^= std::byte{1};  // of another number than the frames'
  EXPECT_EQ(DecodeCode(bad, view, chunk), ErrorCode::kCorruption);
  bad = good;
  std::fill_n(bad.table.begin() + 4, 4, std::byte{0});  // of none
  EXPECT_EQ(testing::MakeChunkCode(bad, view.shape), ErrorCode::kCorruption);
  bad = good;
  bad.table[0] = std::byte{0};  // plain content
  EXPECT_EQ(testing::MakeChunkCode(bad, view.shape), ErrorCode::kCorruption);
  bad = good;
  std::fill_n(bad.table.begin() + 8, 100, std::byte{0xFF});  // no entropy tables
  EXPECT_EQ(testing::MakeChunkCode(bad, view.shape), ErrorCode::kCorruption);
  bad.table.assign(3, std::byte{7});
  EXPECT_EQ(testing::MakeChunkCode(bad, view.shape), ErrorCode::kCorruption);
  bad = good;
  bad.table.resize((110 << 10) + 1);  // too large
  EXPECT_EQ(testing::MakeChunkCode(bad, view.shape), ErrorCode::kCorruption);
  bad = good;
  bad.table.clear();  // needed, but missing
  EXPECT_EQ(DecodeCode(bad, view, chunk), ErrorCode::kCorruption);
  const auto plain = MakeGeneralEncoder(MakeVariableEncoder(view, kSmallChunk), {CompressionScheme::kZstd, 3});
  EXPECT_EQ(DecodeCode(good, view, testing::EncodeChunk(*plain, {0, plain->ChunkSize(0)})), ErrorCode::kCorruption);
  bad = good;
  bad.compression->scheme = CompressionScheme::kLz4;
  EXPECT_EQ(testing::MakeChunkCode(bad, view.shape), ErrorCode::kCorruption);
  EXPECT_EQ(testing::BlockCode(good, chunk.buffers()[0], 1, view.shape), ErrorCode::kCorruption);
  EXPECT_FALSE(MakeValueDecoder(good, view.shape));
}

TEST(GeneralValue, DecompressesEachValue) {
  const auto encoding = Message(kSchemes[0], testing::EncodingOf(format::EncodingId::kVariable, {testing::FlatEncoding(32)}));
  const auto decoder = MakeValueDecoder(encoding, testing::StringShape(false));
  ASSERT_TRUE(decoder);
  const testing::OwnedValues expected({std::string(1000, 'x'), "", "y"}, false);
  ValueSink sink(testing::StringShape(false));
  Scratch scratch;
  for (std::uint64_t i = 0; i < 3; ++i) {
    const std::string text = testing::ValueAt(expected.View(), i);
    const MutableBuffer stored = Compressed(std::as_bytes(std::span(text)), kSchemes[0]);
    ASSERT_TRUE((*decoder)->Append(stored.bytes(), &sink, &scratch).ok());
  }
  EXPECT_EQ(testing::Difference(sink, expected.View(), {0, 3}), "");
  EXPECT_FALSE((*decoder)->Append({}, &sink, &scratch).ok());
}

TEST(General, RejectsWrongParameters) {
  const ValueShape shape = FixedShape(32);
  const auto flat = testing::FlatEncoding(32);
  EXPECT_EQ(testing::MakeChunkCode(testing::EncodingOf(format::EncodingId::kGeneral, {flat}), shape), ErrorCode::kCorruption);
  EXPECT_EQ(testing::MakeChunkCode(Message({CompressionScheme::kNone, std::nullopt}, flat), shape), ErrorCode::kUnsupported);
  EXPECT_EQ(testing::MakeChunkCode(Message(kSchemes[0], Message(kSchemes[0], flat)), shape), ErrorCode::kUnsupported);
  EXPECT_FALSE(MakeValueDecoder(Message(kSchemes[0], flat), shape));
}

}  // namespace
}  // namespace lancekit
