#include "encodings/values.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <new>

#include "base/bitmap.h"
#include "base/checked_math.h"

namespace lancekit {
namespace {

// What memory is taken ahead for string bytes at most.
constexpr double kMaxGuess = 64 << 20;
// One value must fit comfortably into memory; a fixed-size list can claim any number of items.
constexpr std::uint64_t kMaxFixedBits = std::uint64_t{1} << 34;

/// What cannot be counted cannot be allocated either.
std::uint64_t BytesOf(std::uint64_t num_values, std::uint64_t width_bits) {
  std::uint64_t num_bits = 0;
  if (!CheckedMul(num_values, width_bits, &num_bits)) throw std::bad_array_new_length();
  return CeilDiv(num_bits, 8);
}

}  // namespace

std::uint64_t ValueShape::ItemsPerValue(std::size_t level) const noexcept {
  std::uint64_t items = 1;
  for (std::size_t i = 0; i <= level; ++i) items *= list_sizes[i];
  return items;
}

ValueShape FixedShape(std::uint64_t width_bits) {
  ValueShape shape;
  shape.kind = ValueShape::Kind::kFixed;
  shape.width_bits = shape.item_bits = width_bits;
  return shape;
}

ValuesView NumbersView(const void* values, std::uint64_t count, std::uint64_t width_bits) {
  ValuesView view;
  view.shape = FixedShape(width_bits);
  view.length = count;
  view.values = static_cast<const std::byte*>(values);
  return view;
}

Result<ValueShape> ShapeOf(const DataType& type) {
  if (type.id == TypeId::kNull) return ValueShape{};
  if (IsVariableWidth(type.id)) {
    ValueShape shape;
    shape.kind = ValueShape::Kind::kVariable;
    shape.large_offsets = HasLargeOffsets(type.id);
    return shape;
  }
  if (type.id == TypeId::kDictionary) {
    DataType keys;
    keys.id = type.key_id;
    return FixedShape(FixedWidthBits(keys));
  }
  if (type.id == TypeId::kStruct && !type.children.empty()) {
    ValueShape shape;
    shape.kind = ValueShape::Kind::kPacked;
    for (const Field& field : type.children) {
      LANCEKIT_ASSIGN(ValueShape part, ShapeOf(field.type));
      if (!(part.fixed() || part.variable()) || field.type.id == TypeId::kDictionary) {
        return Unsupported("a packed struct with a field of type {}", field.type.to_string());
      }
      shape.fields.push_back(std::move(part));
    }
    return shape;
  }
  const DataType* item = &type;
  ValueShape shape;
  shape.kind = ValueShape::Kind::kFixed;
  std::uint64_t items = 1;
  while (item->id == TypeId::kFixedSizeList && item->children.size() == 1) {
    const auto size = static_cast<std::uint64_t>(item->size);
    if (item->size <= 0 || !CheckedMul(items, size, &items)) return Unsupported("type {} cannot be stored", type.to_string());
    shape.list_sizes.push_back(size);
    item = &item->children[0].type;
  }
  const bool has_width = item->id != TypeId::kFixedSizeList && item->id != TypeId::kDictionary;
  shape.item_bits = has_width ? FixedWidthBits(*item) : 0;
  if (shape.item_bits == 0 && item->id != TypeId::kFixedSizeBinary) {
    return Unsupported("type {} is not supported yet", type.to_string());
  }
  // Items of no bytes are bounded as well: they are counted.
  if (!CheckedMul(items, shape.item_bits, &shape.width_bits) || std::max(shape.width_bits, items) > kMaxFixedBits) {
    return Unsupported("values of type {} are too wide", type.to_string());
  }
  return shape;
}

ValueSink::ValueSink(ValueShape shape) : shape_(std::move(shape)), item_validity_(shape_.list_sizes.size()) {
  for (const ValueShape& field : shape_.fields) fields_.emplace_back(field);
  if (shape_.variable()) Clear();
}

void ValueSink::Clear() noexcept {
  length_ = 0;
  values_.Clear();
  data_.Clear();
  for (ItemValidity& items : item_validity_) items = {};
  for (ValueSink& field : fields_) field.Clear();
  if (shape_.variable()) values_.AppendFill(shape_.large_offsets ? 8 : 4, std::byte{0});
}

void ValueSink::Reserve(std::uint64_t num_values) {
  for (ValueSink& field : fields_) field.Reserve(num_values);
  expected_ = num_values;
  const std::size_t size = values_.size();
  if (shape_.variable()) {
    values_.Resize((num_values + 1) * (shape_.large_offsets ? 8 : 4));
  } else {
    values_.Resize(BytesOf(num_values, shape_.width_bits));
  }
  values_.Resize(size);
}

std::byte* ValueSink::AppendFixed(std::uint64_t count) {
  const std::uint64_t at = values_.size();
  values_.Resize(at + BytesOf(count, shape_.width_bits));
  length_ += count;
  return values_.data() + at;
}

void ValueSink::AppendBits(const std::byte* from, std::uint64_t first_bit, std::uint64_t count) {
  const std::uint64_t num_bits = count * shape_.width_bits;
  if (num_bits == 0) {
    length_ += count;
    return;
  }
  if (shape_.width_bits % 8 == 0 && first_bit % 8 == 0) {
    std::memcpy(AppendFixed(count), from + first_bit / 8, num_bits / 8);
    return;
  }
  const std::uint64_t at = length_ * shape_.width_bits;
  values_.Resize(CeilDiv(at + num_bits, 8));
  // No bits beyond the last value are set, in the byte that is there nor in the new last one.
  if (at % 8 != 0) values_.data()[at / 8] &= static_cast<std::byte>((1u << (at % 8)) - 1);
  if (CeilDiv(at, 8) != values_.size()) values_.data()[values_.size() - 1] = std::byte{0};
  CopyBits(from, first_bit, values_.data(), at, num_bits);
  length_ += count;
}

void ValueSink::AppendItemValidity(std::size_t level, const std::byte* from, std::uint64_t first_bit, std::uint64_t count) {
  // Bitmaps start with the first one there is; the items of values before it, or between two of them, are all valid.
  const std::uint64_t start = length_ * shape_.ItemsPerValue(level);
  FillItemValidity(level, start);
  ItemValidity& items = item_validity_[level];
  items.bits.Resize(BitmapBytes(start + count));
  CopyBits(from, first_bit, items.bits.data(), start, count);
  items.num_bits = start + count;
}

void ValueSink::FillItemValidity(std::size_t level, std::uint64_t end) {
  ItemValidity& items = item_validity_[level];
  if (items.num_bits >= end) return;
  items.bits.Resize(BitmapBytes(end));
  FillBits(items.bits.data(), items.num_bits, end - items.num_bits, true);
  items.num_bits = end;
}

bool ValueSink::HasRoom(std::uint64_t bytes) const noexcept {
  constexpr std::uint64_t kMax = std::numeric_limits<std::int32_t>::max();
  return shape_.large_offsets || (bytes <= kMax && data_.size() <= kMax - bytes);
}

std::byte* ValueSink::ReserveData(std::uint64_t bytes) {
  const std::size_t size = data_.size();
  if (size + bytes > data_.capacity() && length_ != 0 && expected_ > length_) {
    // Those to come will be about as long, so that the bytes are moved once.
    constexpr double kSpare = 1.1;
    const double all = static_cast<double>(size) / static_cast<double>(length_) * static_cast<double>(expected_) * kSpare;
    data_.Resize(size + bytes + static_cast<std::size_t>(std::min(all - static_cast<double>(size), kMaxGuess)));
  } else {
    data_.Resize(size + bytes);
  }
  std::byte* const room = data_.data() + size;
  data_.Resize(size);
  return room;
}

namespace {

template <class To, class From>
void RebaseEnds(To* to, const From* ends, std::uint64_t count, std::uint64_t add) {
  for (std::uint64_t i = 0; i < count; ++i) to[i] = static_cast<To>(static_cast<std::uint64_t>(ends[i]) + add);
}

}  // namespace

template <class End>
Status ValueSink::AppendEnds(const End* ends, std::uint64_t count) {
  if (count == 0) return {};
  const std::uint64_t base = data_.size();
  const std::uint64_t total = base + static_cast<std::uint64_t>(ends[count - 1]);
  if (!HasRoom(total - base)) {
    return MakeError(ErrorCode::kResourceLimit, "{} bytes of strings do not fit into one batch with 32-bit offsets", total);
  }
  const std::size_t at = values_.size();
  if (shape_.large_offsets) {
    values_.Resize(at + count * 8);
    RebaseEnds(reinterpret_cast<std::int64_t*>(values_.data() + at), ends, count, base);
  } else {
    values_.Resize(at + count * 4);
    RebaseEnds(reinterpret_cast<std::int32_t*>(values_.data() + at), ends, count, base);
  }
  data_.Resize(total);
  length_ += count;
  return {};
}

void ValueSink::CommitStrings(std::uint64_t count, std::uint64_t bytes) {
  values_.Resize(values_.size() + count * (shape_.large_offsets ? 8 : 4));
  data_.Resize(data_.size() + bytes);
  length_ += count;
}

template <class Offset>
Status ValueSink::AppendStrings(const Offset* offsets, const std::byte* data, std::uint64_t count) {
  const auto first = static_cast<std::uint64_t>(offsets[0]);
  const std::uint64_t bytes = static_cast<std::uint64_t>(offsets[count]) - first;
  const std::uint64_t base = data_.size();
  if (!HasRoom(bytes)) {
    return MakeError(ErrorCode::kResourceLimit, "{} bytes of strings do not fit into one batch with 32-bit offsets",
                     base + bytes);
  }
  if (bytes != 0) std::memcpy(ReserveData(bytes), data + first, bytes);
  const std::size_t at = values_.size();
  // Unsigned wrap-around makes base - first right also when first is larger.
  if (shape_.large_offsets) {
    values_.Resize(at + count * 8);
    RebaseEnds(reinterpret_cast<std::int64_t*>(values_.data() + at), offsets + 1, count, base - first);
  } else {
    values_.Resize(at + count * 4);
    RebaseEnds(reinterpret_cast<std::int32_t*>(values_.data() + at), offsets + 1, count, base - first);
  }
  data_.Resize(base + bytes);
  length_ += count;
  return {};
}

template Status ValueSink::AppendEnds<std::uint32_t>(const std::uint32_t*, std::uint64_t);
template Status ValueSink::AppendEnds<std::int32_t>(const std::int32_t*, std::uint64_t);
template Status ValueSink::AppendEnds<std::int64_t>(const std::int64_t*, std::uint64_t);
template Status ValueSink::AppendStrings<std::uint32_t>(const std::uint32_t*, const std::byte*, std::uint64_t);
template Status ValueSink::AppendStrings<std::uint64_t>(const std::uint64_t*, const std::byte*, std::uint64_t);
template Status ValueSink::AppendStrings<std::int32_t>(const std::int32_t*, const std::byte*, std::uint64_t);
template Status ValueSink::AppendStrings<std::int64_t>(const std::int64_t*, const std::byte*, std::uint64_t);

void ValueSink::AppendNulls(std::uint64_t count) {
  for (ValueSink& field : fields_) field.AppendNulls(count);
  if (shape_.variable()) {
    const std::size_t width = shape_.large_offsets ? 8 : 4;
    const std::size_t at = values_.size();
    values_.Resize(at + count * width);
    for (std::uint64_t i = 0; i < count; ++i) {
      if (shape_.large_offsets) {
        StoreLe(values_.data() + at + i * 8, static_cast<std::int64_t>(data_.size()));
      } else {
        StoreLe(values_.data() + at + i * 4, static_cast<std::int32_t>(data_.size()));
      }
    }
    length_ += count;
    return;
  }
  const std::uint64_t at = length_ * shape_.width_bits;
  const std::uint64_t num_bits = count * shape_.width_bits;
  values_.Resize(BytesOf(length_ + count, shape_.width_bits));
  if (num_bits != 0) FillBits(values_.data(), at, num_bits, false);
  length_ += count;
}

void ValueSink::Borrow(Buffer values, std::uint64_t count) {
  borrowed_ = std::move(values);
  length_ = count;
}

ArrayData ValueSink::FinishLevel(const DataType& type, std::size_t level, Buffer values) {
  ArrayData array;
  if (type.id != TypeId::kFixedSizeList) {
    array.values = std::move(values);
    return array;
  }
  ArrayData child = FinishLevel(type.children[0].type, level + 1, std::move(values));
  child.length = static_cast<std::int64_t>(length_ * shape_.ItemsPerValue(level));
  ItemValidity& items = item_validity_[level];
  if (items.num_bits != 0) {
    FillItemValidity(level, length_ * shape_.ItemsPerValue(level));
    const std::uint64_t valid = CountSetBits(items.bits.data(), 0, items.num_bits);
    child.null_count = static_cast<std::int64_t>(items.num_bits - valid);
    if (child.null_count != 0) child.validity = std::move(items.bits).Freeze();
  }
  array.children.push_back(std::move(child));
  return array;
}

ArrayData ValueSink::Finish(const DataType& type) && {
  std::uint64_t items = 0;
  const std::uint64_t per_value = shape_.list_sizes.empty() ? 1 : shape_.ItemsPerValue(shape_.list_sizes.size() - 1);
  if (!CheckedMul(length_, per_value, &items) || items > std::numeric_limits<std::int64_t>::max())
    throw std::bad_array_new_length();
  Buffer values = borrowed_.empty() ? std::move(values_).Freeze() : std::move(borrowed_);
  ArrayData array = FinishLevel(type, 0, std::move(values));
  array.length = static_cast<std::int64_t>(length_);
  for (std::size_t i = 0; i < fields_.size(); ++i) array.children.push_back(std::move(fields_[i]).Finish(type.children[i].type));
  if (shape_.variable()) array.data = std::move(data_).Freeze();
  return array;
}

}  // namespace lancekit
