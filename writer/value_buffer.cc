#include "writer/value_buffer.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "base/bitmap.h"
#include "base/checked_math.h"
#include "encodings/kernels/bitmasks.h"
#include "types/scalar.h"
#include "writer/packed_rows.h"

namespace lancekit {
namespace {

constexpr std::uint32_t kUnknown = 0xFFFFFFFF;
constexpr std::uint32_t kNullItem = 0xFFFFFFFE;
constexpr std::uint32_t kNoKeyLeft = 0xFFFFFFFD;

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
  const std::uint64_t slot = SlotOf(items, item);
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

ValueBuffer::ValueBuffer(const LeafType& leaf, ValueShape shape)
    : leaf_(&leaf),
      shape_(std::move(shape)),
      facts_(shape_, DomainOf(leaf.type) != Domain::kUnsigned),
      items_(shape_.list_sizes.size()) {
  if (leaf.is_dictionary()) dictionary_ = std::make_unique<DictionaryBuilder>(*leaf.dictionary_shape);
  Clear();
}

void ValueBuffer::Clear() {
  num_values_ = null_count_ = last_key_ = 0;
  values_.Clear();
  data_.Clear();
  validity_.Clear();
  for (Items& items : items_) {
    items.bits.Clear();
    items.any_null = false;
  }
  if (dictionary_ != nullptr) dictionary_->Clear();
  facts_.Clear();
  if (shape_.variable()) values_.AppendFill(shape_.large_offsets ? 8 : 4, std::byte{0});
}

bool ValueBuffer::IsValid(std::uint64_t value) const { return null_count_ == 0 || GetBit(validity_.data(), value); }

std::uint64_t ValueBuffer::value_bytes() const noexcept {
  const ValueShape& shape = shape_;
  if (leaf_->is_dictionary()) return values_.size() + dictionary_->item_bytes();
  if (shape.variable()) return values_.size() - (shape.large_offsets ? 8 : 4) + data_.size();
  return num_values_ * std::max<std::uint64_t>(1, shape.width_bits) / 8;  // whole bytes: full means the last one too
}

/// Makes room for `count` more bits, `nulls` of them 0; false when everything is valid still.
bool ValueBuffer::NeedValidity(std::uint64_t count, std::uint64_t nulls) {
  if (nulls == 0 && null_count_ == 0) return false;
  validity_.Resize(BitmapBytes(num_values_ + count));
  if (null_count_ == 0) FillBits(validity_.data(), 0, num_values_, true);
  null_count_ += nulls;
  return true;
}

void ValueBuffer::AppendValidity(const ArrayView& view, std::uint64_t first, std::uint64_t count) {
  const bool null_type = view.type->id == TypeId::kNull;
  std::uint64_t nulls = 0;
  if (null_type) {
    nulls = count;
  } else if (view.validity != nullptr && view.null_count != 0) {
    nulls = count - CountSetBits(view.validity, SlotOf(view, first), count);
  }
  if (!NeedValidity(count, nulls)) return;
  if (nulls == 0 || null_type) {
    FillBits(validity_.data(), num_values_, count, !null_type);
  } else {
    CopyBits(view.validity, SlotOf(view, first), validity_.data(), num_values_, count);
  }
}

void ValueBuffer::AppendValidity(std::span<const std::uint16_t> def, std::uint16_t max_visible) {
  const std::size_t num_words = kernels::MaskWords(def.size());
  PooledVector<std::uint64_t> valid(num_words), open(num_words), bits(num_words + 1);
  const std::uint64_t num_valid = kernels::MaskRange(def.data(), def.size(), 0, 0, nullptr, valid.data());
  const std::uint64_t num_open = kernels::MaskRange(def.data(), def.size(), 0, max_visible, nullptr, open.data());
  if (!NeedValidity(num_open, num_open - num_valid)) return;
  kernels::SelectBits(valid.data(), open.data(), num_words, bits.data());
  CopyBits(reinterpret_cast<const std::byte*>(bits.data()), 0, validity_.data(), num_values_, num_open);
}

void ValueBuffer::AppendValid(std::uint64_t count) {
  if (NeedValidity(count, 0)) FillBits(validity_.data(), num_values_, count, true);
}

Status ValueBuffer::AppendPacked(const ArrayView& view, std::uint64_t first, std::uint64_t count) {
  const std::byte* const validity = null_count_ == 0 ? nullptr : validity_.data();
  const bool variable = shape_.variable();
  return AppendPackedRows(view, leaf_->shape, first, count, validity, num_values_, variable ? &values_ : nullptr,
                          variable ? &data_ : &values_);
}

Status ValueBuffer::AppendValues(const ArrayView& view, std::uint64_t first, std::uint64_t count) {
  if (leaf_->shape.packed()) {
    LANCEKIT_TRY(AppendPacked(view, first, count));
  } else if (!shape_.variable()) {
    AppendFixed(view, first, count);
  } else if (view.storage == Storage::kView) {
    AppendViews(view, first, count);
  } else if (shape_.large_offsets) {
    AppendStringsOf<std::int64_t>(view, first, count);
  } else {
    AppendStringsOf<std::int32_t>(view, first, count);
  }
  num_values_ += count;
  return {};
}

void ValueBuffer::AppendFixed(const ArrayView& view, std::uint64_t first, std::uint64_t count) {
  const ValueShape& shape = shape_;
  values_.Resize(CeilDiv((num_values_ + count) * shape.width_bits, 8));
  if (shape.width_bits == 0) return;
  // The innermost items of a fixed-size list lie in its last descendant; slot i x size of a child belongs to slot i above it.
  const ArrayView* items = &view;
  std::uint64_t start = first;
  for (std::size_t level = 0; level < items_.size(); ++level) {
    start *= shape.list_sizes[level];
    items = &items->children[0];
    AppendItems(*items, level, start, count);
  }
  const std::uint64_t first_bit = SlotOf(*items, start) * shape.item_bits;
  CopyBits(items->values, first_bit, values_.data(), num_values_ * shape.width_bits, count * shape.width_bits);
  if (null_count_ != 0) FillNullSlots(count);
}

void ValueBuffer::AppendItems(const ArrayView& view, std::size_t level, std::uint64_t first, std::uint64_t count) {
  const std::uint64_t per_row = shape_.ItemsPerValue(level);
  Items& items = items_[level];
  items.bits.Resize(BitmapBytes((num_values_ + count) * per_row));
  const std::uint64_t at = num_values_ * per_row;
  if (view.validity == nullptr || view.null_count == 0) {
    FillBits(items.bits.data(), at, count * per_row, true);
    return;
  }
  CopyBits(view.validity, SlotOf(view, first), items.bits.data(), at, count * per_row);
  // What lies under a null row does not make the column's items nullable.
  for (std::uint64_t i = 0; null_count_ != 0 && i < count; ++i) {
    if (!GetBit(validity_.data(), num_values_ + i)) FillBits(items.bits.data(), at + i * per_row, per_row, true);
  }
  items.any_null = items.any_null || CountSetBits(items.bits.data(), at, count * per_row) != count * per_row;
}

// The last `count` values: null slots get the value before them, so that they neither break runs nor widen what is packed, and
// whatever the input had there does not reach the file.
void ValueBuffer::FillNullSlots(std::uint64_t count) {
  const std::uint64_t bits = shape_.width_bits;
  const std::uint64_t end = num_values_ + count;
  for (std::uint64_t first = num_values_; first < end; first += 64) {
    const auto size = static_cast<unsigned>(std::min<std::uint64_t>(64, end - first));
    std::uint64_t nulls = ~LoadBits(validity_.data(), first, size) & ~std::uint64_t{0} >> (64 - size);
    for (; nulls != 0; nulls &= nulls - 1) {
      const std::uint64_t value = first + static_cast<std::uint64_t>(std::countr_zero(nulls));
      if (bits % 8 != 0 || value == 0) {
        FillBits(values_.data(), value * bits, bits, false);
      } else {
        std::memcpy(values_.data() + value * (bits / 8), values_.data() + (value - 1) * (bits / 8), bits / 8);
      }
    }
  }
}

template <class Offset>
void ValueBuffer::AppendStringsOf(const ArrayView& view, std::uint64_t first, std::uint64_t count) {
  const std::byte* const offsets = view.values + SlotOf(view, first) * sizeof(Offset);
  const std::size_t at = values_.size();
  values_.Resize(at + count * sizeof(Offset));
  std::byte* const to = values_.data() + at;
  const auto start = count == 0 ? Offset{0} : LoadLe<Offset>(offsets);
  const auto base = static_cast<Offset>(data_.size());
  if (null_count_ == 0) {
    Offset last = start;
    Offset longest = 0;
    for (std::uint64_t i = 0; i < count; ++i) {
      const auto next = LoadLe<Offset>(offsets + (i + 1) * sizeof(Offset));
      longest = std::max(longest, static_cast<Offset>(next - last));
      StoreLe(to + i * sizeof(Offset), static_cast<Offset>(next - start + base));
      last = next;
    }
    facts_.UpdateStrings(count, static_cast<std::uint64_t>(longest));
    if (count != 0) {
      const auto end = LoadLe<Offset>(offsets + count * sizeof(Offset));
      data_.Append({view.data + start, static_cast<std::size_t>(end - start)});
    }
    return;
  }
  for (std::uint64_t i = 0; i < count; ++i) {
    if (GetBit(validity_.data(), num_values_ + i)) {
      const auto from = LoadLe<Offset>(offsets + i * sizeof(Offset));
      data_.Append({view.data + from, static_cast<std::size_t>(LoadLe<Offset>(offsets + (i + 1) * sizeof(Offset)) - from)});
    }
    StoreLe(to + i * sizeof(Offset), static_cast<Offset>(data_.size()));
  }
}

void ValueBuffer::AppendViews(const ArrayView& view, std::uint64_t first, std::uint64_t count) {
  for (std::uint64_t i = 0; i < count; ++i) {
    if (IsValid(num_values_ + i)) data_.Append(ViewAt(view, SlotOf(view, first + i)));
    shape_.large_offsets ? values_.AppendLe(static_cast<std::int64_t>(data_.size()))
                         : values_.AppendLe(static_cast<std::int32_t>(data_.size()));
  }
}

/// The number in the page's dictionary of what the key at this slot names, or one of the special ones above.
std::uint32_t ValueBuffer::NumberOf(const ArrayView& view, std::uint64_t slot, std::vector<std::uint32_t>* numbers) {
  const ArrayView& items = *view.dictionary;
  const std::uint64_t key = KeyAt(view, SlotOf(view, slot), shape_.width_bits / 8);
  std::uint32_t& number = (*numbers)[key];
  if (number != kUnknown) return number;
  if (IsNullAt(items, key)) return number = kNullItem;
  if (dictionary_->size() == MaxKeys(leaf_->type.key_id)) return kNoKeyLeft;
  std::byte boolean{};
  return number = dictionary_->Insert(ItemAt(items, *leaf_->dictionary_shape, key, &boolean));
}

void ValueBuffer::AppendKey(std::uint32_t number, bool has_validity) {
  const bool is_null = number == kNullItem;
  if (!has_validity && NeedValidity(1, is_null)) SetBitTo(validity_.data(), num_values_, !is_null);
  if (!is_null) last_key_ = number;  // a null repeats the key before it, so that it does not break a run
  values_.Append({reinterpret_cast<const std::byte*>(&last_key_), shape_.width_bits / 8});
  ++num_values_;
}

// Batches may bring different dictionaries; keys are renumbered into the page's own. Only items that are used get in.
std::uint64_t ValueBuffer::AppendKeys(const ArrayView& view, std::span<const SlotRange> slots, bool has_validity) {
  std::vector<std::uint32_t> numbers(static_cast<std::size_t>(view.dictionary->length), kUnknown);
  const std::uint64_t before = num_values_;
  for (const SlotRange& range : slots) {
    for (std::uint64_t slot = range.first; slot < range.first + range.count; ++slot) {
      const bool is_null = has_validity ? !IsValid(num_values_) : IsNullAt(view, slot);
      const std::uint32_t number = is_null ? kNullItem : NumberOf(view, slot, &numbers);
      if (number == kNoKeyLeft) return num_values_ - before;
      AppendKey(number, has_validity);
    }
  }
  return num_values_ - before;
}

void ValueBuffer::TruncateKeys(std::uint64_t num_values) {
  num_values_ = num_values;
  values_.Resize(num_values * (shape_.width_bits / 8));
}

void ValueBuffer::UpdateFacts() {
  if (!leaf_->shape.packed()) facts_.Update(View().values);
}

void ValueBuffer::Reserve(double times) {
  for (MutableBuffer* const buffer : {&values_, &data_, &validity_})
    buffer->Reserve(static_cast<std::size_t>(static_cast<double>(buffer->size()) * times));
}

std::uint64_t ValueBuffer::arrow_bytes() const noexcept {
  std::uint64_t bytes = values_.size() + data_.size() + (null_count_ == 0 ? 0 : validity_.size());
  for (const Items& items : items_) bytes += items.any_null ? items.bits.size() : 0;
  return bytes + (dictionary_ == nullptr ? 0 : dictionary_->item_bytes());
}

PageValues ValueBuffer::View() const {
  PageValues page;
  page.num_rows = num_values_;
  page.validity = null_count_ == 0 ? nullptr : validity_.data();
  page.values.shape = shape_;
  page.values.length = num_values_;
  page.values.values = values_.data();
  page.values.data = data_.data();
  page.facts = &facts_;
  for (const Items& items : items_) page.values.item_validity.push_back(items.any_null ? items.bits.data() : nullptr);
  return page;
}

}  // namespace lancekit
