// Values of fixed width with their nulls, and fixed-size lists of them:
//
//   nullable{ flat | ... }
//   nullable{ fixed_size_list{ nullable{ ... flat | ... } } }    the items of all rows back to back, nulls included
//
// Source: lance protos/encodings.proto (Nullable, FixedSizeList).
#include <algorithm>

#include "base/checked_math.h"
#include "legacy/page.h"

namespace lancekit::legacy {
namespace {

using format::ArrayEncoding;
using format::ArrayEncodingId;

// What a mapping must be aligned to for its bytes to be handed out as values.
constexpr std::uintptr_t kBorrowAlignment = 16;

class FixedWidthArray final : public PageReader {
 public:
  static Result<std::unique_ptr<PageReader>> Open(const PageInput& input, const ArrayEncoding* encoding) {
    const ValueShape& shape = input.leaf->shape;
    auto array = std::make_unique<FixedWidthArray>();
    LANCEKIT_ASSIGN(array->rows_, Validity::Open(input, &encoding));
    for (std::size_t level = 0; level < shape.list_sizes.size() && encoding != nullptr; ++level) {
      if (encoding->id != ArrayEncodingId::kFixedSizeList) {
        return Unsupported("{} in the place of fixed-size lists", format::ArrayEncodingName(encoding->id));
      }
      if (encoding->width != shape.list_sizes[level]) {
        return Corrupt("fixed_size_list: {} items where the type has {}", encoding->width, shape.list_sizes[level]);
      }
      if (encoding->has_validity) return Unsupported("fixed_size_list: validity outside a nullable");
      encoding = &encoding->children[0];
      LANCEKIT_ASSIGN(Validity items, Validity::Open(input, &encoding));
      array->items_.push_back(std::move(items));
    }
    if (encoding != nullptr) {
      LANCEKIT_ASSIGN(array->values_, OpenFixedArray(input, *encoding, shape.item_bits));
    }
    array->items_per_row_ = shape.list_sizes.empty() ? 1 : shape.ItemsPerValue(shape.list_sizes.size() - 1);
    array->can_borrow_ = CanBorrow(*input.leaf, array->items_);
    return std::unique_ptr<PageReader>(std::move(array));
  }

  Status Read(ValueRange rows, LeafSink* sink, PageScratch* scratch) const override {
    std::uint64_t last = 0;
    if (!CheckedMul(rows.first + rows.count, items_per_row_, &last)) {
      return Corrupt("{} rows of {} items", rows.first + rows.count, items_per_row_);
    }
    const ValueShape& shape = sink->leaf().shape;
    for (std::size_t level = 0; level < items_.size(); ++level) {
      const std::uint64_t items = shape.ItemsPerValue(level);
      if (!items_[level].all_valid()) {
        LANCEKIT_TRY(items_[level].AppendTo(&sink->values(), level, {rows.first * items, rows.count * items}, scratch));
      }
    }
    if (values_ == nullptr) {
      LANCEKIT_TRY(AppendFreeValues(&sink->values(), rows.count));
    } else {
      LANCEKIT_TRY(ReadValues(rows, sink, scratch));
    }
    return rows_.AppendTo(sink, rows, scratch);
  }

 private:
  /// True when bytes of the file are a leaf's values. Below a list a sink does not know how many values will come.
  static bool CanBorrow(const LeafType& leaf, const std::vector<Validity>& items) {
    const auto is_struct = [](const ParentNode& parent) { return parent.kind == NodeKind::kStruct; };
    const auto is_valid = [](const Validity& validity) { return validity.all_valid(); };
    return leaf.shape.width_bits % 8 == 0 && std::all_of(leaf.parents.begin(), leaf.parents.end(), is_struct) &&
           std::all_of(items.begin(), items.end(), is_valid);
  }

  Status ReadValues(ValueRange rows, LeafSink* sink, PageScratch* scratch) const {
    LANCEKIT_ASSIGN(ItemBits items,
                    values_->Read({rows.first * items_per_row_, rows.count * items_per_row_}, &scratch->decode.block));
    const bool aligned = reinterpret_cast<std::uintptr_t>(items.bits) % kBorrowAlignment == 0 && items.first_bit == 0;
    if (can_borrow_ && aligned && !items.owner.empty() && sink->IsWhole(rows.count)) {
      const std::uint64_t size = rows.count * (sink->leaf().shape.width_bits / 8);
      const auto offset = static_cast<std::size_t>(items.bits - items.owner.data());
      sink->Borrow(items.owner.Slice(offset, size), rows.count);
    } else {
      sink->values().AppendBits(items.bits, items.first_bit, rows.count);
    }
    return {};
  }

  Validity rows_;
  std::vector<Validity> items_;         // of each list level, outermost first; fewer when all items of a level are null
  std::unique_ptr<FixedArray> values_;  // innermost items; nullptr when all are null
  std::uint64_t items_per_row_ = 1;
  bool can_borrow_ = false;
};

}  // namespace

Result<std::unique_ptr<PageReader>> OpenFixedWidthArray(const PageInput& input, const ArrayEncoding& encoding) {
  if (!input.leaf->shape.fixed() || input.leaf->is_dictionary()) {
    return Unsupported("{} in the place of values of type {}", format::ArrayEncodingName(WithoutNullable(encoding).id),
                       input.leaf->type.to_string());
  }
  return FixedWidthArray::Open(input, &encoding);
}

}  // namespace lancekit::legacy
