// Random filters over random columns: evaluation against a row-by-row oracle that knows the tree only, and pruning by facts about
// the rows, exact or wider, against what matched.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <map>
#include <random>

#include "filter/evaluate.h"
#include "filter/prune.h"
#include "filter/testing.h"

namespace lancekit::filter {
namespace {

using testing::MakeColumn;
using testing::MakeRuns;
using testing::Value;

constexpr double kInfinity = std::numeric_limits<double>::infinity();

// The oracle.

/// Decimal texts without exponents, by size.
int CompareDecimals(std::string a, std::string b) {
  const auto split = [](std::string* text) {
    const bool is_negative = (*text)[0] == '-';
    if (is_negative) text->erase(0, 1);
    if (text->find('.') == std::string::npos) *text += '.';
    text->erase(0, std::min(text->find_first_not_of('0'), text->size()));
    while (text->back() == '0') text->pop_back();
    return is_negative && *text != ".";
  };
  const bool a_negative = split(&a), b_negative = split(&b);
  if (a_negative != b_negative) return a_negative ? -1 : 1;
  const auto a_point = a.find('.'), b_point = b.find('.');
  const int order = a_point != b_point ? (a_point < b_point ? -1 : 1) : a.compare(b);
  return (order < 0 ? -1 : order > 0 ? 1 : 0) * (a_negative ? -1 : 1);
}

std::string DecimalText(std::int64_t unscaled, int scale) {
  std::string digits = fmt::format(
      "{:0{}}", unscaled < 0 ? 0 - static_cast<std::uint64_t>(unscaled) : static_cast<std::uint64_t>(unscaled), scale + 1);
  return (unscaled < 0 ? "-" : "") + digits.insert(digits.size() - static_cast<std::size_t>(scale), ".");
}

double ReadFloat(const std::string& text, TypeId id) {
  if (text == "NaN") return std::numeric_limits<double>::quiet_NaN();
  if (text == "inf" || text == "-inf") return text[0] == '-' ? -kInfinity : kInfinity;
  return id == TypeId::kFloat32 ? static_cast<double>(std::strtof(text.c_str(), nullptr)) : std::strtod(text.c_str(), nullptr);
}

/// Microseconds that texts of dates and timestamps stand for, as they were made.
std::map<std::string, std::int64_t> time_of;

int CompareWithLiteral(const DataType& type, const Scalar& value, const Literal& literal) {
  const auto sign = [](auto order) { return order < 0 ? -1 : order > 0 ? 1 : 0; };
  switch (type.id) {
    case TypeId::kBool:
      return static_cast<int>(std::get<std::uint64_t>(value)) - (literal.text() == "TRUE" ? 1 : 0);
    case TypeId::kDate32:
      return sign(std::get<std::int64_t>(value) * 86'400'000'000 <=> time_of.at(literal.text()));
    case TypeId::kTimestamp:
      return sign(std::get<std::int64_t>(value) * 1000 <=> time_of.at(literal.text()));
    case TypeId::kFloat32:
    case TypeId::kFloat64: {
      const double a = std::get<double>(value), b = ReadFloat(literal.text(), type.id);
      if (std::isnan(a) || std::isnan(b)) return static_cast<int>(std::isnan(a)) - static_cast<int>(std::isnan(b));
      return a < b ? -1 : a > b ? 1 : 0;
    }
    case TypeId::kDecimal128:
    case TypeId::kDecimal256:
      return CompareDecimals(DecimalText(static_cast<std::int64_t>(std::get<Int256>(value).words[0]), type.scale),
                             literal.text());
    default:
      break;
  }
  if (const auto* number = std::get_if<std::int64_t>(&value)) return CompareDecimals(std::to_string(*number), literal.text());
  if (const auto* number = std::get_if<std::uint64_t>(&value)) return CompareDecimals(std::to_string(*number), literal.text());
  const int order = std::get<std::string>(value).compare(literal.text());
  return sign(order);
}

bool IsLike(std::string_view text, std::string_view pattern) {
  if (pattern.empty()) return text.empty();
  if (pattern[0] == '%') return IsLike(text, pattern.substr(1)) || (!text.empty() && IsLike(text.substr(1), pattern));
  return !text.empty() && (pattern[0] == '_' || pattern[0] == text[0]) && IsLike(text.substr(1), pattern.substr(1));
}

using Truth = std::optional<bool>;  // none: unknown

Truth Compare(const DataType& type, const Value& value, FilterNode::Op op, const Literal& literal) {
  if (!value || literal.kind() == Literal::Kind::kNull) return std::nullopt;
  const int order = CompareWithLiteral(type, *value, literal);
  switch (op) {
    case FilterNode::Op::kEqual:
      return order == 0;
    case FilterNode::Op::kNotEqual:
      return order != 0;
    case FilterNode::Op::kLess:
      return order < 0;
    case FilterNode::Op::kLessOrEqual:
      return order <= 0;
    case FilterNode::Op::kGreater:
      return order > 0;
    case FilterNode::Op::kGreaterOrEqual:
      return order >= 0;
  }
  return std::nullopt;
}

struct Table {
  Schema schema;
  std::vector<std::vector<Value>> values;
  std::vector<ArrayData> arrays;
};

Truth Judge(const FilterNode& node, const Table& table, std::size_t row) {
  using Kind = FilterNode::Kind;
  if (node.kind == Kind::kConstant) {
    return node.literals[0].kind() == Literal::Kind::kNull ? Truth() : Truth(node.literals[0].text() == "TRUE");
  }
  if (node.kind == Kind::kNot) {
    const Truth truth = Judge(*node.children[0], table, row);
    return truth ? Truth(!*truth) : truth;
  }
  if (node.kind == Kind::kAnd || node.kind == Kind::kOr) {
    const bool neutral = node.kind == Kind::kAnd;
    Truth all = neutral;
    for (const FilterNodePtr& child : node.children) {
      const Truth truth = Judge(*child, table, row);
      if (truth == !neutral) return !neutral;
      if (!truth) all = std::nullopt;
    }
    return all;
  }
  const auto column = static_cast<std::size_t>(table.schema.index_of(node.path[0]));
  const DataType* type = &table.schema.fields[column].type;
  if (type->id == TypeId::kDictionary || type->id == TypeId::kStruct) type = &type->children[0].type;
  const Value& value = table.values[column][row];
  if (node.kind == Kind::kIsNull) return !value;
  if (node.kind == Kind::kLike) return value ? Truth(IsLike(std::get<std::string>(*value), node.literals[0].text())) : Truth();
  if (node.kind == Kind::kCompare) return Compare(*type, value, node.op, node.literals[0]);
  Truth any = false;
  for (const Literal& item : node.literals) {
    const Truth truth = Compare(*type, value, FilterNode::Op::kEqual, item);
    if (truth == true) return true;
    if (!truth) any = std::nullopt;
  }
  return any;
}

// Random columns and filters.

class Maker {
 public:
  explicit Maker(std::uint64_t seed) : random_(seed) {}

  std::size_t Below(std::size_t end) { return static_cast<std::size_t>(random_() % end); }
  bool OneIn(std::size_t n) { return Below(n) == 0; }

  DataType MakeType() {
    static constexpr std::array kIds{TypeId::kBool,        TypeId::kInt8,           TypeId::kInt16,      TypeId::kInt32,
                                     TypeId::kInt64,       TypeId::kUInt8,          TypeId::kUInt32,     TypeId::kUInt64,
                                     TypeId::kFloat32,     TypeId::kFloat64,        TypeId::kFloat64,    TypeId::kDecimal128,
                                     TypeId::kDecimal256,  TypeId::kDate32,         TypeId::kTimestamp,  TypeId::kString,
                                     TypeId::kLargeString, TypeId::kBinary,         TypeId::kDictionary, TypeId::kString,
                                     TypeId::kStruct,      TypeId::kFixedSizeBinary};
    DataType type{.id = kIds[Below(kIds.size())],
                  .unit = TimeUnit::kMilli,
                  .key_id = TypeId::kInt16,
                  .precision = 38,
                  .scale = 2,
                  .size = 2};
    if (type.id == TypeId::kDictionary || type.id == TypeId::kStruct) {
      DataType below = MakeType();
      while (below.id == TypeId::kDictionary || below.id == TypeId::kStruct) below = MakeType();
      type.children.push_back({.name = "sub", .type = below});
    }
    return type;
  }

  /// Few different values, some of them extreme.
  Value MakeValue(const DataType& type) {
    if (type.id == TypeId::kDictionary || type.id == TypeId::kStruct) return MakeValue(type.children[0].type);
    if (OneIn(8)) return std::nullopt;
    switch (DomainOf(type)) {
      case Domain::kSigned: {
        const std::int64_t extreme = std::numeric_limits<std::int64_t>::min() >> (64 - FixedWidthBits(type));
        const bool is_time = type.id == TypeId::kDate32 || type.id == TypeId::kTimestamp;
        if (OneIn(6) && !is_time) return OneIn(2) ? extreme : -(extreme + 1);
        return static_cast<std::int64_t>(Below(9)) - 4;
      }
      case Domain::kUnsigned:
        if (type.id == TypeId::kBool) return std::uint64_t{Below(2)};
        if (OneIn(6)) return ~std::uint64_t{0} >> (64 - FixedWidthBits(type));
        return std::uint64_t{Below(5)};
      case Domain::kFloating: {
        static constexpr std::array kValues{0.0, -0.0, 0.5, -0.5, 1.0, 2.0, kInfinity, -kInfinity, 0.0};
        if (OneIn(6)) return std::numeric_limits<double>::quiet_NaN();
        return OneIn(6) ? static_cast<double>(0.1f) : kValues[Below(kValues.size())];
      }
      case Domain::kDecimal:
        return Int256::From(OneIn(6) ? std::numeric_limits<std::int64_t>::min() : static_cast<std::int64_t>(Below(300)) - 150);
      default:
        return MakeText(type.id == TypeId::kFixedSizeBinary);
    }
  }

  Literal MakeLiteral(const DataType& type) {
    if (OneIn(20)) return lit_null();
    if (type.id == TypeId::kBool) return Literal(OneIn(2));
    if (type.id == TypeId::kDate32 || type.id == TypeId::kTimestamp) return MakeTime(type.id == TypeId::kTimestamp);
    switch (DomainOf(type)) {
      case Domain::kFloating: {
        static constexpr std::array kTexts{"0", "-0", "0.1", "0.5", "-0.5", "1", "0.30", "NaN", "inf", "-inf", "2"};
        const std::string text = kTexts[Below(kTexts.size())];
        return OneIn(2) ? Literal(text) : lit_decimal(text);
      }
      case Domain::kSigned:
      case Domain::kUnsigned:
      case Domain::kDecimal: {
        static constexpr std::array kTexts{"127",
                                           "-128",
                                           "127.5",
                                           "255",
                                           "256",
                                           "-32768",
                                           "2147483647.5",
                                           "4294967295",
                                           "-9223372036854775808",
                                           "9223372036854775807",
                                           "9223372036854775807.5",
                                           "18446744073709551615",
                                           "18446744073709551616",
                                           "-92233720368547758.08",
                                           "123456789012345678901234567890123456789012345678901234567890"};
        if (OneIn(4)) return lit_decimal(kTexts[Below(kTexts.size())]);
        return lit_decimal(DecimalText(static_cast<std::int64_t>(Below(900)) - 450, OneIn(2) ? 0 : static_cast<int>(Below(4))));
      }
      default:
        return Literal(MakeText(type.id == TypeId::kFixedSizeBinary && OneIn(2)));
    }
  }

  Filter MakeFilter(const Schema& schema, int depth) {
    if (depth > 0 && OneIn(2)) {
      Filter filter = MakeFilter(schema, depth - 1);
      if (OneIn(3)) return !filter;
      const Filter other = MakeFilter(schema, depth - 1);
      return OneIn(2) ? filter && other : filter || other;
    }
    if (OneIn(40)) return Filter(MakeConstant(OneIn(3) ? lit_null() : Literal(OneIn(2))));
    const Field& field = schema.fields[Below(schema.fields.size())];
    const bool is_nested = field.type.id == TypeId::kDictionary || field.type.id == TypeId::kStruct;
    const DataType& type = is_nested ? field.type.children[0].type : field.type;
    const Column column(field.type.id == TypeId::kStruct ? field.name + ".sub" : field.name);
    const auto literal = [&] { return MakeLiteral(type); };
    switch (Below(type.id == TypeId::kString || type.id == TypeId::kLargeString ? 11 : 9)) {
      case 0:
        return column == literal();
      case 1:
        return column != literal();
      case 2:
        return column < literal();
      case 3:
        return column <= literal();
      case 4:
        return column > literal();
      case 5:
        return column >= literal();
      case 6:
        return column.between(literal(), literal());
      case 7: {
        std::vector<Literal> items(1 + Below(6), literal());
        for (Literal& item : items) item = literal();
        return column.in(items);
      }
      case 8:
        return OneIn(2) ? column.is_null() : column.is_not_null();
      default: {
        std::string pattern(Below(4), 'a');
        for (char& c : pattern) c = "ab%_"[Below(4)];
        return column.like(OneIn(3) ? kPrefix + pattern : pattern);
      }
    }
  }

  /// None at times.
  std::vector<std::byte> MakeBloom(const std::vector<Value>& values) {
    if (OneIn(4)) return {};
    std::vector<std::uint64_t> hashes;
    for (const Value& value : values) {
      if (value && !std::isnan(AsDouble(*value))) hashes.push_back(format::BloomHash(*value));
    }
    return format::MakeBloomFilter(hashes, 1 + static_cast<int>(Below(16)));
  }

  format::Zone MakeZone(const DataType& type, const std::vector<Value>& values) {
    const DataType& own = type.children.empty() ? type : type.children[0].type;
    format::Zone zone{.num_rows = values.size(), .num_values = values.size()};
    for (const Value& value : values) {
      const auto* number = value ? std::get_if<double>(&*value) : nullptr;
      const bool is_nan = number != nullptr && std::isnan(*number);
      zone.num_nulls += value ? 0 : 1;
      zone.num_nans += is_nan ? 1 : 0;
      if (!value || is_nan) continue;
      if (!zone.min || lancekit::Compare(*value, *zone.min) < 0) zone.min = value;
      if (!zone.max || lancekit::Compare(*value, *zone.max) > 0) zone.max = value;
    }
    zone.min_is_exact = zone.max_is_exact = true;
    if (zone.min && DomainOf(own) == Domain::kBytes)
      zone.SetTexts(std::get<std::string>(*zone.min), std::get<std::string>(*zone.max));
    if (zone.min && OneIn(4)) {  // wider
      const Value other = MakeValue(own);
      if (other && lancekit::Compare(*other, *zone.min) < 0) zone.min = other;
      // Without a bound no value is above it: there is none for a text that could not be rounded up.
      if (other && zone.max && lancekit::Compare(*other, *zone.max) > 0 && !std::isnan(AsDouble(*other))) zone.max = other;
      zone.min_is_exact = zone.max_is_exact = false;
    }
    if (OneIn(16)) zone.min.reset();
    if (OneIn(16)) zone.max.reset();
    return zone;
  }

 private:
  static double AsDouble(const Scalar& value) {
    const auto* number = std::get_if<double>(&value);
    return number == nullptr ? 0 : *number;
  }

  std::string MakeText(bool is_fixed) {
    static constexpr std::string_view kLetters("ab\xFF\x00", 4);
    std::string text(is_fixed ? 2 : Below(4), 'a');
    for (char& c : text) c = kLetters[Below(OneIn(8) ? 4 : 2)];
    if (is_fixed || !OneIn(4)) return text;
    return (OneIn(4) ? std::string(64, '\xFF') : kPrefix) + text;
  }

  /// Around 1970, in days or in milliseconds, sometimes between two values of the column.
  Literal MakeTime(bool is_fine) {
    const auto units = static_cast<std::int64_t>(Below(11)) - 5;
    const bool is_between = OneIn(3);
    const std::int64_t micros = is_fine ? units * 1000 + (is_between ? 1 : 0) : units * 86'400'000'000 + (is_between ? 1 : 0);
    const std::chrono::sys_time<std::chrono::microseconds> time{std::chrono::microseconds(micros)};
    const auto day = std::chrono::floor<std::chrono::days>(time);
    const std::chrono::year_month_day date(day);
    std::string text = fmt::format("{:04}-{:02}-{:02}", static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                                   static_cast<unsigned>(date.day()));
    const std::int64_t rest = (time - day).count();
    const bool is_date = rest == 0 && OneIn(2);
    if (!is_date)
      text += fmt::format(" {:02}:{:02}:{:02}.{:06}", rest / 3'600'000'000, rest / 60'000'000 % 60, rest / 1'000'000 % 60,
                          rest % 1'000'000);
    time_of[text] = micros;
    return OneIn(2) ? Literal(text) : is_date ? lit_date(text) : lit_timestamp(text);
  }

  const std::string kPrefix = std::string(64, 'p');
  std::mt19937_64 random_;
};

struct Counts {
  int cases = 0, none = 0, all = 0, partly = 0, by_bloom = 0;
};

/// Two columns, few rows, many filters.
void RunRound(Maker* make, Counts* counts) {
  Table table;
  const std::size_t num_rows = make->OneIn(16) ? make->Below(200) : make->Below(10);
  for (const char* name : {"x", "y"}) {
    const DataType type = make->MakeType();
    std::vector<Value>& values = table.values.emplace_back(num_rows);
    for (Value& value : values) value = make->MakeValue(type);
    if (make->OneIn(8)) std::ranges::fill(values, make->MakeValue(type));
    table.schema.fields.push_back({.name = name, .type = type});
    const bool is_nested = type.id == TypeId::kDictionary || type.id == TypeId::kStruct;
    table.arrays.push_back(!is_nested && make->OneIn(3) ? MakeRuns(type, values) : MakeColumn(type, values));
  }
  for (int i = 0; i < 25; ++i) {
    const Filter filter = make->MakeFilter(table.schema, 2);
    const std::string text = filter.to_string();
    const auto bound = BoundFilter::Bind(filter, table.schema);
    ASSERT_TRUE(bound.has_value()) << text << ": " << bound.error().message;
    const auto mask = Evaluate(*bound, table.schema, table.arrays, num_rows);
    ASSERT_TRUE(mask.has_value()) << mask.error().message;
    std::size_t num_true = 0;
    for (std::size_t row = 0; row < num_rows; ++row) {
      const bool is_true = Judge(filter.node(), table, row) == true;
      num_true += is_true ? 1 : 0;
      ASSERT_EQ((mask->words[row / 64] >> (row % 64) & 1) != 0, is_true)
          << text << ", row " << row << " of " << num_rows << ", x " << table.schema.fields[0].type.to_string() << ", y "
          << table.schema.fields[1].type.to_string();
    }
    ASSERT_EQ(mask->num_set, num_true);
    std::vector<format::Zone> zones;
    std::vector<std::vector<std::byte>> blooms;
    std::vector<ColumnFacts> known;
    for (const FilterColumn& column : bound->columns()) {
      const auto at = static_cast<std::size_t>(table.schema.index_of(column.path[0]));
      zones.push_back(make->MakeZone(table.schema.fields[at].type, table.values[at]));
      blooms.push_back(make->MakeBloom(table.values[at]));
    }
    for (const format::Zone& zone : zones) known.push_back({make->OneIn(16) ? nullptr : &zone, {}});
    const Match by_zones = Prune(*bound, known);
    for (std::size_t at = 0; at < known.size(); ++at) known[at].bloom = format::BloomFilter(blooms[at]);
    const Match match = Prune(*bound, known);
    ASSERT_TRUE(by_zones == Match::kSome || by_zones == match) << text << ": Bloom filters unlearn something";
    counts->by_bloom += match != by_zones ? 1 : 0;
    ++counts->cases;
    counts->none += match == Match::kNone ? 1 : 0;
    counts->all += match == Match::kAll ? 1 : 0;
    counts->partly += num_true > 0 && num_true < num_rows ? 1 : 0;
    ASSERT_FALSE(match == Match::kNone && num_true > 0) << text << " loses rows";
    ASSERT_FALSE(match == Match::kAll && num_true < num_rows) << text << " takes all rows";
  }
}

TEST(FilterProperties, EvaluationAndPruningAgreeWithTheOracle) {
  const char* rounds = std::getenv("LANCEKIT_FILTER_ROUNDS");
  const int num_rounds = rounds == nullptr ? 8'000 : std::atoi(rounds);
  Counts counts;
  for (int round = 0; round < num_rounds; ++round) {
    Maker make(static_cast<std::uint64_t>(round));
    RunRound(&make, &counts);
    if (HasFatalFailure()) FAIL() << "in round " << round;
  }
  // Enough of each for the comparison to mean something.
  EXPECT_GT(counts.none, counts.cases / 10);
  EXPECT_GT(counts.all, counts.cases / 20);
  EXPECT_GT(counts.partly, counts.cases / 5);
  EXPECT_GT(counts.by_bloom, counts.cases / 50);
}

}  // namespace
}  // namespace lancekit::filter
