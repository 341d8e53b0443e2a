#include "filter/like.h"

#include <gtest/gtest.h>

#include <random>

namespace lancekit::filter {
namespace {

bool Matches(std::string_view text, std::string_view pattern, char escape = 0) {
  return LikePattern::Make(pattern, escape)->Matches(text);
}

TEST(Like, TakesWildcards) {
  EXPECT_TRUE(Matches("", ""));
  EXPECT_TRUE(Matches("", "%"));
  EXPECT_TRUE(Matches("", "%%%"));
  EXPECT_FALSE(Matches("", "_"));
  EXPECT_TRUE(Matches("abc", "abc"));
  EXPECT_FALSE(Matches("abcd", "abc"));
  EXPECT_FALSE(Matches("ab", "abc"));
  EXPECT_TRUE(Matches("abcd", "ab%"));
  EXPECT_TRUE(Matches("abcd", "%cd"));
  EXPECT_TRUE(Matches("abcd", "%bc%"));
  EXPECT_TRUE(Matches("abcd", "a%d"));
  EXPECT_FALSE(Matches("ab", "ab%b"));
  EXPECT_TRUE(Matches("abab", "%ab%ab%"));
  EXPECT_FALSE(Matches("aab", "%ab%ab%"));
  EXPECT_TRUE(Matches("abcd", "_b_d"));
  EXPECT_TRUE(Matches("xxabyy", "%a_y%"));
}

TEST(Like, CountsCharacters) {
  EXPECT_TRUE(Matches("größe", "gr__e"));
  EXPECT_TRUE(Matches("größe", "%__e"));
  EXPECT_FALSE(Matches("é", "__"));
  EXPECT_FALSE(Matches("é", "%__"));
  EXPECT_TRUE(Matches("\xFF\x80", "_"));
}

TEST(Like, Escapes) {
  EXPECT_TRUE(Matches("50%", "50!%", '!'));
  EXPECT_FALSE(Matches("500", "50!%", '!'));
  EXPECT_TRUE(Matches("a_!", "%!_!!", '!'));
  EXPECT_TRUE(Matches("a\\", "a\\"));
  EXPECT_FALSE(LikePattern::Make("ab!", '!'));
}

TEST(Like, KnowsSimplePatterns) {
  EXPECT_TRUE(LikePattern::Make("ab", 0)->IsText());
  EXPECT_TRUE(LikePattern::Make("ab%%", 0)->IsPrefix());
  EXPECT_FALSE(LikePattern::Make("ab%c", 0)->IsPrefix());
  EXPECT_FALSE(LikePattern::Make("a_%", 0)->IsPrefix());
  EXPECT_EQ(LikePattern::Make("a_%", 0)->prefix(), "a");
  EXPECT_EQ(LikePattern::Make("ab%c", 0)->prefix(), "ab");
}

/// By trying everything.
bool Slow(std::string_view text, std::string_view pattern) {
  if (pattern.empty()) return text.empty();
  if (pattern[0] == '%') return Slow(text, pattern.substr(1)) || (!text.empty() && Slow(text.substr(1), pattern));
  return !text.empty() && (pattern[0] == '_' || pattern[0] == text[0]) && Slow(text.substr(1), pattern.substr(1));
}

TEST(Like, AgreesWithTryingEverything) {
  std::mt19937 random(1);
  const auto make = [&](std::string_view letters, std::size_t max_size) {
    std::string text(random() % (max_size + 1), ' ');
    for (char& c : text) c = letters[random() % letters.size()];
    return text;
  };
  for (int i = 0; i < 100'000; ++i) {
    const std::string text = make("ab", 8), pattern = make("ab%_", 6);
    ASSERT_EQ(Matches(text, pattern), Slow(text, pattern)) << text << " LIKE " << pattern;
  }
}

}  // namespace
}  // namespace lancekit::filter
