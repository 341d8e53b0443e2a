// Comparisons with literals as tests of values, by the type of the column.
#pragma once

#include "filter/bind.h"

namespace lancekit::filter {

/// Of a dictionary its values' type, else the type.
const DataType& ValueType(const DataType& type) noexcept;

/// Errors: kInvalidArgument when the literal does not fit the type. Pre: the literal is not null; the type has a domain.
Result<BoundNode> MakeComparison(const FilterColumn& column, std::size_t index, FilterNode::Op op, const Literal& literal);
Result<BoundNode> MakeMembership(const FilterColumn& column, std::size_t index, const std::vector<Literal>& items,
                                 bool is_negated);
Result<BoundNode> MakeLikeTest(const FilterColumn& column, std::size_t index, const Literal& pattern, char escape,
                               bool is_negated);

BoundNode MakeConstantNode(bool value);
BoundNode MakeNullTest(std::size_t index, bool is_null);
/// Narrows `range` by `other`; false when nothing is left. Pre: both are ranges of one column and not negated.
bool Intersect(const Test& other, Test* range);

}  // namespace lancekit::filter
