// The expression tree of a filter, as parsed or built, before it meets a schema.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "lancekit/filter.hpp"

namespace lancekit {

using FilterNodePtr = std::shared_ptr<const FilterNode>;

/// BETWEEN, IS TRUE and bare columns are written with other nodes; NOT IN and the like are a kNot above.
struct FilterNode {
  enum class Kind : std::uint8_t { kConstant, kAnd, kOr, kNot, kCompare, kIn, kLike, kIsNull };
  enum class Op : std::uint8_t { kEqual, kNotEqual, kLess, kLessOrEqual, kGreater, kGreaterOrEqual };

  Kind kind = Kind::kConstant;
  Op op = Op::kEqual;                   ///< kCompare: column op literal
  char escape = 0;                      ///< kLike; 0: none
  int depth = 1;                        ///< of the tree that starts here
  std::vector<FilterNodePtr> children;  ///< kAnd, kOr: two or more, none of the same kind; kNot: one, no kNot
  std::vector<std::string> path;        ///< of the column; the kinds after kNot
  std::vector<Literal> literals;        ///< kConstant: TRUE, FALSE or NULL; kCompare: one; kIn: one or more; kLike: the pattern

  friend bool operator==(const FilterNode& a, const FilterNode& b);
};

namespace filter {

/// A tree that is deeper is neither parsed nor used.
inline constexpr int kMaxDepth = 128;
inline constexpr std::size_t kMaxTextBytes = std::size_t{4} << 20;

FilterNodePtr MakeConstant(Literal literal);
/// Pre: kind is kAnd or kOr. Children of the same kind are taken in.
FilterNodePtr MakeJunction(FilterNode::Kind kind, const std::vector<FilterNodePtr>& children);
/// Undoes a kNot.
FilterNodePtr MakeNot(FilterNodePtr child);
FilterNodePtr MakeCompare(std::vector<std::string> path, FilterNode::Op op, Literal literal);
FilterNodePtr MakeBetween(const std::vector<std::string>& path, Literal low, Literal high);
/// Without items: FALSE.
FilterNodePtr MakeIn(std::vector<std::string> path, std::vector<Literal> items);
FilterNodePtr MakeLike(std::vector<std::string> path, Literal pattern, char escape);
FilterNodePtr MakeIsNull(std::vector<std::string> path);

/// Words that a bare column name must not be, in upper case.
bool IsReserved(std::string_view word) noexcept;
/// The path as filters write it, parts quoted where they must be.
std::string PathText(const std::vector<std::string>& path);
std::string LiteralText(const Literal& literal);

}  // namespace filter
}  // namespace lancekit
