#include "reader/totals.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <span>
#include <string_view>
#include <type_traits>

#include "base/bitmap.h"
#include "base/endian.h"
#include "encodings/kernels/stats.h"

namespace lancekit {

Int256 Plus(const Int256& a, const Int256& b) noexcept {
  Int256 sum;
  unsigned __int128 carry = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    carry += static_cast<unsigned __int128>(a.words[i]) + b.words[i];
    sum.words[i] = static_cast<std::uint64_t>(carry);
    carry >>= 64;
  }
  return sum;
}

void Totals::AddTimes(const Int256& value, std::uint64_t count) {
  // The product of numbers of so many bits may not fit; then it is beyond what a decimal of 76 digits holds, too.
  const std::uint64_t sign = value.negative() ? ~std::uint64_t{0} : 0;
  int bits = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    if (const std::uint64_t word = value.words[i] ^ sign; word != 0) bits = static_cast<int>(64 * i) + std::bit_width(word);
  }
  overflows = overflows || bits + std::bit_width(count) > 255;
  // Modulo 2^256, which is right for negative numbers too.
  Int256 product;
  unsigned __int128 carry = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    carry += static_cast<unsigned __int128>(value.words[i]) * count;
    product.words[i] = static_cast<std::uint64_t>(carry);
    carry >>= 64;
  }
  AddWhole(product);
}

Int256 FromWide(__int128 value) noexcept {
  const std::uint64_t sign = value < 0 ? ~std::uint64_t{0} : 0;
  return {{static_cast<std::uint64_t>(value), static_cast<std::uint64_t>(value >> 64), sign, sign}};
}

namespace {

/// The values of a leaf as they were read.
struct Values {
  const DataType* type = nullptr;    // never a dictionary
  const ArrayData* array = nullptr;  // what holds the values: that of a dictionary, or of runs
  WantedTotals wanted;
  std::uint64_t count = 0;              // of them
  std::vector<std::uint64_t> counts;    // how many rows each stands for, nulls left out; empty: one each
  const std::byte* validity = nullptr;  // of the values, if each stands for a row; null: all valid

  std::uint64_t CountOf(std::uint64_t i) const {
    if (!counts.empty()) return counts[i];
    return validity == nullptr || GetBit(validity, i) ? 1 : 0;
  }
};

/// The least and the greatest of values that there are, and body(value, how many rows) for each.
template <class Value, class Get, class Body>
void Visit(const Values& values, Get get, Body body, Totals* totals) {
  using Stored = std::conditional_t<std::is_same_v<Value, std::string_view>, std::string, Value>;
  std::optional<Value> least, greatest;
  for (std::uint64_t i = 0; i < values.count; ++i) {
    const std::uint64_t count = values.CountOf(i);
    if (count == 0) continue;
    const Value value = get(i);
    if (values.wanted.sum) body(value, count);
    if (!values.wanted.bounds) continue;
    if constexpr (std::is_same_v<Value, double>) {
      totals->zone.num_nans += std::isnan(value) ? count : 0;
      if (std::isnan(value)) continue;
    }
    if (!least.has_value() || value < *least) least = value;
    if (!greatest.has_value() || *greatest < value) greatest = value;
  }
  if (least.has_value()) totals->Bound(Scalar(Stored(*least)), Scalar(Stored(*greatest)));
}

/// The bounds of a run of numbers that are all valid.
template <class T>
void BoundPlain(const T* values, std::uint64_t count, Totals* totals) {
  T least = 0, greatest = 0;
  if constexpr (std::is_floating_point_v<T>) {
    std::size_t num_nans = 0;
    if (kernels::FloatMinMax(values, count, &least, &greatest, &num_nans))
      totals->Bound(Scalar(static_cast<double>(least)), Scalar(static_cast<double>(greatest)));
    totals->zone.num_nans += num_nans;
  } else {
    using Wide = std::conditional_t<std::is_signed_v<T>, std::int64_t, std::uint64_t>;
    kernels::MinMax(values, count, &least, &greatest);
    totals->Bound(Scalar(Wide{least}), Scalar(Wide{greatest}));
  }
}

template <class T>
void SumPlain(const T* values, std::uint64_t count, Totals* totals) {
  if constexpr (std::is_floating_point_v<T>) {
    // Four sums at a time: each addition waits for the one before.
    double sums[4] = {};
    for (std::uint64_t i = 0; i < count; ++i) sums[i % 4] += static_cast<double>(values[i]);
    totals->real += (sums[0] + sums[1]) + (sums[2] + sums[3]);
  } else {
    totals->AddWhole(FromWide(kernels::Total(values, count)));
  }
}

template <class T>
void AddPlain(const Values& values, Totals* totals) {
  const auto* const from = static_cast<const T*>(static_cast<const void*>(values.array->values.data()));
  if (values.wanted.bounds) BoundPlain(from, values.count, totals);
  if (values.wanted.sum) SumPlain(from, values.count, totals);
}

bool AddPlain(const Values& values, Totals* totals) {
  constexpr std::uint64_t kMost = (std::uint64_t{1} << 32) - 1;
  if (values.validity != nullptr || !values.counts.empty() || values.count == 0 || values.count > kMost) return false;
  if (reinterpret_cast<std::uintptr_t>(values.array->values.data()) % 8 != 0) return false;
  switch (values.type->id) {
    case TypeId::kInt16:
      AddPlain<std::int16_t>(values, totals);
      return true;
    case TypeId::kInt32:
    case TypeId::kDate32:
    case TypeId::kTime32:
      AddPlain<std::int32_t>(values, totals);
      return true;
    case TypeId::kInt64:
    case TypeId::kDate64:
    case TypeId::kTime64:
    case TypeId::kTimestamp:
    case TypeId::kDuration:
      AddPlain<std::int64_t>(values, totals);
      return true;
    case TypeId::kUInt32:
      AddPlain<std::uint32_t>(values, totals);
      return true;
    case TypeId::kUInt64:
      AddPlain<std::uint64_t>(values, totals);
      return true;
    case TypeId::kFloat32:
      AddPlain<float>(values, totals);
      return true;
    case TypeId::kFloat64:
      AddPlain<double>(values, totals);
      return true;
    default:
      return false;
  }
}

void Add(const Values& values, Totals* totals) {
  if (AddPlain(values, totals)) return;
  const std::byte* const from = values.array->values.data();
  const std::size_t width = FixedWidthBits(*values.type) / 8;
  const auto add_whole = [&](const Int256& value, std::uint64_t count) { totals->AddTimes(value, count); };
  const auto no_sum = [](const auto&, std::uint64_t) {};
  switch (DomainOf(*values.type)) {
    case Domain::kSigned:
      return Visit<std::int64_t>(
          values, [&](std::uint64_t i) { return LoadSigned(from + i * width, width); },
          [&](std::int64_t value, std::uint64_t count) { add_whole(Int256::From(value), count); }, totals);
    case Domain::kUnsigned: {
      const bool is_bool = values.type->id == TypeId::kBool;
      return Visit<std::uint64_t>(
          values,
          [&](std::uint64_t i) { return is_bool ? std::uint64_t{GetBit(from, i)} : LoadUnsigned(from + i * width, width); },
          [&](std::uint64_t value, std::uint64_t count) { add_whole(FromWide(value), count); }, totals);
    }
    case Domain::kFloating:
      return Visit<double>(
          values, [&](std::uint64_t i) { return LoadFloat(from + i * width, width); },
          [&](double value, std::uint64_t count) { totals->real += value * static_cast<double>(count); }, totals);
    case Domain::kDecimal:
      return Visit<Int256>(values, [&](std::uint64_t i) { return Int256::Load(from + i * width, width); }, add_whole, totals);
    case Domain::kBytes: {
      const auto text = [&](std::uint64_t i) {
        std::uint64_t begin = i * width, end = begin + width;
        const std::byte* data = from;
        if (width == 0 && values.type->id != TypeId::kFixedSizeBinary) {
          data = values.array->data.data();
          const bool large = HasLargeOffsets(values.type->id);
          begin = large ? LoadLe<std::uint64_t>(from + 8 * i) : LoadLe<std::uint32_t>(from + 4 * i);
          end = large ? LoadLe<std::uint64_t>(from + 8 * i + 8) : LoadLe<std::uint32_t>(from + 4 * i + 4);
        }
        return std::string_view(reinterpret_cast<const char*>(data) + begin, end - begin);
      };
      return Visit<std::string_view>(values, text, no_sum, totals);
    }
    case Domain::kNone:
      return;
  }
}

}  // namespace

Totals TotalsOf(const ArrayData& column, const LeafSum& sum) {
  Totals totals;
  totals.zone.num_rows = totals.zone.num_values = static_cast<std::uint64_t>(column.length);
  totals.zone.num_nulls = static_cast<std::uint64_t>(column.null_count);
  totals.AddSum(sum);
  return totals;
}

Totals TotalsOf(const ArrayData& column, const Field& field, const FieldShape& shape, bool has_runs, WantedTotals wanted) {
  const auto num_rows = static_cast<std::uint64_t>(column.length);
  const ArrayData* leaf = &column;
  const Field* at = &field;
  std::vector<const ArrayData*> with_nulls;
  if (leaf->null_count != 0) with_nulls.push_back(leaf);
  for (const FieldNode& node : std::span(shape.nodes()).subspan(1)) {
    const auto child = std::ranges::find(at->type.children, node.field->name, &Field::name);
    leaf = &leaf->children[static_cast<std::size_t>(child - at->type.children.begin())];
    at = &*child;
    if (leaf->null_count != 0) with_nulls.push_back(leaf);
  }
  MutableBuffer joined;
  const std::byte* validity = with_nulls.empty() ? nullptr : with_nulls[0]->validity.data();
  if (with_nulls.size() > 1) {
    joined.Append(with_nulls[0]->validity.bytes().first(BitmapBytes(num_rows)));
    for (const ArrayData* next : with_nulls) {
      for (std::size_t i = 0; i < joined.size(); ++i) joined.data()[i] &= next->validity.data()[i];
    }
    validity = joined.data();
  }
  Totals totals;
  totals.zone.num_rows = totals.zone.num_values = num_rows;
  totals.zone.num_nulls = validity == nullptr ? 0 : num_rows - CountSetBits(validity, 0, num_rows);
  totals.zone.min_is_exact = totals.zone.max_is_exact = true;
  Values values;
  const DataType& type = shape.leaves()[0].field->type;
  values.type = &ValuesOf(type);
  if (DomainOf(type) == Domain::kNone || !(wanted.bounds || wanted.sum)) return totals;
  values.wanted = wanted;
  values.array = leaf->dictionary != nullptr ? leaf->dictionary.get() : leaf;
  values.count = static_cast<std::uint64_t>(values.array->length);
  if (leaf->dictionary == nullptr) {
    values.validity = validity;
  } else if (has_runs) {
    std::uint64_t begin = 0;
    for (std::uint64_t i = 0; i < values.count; ++i) {
      const auto end = LoadLe<std::uint64_t>(leaf->values.data() + 8 * i);
      values.counts.push_back(validity == nullptr ? end - begin : CountSetBits(validity, begin, end - begin));
      begin = end;
    }
  } else {
    const std::size_t width = FixedWidthBits({.id = type.key_id}) / 8;
    values.counts.resize(values.count);
    for (std::uint64_t i = 0; i < num_rows; ++i) {
      if (validity != nullptr && !GetBit(validity, i)) continue;
      const std::uint64_t key = LoadUnsigned(leaf->values.data() + i * width, width);
      if (key < values.count) ++values.counts[key];
    }
  }
  Add(values, &totals);
  return totals;
}

}  // namespace lancekit
