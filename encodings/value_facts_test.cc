#include "encodings/value_facts.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <random>
#include <type_traits>
#include <vector>

#include "encodings/encoding_testing.h"

namespace lancekit {
namespace {

/// Known by parts as they come in, they are as of all values at once.
template <class T>
void ExpectFacts(std::mt19937_64* random, std::size_t count, std::uint64_t spread) {
  std::vector<T> numbers(count);
  for (T& number : numbers) number = static_cast<T>((*random)() % spread - spread / 2);
  ValuesView view;
  view.shape = FixedShape(8 * sizeof(T));
  view.values = reinterpret_cast<const std::byte*>(numbers.data());
  ValueFacts facts(view.shape, std::is_signed_v<T>);
  while (view.length < count) {
    view.length = std::min<std::uint64_t>(count, view.length + 1 + (*random)() % 3000);
    facts.Update(view);
  }
  std::uint64_t runs = 0;
  for (std::size_t i = 0; i < count; ++i) runs += i == 0 || numbers[i] != numbers[i - 1];
  ASSERT_EQ(facts.NumRuns(), runs);
  constexpr std::size_t kBlock = ValueFacts::kBlockValues;
  ASSERT_EQ(facts.blocks().size(), (count + kBlock - 1) / kBlock);
  for (std::size_t first = 0; first < count; first += kBlock) {
    for (const std::size_t end : {std::min(count, first + kBlock), std::min(count, first + 3 * kBlock), count}) {
      const auto bounds = facts.BoundsOf(first, end);
      ASSERT_TRUE(bounds.has_value());
      const auto [low, high] = std::minmax_element(numbers.begin() + static_cast<std::ptrdiff_t>(first),
                                                   numbers.begin() + static_cast<std::ptrdiff_t>(end));
      std::make_unsigned_t<T> any = 0;
      for (std::size_t i = first; i < end; ++i) any |= static_cast<std::make_unsigned_t<T>>(numbers[i]);
      EXPECT_EQ(static_cast<T>(bounds->least), *low);
      EXPECT_EQ(static_cast<T>(bounds->greatest), *high);
      EXPECT_EQ(bounds->any, any);
    }
  }
  EXPECT_FALSE(count > 1 && facts.BoundsOf(1, count).has_value());
}

TEST(ValueFacts, OfNumbersByParts) {
  std::mt19937_64 random(5);
  for (const std::size_t count : {1u, 1000u, 1024u, 1025u, 7000u}) {
    for (const std::uint64_t spread : {std::uint64_t{1}, std::uint64_t{100}, std::numeric_limits<std::uint64_t>::max()}) {
      ExpectFacts<std::int8_t>(&random, count, spread);
      ExpectFacts<std::uint16_t>(&random, count, spread);
      ExpectFacts<std::int32_t>(&random, count, spread);
      ExpectFacts<std::uint64_t>(&random, count, spread);
      ExpectFacts<std::int64_t>(&random, count, spread);
    }
  }
}

TEST(ValueFacts, WideNumbersHaveBoundsWhereTheyFit) {
  std::vector<std::int64_t> words;  // low, high
  for (std::int64_t i = 0; i < 3000; ++i) words.insert(words.end(), {i - 1500, i < 1500 ? -1 : 0});
  ValuesView view;
  view.shape = FixedShape(128);
  view.length = 3000;
  view.values = reinterpret_cast<const std::byte*>(words.data());
  ValueFacts facts(view.shape, true);
  facts.Update(view);
  const auto bounds = facts.BoundsOf(1024, 3000);
  ASSERT_TRUE(bounds.has_value());
  EXPECT_EQ(static_cast<std::int64_t>(bounds->least), 1024 - 1500);
  EXPECT_EQ(static_cast<std::int64_t>(bounds->greatest), 1499);
  words[2 * 2500 + 1] = 1;  // 2^64 and some more
  facts.Clear();
  facts.Update(view);
  EXPECT_FALSE(facts.BoundsOf(2048, 3000).has_value());
  EXPECT_FALSE(facts.BoundsOf(0, 3000).has_value());
  EXPECT_TRUE(facts.BoundsOf(0, 2048).has_value());
}

TEST(ValueFacts, TheLongestString) {
  const testing::OwnedValues strings = testing::OwnedValues({"a", "", "four", "three", "no"}, false);
  ValueFacts facts(strings.View().shape, false);
  ValuesView some = strings.View();
  some.length = 3;
  facts.Update(some);
  EXPECT_EQ(facts.longest(), 4u);
  facts.Update(strings.View());
  EXPECT_EQ(facts.longest(), 5u);
  EXPECT_FALSE(facts.of_numbers());
}

}  // namespace
}  // namespace lancekit
