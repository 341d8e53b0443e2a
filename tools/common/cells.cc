#include "tools/common/cells.h"

#include "base/bitmap.h"
#include "base/endian.h"
#include "types/scalar.h"

namespace lancekit::tools {
namespace {

template <class T>
T Load(const ArrayView& view, std::int64_t i) {
  return LoadLe<T>(view.values + (view.offset + i) * static_cast<std::int64_t>(sizeof(T)));
}

std::int64_t LoadOfType(TypeId id, const ArrayView& view, std::int64_t i) {
  switch (id) {
    case TypeId::kInt8:
      return Load<std::int8_t>(view, i);
    case TypeId::kUInt8:
      return Load<std::uint8_t>(view, i);
    case TypeId::kInt16:
      return Load<std::int16_t>(view, i);
    case TypeId::kUInt16:
      return Load<std::uint16_t>(view, i);
    case TypeId::kInt32:
    case TypeId::kDate32:
    case TypeId::kTime32:
      return Load<std::int32_t>(view, i);
    case TypeId::kUInt32:
      return Load<std::uint32_t>(view, i);
    default:
      return Load<std::int64_t>(view, i);
  }
}

ItemRange LoadOffsets(const ArrayView& view, std::int64_t i, bool large) {
  if (large) return {Load<std::int64_t>(view, i), Load<std::int64_t>(view, i + 1)};
  return {Load<std::int32_t>(view, i), Load<std::int32_t>(view, i + 1)};
}

}  // namespace

bool IsNull(const ArrayView& view, std::int64_t i) {
  if (view.type->id == TypeId::kNull) return true;
  if (view.validity != nullptr && !GetBit(view.validity, static_cast<std::uint64_t>(view.offset + i))) return true;
  return view.dictionary != nullptr && IsNull(*view.dictionary, CellKey(view, i));
}

std::int64_t CellInteger(const ArrayView& view, std::int64_t i) { return LoadOfType(view.type->id, view, i); }

std::int64_t CellKey(const ArrayView& view, std::int64_t i) { return LoadOfType(view.type->key_id, view, i); }

double CellFloat(const ArrayView& view, std::int64_t i) {
  if (view.type->id == TypeId::kFloat64) return Load<double>(view, i);
  return view.type->id == TypeId::kFloat32 ? Load<float>(view, i) : HalfToFloat(Load<std::uint16_t>(view, i));
}

std::span<const std::byte> CellBytes(const ArrayView& view, std::int64_t i) {
  const DataType& type = *view.type;
  if (type.id == TypeId::kFixedSizeBinary) {
    return {view.values + (view.offset + i) * type.size, static_cast<std::size_t>(type.size)};
  }
  const auto [begin, end] = LoadOffsets(view, i, HasLargeOffsets(type.id));
  return {view.data + begin, static_cast<std::size_t>(end - begin)};
}

ItemRange CellItems(const ArrayView& view, std::int64_t i) {
  const DataType& type = *view.type;
  if (type.id == TypeId::kFixedSizeList) return {i * type.size, (i + 1) * type.size};
  return LoadOffsets(view, i, type.id == TypeId::kLargeList);
}

}  // namespace lancekit::tools
