// Single values of Arrow arrays. Values are counted from 0 within the view.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "types/array.h"

namespace lancekit::tools {

bool IsNull(const ArrayView& view, std::int64_t i);
/// A number of 1, 2, 4 or 8 bytes: integers (of uint64 the bits), dates and times.
std::int64_t CellInteger(const ArrayView& view, std::int64_t i);
/// The position in the dictionary.
std::int64_t CellKey(const ArrayView& view, std::int64_t i);
/// A float of any width.
double CellFloat(const ArrayView& view, std::int64_t i);
/// Text, or bytes of variable or fixed width.
std::span<const std::byte> CellBytes(const ArrayView& view, std::int64_t i);

/// Items [begin, end) of the view's child.
struct ItemRange {
  std::int64_t begin = 0;
  std::int64_t end = 0;
};
/// Of a list of any kind, or a map.
ItemRange CellItems(const ArrayView& view, std::int64_t i);

}  // namespace lancekit::tools
