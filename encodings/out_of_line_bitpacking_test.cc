#include <gtest/gtest.h>

#include "encodings/encoding_testing.h"

namespace lancekit {
namespace {

format::Encoding Message(std::uint64_t bits, std::uint64_t width) {
  format::Encoding encoding = testing::EncodingOf(format::EncodingId::kOutOfLineBitpacking, {testing::FlatEncoding(width)});
  encoding.bits = bits;
  return encoding;
}

std::vector<std::uint16_t> Levels(std::uint64_t count, int width) {
  std::vector<std::uint16_t> levels(count);
  for (std::uint64_t i = 0; i < count; ++i) levels[i] = static_cast<std::uint16_t>(i * 2654435761u >> 7 & ((1u << width) - 1));
  return levels;
}

TEST(OutOfLineBitpackingBlock, RoundTripsRawAndPackedTails) {
  for (const int width : {0, 1, 2, 3, 9, 15, 16}) {
    for (const std::uint64_t count : {0u, 1u, 63u, 64u, 65u, 500u, 1023u, 1024u, 1025u, 1200u, 4096u, 5000u}) {
      const auto levels = Levels(count, width);
      MutableBuffer packed;
      AppendOutOfLineBitpacked(levels.data(), count, width, &packed);
      EXPECT_EQ(packed.size(), OutOfLineBitpackedBytes(count, width, 16));
      EXPECT_EQ(
          testing::CheckBlock(Message(16, static_cast<std::uint64_t>(width)), packed.bytes(), testing::Numbers(levels).View()),
          "")
          << count << " of width " << width;
    }
  }
}

// Definition levels that the reference wrote: 1 where i % 7 == 3.
TEST(OutOfLineBitpackingBlock, WritesTheReferencesBytes) {
  std::vector<std::uint16_t> levels(1024);
  for (std::size_t i = 3; i < levels.size(); i += 7) levels[i] = 1;
  MutableBuffer packed;
  AppendOutOfLineBitpacked(levels.data(), levels.size(), 1, &packed);
  ASSERT_EQ(packed.size(), 128u);
  EXPECT_EQ(testing::TextOf(packed.bytes().first(8)), testing::TextOf(testing::HexBytes("20 02 02 10 10 81 81 08")));
}

TEST(OutOfLineBitpackingBlock, RejectsDamage) {
  const auto levels = Levels(1500, 3);
  MutableBuffer packed;
  AppendOutOfLineBitpacked(levels.data(), levels.size(), 3, &packed);
  const ValueShape shape = FixedShape(16);
  for (std::size_t size = 0; size < packed.size(); ++size) {
    EXPECT_EQ(testing::BlockCode(Message(16, 3), packed.bytes().first(size), 1500, shape), ErrorCode::kCorruption) << size;
  }
  EXPECT_EQ(testing::BlockCode(Message(16, 17), packed.bytes(), 1500, shape), ErrorCode::kCorruption);
  EXPECT_EQ(testing::BlockCode(Message(32, 3), packed.bytes(), 1500, shape), ErrorCode::kCorruption);
  EXPECT_EQ(testing::BlockCode(Message(24, 3), packed.bytes(), 1500, FixedShape(24)), ErrorCode::kCorruption);
  EXPECT_EQ(testing::BlockCode(Message(16, 3), packed.bytes(), ~std::uint64_t{0}, shape), ErrorCode::kCorruption);
  EXPECT_EQ(testing::BlockCode(Message(16, 0), {}, kMaxFreeValues + 1024, shape), ErrorCode::kCorruption);
  EXPECT_EQ(testing::BlockCode(testing::EncodingOf(format::EncodingId::kOutOfLineBitpacking, {}), {}, 0, FixedShape(0)),
            ErrorCode::kUnsupported);
}

TEST(OutOfLineBitpackingChunk, IsNotForChunks) {
  EXPECT_EQ(testing::MakeChunkCode(Message(16, 3), FixedShape(16)), ErrorCode::kUnsupported);
}

}  // namespace
}  // namespace lancekit
