// A filter that has met a schema: columns are found and literals are values of their domains. All that remains are tests of
// single columns that AND and OR join; NOT has moved into the tests, so what is unknown (null) may count as false everywhere.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "filter/expression.h"
#include "filter/like.h"
#include "types/scalar.h"

namespace lancekit::filter {

/// A column that a filter looks at: top-level, or below structs.
struct FilterColumn {
  std::string name;               ///< dotted, as Scan::select() takes it
  std::vector<std::string> path;  ///< names of fields, from the top
  DataType type;
};

/// Holds for a value or not; never for a null, kIsNull apart.
struct Test {
  enum class Kind : std::uint8_t { kIsNull, kIsNotNull, kRange, kIn, kLike };

  Kind kind = Kind::kIsNotNull;
  bool is_negated = false;  ///< kRange, kIn, kLike
  std::size_t column = 0;   ///< in BoundFilter::columns()
  /// kRange: bounds that belong to the range; kLike: of all matches. Without `high` NaN belongs to it too.
  std::optional<Scalar> low, high;
  bool high_is_open = false;  ///< bytes only: high does not belong to it
  std::vector<Scalar> items;  ///< kIn: two or more, ascending
  LikePattern like;           ///< kLike
};

struct BoundNode {
  enum class Kind : std::uint8_t { kNever, kAlways, kAnd, kOr, kTest };

  Kind kind = Kind::kNever;
  Test test;                        ///< kTest
  std::vector<BoundNode> children;  ///< kAnd, kOr: two or more; of kAnd the cheap ones first
};

class BoundFilter {
 public:
  /// Errors: kInvalidArgument for an unknown column, a literal that does not fit its column, too deep a tree; kUnsupported, with
  /// the column, for comparisons of types without an order.
  static Result<BoundFilter> Bind(const Filter& filter, const Schema& schema);

  const BoundNode& root() const noexcept { return root_; }
  /// Each once, in the order in which the filter names them.
  const std::vector<FilterColumn>& columns() const noexcept { return columns_; }

 private:
  BoundFilter(BoundNode root, std::vector<FilterColumn> columns) : root_(std::move(root)), columns_(std::move(columns)) {}

  BoundNode root_;
  std::vector<FilterColumn> columns_;
};

}  // namespace lancekit::filter
