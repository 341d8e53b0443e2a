#include "reader/value_check.h"

#include <gtest/gtest.h>

#include "types/array_testing.h"

namespace lancekit {
namespace {

TEST(IsUtf8, TakesEveryLengthAndNothingElse) {
  for (const char* text : {"", "a", "\xC2\x80", "\xDF\xBF", "\xE0\xA0\x80", "\xED\x9F\xBF", "\xEF\xBF\xBF", "\xF0\x90\x80\x80",
                           "\xF4\x8F\xBF\xBF", "a\xE2\x82\xAC!"})
    EXPECT_TRUE(IsUtf8(text)) << text;
  EXPECT_TRUE(IsUtf8(std::string_view("a\0b", 3)));
  // Alone, cut, too long, surrogates, too great.
  for (const char* text : {"\x80", "\xC2", "\xC2\x41", "\xC0\x80", "\xC1\xBF", "\xE0\x9F\xBF", "\xE2\x82", "\xED\xA0\x80",
                           "\xF0\x8F\xBF\xBF", "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xFF", "abc\xE2\x82"})
    EXPECT_FALSE(IsUtf8(text)) << text;
}

TEST(FindBadText, PassesOverNullsAndOtherTypes) {
  testing::HandArray array(3);
  const std::uint8_t validity = 0b101;
  array.AddBytes(&validity, 1)
      .AddBuffer<std::int32_t>({0, 1, 2, 3})
      .AddBytes(
          "a\xFF"
          "b",
          3);
  const ArrayData values = array.ToArrayData();
  EXPECT_FALSE(FindBadText({.id = TypeId::kString}, values).has_value());
  ArrayData all_valid = values;
  all_valid.validity = Buffer();
  EXPECT_TRUE(FindBadText({.id = TypeId::kString}, all_valid).has_value());
  EXPECT_FALSE(FindBadText({.id = TypeId::kBinary}, all_valid).has_value());
}

}  // namespace
}  // namespace lancekit
