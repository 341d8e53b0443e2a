// Aggregates through the public API where random tables do not lead: what is refused, sums at the limit, scans that have begun.
#include "lancekit/lancekit.hpp"
#include "tests/damage_testing.h"
#include "types/scalar.h"

namespace lancekit {
namespace {

using Kind = Aggregate::Kind;

class AggregateTest : public testing::DamageTest {
 protected:
  void Write(const Schema& schema, testing::HandArray* batch) {
    testing::OwnedSchema c_schema(schema);
    auto writer = create(context_, path_, {.single_file = true, .overwrite = true});
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
