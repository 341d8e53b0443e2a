#include <gtest/gtest.h>

#include "encodings/encoding_testing.h"

namespace lancekit {
namespace {

format::Encoding Message(std::vector<std::byte> value) {
  format::Encoding encoding = testing::EncodingOf(format::EncodingId::kConstant, {});
  encoding.has_value = true;
  encoding.table = std::move(value);
  return encoding;
}

TEST(ConstantBlock, RepeatsTheValue) {
  for (const std::uint64_t count : {0u, 1u, 1000u}) {
    const auto values = testing::Numbers(std::vector<std::uint16_t>(count, 0x0102));
    EXPECT_EQ(testing::CheckBlock(Message(testing::HexBytes("0201")), {}, values.View()), "");
  }
}

TEST(ConstantBlock, RejectsWrongParameters) {
  const ValueShape shape = FixedShape(16);
  EXPECT_EQ(testing::BlockCode(Message(testing::HexBytes("01")), {}, 3, shape), ErrorCode::kCorruption);
  EXPECT_EQ(testing::BlockCode(testing::EncodingOf(format::EncodingId::kConstant, {}), {}, 3, shape), ErrorCode::kCorruption);
  EXPECT_EQ(testing::BlockCode(Message(testing::HexBytes("0201")), testing::HexBytes("00"), 3, shape), ErrorCode::kCorruption);
  EXPECT_EQ(testing::BlockCode(Message(testing::HexBytes("0201")), {}, kMaxFreeValues + 1, shape), ErrorCode::kCorruption);
  EXPECT_EQ(testing::BlockCode(Message({}), {}, 3, testing::StringShape(false)), ErrorCode::kUnsupported);
  EXPECT_EQ(testing::MakeChunkCode(Message(testing::HexBytes("0201")), shape), ErrorCode::kUnsupported);
}

}  // namespace
}  // namespace lancekit
