#include "filter/prune.h"

#include <gtest/gtest.h>

namespace lancekit::filter {
namespace {

const Schema kSchema{.fields = {{.name = "n", .type = {.id = TypeId::kInt64}},
                                {.name = "f", .type = {.id = TypeId::kFloat64}},
                                {.name = "s", .type = {.id = TypeId::kString}}}};

Match PruneBy(std::string_view text, const format::Zone& zone) {
  const auto bound = BoundFilter::Bind(*Filter::parse(text), kSchema);
  EXPECT_TRUE(bound.has_value()) << text;
  return Prune(*bound, std::vector<const format::Zone*>(bound->columns().size(), &zone));
}

format::Zone Numbers(std::int64_t min, std::int64_t max, std::uint64_t num_nulls = 0) {
  return {.num_rows = 10, .num_values = 10, .num_nulls = num_nulls, .min = min, .max = max};
}

format::Zone Floats(double min, double max, std::uint64_t num_nans) {
  return {.num_rows = 10, .num_values = 10, .num_nans = num_nans, .min = min, .max = max};
}

format::Zone Texts(std::string_view min, std::string_view max) {
  format::Zone zone{.num_rows = 10, .num_values = 10};
  zone.SetTexts(min, max);
  return zone;
}

TEST(FilterPrune, ComparesBounds) {
  EXPECT_EQ(PruneBy("n < 3", Numbers(3, 9)), Match::kNone);
  EXPECT_EQ(PruneBy("n <= 3", Numbers(3, 9)), Match::kSome);
  EXPECT_EQ(PruneBy("n <= 9", Numbers(3, 9)), Match::kAll);
  EXPECT_EQ(PruneBy("n <= 9", Numbers(3, 9, 1)), Match::kSome);  // a null does not match
  EXPECT_EQ(PruneBy("n <> 3", Numbers(3, 3)), Match::kNone);
  EXPECT_EQ(PruneBy("n <> 3", Numbers(3, 4)), Match::kSome);
  EXPECT_EQ(PruneBy("n <> 3", Numbers(4, 5)), Match::kAll);
  EXPECT_EQ(PruneBy("n IN (1, 5)", Numbers(2, 4)), Match::kNone);
  EXPECT_EQ(PruneBy("n NOT IN (1, 5)", Numbers(2, 4)), Match::kAll);
  EXPECT_EQ(PruneBy("n IN (1, 5)", Numbers(5, 5)), Match::kAll);
  EXPECT_EQ(PruneBy("n < 3 OR n > 9 OR n IS NULL", Numbers(3, 9)), Match::kNone);
  EXPECT_EQ(PruneBy("n > 0 AND NOT n > 9", Numbers(3, 9)), Match::kAll);
}

TEST(FilterPrune, KnowsNulls) {
  format::Zone nulls{.num_rows = 10, .num_values = 10, .num_nulls = 10};
  EXPECT_EQ(PruneBy("n IS NULL", nulls), Match::kAll);
  EXPECT_EQ(PruneBy("n IS NOT NULL", nulls), Match::kNone);
  EXPECT_EQ(PruneBy("n <> 3", nulls), Match::kNone);
  EXPECT_EQ(PruneBy("n IS NULL", Numbers(1, 2)), Match::kNone);
  EXPECT_EQ(PruneBy("n IS NULL", Numbers(1, 2, 1)), Match::kSome);
}

TEST(FilterPrune, CountsNanAsGreatest) {
  EXPECT_EQ(PruneBy("f > 9", Floats(1, 2, 0)), Match::kNone);
  EXPECT_EQ(PruneBy("f > 9", Floats(1, 2, 1)), Match::kSome);
  EXPECT_EQ(PruneBy("f > 0", Floats(1, 2, 1)), Match::kAll);
  EXPECT_EQ(PruneBy("f < 9", Floats(1, 2, 1)), Match::kSome);
  EXPECT_EQ(PruneBy("f = 'NaN'", Floats(1, 2, 0)), Match::kNone);
  EXPECT_EQ(PruneBy("f <> 'NaN'", Floats(1, 2, 0)), Match::kAll);
  const format::Zone nans{.num_rows = 10, .num_values = 10, .num_nans = 10};
  EXPECT_EQ(PruneBy("f > 9", nans), Match::kAll);
  EXPECT_EQ(PruneBy("f <= 9", nans), Match::kNone);
  EXPECT_EQ(PruneBy("f IN (1, 'NaN')", nans), Match::kAll);
}

TEST(FilterPrune, TakesCutTextsForWiderBounds) {
  const std::string prefix(64, 'p');
  const format::Zone zone = Texts(prefix + "b", prefix + "y");
  EXPECT_EQ(PruneBy("s = '" + prefix + "a'", zone), Match::kSome);
  EXPECT_EQ(PruneBy("s = '" + prefix + "z'", zone), Match::kSome);
  EXPECT_EQ(PruneBy("s < '" + prefix + "'", zone), Match::kNone);
  EXPECT_EQ(PruneBy("s >= '" + prefix + "'", zone), Match::kAll);
  EXPECT_EQ(PruneBy("s > 'q'", zone), Match::kNone);
  EXPECT_EQ(PruneBy("s > 'z'", Texts("a", std::string(65, '\xFF'))), Match::kSome);
}

TEST(FilterPrune, TakesPatternsForRanges) {
  EXPECT_EQ(PruneBy("s LIKE 'ab%'", Texts("abc", "abd")), Match::kAll);
  EXPECT_EQ(PruneBy("s NOT LIKE 'ab%'", Texts("abc", "abd")), Match::kNone);
  EXPECT_EQ(PruneBy("s LIKE 'ab%'", Texts("ac", "zz")), Match::kNone);
  EXPECT_EQ(PruneBy("s LIKE 'ab%'", Texts("a", "ab")), Match::kSome);
  EXPECT_EQ(PruneBy("s LIKE 'b%x'", Texts("a", "az")), Match::kNone);
  EXPECT_EQ(PruneBy("s NOT LIKE 'b%x'", Texts("a", "az")), Match::kAll);
  EXPECT_EQ(PruneBy("s LIKE '%x'", Texts("ax", "ax")), Match::kAll);
  EXPECT_EQ(PruneBy("s LIKE '%x'", Texts("ax", "ay")), Match::kSome);
}

TEST(FilterPrune, TrustsNothingThatDoesNotFit) {
  const auto bound = BoundFilter::Bind(*Filter::parse("n = 3"), kSchema);
  const format::Zone* unknown = nullptr;
  EXPECT_EQ(Prune(*bound, {&unknown, 1}), Match::kSome);
  EXPECT_EQ(PruneBy("n = 3", {.num_rows = 10, .num_values = 10}), Match::kSome);
  EXPECT_EQ(PruneBy("n = 3", {.num_rows = 10, .num_values = 20, .min = std::int64_t{5}, .max = std::int64_t{6}}), Match::kSome);
  EXPECT_EQ(PruneBy("n = 3", {.num_rows = 10, .num_values = 10, .num_nulls = 11}), Match::kSome);
  EXPECT_EQ(PruneBy("n = 3", {.num_rows = 10, .num_values = 10, .num_nans = 11}), Match::kSome);
  EXPECT_EQ(PruneBy("n = 3", Floats(5, 6, 0)), Match::kSome);
  EXPECT_EQ(PruneBy("s LIKE '%x'", Numbers(5, 5)), Match::kSome);
}

}  // namespace
}  // namespace lancekit::filter
