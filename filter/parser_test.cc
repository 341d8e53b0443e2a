#include <fmt/format.h>
#include <gtest/gtest.h>

#include <limits>

#include "filter/expression.h"

namespace lancekit {
namespace {

std::string Reprint(std::string_view text) {
  const auto filter = Filter::parse(text);
  if (!filter) return filter.error().message;
  const std::string printed = filter->to_string();
  const auto again = Filter::parse(printed);
  EXPECT_TRUE(again.has_value()) << printed;
  if (again) {
    EXPECT_TRUE(again->node() == filter->node()) << printed;
  }
  return printed;
}

TEST(FilterParse, ReadsComparisons) {
  EXPECT_EQ(Reprint("x=5"), "x = 5");
  EXPECT_EQ(Reprint("x == 5"), "x = 5");
  EXPECT_EQ(Reprint("x != -5.50e+3"), "x <> -5.50e+3");
  EXPECT_EQ(Reprint("5 < x"), "x > 5");
  EXPECT_EQ(Reprint("-.5>=x"), "x <= -.5");
  EXPECT_EQ(Reprint("x<+7"), "x < 7");
  EXPECT_EQ(Reprint("'it''s' <= x"), "x >= 'it''s'");
  EXPECT_EQ(Reprint("x = x'0aFF'"), "x = X'0aff'");
  EXPECT_EQ(Reprint("x > date '2026-01-31' and x < Timestamp '2026-02-01T00:00:00.5+02:00' or x = TIME '12:00'"),
            "x > DATE '2026-01-31' AND x < TIMESTAMP '2026-02-01T00:00:00.5+02:00' OR x = TIME '12:00'");
  EXPECT_EQ(Reprint("x = true or x = NULL or 123456789012345678901234567890 = x"),
            "x = TRUE OR x = NULL OR x = 123456789012345678901234567890");
}

TEST(FilterParse, ReadsColumns) {
  EXPECT_EQ(Reprint("date > '2026' and time < 1 and x is null"), "date > '2026' AND time < 1 AND x IS NULL");
  EXPECT_EQ(Reprint("a.b.\"c d\".`e``f`.\"g\"\"\" = 1"), "a.b.\"c d\".\"e`f\".\"g\"\"\" = 1");
  EXPECT_EQ(Reprint("größe > 1"), "\"größe\" > 1");
  EXPECT_EQ(Reprint("\"and\" = 1 AND \"5x\" = 2 AND \"\" = 3"), "\"and\" = 1 AND \"5x\" = 2 AND \"\" = 3");
}

TEST(FilterParse, ReadsTests) {
  EXPECT_EQ(Reprint("x in (1, -2,'a',NULL)"), "x IN (1, -2, 'a', NULL)");
  EXPECT_EQ(Reprint("x NOT IN (1)"), "x NOT IN (1)");
  EXPECT_EQ(Reprint("not x in (1)"), "x NOT IN (1)");
  EXPECT_EQ(Reprint("x between 1 and 2 and y between 3 and 4"), "x >= 1 AND x <= 2 AND y >= 3 AND y <= 4");
  EXPECT_EQ(Reprint("x NOT BETWEEN 1 AND 2"), "NOT (x >= 1 AND x <= 2)");
  EXPECT_EQ(Reprint("x like 'a%' or x not like '50!%' escape '!'"), "x LIKE 'a%' OR x NOT LIKE '50!%' ESCAPE '!'");
  EXPECT_EQ(Reprint("x is null and y IS NOT NULL"), "x IS NULL AND y IS NOT NULL");
  EXPECT_EQ(Reprint("flag and not other"), "flag = TRUE AND NOT other = TRUE");
  EXPECT_EQ(Reprint("flag is true or flag is not true"), "flag = TRUE AND flag IS NOT NULL OR NOT flag = TRUE OR flag IS NULL");
  EXPECT_EQ(Reprint("flag is false"), "flag = FALSE AND flag IS NOT NULL");
}

TEST(FilterParse, FollowsPrecedence) {
  EXPECT_EQ(Reprint("a = 1 or b = 2 and not c = 3"), "a = 1 OR b = 2 AND NOT c = 3");
  EXPECT_EQ(Reprint("(a = 1 or b = 2) and ((c = 3))"), "(a = 1 OR b = 2) AND c = 3");
  EXPECT_EQ(Reprint("((a = 1 and b = 2) and c = 3) or (d = 4 or e = 5)"), "a = 1 AND b = 2 AND c = 3 OR d = 4 OR e = 5");
  EXPECT_EQ(Reprint("not not not (a = 1 and b = 2)"), "NOT (a = 1 AND b = 2)");
  EXPECT_EQ(Reprint("not (not (a = 1))"), "a = 1");
  EXPECT_EQ(Reprint("TRUE and not false or null"), "TRUE AND NOT FALSE OR NULL");
}

TEST(FilterParse, SaysWhereAndWhatIsWrong) {
  EXPECT_EQ(Reprint(""), "filter, column 1: expected a condition");
  EXPECT_EQ(Reprint("score is <"), "filter, column 10: expected NULL, TRUE or FALSE after \"is\", found \"<\"");
  EXPECT_EQ(Reprint("größe     <"), "filter, column 12: expected a literal after \"<\"");
  EXPECT_EQ(Reprint("x < )"), "filter, column 5: expected a literal after \"<\", found \")\"");
  EXPECT_EQ(Reprint("x < y"), "filter, column 5: a column is compared with literals only");
  EXPECT_EQ(Filter::parse("x < y").error().code, ErrorCode::kUnsupported);
  EXPECT_EQ(Reprint("5 < 6"), "filter, column 5: expected a column after \"<\", found \"6\"");
  EXPECT_EQ(Reprint("5"), "filter, column 2: expected a comparison after \"5\"");
  EXPECT_EQ(Reprint("x = 'abc"), "filter, column 5: the closing ' is missing");
  EXPECT_EQ(Reprint("x = X'abc'"), "filter, column 5: expected pairs of hexadecimal digits");
  EXPECT_EQ(Reprint("x = 1.2.3"), "filter, column 5: \"1.2.3\" is not a number");
  EXPECT_EQ(Reprint("x = 12ab"), "filter, column 5: \"12ab\" is not a number");
  EXPECT_EQ(Reprint("x = DATE '2026-02-30'"), "filter, column 10: \"2026-02-30\" is not a date");
  EXPECT_EQ(Reprint("x = 1 y = 2"), "filter, column 7: expected AND, OR or the end after \"1\", found \"y\"");
  EXPECT_EQ(Reprint("(x = 1"), "filter, column 7: expected \")\", AND or OR after \"1\"");
  EXPECT_EQ(Reprint("x not 5"), "filter, column 7: expected IN, BETWEEN or LIKE after \"not\", found \"5\"");
  EXPECT_EQ(Reprint("x in ()"), "filter, column 7: expected a literal after \"(\", found \")\"");
  EXPECT_EQ(Reprint("x = 1 ; y"), "filter, column 7: unexpected character \";\"");
  EXPECT_EQ(Reprint("x like 'a' escape 'ab'"),
            "filter, column 19: expected one ASCII character in quotes after \"escape\", found \"'ab'\"");
  EXPECT_EQ(Reprint("and = 1"), "filter, column 1: expected a condition, found \"and\"");
}

TEST(FilterParse, LimitsDepthNotLength) {
  const auto nested = [](int depth) {
    std::string text = "a = 0";
    for (int i = 1; i < depth; ++i) text = fmt::format("x = {} {} ({})", i, i % 2 == 0 ? "OR" : "AND", text);
    return text;
  };
  EXPECT_EQ(Filter::parse(nested(filter::kMaxDepth))->node().depth, filter::kMaxDepth);
  Reprint(nested(filter::kMaxDepth));
  EXPECT_FALSE(Filter::parse(nested(filter::kMaxDepth + 1)));
  EXPECT_FALSE(Filter::parse(std::string(1 << 20, '(')));
  EXPECT_FALSE(Filter::parse(std::string(filter::kMaxTextBytes + 1, ' ')));
  std::string chain = "not not x = 0";
  for (int i = 1; i < 10'000; ++i) chain += fmt::format(" AND not not x = {}", i);
  EXPECT_EQ(Filter::parse(chain)->node().depth, 2);
}

// What would be another value than it says does not compile.
static_assert(!std::is_constructible_v<Literal, char> && !std::is_constructible_v<Literal, wchar_t>);
static_assert(!std::is_constructible_v<Literal, char16_t> && !std::is_constructible_v<Literal, char32_t>);
static_assert(!std::is_constructible_v<Literal, std::nullptr_t>);
static_assert(std::is_constructible_v<Literal, signed char> && std::is_constructible_v<Literal, const char*>);

TEST(FilterBuilders, MakeTheTreesOfTheirText) {
  const Filter built = (col("score") > 9000.0 && col("name").like("ab%")) || !(col("a.\"b.c\"").in({1, "x", nullptr == nullptr}));
  EXPECT_EQ(built.to_string(), "score > 9000 AND name LIKE 'ab%' OR a.\"b.c\" NOT IN (1, 'x', TRUE)");
  const Filter dates = col("d").between(lit_date("2026-01-01"), lit_timestamp("2026-01-31 12:00")) && col("my col") != lit_null();
  EXPECT_EQ(dates.to_string(), "d >= DATE '2026-01-01' AND d <= TIMESTAMP '2026-01-31 12:00' AND \"my col\" <> NULL");
  EXPECT_EQ((col("x") == std::uint64_t{18446744073709551615u}).to_string(), "x = 18446744073709551615");
  EXPECT_EQ((col("x") <= -0.1).to_string(), "x <= -0.1");
  EXPECT_EQ((col("x") >= 1e300).to_string(), "x >= 1e+300");
  EXPECT_EQ((col("x") < std::numeric_limits<double>::quiet_NaN()).to_string(), "x < 'NaN'");
  EXPECT_EQ((col("x") == lit_decimal("+1.050")).to_string(), "x = 1.050");
  EXPECT_EQ((col("x") == lit_decimal("1 OR TRUE")).to_string(), "x = '1 OR TRUE'");
  EXPECT_EQ((col("x") == lit_bytes("a\xFF")).to_string(), "x = X'61ff'");
  EXPECT_EQ(col("x").in({}).to_string(), "FALSE");
  EXPECT_EQ((!col("`a``b`.c").is_null()).to_string(), "\"a`b\".c IS NOT NULL");
  EXPECT_EQ(col("\"open").is_null().to_string(), "open IS NULL");
  EXPECT_EQ(Reprint(built.to_string()), built.to_string());
}

}  // namespace
}  // namespace lancekit
