#include "filter/evaluate.h"

#include <algorithm>
#include <bit>

#include "base/bitmap.h"
#include "filter/match.h"
#include "filter/test_maker.h"

namespace lancekit::filter {
namespace {

using Words = std::vector<std::uint64_t>;

/// The array of a column and the structs above it.
struct Leaf {
  const DataType* type = nullptr;
  const ArrayData* array = nullptr;
  std::vector<const ArrayData*> parents;
};

Result<Leaf> FindLeaf(const FilterColumn& column, const Schema& schema, std::span<const ArrayData> columns,
                      std::uint64_t num_rows) {
  Leaf leaf;
  const std::vector<Field>* fields = &schema.fields;
  std::span<const ArrayData> arrays = columns;
  for (const std::string& name : column.path) {
    if (leaf.array != nullptr) leaf.parents.push_back(leaf.array);
    const auto field = std::ranges::find(*fields, name, &Field::name);
    const auto at = static_cast<std::size_t>(field - fields->begin());
    if (field == fields->end() || at >= arrays.size() || static_cast<std::uint64_t>(arrays[at].length) != num_rows) {
      return MakeError(ErrorCode::kInternal, "filter: {} was not read", column.name);
    }
    leaf.type = &field->type;
    leaf.array = &arrays[at];
    fields = &field->type.children;
    arrays = leaf.array->children;
  }
  const TypeId id = leaf.type->id == TypeId::kDictionary ? leaf.type->children[0].type.id : leaf.type->id;
  if (leaf.type->id != column.type.id && id != column.type.id)
    return MakeError(ErrorCode::kInternal, "filter: {} has another type", column.name);
  return leaf;
}

void AndBitmap(const Buffer& bitmap, std::uint64_t num_rows, Words* words) {
  for (std::size_t i = 0; i < words->size(); ++i) {
    std::uint64_t word = 0;
    std::memcpy(&word, bitmap.data() + i * 8, std::min<std::size_t>(8, BitmapBytes(num_rows) - i * 8));
    (*words)[i] &= word;
  }
}

/// Keeps the rows whose keys are in a set of dictionary items.
template <class Key>
void AndKeysOf(const ArrayData& array, const Words& items, Words* words) {
  const std::byte* keys = array.values.data();
  const auto num_items = static_cast<std::uint64_t>(array.dictionary->length);
  for (std::size_t w = 0; w < words->size(); ++w) {
    std::uint64_t kept = 0;
    for (std::uint64_t left = (*words)[w]; left != 0; left &= left - 1) {
      const int bit = std::countr_zero(left);
      const auto key = static_cast<std::uint64_t>(LoadLe<Key>(keys + (w * 64 + static_cast<std::size_t>(bit)) * sizeof(Key)));
      if (key < num_items) kept |= (items[key / 64] >> (key % 64) & 1) << bit;
    }
    (*words)[w] = kept;
  }
}

void AndKeys(const DataType& type, const ArrayData& array, const Words& items, Words* words) {
  switch (type.key_id) {
    case TypeId::kInt8:
    case TypeId::kUInt8:
      return AndKeysOf<std::uint8_t>(array, items, words);
    case TypeId::kInt16:
    case TypeId::kUInt16:
      return AndKeysOf<std::uint16_t>(array, items, words);
    case TypeId::kInt32:
    case TypeId::kUInt32:
      return AndKeysOf<std::uint32_t>(array, items, words);
    default:
      return AndKeysOf<std::uint64_t>(array, items, words);
  }
}

void AndValid(const DataType& type, const ArrayData& array, Words* words) {
  const auto num_rows = static_cast<std::uint64_t>(array.length);
  if (type.id == TypeId::kNull) std::ranges::fill(*words, 0);
  if (!array.validity.empty()) AndBitmap(array.validity, num_rows, words);
  if (type.id == TypeId::kDictionary && !array.dictionary->validity.empty()) {
    Words items = FullMask(static_cast<std::uint64_t>(array.dictionary->length));
    AndBitmap(array.dictionary->validity, static_cast<std::uint64_t>(array.dictionary->length), &items);
    AndKeys(type, array, items, words);
  }
}

/// Keeps the rows of a set of runs.
void AndRuns(const ArrayData& array, const Words& runs, Words* words) {
  auto* const bits = reinterpret_cast<std::byte*>(words->data());
  const auto num_rows = static_cast<std::uint64_t>(array.length);
  std::uint64_t begin = 0;
  for (std::size_t i = 0; i < static_cast<std::size_t>(array.dictionary->length); ++i) {
    const std::uint64_t end = std::min(num_rows, LoadLe<std::uint64_t>(array.values.data() + i * 8));
    if ((runs[i / 64] >> (i % 64) & 1) == 0) FillBits(bits, begin, end - begin, false);
    begin = end;
  }
}

void AndMatches(const DataType& type, const ArrayData& array, const Test& test, Words* words) {
  if (array.dictionary != nullptr) {  // once per item, or per run
    Words items = FullMask(static_cast<std::uint64_t>(array.dictionary->length));
    AndMatches(ValueType(type), *array.dictionary, test, &items);
    type.id == TypeId::kDictionary ? AndKeys(type, array, items, words) : AndRuns(array, items, words);
  } else if (DomainOf(type) == Domain::kBytes) {
    KeepBytes(type, array, test, words->data());
  } else {
    KeepNumbers(type, array, test, words->data());
  }
}

bool IsEmpty(const Words& words) {
  return std::ranges::all_of(words, [](std::uint64_t word) { return word == 0; });
}

class Evaluator {
 public:
  explicit Evaluator(std::vector<Leaf> leaves) : leaves_(std::move(leaves)) {}

  /// Keeps the rows of `words` for which the node is true.
  void Keep(const BoundNode& node, Words* words) const {
    switch (node.kind) {
      case BoundNode::Kind::kNever:
        std::ranges::fill(*words, 0);
        return;
      case BoundNode::Kind::kAlways:
        return;
      case BoundNode::Kind::kAnd:
        for (const BoundNode& child : node.children) {
          if (IsEmpty(*words)) return;
          Keep(child, words);
        }
        return;
      case BoundNode::Kind::kOr:
        return KeepAny(node, words);
      case BoundNode::Kind::kTest:
        return KeepTest(node.test, words);
    }
  }

 private:
  void KeepAny(const BoundNode& node, Words* words) const {
    Words left = *words;  // not true for any child yet
    for (const BoundNode& child : node.children) {
      if (IsEmpty(left)) return;
      Words found = left;
      Keep(child, &found);
      for (std::size_t i = 0; i < left.size(); ++i) left[i] &= ~found[i];
    }
    for (std::size_t i = 0; i < left.size(); ++i) (*words)[i] &= ~left[i];
  }

  void KeepTest(const Test& test, Words* words) const {
    const Leaf& leaf = leaves_[test.column];
    if (test.kind == Test::Kind::kIsNull) {
      Words valid = *words;
      KeepValid(leaf, &valid);
      for (std::size_t i = 0; i < valid.size(); ++i) (*words)[i] &= ~valid[i];
      return;
    }
    KeepValid(leaf, words);
    if (test.kind != Test::Kind::kIsNotNull) AndMatches(*leaf.type, *leaf.array, test, words);
  }

  static void KeepValid(const Leaf& leaf, Words* words) {
    for (const ArrayData* parent : leaf.parents) {
      if (!parent->validity.empty()) AndBitmap(parent->validity, static_cast<std::uint64_t>(parent->length), words);
    }
    AndValid(*leaf.type, *leaf.array, words);
  }

  std::vector<Leaf> leaves_;
};

}  // namespace

Result<RowMask> Evaluate(const BoundFilter& filter, const Schema& schema, std::span<const ArrayData> columns,
                         std::uint64_t num_rows) {
  std::vector<Leaf> leaves;
  for (const FilterColumn& column : filter.columns()) {
    LANCEKIT_ASSIGN(leaves.emplace_back(), FindLeaf(column, schema, columns, num_rows));
  }
  RowMask mask{.words = FullMask(num_rows), .num_rows = num_rows};
  Evaluator(std::move(leaves)).Keep(filter.root(), &mask.words);
  for (const std::uint64_t word : mask.words) mask.num_set += static_cast<std::uint64_t>(std::popcount(word));
  return mask;
}

}  // namespace lancekit::filter
