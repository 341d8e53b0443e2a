// Aggregates through the public API where random tables do not lead: what is refused, sums at the limit, scans that have begun.
#include <array>
#include <bit>
#include <functional>
#include <limits>
#include <type_traits>

#include "base/bitmap.h"
#include "lancekit/lancekit.hpp"
#include "tests/damage_testing.h"
#include "types/scalar.h"

namespace lancekit {
namespace {

using Kind = Aggregate::Kind;

class AggregateTest : public testing::DamageTest {
 protected:
  void Write(const Schema& schema, testing::HandArray* batch, const WriteOptions& options = {}) {
    testing::OwnedSchema c_schema(schema);
    WriteOptions written = options;
    written.single_file = written.overwrite = true;
    auto writer = create(context_, path_, written);
    ASSERT_TRUE(writer);
    const Status status = writer->write(&batch->c(), &*c_schema);
    ASSERT_TRUE(status) << status.error().describe();
    ASSERT_TRUE(writer->commit());
  }
  /// A column of decimals with 76 digits.
  void WriteDecimals(const std::vector<Int256>& values) {
    const auto rows = static_cast<std::int64_t>(values.size());
    Schema schema;
    schema.fields = {testing::MakeField("d", {.id = TypeId::kDecimal256, .precision = 76})};
    auto column = std::make_unique<testing::HandArray>(rows, 0, 0);
    std::vector<std::byte> bytes(values.size() * 32);
    for (std::size_t i = 0; i < values.size(); ++i) values[i].Store(bytes.data() + 32 * i, 32);
    column->AddNullBuffer().AddBuffer(bytes);
    testing::HandArray batch(rows, 0, 0);
    batch.AddNullBuffer().AddChild(std::move(column));
    Write(schema, &batch);
  }
  Result<Batch> Ask(std::vector<Aggregate> wanted) {
    const auto table = open(context_, path_);
    EXPECT_TRUE(table);
    return table->scan().aggregate(wanted);
  }
};

/// 9 x 10^75, which ten of exceed 256 bits.
Int256 Large() {
  Int256 value = Int256::From(9);
  for (int i = 0; i < 75; ++i) {
    unsigned __int128 carry = 0;
    for (std::uint64_t& word : value.words) {
      carry += static_cast<unsigned __int128>(word) * 10;
      word = static_cast<std::uint64_t>(carry);
      carry >>= 64;
    }
  }
  return value;
}

TEST_F(AggregateTest, SumsThatDoNotFitAreErrors) {
  for (const std::size_t rows : {2, 10, 3000}) {  // constant pages, whose statistics say all
    WriteDecimals(std::vector(rows, Large()));
    const auto sum = Ask({{Kind::kSum, "d"}});
    ASSERT_FALSE(sum) << rows;
    EXPECT_EQ(sum.error().code, ErrorCode::kUnsupported);
    EXPECT_EQ(sum.error().column, "d");
  }
  std::vector<Int256> mixed(5000, Int256::From(-1));
  for (std::size_t i = 0; i < 20; ++i) mixed[i * 100] = Large();
  WriteDecimals(mixed);
  EXPECT_FALSE(Ask({{Kind::kSum, "d"}}));
  const auto count = Ask({{Kind::kCount, "d"}, {Kind::kCount, ""}, {Kind::kMax, "d"}});
  ASSERT_TRUE(count) << count.error().describe();
  EXPECT_EQ(count->values<std::uint64_t>("count(d)")[0], 5000u);
  EXPECT_EQ(count->values<std::uint64_t>("count(*)")[0], 5000u);
  std::vector<Int256> small(1000, Int256::From(-3));
  WriteDecimals(small);
  const auto sum = Ask({{Kind::kSum, "d"}});
  ASSERT_TRUE(sum) << sum.error().describe();
  struct Value {
    std::byte bytes[32];
  };
  EXPECT_EQ(Int256::Load(sum->values<Value>("sum(d)")[0].bytes, 32), Int256::From(-3000));
}

/// Values of one kind, so that the writer takes one encoding or another, and the bits of which are valid.
template <class T>
struct Numbers {
  std::string name;
  std::vector<T> values;
  std::vector<std::uint8_t> valid;  // a byte each

  __int128 Sum() const {
    __int128 sum = 0;
    for (std::size_t i = 0; i < values.size(); ++i) sum += valid[i] != 0 ? static_cast<__int128>(values[i]) : 0;
    return sum;
  }
};

template <class T>
std::vector<Numbers<T>> MakeNumbers() {
  constexpr T kMost = std::numeric_limits<T>::max();
  std::mt19937_64 random(3);
  const auto any = [&] { return static_cast<T>(random()); };
  std::vector<T> few(100);
  for (T& value : few) value = any();
  T last = any();
  const std::vector<std::pair<std::string, std::function<T(std::size_t)>>> kinds = {
      {"any", [&](std::size_t) { return any(); }},
      {"small", [&](std::size_t) { return static_cast<T>(random() % 50); }},
      {"around zero", [&](std::size_t) { return static_cast<T>(random() % 50 - 25); }},
      {"few", [&](std::size_t) { return few[random() % few.size()]; }},
      {"few small", [&](std::size_t) { return static_cast<T>(few[random() % few.size()] % 100); }},
      {"runs", [&](std::size_t) { return last = random() % 9 == 0 ? any() : last; }},
      {"long runs", [&](std::size_t) { return last = random() % 999 == 0 ? any() : last; }},
      {"runs of few", [&](std::size_t i) { return few[i / 20 * 7919 % few.size()]; }},
      {"ascending", [&](std::size_t i) { return static_cast<T>(i * 3 + random() % 3); }},
      {"extreme", [&](std::size_t i) { return i % 3 == 0 ? std::numeric_limits<T>::min() : std::numeric_limits<T>::max(); }},
      // Dictionaries with an item that is far from the others, and negative if its sign is mistaken.
      {"few and a far one",
       [&](std::size_t i) { return i == 4444 ? static_cast<T>(kMost - (sizeof(T) == 8 ? 100'000 : 0)) : static_cast<T>(i % 2); }},
      {"few and far ones", [&](std::size_t i) { return i % 10 == 0 ? kMost : static_cast<T>(random() % 5); }},
      {"equal", [&](std::size_t) { return static_cast<T>(7); }},
  };
  const std::vector<std::pair<std::string, std::function<bool(std::size_t)>>> validity = {
      {"all", [](std::size_t) { return true; }},
      {"most", [&](std::size_t) { return random() % 5 != 0; }},
      {"every other 3000", [](std::size_t i) { return i / 3000 % 2 == 0; }},
      {"one", [](std::size_t i) { return i == 4444; }},
  };
  std::vector<Numbers<T>> made;
  for (const auto& [name, value] : kinds) {
    for (const auto& [how_many, is_valid] : validity) {
      Numbers<T>& numbers = made.emplace_back(Numbers<T>{name + ", " + how_many + " valid", {}, {}});
      for (std::size_t i = 0; i < 10'000; ++i) {
        numbers.values.push_back(value(i));
        numbers.valid.push_back(is_valid(i) ? 1 : 0);
      }
    }
  }
  return made;
}

template <class T>
class SumTest : public AggregateTest {};
using IntegerTypes = ::testing::Types<std::int8_t, std::uint8_t, std::int16_t, std::uint16_t, std::int32_t, std::uint32_t,
                                      std::int64_t, std::uint64_t>;
TYPED_TEST_SUITE(SumTest, IntegerTypes);

template <class T>
TypeId TypeOf() {
  constexpr std::array kSigned{TypeId::kInt8, TypeId::kInt16, TypeId::kInt32, TypeId::kInt64};
  constexpr std::array kUnsigned{TypeId::kUInt8, TypeId::kUInt16, TypeId::kUInt32, TypeId::kUInt64};
  return (std::is_signed_v<T> ? kSigned : kUnsigned)[std::countr_zero(sizeof(T))];
}

// Alone, values are added up as they are decoded; with bounds, once they are read.
TYPED_TEST(SumTest, IsThatOfTheValidValues) {
  using T = TypeParam;
  using Wide = std::conditional_t<std::is_signed_v<T>, std::int64_t, std::uint64_t>;
  const std::vector<Numbers<T>> columns = MakeNumbers<T>();
  const auto rows = static_cast<std::int64_t>(columns[0].values.size());
  for (const char* const version : {"2.2", "x1"}) {
    Schema schema;
    testing::HandArray batch(rows, 0, 0);
    batch.AddNullBuffer();
    for (const Numbers<T>& numbers : columns) {
      std::vector<std::byte> bits(BitmapBytes(numbers.valid.size()));
      for (std::size_t i = 0; i < numbers.valid.size(); ++i) SetBitTo(bits.data(), i, numbers.valid[i] != 0);
      auto column = std::make_unique<testing::HandArray>(rows);
      column->AddBuffer(bits).AddBuffer(numbers.values);
      batch.AddChild(std::move(column));
      schema.fields.push_back(testing::MakeField(numbers.name, {.id = TypeOf<T>()}));
    }
    this->Write(schema, &batch, {.version = version});
    for (const Numbers<T>& numbers : columns) {
      const __int128 wanted = numbers.Sum();
      const bool fits = static_cast<__int128>(static_cast<Wide>(wanted)) == wanted;
      const Aggregate sum{Kind::kSum, numbers.name};
      const std::vector<std::vector<Aggregate>> questions = {{sum}, {sum, {Kind::kMin, numbers.name}}};
      for (const std::vector<Aggregate>& question : questions) {
        const auto answer = this->Ask(question);
        ASSERT_EQ(static_cast<bool>(answer), fits) << numbers.name << " " << version;
        if (!fits) continue;
        EXPECT_EQ(answer->template values<Wide>(sum.name())[0], static_cast<Wide>(wanted)) << numbers.name << " " << version;
      }
    }
  }
}

TEST_F(AggregateTest, SumsOfDecimalsAreThoseOfTheirHalves) {
  std::mt19937_64 random(4);
  Schema schema;
  schema.fields = {testing::MakeField("d", {.id = TypeId::kDecimal128, .precision = 38})};
  for (const std::uint64_t distinct : {2, 50, 1'000'000}) {
    std::vector<__int128> values;
    __int128 wanted = 0;
    for (int i = 0; i < 10'000; ++i) {
      const auto one = static_cast<__int128>(random() % distinct) * 0x123456789ABCDEF;
      values.push_back(i % 3 == 0 ? -one * 5'000'000'000 : one);
      wanted += values.back();
    }
    auto column = std::make_unique<testing::HandArray>(10'000, 0, 0);
    column->AddNullBuffer().AddBuffer(values);
    testing::HandArray batch(10'000, 0, 0);
    batch.AddNullBuffer().AddChild(std::move(column));
    Write(schema, &batch);
    const auto sum = Ask({{Kind::kSum, "d"}});
    ASSERT_TRUE(sum) << sum.error().describe();
    struct Value {
      std::byte bytes[32];
    };
    std::byte bytes[32];
    const Int256 found = Int256::Load(sum->values<Value>("sum(d)")[0].bytes, 32);
    found.Store(bytes, 16);
    EXPECT_EQ(LoadLe<std::uint64_t>(bytes), static_cast<std::uint64_t>(wanted)) << distinct;
    EXPECT_EQ(LoadLe<std::int64_t>(bytes + 8), static_cast<std::int64_t>(wanted >> 64)) << distinct;
    EXPECT_EQ(found, Int256::Load(bytes, 16)) << distinct;
  }
}

TEST_F(AggregateTest, WhatHasNoSuchFactIsRefused) {
  Schema schema;
  const Field number = testing::MakeField("x", {.id = TypeId::kInt32}),
              list = testing::MakeField("l", {.id = TypeId::kList, .children = {number}});
  schema.fields = {testing::MakeField("s", {.id = TypeId::kStruct, .children = {number}}), list,
                   testing::MakeField("day", {.id = TypeId::kDate32}), testing::MakeField("text", {.id = TypeId::kString})};
  std::mt19937 random(2);
  testing::MadeArray batch =
      testing::MakeArray({.id = TypeId::kStruct, .children = schema.fields}, 100, {.offsets = false, .nulls = false}, &random);
  Write(schema, batch.array.get());
  const std::vector<Aggregate> refused = {{Kind::kCount, "s"},  {Kind::kCount, "l"},  {Kind::kMax, "l"},      {Kind::kSum, "day"},
                                          {Kind::kSum, "text"}, {Kind::kMin, "none"}, {Kind::kSum, "s.none"}, {Kind::kMin, ""}};
  for (const Aggregate& one : refused) {
    const auto batch_of_one = Ask({one});
    ASSERT_FALSE(batch_of_one) << one.name();
    EXPECT_EQ(batch_of_one.error().code, ErrorCode::kInvalidArgument) << batch_of_one.error().describe();
  }
  const auto known = Ask({{Kind::kCount, "s.x"}, {Kind::kMin, "day"}, {Kind::kMax, "text"}});
  ASSERT_TRUE(known) << known.error().describe();
  EXPECT_EQ(known->num_rows(), 1);
}

TEST_F(AggregateTest, AScanThatHasBegunIsRefused) {
  WriteDecimals(std::vector(100, Int256::From(1)));
  const auto table = open(context_, path_);
  ASSERT_TRUE(table);
  Scan scan = table->scan();
  ASSERT_TRUE(scan.schema());
  EXPECT_FALSE(scan.aggregate({{Kind::kSum, "d"}}));
  Scan numbered = table->scan().row_numbers().where(*Filter::parse("d = 1"));
  const auto sum = numbered.aggregate({{Kind::kCount, "d"}});
  ASSERT_TRUE(sum) << sum.error().describe();
  EXPECT_EQ(sum->values<std::uint64_t>("count(d)")[0], 100u);
  Scan whole = table->scan();
  ASSERT_TRUE(whole.aggregate({{Kind::kCount, ""}}));
  const auto next = whole.next();
  ASSERT_TRUE(next);
  EXPECT_FALSE(next->has_value()) << "the scan is at its end";
}

}  // namespace
}  // namespace lancekit
