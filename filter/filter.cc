// The public face of filters: builders, and their text.
#include "lancekit/filter.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "filter/expression.h"
#include "filter/literal.h"

namespace lancekit {
namespace {

using Kind = FilterNode::Kind;
using Op = FilterNode::Op;

void AppendQuoted(std::string_view text, std::string* out) {
  *out += '\'';
  for (const char c : text) out->append(c == '\'' ? 2 : 1, c);
  *out += '\'';
}

void AppendLiteral(const Literal& literal, std::string* out) {
  switch (literal.kind()) {
    case Literal::Kind::kNull:
      *out += "NULL";
      return;
    case Literal::Kind::kBool:
    case Literal::Kind::kNumber:
      *out += literal.text();
      return;
    case Literal::Kind::kText:
      break;
    case Literal::Kind::kBytes:
      *out += "X'";
      for (const char c : literal.text()) {
        static constexpr std::string_view kDigits = "0123456789abcdef";
        *out += kDigits[static_cast<unsigned char>(c) >> 4];
        *out += kDigits[static_cast<unsigned char>(c) & 15];
      }
      *out += '\'';
      return;
    case Literal::Kind::kDate:
      *out += "DATE ";
      break;
    case Literal::Kind::kTimestamp:
      *out += "TIMESTAMP ";
      break;
    case Literal::Kind::kTime:
      *out += "TIME ";
      break;
  }
  AppendQuoted(literal.text(), out);
}

void Append(const FilterNode& node, std::string* out);

/// Alternatives among conditions that all must hold, and either below NOT, need parentheses.
void AppendWithin(Kind parent, const FilterNode& node, std::string* out) {
  const bool nested = node.kind == Kind::kOr || (node.kind == Kind::kAnd && parent == Kind::kNot);
  if (nested) *out += '(';
  Append(node, out);
  if (nested) *out += ')';
}

void AppendLeaf(const FilterNode& node, std::string_view negation, std::string* out) {
  static constexpr std::array<std::string_view, 6> kOps{" = ", " <> ", " < ", " <= ", " > ", " >= "};
  *out += filter::PathText(node.path);
  switch (node.kind) {
    case Kind::kIn:
      *out += negation;
      *out += " IN (";
      for (std::size_t i = 0; i < node.literals.size(); ++i) {
        if (i > 0) *out += ", ";
        AppendLiteral(node.literals[i], out);
      }
      *out += ')';
      break;
    case Kind::kLike:
      *out += negation;
      *out += " LIKE ";
      AppendLiteral(node.literals[0], out);
      if (node.escape == 0) break;
      *out += " ESCAPE ";
      AppendQuoted({&node.escape, 1}, out);
      break;
    case Kind::kIsNull:
      *out += " IS";
      *out += negation;
      *out += " NULL";
      break;
    default:
      *out += kOps[static_cast<std::size_t>(node.op)];
      AppendLiteral(node.literals[0], out);
      break;
  }
}

void Append(const FilterNode& node, std::string* out) {
  switch (node.kind) {
    case Kind::kConstant:
      return AppendLiteral(node.literals[0], out);
    case Kind::kAnd:
    case Kind::kOr:
      for (std::size_t i = 0; i < node.children.size(); ++i) {
        if (i > 0) *out += node.kind == Kind::kAnd ? " AND " : " OR ";
        AppendWithin(node.kind, *node.children[i], out);
      }
      return;
    case Kind::kNot: {
      const FilterNode& child = *node.children[0];
      if (child.kind > Kind::kCompare) return AppendLeaf(child, " NOT", out);
      *out += "NOT ";
      return AppendWithin(Kind::kNot, child, out);
    }
    default:
      return AppendLeaf(node, "", out);
  }
}

}  // namespace

std::string filter::LiteralText(const Literal& literal) {
  std::string text;
  AppendLiteral(literal, &text);
  return text;
}

Literal::Literal(double value) : kind_(Kind::kNumber) {
  if (std::isnan(value)) {
    *this = Literal("NaN");
  } else if (std::isinf(value)) {
    *this = Literal(value < 0 ? "-inf" : "inf");
  } else {
    std::array<char, 32> digits;
    text_.assign(digits.data(), std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr);
  }
}

Literal lit_decimal(std::string text) {
  // Anything else stays text, so that it is refused where it is compared and cannot change the meaning of to_string().
  const bool is_number = filter::ParseNumber(text).has_value();
  if (is_number && text[0] == '+') text.erase(0, 1);
  return {is_number ? Literal::Kind::kNumber : Literal::Kind::kText, std::move(text)};
}

Filter::Filter(std::shared_ptr<const FilterNode> node) noexcept : node_(std::move(node)) {}

std::string Filter::to_string() const {
  std::string text;
  Append(*node_, &text);
  return text;
}

Filter operator&&(const Filter& a, const Filter& b) { return Filter(filter::MakeJunction(Kind::kAnd, {a.node_, b.node_})); }
Filter operator||(const Filter& a, const Filter& b) { return Filter(filter::MakeJunction(Kind::kOr, {a.node_, b.node_})); }
Filter operator!(const Filter& a) { return Filter(filter::MakeNot(a.node_)); }

Column::Column(std::string_view path) {
  for (bool more = true; more;) {
    std::string part;
    const char quote = !path.empty() && (path[0] == '"' || path[0] == '`') ? path[0] : '\0';
    std::size_t end = quote == 0 ? std::min(path.find('.'), path.size()) : 1;
    if (quote == 0) part = path.substr(0, end);
    for (; quote != 0 && end < path.size(); part += path[end++]) {
      if (path[end] != quote) continue;
      ++end;
      if (!path.substr(end).starts_with(quote)) break;
    }
    path_.push_back(std::move(part));
    more = end < path.size();
    path.remove_prefix(std::min(end + 1, path.size()));
  }
}

Filter Column::in(std::vector<Literal> items) const { return Filter(filter::MakeIn(path_, std::move(items))); }
Filter Column::between(Literal low, Literal high) const {
  return Filter(filter::MakeBetween(path_, std::move(low), std::move(high)));
}
Filter Column::like(std::string pattern, char escape) const {
  return Filter(filter::MakeLike(path_, Literal(std::move(pattern)), escape));
}
Filter Column::is_null() const { return Filter(filter::MakeIsNull(path_)); }
Filter Column::is_not_null() const { return !is_null(); }

Filter operator==(const Column& column, Literal literal) {
  return Filter(filter::MakeCompare(column.path_, Op::kEqual, std::move(literal)));
}
Filter operator!=(const Column& column, Literal literal) {
  return Filter(filter::MakeCompare(column.path_, Op::kNotEqual, std::move(literal)));
}
Filter operator<(const Column& column, Literal literal) {
  return Filter(filter::MakeCompare(column.path_, Op::kLess, std::move(literal)));
}
Filter operator<=(const Column& column, Literal literal) {
  return Filter(filter::MakeCompare(column.path_, Op::kLessOrEqual, std::move(literal)));
}
Filter operator>(const Column& column, Literal literal) {
  return Filter(filter::MakeCompare(column.path_, Op::kGreater, std::move(literal)));
}
Filter operator>=(const Column& column, Literal literal) {
  return Filter(filter::MakeCompare(column.path_, Op::kGreaterOrEqual, std::move(literal)));
}

}  // namespace lancekit
