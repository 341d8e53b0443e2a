// Slots of imported arrays, one at a time.
#pragma once

#include <cstring>

#include "base/bitmap.h"
#include "encodings/values.h"
#include "types/array.h"

namespace lancekit {

/// Slots [first, first + count) of a view.
struct SlotRange {
  std::uint64_t first = 0;
  std::uint64_t count = 0;
};

// Layout of Arrow's string views: https://arrow.apache.org/docs/format/Columnar.html#variable-size-binary-view-layout
inline constexpr std::uint64_t kViewBytes = 16;
inline constexpr std::uint32_t kInlineViewBytes = 12;

/// Position in the buffers of slot `slot` of the view.
inline std::uint64_t SlotOf(const ArrayView& view, std::uint64_t slot) { return static_cast<std::uint64_t>(view.offset) + slot; }

inline bool IsNullAt(const ArrayView& view, std::uint64_t slot) {
  return view.validity != nullptr && !GetBit(view.validity, SlotOf(view, slot));
}

/// The functions below take positions, as SlotOf gives them.
inline Bytes ViewAt(const ArrayView& view, std::uint64_t position) {
  const std::byte* const at = view.values + position * kViewBytes;
  const auto size = LoadLe<std::uint32_t>(at);
  if (size <= kInlineViewBytes) return {at + 4, size};
  const auto buffer = LoadLe<std::uint32_t>(at + 8);
  return {view.view_data[buffer] + LoadLe<std::uint32_t>(at + 12), size};
}

inline std::uint64_t OffsetAt(const ArrayView& view, bool large, std::uint64_t position) {
  return large ? static_cast<std::uint64_t>(LoadLe<std::int64_t>(view.values + 8 * position))
               : static_cast<std::uint64_t>(LoadLe<std::int32_t>(view.values + 4 * position));
}

/// Dictionary types: the key, of `bytes` bytes.
inline std::uint64_t KeyAt(const ArrayView& view, std::uint64_t position, std::uint64_t bytes) {
  std::uint64_t key = 0;
  std::memcpy(&key, view.values + position * bytes, bytes);
  return key;
}

/// Bytes of the strings in slots [first, first + count).
inline std::uint64_t StringBytesOf(const ArrayView& view, bool large, std::uint64_t first, std::uint64_t count) {
  if (view.storage == Storage::kPlain) {
    return count == 0 ? 0 : OffsetAt(view, large, SlotOf(view, first + count)) - OffsetAt(view, large, SlotOf(view, first));
  }
  std::uint64_t bytes = 0;
  for (std::uint64_t i = first; i < first + count; ++i) {
    if (!IsNullAt(view, i)) bytes += LoadLe<std::uint32_t>(view.values + SlotOf(view, i) * kViewBytes);
  }
  return bytes;
}

}  // namespace lancekit
