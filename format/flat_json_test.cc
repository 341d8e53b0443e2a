#include "format/flat_json.h"

#include <gtest/gtest.h>

namespace lancekit::format {
namespace {

TEST(FlatJsonTest, ReadsMembersAndPassesOverWhatNests) {
  const auto members = ParseFlatJson(
      " {\"branch\": null, \"version\": 18446744073709551615, \"s\":\"a\\n\\\"\\u00e9\\ud83d\\ude00\\/\", \"deep\": "
      "{\"version\": [1, {}, [], "
      "{\"x\": true}]}, \"b\": false}\n");
  ASSERT_TRUE(members.has_value()) << members.error().message;
  ASSERT_EQ(members->size(), 5u);
  EXPECT_EQ((*members)[0].kind, JsonMember::Kind::kNull);
  EXPECT_EQ(NumberMember(*members, "version"), ~std::uint64_t{0});
  EXPECT_EQ(StringMember(*members, "s"), "a\n\"é😀/");
  EXPECT_EQ((*members)[3].kind, JsonMember::Kind::kNested);
  EXPECT_EQ((*members)[4].text, "false");
  EXPECT_EQ(StringMember(*members, "branch"), "");
  EXPECT_EQ(NumberMember(*members, "s"), std::nullopt);
  EXPECT_TRUE(ParseFlatJson("{}").has_value());
}

TEST(FlatJsonTest, NumbersThatAreNoVersion) {
  for (const char* text : {"{\"v\": -1}", "{\"v\": 1.5}", "{\"v\": 18446744073709551616}", "{\"v\": \"1\"}", "{\"w\": 1}"}) {
    const auto members = ParseFlatJson(text);
    ASSERT_TRUE(members.has_value()) << text;
    EXPECT_EQ(NumberMember(*members, "v"), std::nullopt) << text;
  }
}

TEST(FlatJsonTest, RefusesWhatIsNone) {
  for (const char* text : {"", " ", "[]", "{", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{\"a\":1", "{\"a\":1}x", "{\"a\":tru}",
                           "{\"a\":\"x}", "{\"a\":\"\\q\"}", "{\"a\":\"\\u12\"}", "{\"a\":\"\\ud800\"}",
                           "{\"a\":\"\\ud800\\u0041\"}", "{\"a\":\"\\", "{\"a\":[1 2]}", "{a:1}"}) {
    EXPECT_FALSE(ParseFlatJson(text).has_value()) << text;
  }
  EXPECT_FALSE(ParseFlatJson("{\"a\":" + std::string(100'000, '[')).has_value());
}

}  // namespace
}  // namespace lancekit::format
