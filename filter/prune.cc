#include "filter/prune.h"

#include <algorithm>
#include <cmath>

namespace lancekit::filter {
namespace {

Match Invert(Match match) {
  if (match == Match::kSome) return match;
  return match == Match::kNone ? Match::kAll : Match::kNone;
}

bool IsNan(const Scalar& value) {
  const auto* const number = std::get_if<double>(&value);
  return number != nullptr && std::isnan(*number);
}

/// All values between the bounds, as far as there are any.
struct Bounds {
  const Scalar* min = nullptr;
  const Scalar* max = nullptr;

  bool IsOneValue() const { return min != nullptr && max != nullptr && Compare(*min, *max) == 0; }
  /// Every value is less than that.
  bool EndBefore(const Scalar& value) const { return max != nullptr && Compare(*max, value) < 0; }
  /// Every value is greater than that.
  bool BeginAfter(const Scalar& value) const { return min != nullptr && Compare(*min, value) > 0; }
};

/// The only value in the range, if that can be told. (A bound at the end of the type is left out.)
const Scalar* PointOf(const Test& range) {
  if (range.low && range.high) return !range.high_is_open && Compare(*range.low, *range.high) == 0 ? &*range.low : nullptr;
  const auto* const high = range.high ? std::get_if<std::uint64_t>(&*range.high) : nullptr;
  return high != nullptr && *high == 0 ? &*range.high : nullptr;
}

Match MatchRange(const Test& test, const Bounds& bounds) {
  const bool misses_low = test.low && bounds.EndBefore(*test.low);
  const bool begins_at_high = test.high && test.high_is_open && bounds.min != nullptr && Compare(*bounds.min, *test.high) == 0;
  const bool misses_high = test.high && (bounds.BeginAfter(*test.high) || begins_at_high);
  if (misses_low || misses_high) return Match::kNone;
  const bool holds_low = !test.low || (bounds.min != nullptr && Compare(*bounds.min, *test.low) >= 0);
  bool holds_high = !test.high;
  if (test.high && bounds.max != nullptr) {
    const auto order = Compare(*bounds.max, *test.high);
    holds_high = order < 0 || (order == 0 && !test.high_is_open);
  }
  return holds_low && holds_high ? Match::kAll : Match::kSome;
}

/// Of values that are neither null nor NaN.
Match MatchNumbers(const Test& test, const Bounds& bounds, const format::BloomFilter& bloom) {
  if (test.kind == Test::Kind::kRange) {
    const Scalar* const point = PointOf(test);
    const Match match = MatchRange(test, bounds);
    return match == Match::kSome && point != nullptr && !bloom.MayContain(*point) ? Match::kNone : match;
  }
  if (test.kind == Test::Kind::kLike) {
    if (MatchRange(test, bounds) == Match::kNone) return Match::kNone;
    if (!bounds.IsOneValue()) return Match::kSome;
    return test.like.Matches(*std::get_if<std::string>(bounds.min)) ? Match::kAll : Match::kNone;
  }
  const auto less = [](const Scalar& a, const Scalar& b) { return Compare(a, b) < 0; };
  auto item = bounds.min == nullptr ? test.items.begin() : std::ranges::lower_bound(test.items, *bounds.min, less);
  for (; item != test.items.end() && !bounds.EndBefore(*item) && !IsNan(*item); ++item) {
    if (bounds.IsOneValue()) return Match::kAll;
    if (bloom.MayContain(*item)) return Match::kSome;
  }
  return Match::kNone;
}

/// Of NaN itself.
bool MatchesNan(const Test& test) {
  if (test.kind == Test::Kind::kIn) return IsNan(test.items.back());
  return test.kind == Test::Kind::kRange && !test.high;
}

/// The bounds that are of the test's domain.
Bounds BoundsFor(const Test& test, const format::Zone& zone) {
  auto domain = static_cast<std::size_t>(Domain::kBytes);
  if (test.kind == Test::Kind::kIn) domain = test.items[0].index();
  if (test.kind == Test::Kind::kRange) domain = (test.low ? test.low : test.high)->index();
  const auto known = [&](const std::optional<Scalar>& bound) {
    return bound && bound->index() == domain && !IsNan(*bound) ? &*bound : nullptr;
  };
  return {known(zone.min), known(zone.max)};
}

Match PruneTest(const Test& test, const ColumnFacts& known) {
  const format::Zone* const zone = known.zone;
  // Only slots that are rows say something about rows.
  if (zone == nullptr || zone->num_values != zone->num_rows || zone->num_nulls > zone->num_values) return Match::kSome;
  const std::uint64_t num_present = zone->num_values - zone->num_nulls;
  if (test.kind == Test::Kind::kIsNull) {
    if (zone->num_nulls == 0) return Match::kNone;
    return num_present == 0 ? Match::kAll : Match::kSome;
  }
  if (num_present == 0) return Match::kNone;
  Match match = Match::kAll;
  if (test.kind != Test::Kind::kIsNotNull) {
    if (zone->num_nans > num_present) return Match::kSome;
    if (zone->num_nans < num_present) match = MatchNumbers(test, BoundsFor(test, *zone), known.bloom);
    if (zone->num_nans > 0) {
      const Match of_nans = MatchesNan(test) ? Match::kAll : Match::kNone;
      match = zone->num_nans == num_present || match == of_nans ? of_nans : Match::kSome;
    }
    if (test.is_negated) match = Invert(match);
  }
  return match == Match::kAll && zone->num_nulls > 0 ? Match::kSome : match;
}

Match PruneNode(const BoundNode& node, std::span<const ColumnFacts> columns) {
  switch (node.kind) {
    case BoundNode::Kind::kNever:
      return Match::kNone;
    case BoundNode::Kind::kAlways:
      return Match::kAll;
    case BoundNode::Kind::kTest:
      return PruneTest(node.test, columns[node.test.column]);
    case BoundNode::Kind::kAnd:
    case BoundNode::Kind::kOr:
      break;
  }
  const Match deciding = node.kind == BoundNode::Kind::kAnd ? Match::kNone : Match::kAll;
  bool is_known = true;
  for (const BoundNode& child : node.children) {
    const Match match = PruneNode(child, columns);
    if (match == deciding) return deciding;
    is_known = is_known && match != Match::kSome;
  }
  return is_known ? Invert(deciding) : Match::kSome;
}

}  // namespace

Match Prune(const BoundFilter& filter, std::span<const ColumnFacts> columns) { return PruneNode(filter.root(), columns); }

}  // namespace lancekit::filter
