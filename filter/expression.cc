#include "filter/expression.h"

#include <algorithm>
#include <array>

namespace lancekit {

bool operator==(const FilterNode& a, const FilterNode& b) {
  const auto same_literal = [](const Literal& x, const Literal& y) { return x.kind() == y.kind() && x.text() == y.text(); };
  const auto same_node = [](const FilterNodePtr& x, const FilterNodePtr& y) { return *x == *y; };
  return a.kind == b.kind && a.op == b.op && a.escape == b.escape && a.path == b.path &&
         std::ranges::equal(a.literals, b.literals, same_literal) && std::ranges::equal(a.children, b.children, same_node);
}

namespace filter {
namespace {

using Kind = FilterNode::Kind;

FilterNodePtr Share(FilterNode node) { return std::make_shared<const FilterNode>(std::move(node)); }

FilterNode Leaf(Kind kind, std::vector<std::string> path, std::vector<Literal> literals) {
  FilterNode node;
  node.kind = kind;
  node.path = std::move(path);
  node.literals = std::move(literals);
  return node;
}

bool IsBareName(std::string_view name) {
  const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
  return !name.empty() && is_letter(name[0]) && !IsReserved(name) &&
         std::ranges::all_of(name, [&](char c) { return is_letter(c) || (c >= '0' && c <= '9'); });
}

}  // namespace

FilterNodePtr MakeConstant(Literal literal) { return Share(Leaf(Kind::kConstant, {}, {std::move(literal)})); }

FilterNodePtr MakeJunction(Kind kind, const std::vector<FilterNodePtr>& children) {
  FilterNode node;
  node.kind = kind;
  for (const FilterNodePtr& child : children) {
    if (child->kind == kind) {
      node.children.insert(node.children.end(), child->children.begin(), child->children.end());
    } else {
      node.children.push_back(child);
    }
  }
  for (const FilterNodePtr& child : node.children) node.depth = std::max(node.depth, child->depth + 1);
  return Share(std::move(node));
}

FilterNodePtr MakeNot(FilterNodePtr child) {
  if (child->kind == Kind::kNot) return child->children[0];
  FilterNode node;
  node.kind = Kind::kNot;
  node.depth = child->depth + 1;
  node.children.push_back(std::move(child));
  return Share(std::move(node));
}

FilterNodePtr MakeCompare(std::vector<std::string> path, FilterNode::Op op, Literal literal) {
  FilterNode node = Leaf(Kind::kCompare, std::move(path), {std::move(literal)});
  node.op = op;
  return Share(std::move(node));
}

FilterNodePtr MakeBetween(const std::vector<std::string>& path, Literal low, Literal high) {
  return MakeJunction(Kind::kAnd, {MakeCompare(path, FilterNode::Op::kGreaterOrEqual, std::move(low)),
                                   MakeCompare(path, FilterNode::Op::kLessOrEqual, std::move(high))});
}

FilterNodePtr MakeIn(std::vector<std::string> path, std::vector<Literal> items) {
  if (items.empty()) return MakeConstant(Literal(false));
  return Share(Leaf(Kind::kIn, std::move(path), std::move(items)));
}

FilterNodePtr MakeLike(std::vector<std::string> path, Literal pattern, char escape) {
  FilterNode node = Leaf(Kind::kLike, std::move(path), {std::move(pattern)});
  node.escape = escape;
  return Share(std::move(node));
}

FilterNodePtr MakeIsNull(std::vector<std::string> path) { return Share(Leaf(Kind::kIsNull, std::move(path), {})); }

bool IsReserved(std::string_view word) noexcept {
  static constexpr std::array<std::string_view, 11> kWords{"AND",  "BETWEEN", "ESCAPE", "FALSE", "IN",  "IS",
                                                           "LIKE", "NOT",     "NULL",   "OR",    "TRUE"};
  const auto same_letter = [](char c, char upper) { return (c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c) == upper; };
  return std::ranges::any_of(kWords, [&](std::string_view known) { return std::ranges::equal(word, known, same_letter); });
}

std::string PathText(const std::vector<std::string>& path) {
  std::string text;
  for (const std::string& part : path) {
    if (!text.empty()) text += '.';
    if (IsBareName(part)) {
      text += part;
      continue;
    }
    text += '"';
    for (const char c : part) text.append(c == '"' ? 2 : 1, c);
    text += '"';
  }
  return text;
}

}  // namespace filter
}  // namespace lancekit
