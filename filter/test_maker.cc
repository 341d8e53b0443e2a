#include "filter/test_maker.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "filter/literal.h"
#include "types/array.h"

namespace lancekit::filter {
namespace {

using Op = FilterNode::Op;
using LiteralKind = Literal::Kind;

BoundNode MakeTestNode(Test test) {
  BoundNode node;
  node.kind = BoundNode::Kind::kTest;
  node.test = std::move(test);
  return node;
}

/// Values from low to high; without either bound any value.
BoundNode MakeRange(std::size_t index, std::optional<Scalar> low, std::optional<Scalar> high, bool high_is_open = false) {
  if (!low && !high) return MakeNullTest(index, false);
  Test test{.kind = Test::Kind::kRange, .column = index, .low = std::move(low), .high = std::move(high)};
  test.high_is_open = high_is_open;
  return MakeTestNode(std::move(test));
}

BoundNode Negate(BoundNode node) {
  if (node.kind == BoundNode::Kind::kNever) return node;  // the caller knows the column
  node.test.is_negated = !node.test.is_negated;
  return node;
}

Error Misfit(const FilterColumn& column, const Literal& literal) {
  Error error = Invalid("a column of type {} cannot be compared with {}", column.type.to_string(), LiteralText(literal));
  error.column = column.name;
  return error;
}

// Numbers that are integers: of themselves, or as decimals, dates and times are stored.

struct Limits {
  Int256 least, greatest;
};

Limits LimitsOf(const DataType& type) {
  if (type.id == TypeId::kBool) return {Int256::From(0), Int256::From(1)};
  const bool is_unsigned = DomainOf(type) == Domain::kUnsigned;
  const std::size_t num_bits = FixedWidthBits(type) - (is_unsigned ? 0 : 1);
  Int256 power;
  if (num_bits / 64 < power.words.size()) power.words[num_bits / 64] = std::uint64_t{1} << (num_bits % 64);
  const Int256 greatest = Previous(power);
  if (is_unsigned) return {Int256{}, greatest};
  Int256 least = greatest;
  for (std::uint64_t& word : least.words) word = ~word;
  return {least, greatest};
}

int DigitsOf(TimeUnit unit) { return 3 * static_cast<int>(unit); }

std::optional<bool> ParseBool(const Literal& literal) {
  std::string text = literal.text();
  for (char& c : text) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  const bool is_either = literal.kind() == LiteralKind::kBool || literal.kind() == LiteralKind::kText;
  if (!is_either || (text != "TRUE" && text != "FALSE")) return std::nullopt;
  return text == "TRUE";
}

std::optional<Scaled> ScaleInstant(const Literal& literal, const DataType& type) {
  std::optional<Instant> instant;
  const bool is_time = type.id == TypeId::kTime32 || type.id == TypeId::kTime64;
  if (literal.kind() == LiteralKind::kText) {
    instant = is_time ? ParseTime(literal.text()) : ParseTimestamp(literal.text());
  } else if (literal.kind() == LiteralKind::kTime && is_time) {
    instant = ParseTime(literal.text());
  } else if (literal.kind() == LiteralKind::kDate && !is_time) {
    instant = ParseDate(literal.text());
  } else if (literal.kind() == LiteralKind::kTimestamp && !is_time) {
    instant = ParseTimestamp(literal.text());
  }
  if (!instant) return std::nullopt;
  if (type.id == TypeId::kDate32) return ScaleToDays(*instant);
  return Scale(*instant, type.id == TypeId::kDate64 ? 3 : DigitsOf(type.unit));
}

std::optional<Scaled> ToScaled(const Literal& literal, const DataType& type) {
  switch (type.id) {
    case TypeId::kBool: {
      const std::optional<bool> value = ParseBool(literal);
      return value ? std::optional(Scaled{.floor = Int256::From(*value ? 1 : 0)}) : std::nullopt;
    }
    case TypeId::kDate32:
    case TypeId::kDate64:
    case TypeId::kTime32:
    case TypeId::kTime64:
    case TypeId::kTimestamp:
      return ScaleInstant(literal, type);
    default:
      break;
  }
  if (literal.kind() != LiteralKind::kNumber && literal.kind() != LiteralKind::kText) return std::nullopt;
  const std::optional<Number> number = ParseNumber(literal.text());
  if (!number) return std::nullopt;
  return Scale(*number, DomainOf(type) == Domain::kDecimal ? type.scale : 0);
}

Scalar ToScalar(const Int256& value, Domain domain) {
  if (domain == Domain::kSigned) return static_cast<std::int64_t>(value.words[0]);
  if (domain == Domain::kUnsigned) return value.words[0];
  return value;
}

BoundNode CompareIntegers(std::size_t index, const DataType& type, Op op, const Scaled& value) {
  const Limits limits = LimitsOf(type);
  const int beyond = value.beyond != 0 ? value.beyond : value.floor < limits.least ? -1 : value.floor > limits.greatest ? 1 : 0;
  const bool is_less = op == Op::kLess || op == Op::kLessOrEqual, is_greater = op == Op::kGreater || op == Op::kGreaterOrEqual;
  if (beyond != 0)
    return (is_less && beyond > 0) || (is_greater && beyond < 0) ? MakeNullTest(index, false) : MakeConstantNode(false);
  std::optional<Int256> low, high;
  if (op == Op::kEqual) {
    if (!value.is_exact) return MakeConstantNode(false);
    low = high = value.floor;
  } else if (is_less) {
    const bool excludes_floor = op == Op::kLess && value.is_exact;
    if (excludes_floor && value.floor == limits.least) return MakeConstantNode(false);
    high = excludes_floor ? Previous(value.floor) : value.floor;
  } else {
    const bool excludes_floor = op == Op::kGreater || !value.is_exact;
    if (excludes_floor && value.floor == limits.greatest) return MakeConstantNode(false);
    low = excludes_floor ? Next(value.floor) : value.floor;
  }
  const auto to_bound = [&](const std::optional<Int256>& bound, const Int256& limit) {
    return bound && *bound != limit ? std::optional(ToScalar(*bound, DomainOf(type))) : std::nullopt;
  };
  return MakeRange(index, to_bound(low, limits.least), to_bound(high, limits.greatest));
}

// Floating-point numbers: NaN is the greatest.

std::optional<double> ToFloat(const Literal& literal, const DataType& type) {
  if (literal.kind() != LiteralKind::kNumber && literal.kind() != LiteralKind::kText) return std::nullopt;
  return ParseFloat(literal.text(), type.id);
}

/// The next number of the type. Half-precision numbers are compared as float32.
double Step(double value, double towards, const DataType& type) {
  if (type.id == TypeId::kFloat64) return std::nextafter(value, towards);
  return static_cast<double>(std::nextafter(static_cast<float>(value), static_cast<float>(towards)));
}

BoundNode CompareFloats(std::size_t index, const DataType& type, Op op, double value) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  const bool is_nan = std::isnan(value);
  switch (op) {
    case Op::kLess:
      if (is_nan) return MakeRange(index, std::nullopt, kInfinity);
      return value == -kInfinity ? MakeConstantNode(false) : MakeRange(index, std::nullopt, Step(value, -kInfinity, type));
    case Op::kLessOrEqual:
      return MakeRange(index, std::nullopt, is_nan ? std::nullopt : std::optional<Scalar>(value));
    case Op::kGreater:
      if (is_nan) return MakeConstantNode(false);
      if (value == kInfinity) return MakeRange(index, std::numeric_limits<double>::quiet_NaN(), std::nullopt);
      return MakeRange(index, Step(value, kInfinity, type), std::nullopt);
    case Op::kGreaterOrEqual:
      return MakeRange(index, value == -kInfinity ? std::nullopt : std::optional<Scalar>(value), std::nullopt);
    default:
      return MakeRange(index, value, is_nan ? std::nullopt : std::optional<Scalar>(value));
  }
}

// Strings and binary.

std::optional<std::string> ToBytes(const Literal& literal, const DataType& type) {
  const bool is_text = type.id == TypeId::kString || type.id == TypeId::kLargeString;
  if (literal.kind() != LiteralKind::kText && (is_text || literal.kind() != LiteralKind::kBytes)) return std::nullopt;
  return literal.text();
}

BoundNode CompareBytes(std::size_t index, Op op, std::string value) {
  switch (op) {
    case Op::kLess:
      return value.empty() ? MakeConstantNode(false) : MakeRange(index, std::nullopt, std::move(value), true);
    case Op::kLessOrEqual:
      return MakeRange(index, std::nullopt, std::move(value));
    case Op::kGreater:
      value += '\0';
      return MakeRange(index, std::move(value), std::nullopt);
    case Op::kGreaterOrEqual:
      return MakeRange(index, value.empty() ? std::nullopt : std::optional<Scalar>(std::move(value)), std::nullopt);
    default:
      return MakeRange(index, value, value);
  }
}

/// The least text that is greater than all with the prefix; none when there is none.
std::optional<Scalar> EndOfPrefix(std::string_view prefix) {
  while (prefix.ends_with('\xFF')) prefix.remove_suffix(1);
  if (prefix.empty()) return std::nullopt;
  std::string end(prefix);
  end.back() = static_cast<char>(static_cast<unsigned char>(end.back()) + 1);
  return end;
}

}  // namespace

const DataType& ValueType(const DataType& type) noexcept { return type.id == TypeId::kDictionary ? type.children[0].type : type; }

BoundNode MakeConstantNode(bool value) {
  BoundNode node;
  node.kind = value ? BoundNode::Kind::kAlways : BoundNode::Kind::kNever;
  return node;
}

BoundNode MakeNullTest(std::size_t index, bool is_null) {
  return MakeTestNode({.kind = is_null ? Test::Kind::kIsNull : Test::Kind::kIsNotNull, .column = index});
}

Result<BoundNode> MakeComparison(const FilterColumn& column, std::size_t index, Op op, const Literal& literal) {
  if (op == Op::kNotEqual) {
    LANCEKIT_ASSIGN(BoundNode equal, MakeComparison(column, index, Op::kEqual, literal));
    return equal.kind == BoundNode::Kind::kNever ? MakeNullTest(index, false) : Negate(std::move(equal));
  }
  const DataType& type = ValueType(column.type);
  switch (DomainOf(type)) {
    case Domain::kFloating:
      if (const auto value = ToFloat(literal, type)) return CompareFloats(index, type, op, *value);
      break;
    case Domain::kBytes:
      if (auto value = ToBytes(literal, type)) return CompareBytes(index, op, *std::move(value));
      break;
    default:
      if (const auto value = ToScaled(literal, type)) return CompareIntegers(index, type, op, *value);
      break;
  }
  return Misfit(column, literal);
}

Result<BoundNode> MakeMembership(const FilterColumn& column, std::size_t index, const std::vector<Literal>& items,
                                 bool is_negated) {
  // Like x = a OR x = b ..., so that a null makes what is not found unknown.
  Test test{.kind = Test::Kind::kIn, .is_negated = is_negated, .column = index};
  bool has_null = false;
  for (const Literal& item : items) {
    has_null |= item.kind() == LiteralKind::kNull;
    if (item.kind() == LiteralKind::kNull) continue;
    LANCEKIT_ASSIGN(const BoundNode equal, MakeComparison(column, index, Op::kEqual, item));
    if (equal.kind == BoundNode::Kind::kNever) continue;
    const auto& value = equal.test.low ? equal.test.low : equal.test.high;  // a bound at the end of the type is left out
    test.items.push_back(*value);
  }
  if (is_negated && has_null) return MakeConstantNode(false);
  std::ranges::sort(test.items, [](const Scalar& a, const Scalar& b) { return Compare(a, b) < 0; });
  const auto rest = std::ranges::unique(test.items, [](const Scalar& a, const Scalar& b) { return Compare(a, b) == 0; });
  test.items.erase(rest.begin(), rest.end());
  if (test.items.empty()) return is_negated ? MakeNullTest(index, false) : MakeConstantNode(false);
  if (test.items.size() > 1) return MakeTestNode(std::move(test));
  const auto* const number = std::get_if<double>(&test.items[0]);
  const bool is_nan = number != nullptr && std::isnan(*number);
  BoundNode equal = MakeRange(index, test.items[0], is_nan ? std::nullopt : std::optional(test.items[0]));
  equal.test.is_negated = is_negated;
  return equal;
}

Result<BoundNode> MakeLikeTest(const FilterColumn& column, std::size_t index, const Literal& pattern, char escape,
                               bool is_negated) {
  const TypeId id = ValueType(column.type).id;
  if (pattern.kind() != LiteralKind::kText || (id != TypeId::kString && id != TypeId::kLargeString))
    return Misfit(column, pattern);
  LANCEKIT_ASSIGN(LikePattern like, LikePattern::Make(pattern.text(), escape));
  const std::string prefix(like.prefix());
  BoundNode node;
  if (like.IsText()) {
    node = MakeRange(index, prefix, prefix);
  } else {
    node = MakeRange(index, prefix.empty() ? std::nullopt : std::optional<Scalar>(prefix), EndOfPrefix(prefix), true);
    if (!like.IsPrefix()) {
      node.test.kind = Test::Kind::kLike;
      node.test.like = std::move(like);
    } else if (is_negated && prefix.empty()) {
      return MakeConstantNode(false);
    }
  }
  node.test.is_negated = is_negated;
  return node;
}

bool Intersect(const Test& other, Test* range) {
  if (other.low && (!range->low || Compare(*other.low, *range->low) > 0)) range->low = other.low;
  if (other.high) {
    const auto order = range->high ? Compare(*other.high, *range->high) : std::weak_ordering::less;
    if (order < 0) range->high_is_open = other.high_is_open;
    if (order == 0) range->high_is_open |= other.high_is_open;
    if (order < 0) range->high = other.high;
  }
  if (!range->low || !range->high) return true;
  const auto order = Compare(*range->low, *range->high);
  return order < 0 || (order == 0 && !range->high_is_open);
}

}  // namespace lancekit::filter
