#include "writer/column_buffer.h"

#include <algorithm>
#include <cstring>
#include <limits>

#include "base/bitmap.h"
#include "base/checked_math.h"

namespace lancekit {
namespace {

// Layout of Arrow's string views: https://arrow.apache.org/docs/format/Columnar.html#variable-size-binary-view-layout
constexpr std::uint64_t kViewBytes = 16;
constexpr std::uint32_t kInlineViewBytes = 12;

Bytes ViewAt(const ArrayView& view, std::uint64_t slot) {
  const std::byte* const at = view.values + slot * kViewBytes;
  const auto size = LoadLe<std::uint32_t>(at);
  if (size <= kInlineViewBytes) return {at + 4, size};
  const auto buffer = LoadLe<std::uint32_t>(at + 8);
  return {view.view_data[buffer] + LoadLe<std::uint32_t>(at + 12), size};
}

std::uint64_t OffsetAt(const ArrayView& view, bool large, std::uint64_t slot) {
  return large ? static_cast<std::uint64_t>(LoadLe<std::int64_t>(view.values + 8 * slot))
               : static_cast<std::uint64_t>(LoadLe<std::int32_t>(view.values + 4 * slot));
}

std::uint64_t Slot(const ArrayView& view, std::uint64_t row) { return static_cast<std::uint64_t>(view.offset) + row; }

}  // namespace

ColumnBuffer::ColumnBuffer(const LeafType& leaf, std::uint64_t page_bytes)
    : leaf_(&leaf), page_bytes_(page_bytes), items_(leaf.shape.list_sizes.size()) {
  if (leaf.is_dictionary()) dictionary_ = std::make_unique<DictionaryBuilder>(*leaf.dictionary_shape);
  Clear();
}

void ColumnBuffer::Clear() {
  bytes_ = num_rows_ = null_count_ = last_key_ = 0;
  values_.Clear();
  data_.Clear();
  validity_.Clear();
  for (Items& items : items_) {
    items.bits.Clear();
    items.any_null = false;
  }
  if (dictionary_ != nullptr) dictionary_->Clear();
  if (leaf_->shape.variable()) values_.AppendFill(leaf_->shape.large_offsets ? 8 : 4, std::byte{0});
}

bool ColumnBuffer::IsNull(const ArrayView& view, std::uint64_t row) const {
  return view.validity != nullptr && !GetBit(view.validity, Slot(view, row));
}

std::uint64_t ColumnBuffer::RowsThatFit(const ArrayView& view, std::uint64_t first, std::uint64_t count) const {
  const ValueShape& shape = leaf_->shape;
  const std::uint64_t left = page_bytes_ - bytes_;
  if (!shape.variable()) {
    // A type without values still takes part in page cutting, as if it had a bit.
    const std::uint64_t bits = std::max<std::uint64_t>(1, shape.width_bits);
    const std::uint64_t capacity = CeilDiv(page_bytes_ * 8, bits);
    return std::min(count, std::max<std::uint64_t>(1, capacity - std::min(capacity, num_rows_)));
  }
  const std::uint64_t width = shape.large_offsets ? 8 : 4;
  if (view.storage == Storage::kView) {
    std::uint64_t bytes = 0;
    for (std::uint64_t i = 0; i < count; ++i) {
      bytes += width + (IsNull(view, first + i) ? 0 : LoadLe<std::uint32_t>(view.values + Slot(view, first + i) * kViewBytes));
      if (bytes >= left) return i + 1;
    }
    return count;
  }
  const std::uint64_t slot = Slot(view, first);
  const std::uint64_t start = OffsetAt(view, shape.large_offsets, slot);
  const auto bytes = [&](std::uint64_t rows) { return rows * width + OffsetAt(view, shape.large_offsets, slot + rows) - start; };
  if (bytes(count) < left) return count;
  std::uint64_t low = 1;
  for (std::uint64_t high = count; low < high;) {
    const std::uint64_t middle = low + (high - low) / 2;
    bytes(middle) >= left ? high = middle : low = middle + 1;
  }
  return low;
}

Result<std::uint64_t> ColumnBuffer::Append(const ArrayView& view, std::uint64_t first, std::uint64_t count) {
  count = RowsThatFit(view, first, count);
  const ValueShape& shape = leaf_->shape;
  if (leaf_->is_dictionary()) return AppendKeys(view, first, count);
  AppendValidity(view, first, count);
  if (shape.variable()) {
    AppendStrings(view, first, count);
  } else {
    AppendFixed(view, first, count);
    bytes_ = (num_rows_ + count) * std::max<std::uint64_t>(1, shape.width_bits) / 8;  // whole bytes: full means the last one too
  }
  num_rows_ += count;
  return count;
}

void ColumnBuffer::AppendValidity(const ArrayView& view, std::uint64_t first, std::uint64_t count) {
  std::uint64_t nulls = 0;
  if (view.type->id == TypeId::kNull) {
    nulls = count;
  } else if (view.validity != nullptr && view.null_count != 0) {
    nulls = count - CountSetBits(view.validity, Slot(view, first), count);
  }
  if (nulls == 0 && null_count_ == 0) return;
  validity_.Resize(BitmapBytes(num_rows_ + count));
  if (null_count_ == 0) FillBits(validity_.data(), 0, num_rows_, true);
  if (nulls == 0) {
    FillBits(validity_.data(), num_rows_, count, true);
  } else if (view.type->id == TypeId::kNull) {
    FillBits(validity_.data(), num_rows_, count, false);
  } else {
    CopyBits(view.validity, Slot(view, first), validity_.data(), num_rows_, count);
  }
  null_count_ += nulls;
}

void ColumnBuffer::AppendFixed(const ArrayView& view, std::uint64_t first, std::uint64_t count) {
  const ValueShape& shape = leaf_->shape;
  values_.Resize(CeilDiv((num_rows_ + count) * shape.width_bits, 8));
  if (shape.width_bits == 0) return;
  // The innermost items of a fixed-size list lie in its last descendant; slot i x size of a child belongs to slot i above it.
  const ArrayView* items = &view;
  std::uint64_t start = first;
  for (std::size_t level = 0; level < items_.size(); ++level) {
    start *= shape.list_sizes[level];
    items = &items->children[0];
    AppendItems(*items, level, start, count);
  }
  const std::uint64_t first_bit = Slot(*items, start) * shape.item_bits;
  CopyBits(items->values, first_bit, values_.data(), num_rows_ * shape.width_bits, count * shape.width_bits);
  if (null_count_ != 0) FillNullSlots(count);
}

void ColumnBuffer::AppendItems(const ArrayView& view, std::size_t level, std::uint64_t first, std::uint64_t count) {
  const std::uint64_t per_row = leaf_->shape.ItemsPerValue(level);
  Items& items = items_[level];
  items.bits.Resize(BitmapBytes((num_rows_ + count) * per_row));
  const std::uint64_t at = num_rows_ * per_row;
  if (view.validity == nullptr || view.null_count == 0) {
    FillBits(items.bits.data(), at, count * per_row, true);
    return;
  }
  CopyBits(view.validity, Slot(view, first), items.bits.data(), at, count * per_row);
  // What lies under a null row does not make the column's items nullable.
  for (std::uint64_t i = 0; null_count_ != 0 && i < count; ++i) {
    if (!GetBit(validity_.data(), num_rows_ + i)) FillBits(items.bits.data(), at + i * per_row, per_row, true);
  }
  items.any_null = items.any_null || CountSetBits(items.bits.data(), at, count * per_row) != count * per_row;
}

// The last `count` rows: null slots get the value before them, so that they neither break runs nor widen what is packed, and
// whatever the input had there does not reach the file.
void ColumnBuffer::FillNullSlots(std::uint64_t count) {
  const std::uint64_t bits = leaf_->shape.width_bits;
  for (std::uint64_t row = num_rows_; row < num_rows_ + count; ++row) {
    if (GetBit(validity_.data(), row)) continue;
    if (bits % 8 != 0 || row == 0) {
      FillBits(values_.data(), row * bits, bits, false);
    } else {
      std::memcpy(values_.data() + row * (bits / 8), values_.data() + (row - 1) * (bits / 8), bits / 8);
    }
  }
}

template <class Offset>
void ColumnBuffer::AppendStringsOf(const ArrayView& view, std::uint64_t first, std::uint64_t count) {
  const std::byte* const offsets = view.values + Slot(view, first) * sizeof(Offset);
  const std::size_t at = values_.size();
  values_.Resize(at + count * sizeof(Offset));
  std::byte* const to = values_.data() + at;
  const auto start = count == 0 ? Offset{0} : LoadLe<Offset>(offsets);
  const auto base = static_cast<Offset>(data_.size());
  if (null_count_ == 0) {
    for (std::uint64_t i = 0; i < count; ++i) {
      StoreLe(to + i * sizeof(Offset), static_cast<Offset>(LoadLe<Offset>(offsets + (i + 1) * sizeof(Offset)) - start + base));
    }
    if (count != 0) {
      const auto end = LoadLe<Offset>(offsets + count * sizeof(Offset));
      data_.Append({view.data + start, static_cast<std::size_t>(end - start)});
    }
    return;
  }
  for (std::uint64_t i = 0; i < count; ++i) {
    if (GetBit(validity_.data(), num_rows_ + i)) {
      const auto from = LoadLe<Offset>(offsets + i * sizeof(Offset));
      data_.Append({view.data + from, static_cast<std::size_t>(LoadLe<Offset>(offsets + (i + 1) * sizeof(Offset)) - from)});
    }
    StoreLe(to + i * sizeof(Offset), static_cast<Offset>(data_.size()));
  }
}

void ColumnBuffer::AppendViews(const ArrayView& view, std::uint64_t first, std::uint64_t count) {
  for (std::uint64_t i = 0; i < count; ++i) {
    if (!IsNull(view, first + i)) data_.Append(ViewAt(view, Slot(view, first + i)));
    leaf_->shape.large_offsets ? values_.AppendLe(static_cast<std::int64_t>(data_.size()))
                               : values_.AppendLe(static_cast<std::int32_t>(data_.size()));
  }
}

void ColumnBuffer::AppendStrings(const ArrayView& view, std::uint64_t first, std::uint64_t count) {
  if (view.storage == Storage::kView) {
    AppendViews(view, first, count);
  } else if (leaf_->shape.large_offsets) {
    AppendStringsOf<std::int64_t>(view, first, count);
  } else {
    AppendStringsOf<std::int32_t>(view, first, count);
  }
  bytes_ = values_.size() - (leaf_->shape.large_offsets ? 8 : 4) + data_.size();
}

namespace {

std::uint64_t KeyAt(const ArrayView& view, std::uint64_t slot, std::uint64_t bytes) {
  std::uint64_t key = 0;
  std::memcpy(&key, view.values + slot * bytes, bytes);
  return key;
}

std::uint64_t MaxKeys(TypeId key) {
  switch (key) {
    case TypeId::kInt8:
      return 1u << 7;
    case TypeId::kUInt8:
      return 1u << 8;
    case TypeId::kInt16:
      return 1u << 15;
    case TypeId::kUInt16:
      return 1u << 16;
    default:
      return 0x7FFFFFFF;
  }
}

Bytes ItemAt(const ArrayView& items, const ValueShape& shape, std::uint64_t item, std::byte* boolean) {
  const std::uint64_t slot = Slot(items, item);
  if (items.storage == Storage::kView) return ViewAt(items, slot);
  if (shape.variable()) {
    const std::uint64_t start = OffsetAt(items, shape.large_offsets, slot);
    return {items.data + start, static_cast<std::size_t>(OffsetAt(items, shape.large_offsets, slot + 1) - start)};
  }
  if (shape.width_bits == 1) {
    *boolean = GetBit(items.values, slot) ? std::byte{1} : std::byte{0};
    return {boolean, 1};
  }
  return {items.values + slot * (shape.width_bits / 8), shape.width_bits / 8};
}

}  // namespace

// Batches may bring different dictionaries; keys are renumbered into the page's own. Only items that are used get in.
Result<std::uint64_t> ColumnBuffer::AppendKeys(const ArrayView& view, std::uint64_t first, std::uint64_t count) {
  constexpr std::uint32_t kUnknown = 0xFFFFFFFF;
  constexpr std::uint32_t kNullItem = 0xFFFFFFFE;
  const std::uint64_t key_bytes = leaf_->shape.width_bits / 8;
  const std::uint64_t max_keys = MaxKeys(leaf_->type.key_id);
  const ArrayView& items = *view.dictionary;
  std::vector<std::uint32_t> numbers(static_cast<std::size_t>(items.length), kUnknown);
  std::byte boolean{};
  std::uint64_t done = 0;
  for (; done < count; ++done) {
    std::uint32_t number = kNullItem;
    if (!IsNull(view, first + done)) {
      const std::uint64_t key = KeyAt(view, Slot(view, first + done), key_bytes);
      if (numbers[key] == kUnknown) {
        if (IsNull(items, key)) {
          numbers[key] = kNullItem;
        } else if (dictionary_->size() == max_keys) {
          break;
        } else {
          numbers[key] = dictionary_->Insert(ItemAt(items, *leaf_->dictionary_shape, key, &boolean));
        }
      }
      number = numbers[key];
    }
    const std::uint64_t row = num_rows_++;
    const bool is_null = number == kNullItem;
    if (is_null || null_count_ != 0) {
      validity_.Resize(BitmapBytes(num_rows_));
      if (null_count_ == 0) FillBits(validity_.data(), 0, row, true);
      SetBitTo(validity_.data(), row, !is_null);
      null_count_ += is_null;
    }
    if (!is_null) last_key_ = number;  // a null repeats the key before it, so that it does not break a run
    values_.Append({reinterpret_cast<const std::byte*>(&last_key_), key_bytes});
  }
  bytes_ = values_.size() + dictionary_->item_bytes();
  // The keys are used up: the next page starts with a dictionary of its own.
  if (done < count) bytes_ = std::max(bytes_, page_bytes_);
  return done;
}

std::uint64_t ColumnBuffer::arrow_bytes() const noexcept {
  std::uint64_t bytes = values_.size() + data_.size() + (null_count_ == 0 ? 0 : validity_.size());
  for (const Items& items : items_) bytes += items.any_null ? items.bits.size() : 0;
  return bytes + (dictionary_ == nullptr ? 0 : dictionary_->item_bytes());
}

PageValues ColumnBuffer::View() const {
  PageValues page;
  page.num_rows = num_rows_;
  page.validity = null_count_ == 0 ? nullptr : validity_.data();
  page.values.shape = leaf_->shape;
  page.values.length = num_rows_;
  page.values.values = values_.data();
  page.values.data = data_.data();
  for (const Items& items : items_) page.values.item_validity.push_back(items.any_null ? items.bits.data() : nullptr);
  return page;
}

}  // namespace lancekit
