#include "encodings/kernels/fsst.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <thread>

#include "encodings/encoding_testing.h"

namespace lancekit {
namespace {

using testing::HexBytes;
using testing::OwnedValues;
using testing::StringShape;

std::vector<std::byte> Table() {
  std::vector<std::byte> table = HexBytes("02 00 00 01 54 53 53 46 75 73 65 72 00 00 00 00 61 62 63 00 00 00 00 00 04 03");
  table.resize(kernels::kFsstTableSize);
  return table;
}

format::Encoding Message(std::vector<std::byte> table) {
  auto inner = testing::EncodingOf(format::EncodingId::kVariable, {testing::FlatEncoding(32)});
  auto encoding = testing::EncodingOf(format::EncodingId::kFsst, {std::move(inner)});
  encoding.table = std::move(table);
  return encoding;
}

std::vector<std::string> Texts() {
  std::vector<std::string> texts;
  for (int i = 0; i < 3000; ++i) texts.push_back("https://example.org/user/" + std::to_string(i * 7919 % 4001) + "?tab=settings");
  texts[17].clear();
  return texts;
}

TEST(FsstChunk, RoundTrips) {
  for (const bool large : {false, true}) {
    const OwnedValues values(Texts(), large);
    const auto compressed = CompressFsst(values.View());
    ASSERT_NE(compressed, nullptr);
    EXPECT_LT(compressed->codes.size(), values.View().StringBytes() / 2);
    EXPECT_EQ(testing::CheckRoundTrip(values.View(), *MakeFsstEncoder(*compressed)), "");
  }
}

TEST(FsstChunk, IdleThreadsHelpAndWriteTheSame) {
  std::vector<std::string> texts = Texts();
  while (texts.size() < 250'000) texts.insert(texts.end(), texts.begin(), texts.begin() + 3000);  // 9 MB, some parts
  ThreadPool pool(4);
  while (pool.NumIdle() < 3) std::this_thread::yield();
  for (const bool large : {false, true}) {
    const OwnedValues values(texts, large);
    const auto alone = CompressFsst(values.View()), helped = CompressFsst(values.View(), &pool);
    ASSERT_TRUE(alone != nullptr && helped != nullptr);
    EXPECT_TRUE(std::ranges::equal(alone->codes.bytes(), helped->codes.bytes()));
    EXPECT_TRUE(std::ranges::equal(alone->offsets.bytes(), helped->offsets.bytes()));
    EXPECT_EQ(alone->table, helped->table);
  }
}

TEST(FsstChunk, IsNotTriedOnFewOrRandomBytes) {
  EXPECT_EQ(CompressFsst(OwnedValues({"user", "user", "user"}, false).View()), nullptr);
  std::vector<std::string> noise(1, std::string());
  std::uint32_t state = 1;
  for (int i = 0; i < 100'000; ++i) noise[0] += static_cast<char>((state = state * 1664525 + 1013904223) >> 24);
  EXPECT_EQ(CompressFsst(OwnedValues(noise, false).View()), nullptr);
}

TEST(FsstChunk, DecodesAHandMadeTable) {
  const OwnedValues codes({std::string("\x00\xFF\x37", 3), std::string("\x01\xFF\x41", 3), ""}, false);
  const OwnedValues expected({"user7", "abcA", ""}, false);
  const auto chunk = testing::EncodeChunk(*MakeVariableEncoder(codes.View()), {0, 3});
  const auto decoder = MakeChunkDecoder(Message(Table()), StringShape(false));
  ASSERT_TRUE(decoder) << decoder.error().describe();
  ValueSink sink(StringShape(false));
  Scratch scratch;
  ASSERT_TRUE((*decoder)->Decode(chunk.chunk(), {0, 3}, &sink, &scratch).ok());
  EXPECT_EQ(testing::Difference(sink, expected.View(), {0, 3}), "");

  // With the switch in the table off, values are stored as they are.
  std::vector<std::byte> off = Table();
  off[3] = std::byte{0};
  const auto plain = MakeChunkDecoder(Message(off), StringShape(false));
  ASSERT_TRUE(plain);
  ValueSink stored(StringShape(false));
  ASSERT_TRUE((*plain)->Decode(chunk.chunk(), {0, 3}, &stored, &scratch).ok());
  EXPECT_EQ(testing::Difference(stored, codes.View(), {0, 3}), "");
}

TEST(FsstChunk, RejectsDamage) {
  const OwnedValues codes({std::string("\x01\xFF", 2)}, false);
  const auto chunk = testing::EncodeChunk(*MakeVariableEncoder(codes.View()), {0, 1});
  const auto decoder = MakeChunkDecoder(Message(Table()), StringShape(false));
  ASSERT_TRUE(decoder);
  ValueSink sink(StringShape(false));
  Scratch scratch;
  const Status status = (*decoder)->Decode(chunk.chunk(), {0, 1}, &sink, &scratch);
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code, ErrorCode::kCorruption);

  std::vector<std::byte> table = Table();
  for (const std::size_t size : {std::size_t{0}, std::size_t{8}, table.size() - 1}) {
    EXPECT_EQ(
        testing::MakeChunkCode(Message({table.begin(), table.begin() + static_cast<std::ptrdiff_t>(size)}), StringShape(false)),
        ErrorCode::kCorruption);
  }
  EXPECT_EQ(testing::MakeChunkCode(Message(table), FixedShape(8)), ErrorCode::kCorruption);
  table[24] = std::byte{9};  // a symbol of 9 bytes
  EXPECT_EQ(testing::MakeChunkCode(Message(table), StringShape(false)), ErrorCode::kCorruption);
}

TEST(FsstValue, DecodesSingleValues) {
  const auto decoder = MakeValueDecoder(Message(Table()), StringShape(false));
  ASSERT_TRUE(decoder);
  EXPECT_EQ((*decoder)->stored_bytes(), 0u);
  ValueSink sink(StringShape(false));
  Scratch scratch;
  for (const char* hex : {"00 FF 37", "", "01 00"}) ASSERT_TRUE((*decoder)->Append(HexBytes(hex), &sink, &scratch).ok());
  EXPECT_FALSE((*decoder)->Append(HexBytes("FF"), &sink, &scratch).ok());
  EXPECT_EQ(testing::Difference(sink, OwnedValues({"user7", "", "abcuser"}, false).View(), {0, 3}), "");
}

}  // namespace
}  // namespace lancekit
