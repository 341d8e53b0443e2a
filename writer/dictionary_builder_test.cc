#include "writer/dictionary_builder.h"

#include <gtest/gtest.h>

#include <set>

#include "encodings/encoding_testing.h"

namespace lancekit {
namespace {

Bytes BytesOf(const std::string& text) { return std::as_bytes(std::span(text)); }

TEST(DictionaryBuilder, NumbersValuesInOrderOfAppearance) {
  for (const bool large : {false, true}) {
    DictionaryBuilder builder(testing::StringShape(large));
    EXPECT_EQ(builder.Insert(BytesOf("red")), 0u);
    EXPECT_EQ(builder.Insert({}), 1u);
    EXPECT_EQ(builder.Insert(BytesOf("green")), 2u);
    EXPECT_EQ(builder.Insert(BytesOf("red")), 0u);
    EXPECT_EQ(builder.Insert({}), 1u);
    ASSERT_EQ(builder.size(), 3u);
    EXPECT_EQ(builder.item_bytes(), 8u);
    EXPECT_EQ(testing::ValueAt(builder.View(), 0), "red");
    EXPECT_EQ(testing::ValueAt(builder.View(), 1), "");
    EXPECT_EQ(testing::ValueAt(builder.View(), 2), "green");
    builder.Clear();
    EXPECT_EQ(builder.size(), 0u);
    EXPECT_EQ(builder.Insert(BytesOf("green")), 0u);
    EXPECT_EQ(testing::ValueAt(builder.View(), 0), "green");
  }
}

// More values than the table starts with, of every length that is hashed in a way of its own, many with a common prefix.
TEST(DictionaryBuilder, KeepsManyValuesApart) {
  DictionaryBuilder builder(testing::StringShape(false));
  std::vector<std::string> texts;
  for (std::uint32_t i = 0; i < 20'000; ++i) {
    std::string text(i % 40, 'x');
    for (std::uint32_t rest = i; rest != 0; rest /= 256) text += static_cast<char>(rest % 256);
    texts.push_back(text);
  }
  std::vector<std::uint32_t> numbers;
  for (const std::string& text : texts) numbers.push_back(builder.Insert(BytesOf(text)));
  for (std::size_t i = 0; i < texts.size(); ++i) {
    ASSERT_EQ(testing::ValueAt(builder.View(), numbers[i]), texts[i]) << i;
    ASSERT_EQ(builder.Insert(BytesOf(texts[i])), numbers[i]) << i;
  }
}

TEST(DictionaryBuilder, BeginsAnewAfterItGrew) {
  DictionaryBuilder builder(FixedShape(64));
  for (const std::uint64_t first : {0u, 5000u, 3000u}) {
    for (std::uint64_t i = 0; i < 10'000; ++i) {
      const std::uint64_t value = first + i % 4000;
      ASSERT_EQ(builder.Insert(std::as_bytes(std::span(&value, 1))), i % 4000);
    }
    EXPECT_EQ(builder.size(), 4000u);
    builder.Clear();
  }
}

TEST(DictionaryBuilder, KeepsNumbersOfAnyWidth) {
  for (const std::uint64_t bytes : {1u, 2u, 4u, 8u, 16u, 32u}) {
    DictionaryBuilder builder(FixedShape(8 * bytes));
    for (int round = 0; round < 2; ++round) {
      for (unsigned i = 0; i < 200; ++i) EXPECT_EQ(builder.Insert(BytesOf(std::string(bytes, static_cast<char>(i)))), i);
    }
    EXPECT_EQ(testing::ValueAt(builder.View(), 77), std::string(bytes, 'M'));
  }
}

/// A page of such values, with or without what is known of them.
struct Page {
  explicit Page(const ValuesView& view, bool has_facts, const std::byte* validity = nullptr) : facts(view.shape, true) {
    facts.Update(view);
    values.values = view;
    values.validity = validity;
    if (has_facts) values.facts = &facts;
  }
  ValueFacts facts;
  PageValues values;
};

// Many rare values, then always the same one: with number 0 it takes no bits.
TEST(TryDictionary, NumbersByCountWhereThatPacksBetter) {
  std::vector<std::uint64_t> numbers(8 * 1024, 77);
  for (std::uint64_t i = 0; i < 1024; ++i) numbers[i] = 1000 + i % 600;
  const testing::OwnedValues values = testing::Numbers<std::uint64_t>(numbers);
  for (const bool has_facts : {false, true}) {
    const Page page(values.View(), has_facts);
    const auto attempt = TryDictionary(page.values, numbers.size());
    ASSERT_TRUE(attempt.has_value());
    ASSERT_EQ(attempt->items.size(), 601u);
    const auto* const items = reinterpret_cast<const std::uint64_t*>(attempt->items.View().values);
    EXPECT_EQ(items[0], 77u);
    ASSERT_EQ(attempt->indices.size(), numbers.size());
    for (std::size_t i = 0; i < numbers.size(); ++i) ASSERT_EQ(items[attempt->indices[i]], numbers[i]) << i;
    EXPECT_EQ(attempt->facts.NumRuns(), 1025u);
    EXPECT_EQ(attempt->facts.blocks()[7].any, 0u);
  }
}

TEST(TryDictionary, StopsAtTooManyValuesAndSkipsNulls) {
  const testing::OwnedValues values = testing::Numbers<std::uint64_t>({5, 9, 5, 7, 9});
  const std::byte validity{0b10111};
  for (const bool has_facts : {false, true}) {
    const Page some_null(values.View(), has_facts, &validity), all_valid(values.View(), has_facts);
    const auto with_null = TryDictionary(some_null.values, 2);
    ASSERT_TRUE(with_null.has_value());
    EXPECT_EQ(with_null->indices, (PooledVector<std::uint32_t>{0, 1, 0, 0, 1}));
    EXPECT_EQ(with_null->items.size(), 2u);
    EXPECT_FALSE(TryDictionary(all_valid.values, 2).has_value());
    EXPECT_TRUE(TryDictionary(all_valid.values, 3).has_value());
  }
}

// Ascending at first, so that nothing is hashed, then what was there before and what is new.
TEST(TryDictionary, NumbersRunsInOrderAndOutOfIt) {
  std::vector<std::uint64_t> numbers;
  for (std::uint64_t i = 0; i < 60'000; ++i) numbers.push_back((i / 20) % 2500 * 1'000'003 + (i < 50'000 ? 0 : i / 20 % 2));
  numbers[0] = 0;
  const testing::OwnedValues values = testing::Numbers<std::uint64_t>(numbers);
  const Page page(values.View(), true);
  const auto attempt = TryDictionary(page.values, numbers.size(), true);
  ASSERT_TRUE(attempt.has_value());
  EXPECT_EQ(attempt->items.size(), std::set<std::uint64_t>(numbers.begin(), numbers.end()).size());
  const auto* const items = reinterpret_cast<const std::uint64_t*>(attempt->items.View().values);
  for (std::size_t i = 0; i < numbers.size(); ++i) ASSERT_EQ(items[attempt->indices[i]], numbers[i]) << i;
}

// What was there before in turn with what is new: hashing all anew each time would take minutes.
TEST(TryDictionary, NumbersRunsThatComeBack) {
  std::vector<std::uint64_t> numbers;
  for (std::uint64_t i = 0; i < 1'000'000; ++i) numbers.push_back(i / 10 % 2 == 0 ? 5 : i / 10);
  const testing::OwnedValues values = testing::Numbers<std::uint64_t>(numbers);
  const Page page(values.View(), true);
  const auto attempt = TryDictionary(page.values, numbers.size(), true);
  ASSERT_TRUE(attempt.has_value());
  EXPECT_EQ(attempt->items.size(), 50'000u);
  const auto* const items = reinterpret_cast<const std::uint64_t*>(attempt->items.View().values);
  for (std::size_t i = 0; i < numbers.size(); ++i) ASSERT_EQ(items[attempt->indices[i]], numbers[i]) << i;
}

// More strings than one block, of all lengths around those that are looked up at once, and the empty one.
TEST(TryDictionary, NumbersStrings) {
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < 5000; ++i) texts.push_back(std::string(i * i % 23, static_cast<char>('a' + i % 3)));
  const testing::OwnedValues values(texts, false);
  const Page page(values.View(), true);
  const auto attempt = TryDictionary(page.values, texts.size());
  ASSERT_TRUE(attempt.has_value());
  EXPECT_EQ(attempt->items.size(), std::set<std::string>(texts.begin(), texts.end()).size());
  for (std::size_t i = 0; i < texts.size(); ++i)
    ASSERT_EQ(testing::ValueAt(attempt->items.View(), attempt->indices[i]), texts[i]) << i;
}

// All of them whole in a word, with and without NULs, more than are kept in the table of words, rare ones and one that is not.
TEST(TryDictionary, NumbersShortStrings) {
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < 9000; ++i) {
    const std::size_t number = i % 3 == 0 ? 7 : i * 7919 % 3001;
    std::string text = std::to_string(number);
    texts.push_back(number % 5 == 0 ? text + std::string(number % 3, '\0') : text);
    if (number % 11 == 0) texts.back().clear();
  }
  for (const bool large : {false, true}) {
    const testing::OwnedValues values(texts, large);
    const Page page(values.View(), true);
    ASSERT_LE(page.facts.longest(), 7u);
    const auto attempt = TryDictionary(page.values, texts.size());
    ASSERT_TRUE(attempt.has_value());
    EXPECT_EQ(attempt->items.size(), std::set<std::string>(texts.begin(), texts.end()).size());
    for (std::size_t i = 0; i < texts.size(); ++i)
      ASSERT_EQ(testing::ValueAt(attempt->items.View(), attempt->indices[i]), texts[i]) << i;
  }
}

// Whole in four words, which tell them apart by any of their bytes or by NULs at the end, and shorter ones among them: few enough
// for the table of words, then more than it takes.
TEST(TryDictionary, NumbersStringsOfFourWords) {
  constexpr std::size_t kFew = 450, kMany = 701;
  for (const std::size_t most : {kFew, kMany}) {
    std::vector<std::string> texts;
    for (std::size_t i = 0; i < 9000; ++i) {
      const std::size_t number = i % 3 == 0 ? 7 : i * 7919 % (i < 4096 ? kFew - 60 : most);
      std::string text(number % 7 == 0 ? number % 33 : 32 - number % 16, 'x');
      if (!text.empty()) text[number % text.size()] = static_cast<char>(number / 32);
      if (number % 5 == 0) text.resize(std::min<std::size_t>(32, text.size() + number % 3), '\0');
      texts.push_back(text);
    }
    const std::size_t distinct = std::set<std::string>(texts.begin(), texts.end()).size();
    EXPECT_EQ(distinct > 512, most == kMany) << distinct;
    std::vector<std::byte> validity(texts.size() / 8 + 1, std::byte{0xED});
    for (const bool large : {false, true}) {
      for (const bool has_nulls : {false, true}) {
        const testing::OwnedValues values(texts, large);
        const Page page(values.View(), true, has_nulls ? validity.data() : nullptr);
        ASSERT_EQ(page.facts.longest(), 32u);
        const auto attempt = TryDictionary(page.values, texts.size());
        ASSERT_TRUE(attempt.has_value());
        EXPECT_LE(attempt->items.size(), distinct);
        EXPECT_TRUE(has_nulls || attempt->items.size() == distinct) << attempt->items.size();
        for (std::size_t i = 0; i < texts.size(); ++i) {
          if (has_nulls && !GetBit(validity.data(), i)) continue;
          ASSERT_EQ(testing::ValueAt(attempt->items.View(), attempt->indices[i]), texts[i]) << i;
        }
      }
    }
  }
}

// Blocks that start inside of a run, with the last item or an older one, with less than what was there, and that fall.
TEST(TryDictionary, NumbersRunsOverTheEndsOfBlocks) {
  constexpr std::uint64_t kBlock = ValueFacts::kBlockValues;
  for (const std::uint64_t first_of_third : {40u, 90u, 150u, 1000u}) {
    std::vector<std::uint64_t> numbers;
    for (std::uint64_t i = 0; i < kBlock; ++i) numbers.push_back(i / 10);                    // to 102, which goes on
    for (std::uint64_t i = 0; i < kBlock; ++i) numbers.push_back(102 + i / 20);              // to 153
    for (std::uint64_t i = 0; i < kBlock; ++i) numbers.push_back(first_of_third + i / 700);  // back to an old one, or on
    for (std::uint64_t i = 0; i < kBlock; ++i) numbers.push_back(first_of_third + 1 + i / 500);
    for (std::uint64_t i = 0; i < kBlock; ++i) numbers.push_back(5000 - i / 50);
    numbers.push_back(4980);
    const testing::OwnedValues values = testing::Numbers<std::uint64_t>(numbers);
    const Page page(values.View(), true);
    const std::size_t distinct = std::set<std::uint64_t>(numbers.begin(), numbers.end()).size();
    EXPECT_FALSE(TryDictionary(page.values, distinct - 1, true).has_value());
    const auto attempt = TryDictionary(page.values, distinct, true);
    ASSERT_TRUE(attempt.has_value());
    EXPECT_EQ(attempt->items.size(), distinct);
    EXPECT_EQ(attempt->facts.NumRuns(), page.facts.NumRuns());
    const auto* const items = reinterpret_cast<const std::uint64_t*>(attempt->items.View().values);
    for (std::size_t i = 0; i < numbers.size(); ++i) ASSERT_EQ(items[attempt->indices[i]], numbers[i]) << i;
  }
}

}  // namespace
}  // namespace lancekit
