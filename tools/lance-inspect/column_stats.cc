#include "tools/lance-inspect/column_stats.h"

#include <algorithm>
#include <cmath>
#include <span>
#include <string_view>
#include <type_traits>

#include "base/bitmap.h"
#include "base/endian.h"
#include "base/hash.h"
#include "reader/file_statistics.h"
#include "reader/totals.h"
#include "tools/common/cell_format.h"

namespace lancekit::tools {
namespace {

void Collect(const Field& field, StatsColumn column, std::vector<StatsColumn>* columns) {
  column.path += (column.path.empty() ? "" : ".") + field.name;
  column.fields.push_back(&field);
  if (field.type.id != TypeId::kStruct) {
    columns->push_back(std::move(column));
    return;
  }
  for (const Field& child : field.type.children) Collect(child, column, columns);
}

std::string_view LoadText(const ArrayView& view, std::int64_t slot) {
  const auto text = [](const std::byte* data, std::int64_t begin, std::int64_t end) {
    return std::string_view(reinterpret_cast<const char*>(data) + begin, static_cast<std::size_t>(end - begin));
  };
  if (view.type->id == TypeId::kFixedSizeBinary) return text(view.values, slot * view.type->size, (slot + 1) * view.type->size);
  if (HasLargeOffsets(view.type->id)) {
    return text(view.data, LoadLe<std::int64_t>(view.values + slot * 8), LoadLe<std::int64_t>(view.values + slot * 8 + 8));
  }
  return text(view.data, LoadLe<std::int32_t>(view.values + slot * 4), LoadLe<std::int32_t>(view.values + slot * 4 + 4));
}

template <class Value>
std::uint64_t HashOf(const Value& value) {
  if constexpr (std::is_same_v<Value, std::string_view>) {
    return HashBytes(std::as_bytes(std::span(value)));
  } else if constexpr (std::is_same_v<Value, double>) {
    const double same = std::isnan(value) ? std::nan("") : value + 0.0;  // -0.0 becomes 0.0
    return HashBytes(std::as_bytes(std::span(&same, 1)));
  } else {
    return HashBytes(std::as_bytes(std::span(&value, 1)));
  }
}

}  // namespace

std::vector<StatsColumn> StatsColumns(const Schema& schema) {
  std::vector<StatsColumn> columns;
  for (const Field& field : schema.fields) Collect(field, {}, &columns);
  return columns;
}

std::uint64_t SumBloomBytes(const TableImpl& table, const Field& leaf) {
  std::uint64_t bytes = 0;
  for (const TableFragment& fragment : table.fragments_) {
    const ColumnPlace* const place = fragment.Place(leaf.id);
    const format::Statistics* const statistics = place == nullptr ? nullptr : fragment.files[place->file]->statistics().Get();
    if (statistics != nullptr && place->column < statistics->num_columns()) bytes += statistics->BloomBytes(place->column);
  }
  return bytes;
}

std::optional<format::Zone> SumZones(const TableImpl& table, const Field& leaf) {
  format::Zone sum;
  const Domain domain = DomainOf(leaf.type);
  if (domain == Domain::kNone) return std::nullopt;
  for (const TableFragment& fragment : table.fragments_) {
    const ColumnPlace* const place = fragment.Place(leaf.id);
    if (place == nullptr) return std::nullopt;
    const FileReader& file = *fragment.files[place->file];
    const format::Statistics* const statistics = file.statistics().Get();
    if (statistics == nullptr || place->column >= statistics->num_columns()) return std::nullopt;
    if (statistics->domain(place->column) != domain || file.num_rows() != fragment.num_rows) return std::nullopt;
    const format::ZoneList pages = statistics->Pages(place->column);
    std::uint64_t num_rows = 0;
    for (std::uint64_t i = 0; i < pages.size(); ++i) {
      const format::Zone page = pages[i];
      num_rows += page.num_rows;
      sum.Append(page);
    }
    if (num_rows != fragment.num_rows) return std::nullopt;
  }
  if (!sum.HasNoBounds() && !(sum.min && sum.max)) return std::nullopt;
  return sum;
}

template <class Value, class Get>
void ValueStats::AddValues(const std::vector<std::int64_t>& slots, Get get) {
  using Stored = std::conditional_t<std::is_same_v<Value, std::string_view>, std::string, Value>;
  std::optional<Value> least, greatest;
  for (const std::int64_t slot : slots) {
    const Value value = get(slot);
    distinct_.Add(HashOf(value));
    if constexpr (std::is_same_v<Value, double>) {
      zone_.num_nans += std::isnan(value);
      if (std::isnan(value)) continue;
    }
    if (!least || value < *least) least = value;
    if (!greatest || *greatest < value) greatest = value;
  }
  if (!least) return;
  Scalar low{Stored(*least)}, high{Stored(*greatest)};
  if (!zone_.min || Compare(low, *zone_.min) < 0) zone_.min = std::move(low);
  if (!zone_.max || Compare(high, *zone_.max) > 0) zone_.max = std::move(high);
}

void ValueStats::AddSlots(const ArrayView& values, const std::vector<std::int64_t>& slots) {
  const std::size_t width = FixedWidthBits(*values.type) / 8;
  const auto at = [&](std::int64_t slot) { return values.values + slot * static_cast<std::int64_t>(width); };
  switch (DomainOf(*values.type)) {
    case Domain::kSigned:
      return AddValues<std::int64_t>(slots, [&](std::int64_t slot) { return LoadSigned(at(slot), width); });
    case Domain::kUnsigned:
      if (values.type->id != TypeId::kBool)
        return AddValues<std::uint64_t>(slots, [&](std::int64_t slot) { return LoadUnsigned(at(slot), width); });
      return AddValues<std::uint64_t>(
          slots, [&](std::int64_t slot) { return std::uint64_t{GetBit(values.values, static_cast<std::uint64_t>(slot))}; });
    case Domain::kFloating:
      return AddValues<double>(slots, [&](std::int64_t slot) { return LoadFloat(at(slot), width); });
    case Domain::kDecimal:
      return AddValues<Int256>(slots, [&](std::int64_t slot) { return Int256::Load(at(slot), width); });
    case Domain::kBytes:
      for (const std::int64_t slot : slots) {
        const std::uint64_t size = LoadText(values, slot).size();
        lengths_.min = lengths_.count == 0 ? size : std::min(lengths_.min, size);
        lengths_.max = std::max(lengths_.max, size);
        lengths_.sum += size;
        ++lengths_.count;
      }
      return AddValues<std::string_view>(slots, [&](std::int64_t slot) { return LoadText(values, slot); });
    case Domain::kNone:
      return;
  }
}

void ValueStats::Add(const ArrayView& column, const StatsColumn& path) {
  std::vector<const ArrayView*> views{&column};
  for (std::size_t i = 1; i < path.fields.size(); ++i) {
    const std::vector<Field>& children = path.fields[i - 1]->type.children;
    views.push_back(&views.back()->children[static_cast<std::size_t>(path.fields[i] - children.data())]);
  }
  const ArrayView& leaf = *views.back();
  std::vector<std::int64_t> slots;
  for (std::int64_t i = 0; i < column.length; ++i) {
    bool is_null = false;
    for (const ArrayView* view : views) is_null = is_null || IsNull(*view, i);
    if (!is_null) slots.push_back(leaf.offset + i);
  }
  zone_.num_rows += static_cast<std::uint64_t>(column.length);
  zone_.num_values += static_cast<std::uint64_t>(column.length);
  zone_.num_nulls += static_cast<std::uint64_t>(column.length) - slots.size();
  zone_.min_is_exact = zone_.max_is_exact = true;
  if (leaf.dictionary == nullptr) return AddSlots(leaf, slots);
  const std::size_t width = FixedWidthBits({.id = leaf.type->key_id}) / 8;
  for (std::int64_t& slot : slots) {
    slot = leaf.dictionary->offset + LoadSigned(leaf.values + slot * static_cast<std::int64_t>(width), width);
  }
  AddSlots(*leaf.dictionary, slots);
}

std::string BoundText(const DataType& column_type, const Scalar& value, bool json) {
  DataType type = ValuesOf(column_type);
  std::vector<std::byte> values(32), data;
  ArrayView view{.type = &type, .length = 1};
  if (const auto* text = std::get_if<std::string>(&value)) {
    // Bounds of fixed-size binary may be shorter than its values.
    type.id = type.id == TypeId::kString || type.id == TypeId::kLargeString ? TypeId::kString : TypeId::kBinary;
    StoreLe(values.data() + 4, static_cast<std::int32_t>(text->size()));
    data.assign(std::as_bytes(std::span(*text)).begin(), std::as_bytes(std::span(*text)).end());
    view.data = data.data();
  } else if (const auto* number = std::get_if<double>(&value)) {
    if (type.id == TypeId::kFloat16) type.id = TypeId::kFloat32;
    if (type.id == TypeId::kFloat32) {
      StoreLe(values.data(), static_cast<float>(*number));
    } else {
      StoreLe(values.data(), *number);
    }
  } else if (const auto* decimal = std::get_if<Int256>(&value)) {
    decimal->Store(values.data(), 32);
  } else if (const auto* natural = std::get_if<std::uint64_t>(&value)) {
    StoreLe(values.data(), *natural);
  } else {
    StoreLe(values.data(), std::get<std::int64_t>(value));
  }
  view.values = values.data();
  std::string shown;
  AppendValue(view, 0, {.json = json, .binary = json ? BinaryStyle::kBase64 : BinaryStyle::kHex}, &shown);
  return shown;
}

}  // namespace lancekit::tools
