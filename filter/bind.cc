#include "filter/bind.h"

#include <algorithm>
#include <array>
#include <numeric>

#include "filter/test_maker.h"
#include "format/schema.h"

namespace lancekit::filter {
namespace {

using Kind = FilterNode::Kind;
using Op = FilterNode::Op;

std::size_t EditDistance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = row[0]++;
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t exchanged = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({exchanged, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row.back();
}

/// "; there is "a", "b"": names that differ in case or in little else.
std::string CloseNames(std::string_view name, const std::vector<Field>& fields) {
  static constexpr std::size_t kMaxFields = 10'000, kMaxNameBytes = 64, kMaxShown = 3;
  const auto lower = [](std::string_view text) {
    std::string lowered(text);
    for (char& c : lowered) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    return lowered;
  };
  std::vector<std::pair<std::size_t, std::string_view>> close;
  for (std::size_t i = 0; i < std::min(fields.size(), kMaxFields) && name.size() <= kMaxNameBytes; ++i) {
    if (fields[i].name.size() > kMaxNameBytes) continue;
    const std::size_t distance = EditDistance(lower(name), lower(fields[i].name));
    if (distance <= name.size() / 3) close.emplace_back(distance, fields[i].name);
  }
  std::ranges::stable_sort(close, {}, [](const auto& entry) { return entry.first; });
  std::string text;
  for (std::size_t i = 0; i < std::min(close.size(), kMaxShown); ++i) {
    text += fmt::format("{}\"{}\"", i == 0 ? "; there is " : ", ", close[i].second);
  }
  return text;
}

/// The field that the parts from *at on begin with, and *at behind them. Names may hold dots themselves: the longest one wins.
const Field* FindField(const std::vector<Field>& fields, const std::vector<std::string>& path, std::size_t* at) {
  const Field* found = nullptr;
  std::size_t end = *at;
  std::string name;
  for (std::size_t i = *at; i < path.size(); ++i) {
    if (i > *at) name += '.';
    name += path[i];
    const auto it = std::ranges::find(fields, name, &Field::name);
    if (it == fields.end()) continue;
    found = &*it;
    end = i + 1;
  }
  *at = end;
  return found;
}

Op Opposite(Op op) {
  static constexpr std::array<Op, 6> kOpposites{Op::kNotEqual, Op::kEqual,       Op::kGreaterOrEqual,
                                                Op::kGreater,  Op::kLessOrEqual, Op::kLess};
  return kOpposites[static_cast<std::size_t>(op)];
}

/// How much work a row takes, roughly.
int Cost(const BoundNode& node, const std::vector<FilterColumn>& columns) {
  if (node.kind != BoundNode::Kind::kTest) return 5;
  if (node.test.kind == Test::Kind::kIsNull || node.test.kind == Test::Kind::kIsNotNull) return 0;
  const bool is_text = DomainOf(columns[node.test.column].type) == Domain::kBytes;
  return (node.test.kind == Test::Kind::kRange ? 1 : 2) + (is_text ? 2 : 0);
}

class Binder {
 public:
  explicit Binder(const Schema& schema) : schema_(schema) {}

  Result<BoundNode> Bind(const FilterNode& node, bool is_negated) {
    switch (node.kind) {
      case Kind::kConstant: {
        const bool is_true = node.literals[0].text() == "TRUE";
        return MakeConstantNode(node.literals[0].kind() != Literal::Kind::kNull && is_true != is_negated);
      }
      case Kind::kNot:
        return Bind(*node.children[0], !is_negated);
      case Kind::kAnd:
      case Kind::kOr:
        return BindJunction(node, is_negated);
      default:
        return BindTest(node, is_negated);
    }
  }

  std::vector<FilterColumn> TakeColumns() { return std::move(columns_); }

 private:
  Result<BoundNode> BindJunction(const FilterNode& node, bool is_negated) {
    const bool is_and = (node.kind == Kind::kAnd) != is_negated;
    const auto own = is_and ? BoundNode::Kind::kAnd : BoundNode::Kind::kOr;
    const auto neutral = is_and ? BoundNode::Kind::kAlways : BoundNode::Kind::kNever;
    BoundNode bound;
    bound.kind = own;
    bool is_decided = false;
    for (const FilterNodePtr& child : node.children) {
      LANCEKIT_ASSIGN(BoundNode part, Bind(*child, is_negated));
      if (part.kind == own) {
        std::ranges::move(part.children, std::back_inserter(bound.children));
      } else if (part.kind == BoundNode::Kind::kTest || part.kind == BoundNode::Kind::kAnd || part.kind == BoundNode::Kind::kOr) {
        bound.children.push_back(std::move(part));
      } else {
        is_decided |= part.kind != neutral;
      }
    }
    if (is_and && !is_decided) is_decided = !MergeRanges(&bound.children);
    if (is_decided) return MakeConstantNode(!is_and);
    if (bound.children.empty()) return MakeConstantNode(is_and);
    if (bound.children.size() == 1) {
      BoundNode only = std::move(bound.children[0]);
      return only;
    }
    if (is_and) std::ranges::stable_sort(bound.children, {}, [&](const BoundNode& child) { return Cost(child, columns_); });
    return bound;
  }

  /// One range per column instead of several; false when one is empty.
  bool MergeRanges(std::vector<BoundNode>* parts) const {
    std::vector<std::size_t> range_of(columns_.size(), parts->size());
    std::size_t num_kept = 0;
    for (std::size_t i = 0; i < parts->size(); ++i) {
      BoundNode& part = (*parts)[i];
      const bool is_range = part.kind == BoundNode::Kind::kTest && part.test.kind == Test::Kind::kRange && !part.test.is_negated;
      if (is_range && range_of[part.test.column] < num_kept) {
        if (!Intersect(part.test, &(*parts)[range_of[part.test.column]].test)) return false;
        continue;
      }
      if (is_range) range_of[part.test.column] = num_kept;
      if (num_kept != i) (*parts)[num_kept] = std::move(part);
      ++num_kept;
    }
    parts->resize(num_kept);
    return true;
  }

  Result<BoundNode> BindTest(const FilterNode& node, bool is_negated) {
    LANCEKIT_ASSIGN(const std::size_t index, FindColumn(node.path, node.kind != Kind::kIsNull));
    const FilterColumn& column = columns_[index];
    if (node.kind == Kind::kIsNull) return MakeNullTest(index, !is_negated);
    if (node.kind == Kind::kIn) return MakeMembership(column, index, node.literals, is_negated);
    const Literal& literal = node.literals[0];
    if (literal.kind() == Literal::Kind::kNull) return MakeConstantNode(false);
    if (node.kind == Kind::kLike) return MakeLikeTest(column, index, literal, node.escape, is_negated);
    return MakeComparison(column, index, is_negated ? Opposite(node.op) : node.op, literal);
  }

  Result<std::size_t> FindColumn(const std::vector<std::string>& path, bool is_compared) {
    FilterColumn column;
    const std::vector<Field>* fields = &schema_.fields;
    const Field* field = nullptr;
    for (std::size_t at = 0; at < path.size();) {
      const std::size_t begin = at;
      field = FindField(*fields, path, &at);
      if (field == nullptr) {
        column.path.push_back(path[begin]);
        return Invalid("there is no column {}{}", PathText(column.path), CloseNames(path[begin], *fields));
      }
      if (!column.path.empty()) column.name += '.';
      column.name += field->name;
      column.path.push_back(field->name);
      const bool has_parts = field->type.id == TypeId::kStruct && !format::OwnsColumn(*field);  // packed structs are read whole
      if (at < path.size() && !has_parts) return Refuse(column.name, *field, "parts of columns");
      fields = &field->type.children;
    }
    const bool is_blob =
        std::ranges::any_of(field->metadata, [](const auto& entry) { return entry.first == "lance-encoding:blob"; });
    const bool has_order = !is_blob && DomainOf(field->type) != Domain::kNone && field->type.id != TypeId::kDuration;
    if (is_compared && !has_order)
      return Refuse(column.name, *field, is_blob ? "comparisons of blobs" : "comparisons of columns");
    const auto known = std::ranges::find(columns_, column.path, &FilterColumn::path);
    if (known != columns_.end()) return static_cast<std::size_t>(known - columns_.begin());
    column.type = field->type;
    columns_.push_back(std::move(column));
    return columns_.size() - 1;
  }

  static Error Refuse(const std::string& name, const Field& field, std::string_view what) {
    Error error = Unsupported("filters have no {} of type {}", what, field.type.to_string());
    error.column = name;
    return error;
  }

  const Schema& schema_;
  std::vector<FilterColumn> columns_;
};

}  // namespace

Result<BoundFilter> BoundFilter::Bind(const Filter& filter, const Schema& schema) {
  if (filter.node().depth > kMaxDepth) return Invalid("filter: conditions are nested more than {} deep", kMaxDepth);
  Binder binder(schema);
  LANCEKIT_ASSIGN(BoundNode root, binder.Bind(filter.node(), false));
  return BoundFilter(std::move(root), binder.TakeColumns());
}

}  // namespace lancekit::filter

namespace lancekit {

Result<FilterSplit> Filter::split(const Schema& schema) const {
  std::vector<FilterNodePtr> pushed, residual;
  const bool has_parts = node_->kind == FilterNode::Kind::kAnd;
  for (const FilterNodePtr& part : has_parts ? node_->children : std::vector<FilterNodePtr>{node_}) {
    const auto bound = filter::BoundFilter::Bind(Filter(part), schema);
    if (!bound && bound.error().code != ErrorCode::kUnsupported) return bound.error();
    (bound ? pushed : residual).push_back(part);
  }
  const auto join = [](const std::vector<FilterNodePtr>& parts) -> std::optional<Filter> {
    if (parts.empty()) return std::nullopt;
    return Filter(parts.size() == 1 ? parts[0] : filter::MakeJunction(FilterNode::Kind::kAnd, parts));
  };
  return FilterSplit{join(pushed), join(residual)};
}

}  // namespace lancekit
