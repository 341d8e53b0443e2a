#include <gtest/gtest.h>

#include <set>
#include <string_view>

#include "encodings/encoding_testing.h"

namespace lancekit {
namespace {

TEST(Registry, EncodingsAreDistinctAndComplete) {
  std::set<format::EncodingId> ids;
  std::set<std::string_view> names;
  for (const EncodingDef* def : AllEncodings()) {
    EXPECT_TRUE(ids.insert(def->id).second) << def->name;
    EXPECT_TRUE(names.insert(def->name).second) << def->name;
    EXPECT_EQ(def->name, format::EncodingName(def->id));
    EXPECT_TRUE(def->make_chunk_decoder != nullptr || def->decode_block != nullptr || def->make_value_decoder != nullptr)
        << def->name;
    const auto found = FindEncoding(def->id);
    ASSERT_TRUE(found) << def->name;
    EXPECT_EQ(*found, def);
  }
  EXPECT_EQ(ids.count(format::EncodingId::kNone), 0u);
}

TEST(Registry, NamesWhatItDoesNotKnow) {
  const auto unknown = FindEncoding(static_cast<format::EncodingId>(4711));
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().code, ErrorCode::kUnsupported);
  EXPECT_NE(unknown.error().message.find("4711"), std::string::npos) << unknown.error().message;
  const auto dictionary = FindEncoding(format::EncodingId::kDictionary);
  ASSERT_FALSE(dictionary);
  EXPECT_NE(dictionary.error().message.find("dictionary"), std::string::npos) << dictionary.error().message;
}

// No encoding breaks on a message without any of its parameters, wherever it stands.
TEST(Registry, EmptyMessagesAreRefused) {
  const ValueShape shapes[] = {FixedShape(32), testing::StringShape(false), testing::ListShape(32, {2})};
  for (const EncodingDef* def : AllEncodings()) {
    const format::Encoding encoding = testing::EncodingOf(def->id, {});
    for (const ValueShape& shape : shapes) {
      EXPECT_FALSE(MakeChunkDecoder(encoding, shape)) << def->name;
      EXPECT_NE(testing::BlockCode(encoding, {}, 1, shape), ErrorCode::kInternal) << def->name;
      EXPECT_FALSE(MakeValueDecoder(encoding, shape)) << def->name;
    }
    if (def->describe != nullptr) static_cast<void>(def->describe(encoding));
  }
}

}  // namespace
}  // namespace lancekit
