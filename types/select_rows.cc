#include "types/select_rows.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "base/bitmap.h"
#include "base/endian.h"

namespace lancekit {
namespace {

using Spans = std::span<const RowSpan>;

std::uint64_t CountRows(Spans spans) {
  std::uint64_t count = 0;
  for (const RowSpan& span : spans) count += span.count;
  return count;
}

Buffer SelectBits(const std::byte* bits, Spans spans, std::uint64_t count) {
  MutableBuffer out(BitmapBytes(count));
  std::uint64_t at = 0;
  if (count != 0) out.data()[out.size() - 1] = std::byte{0};
  for (const RowSpan& span : spans) {
    if (span.count == 1) {
      SetBitTo(out.data(), at, GetBit(bits, span.first));
    } else {
      CopyBits(bits, span.first, out.data(), at, span.count);
    }
    at += span.count;
  }
  return std::move(out).Freeze();
}

template <std::size_t kWidth>
void CopyValues(const std::byte* from, Spans spans, std::byte* to) {
  for (const RowSpan& span : spans) {
    if (span.count == 1) {
      std::memcpy(to, from + span.first * kWidth, kWidth);
    } else {
      std::memcpy(to, from + span.first * kWidth, span.count * kWidth);
    }
    to += span.count * kWidth;
  }
}

Buffer SelectValues(const std::byte* from, std::uint64_t width, Spans spans, std::uint64_t count) {
  MutableBuffer out(count * width);
  std::byte* to = out.data();
  switch (width) {
    case 0:
      break;
    case 1:
      CopyValues<1>(from, spans, to);
      break;
    case 2:
      CopyValues<2>(from, spans, to);
      break;
    case 4:
      CopyValues<4>(from, spans, to);
      break;
    case 8:
      CopyValues<8>(from, spans, to);
      break;
    case 16:
      CopyValues<16>(from, spans, to);
      break;
    default:
      for (const RowSpan& span : spans) {
        std::memcpy(to, from + span.first * width, span.count * width);
        to += span.count * width;
      }
  }
  return std::move(out).Freeze();
}

/// New offsets; the spans of what they point to go to `items`.
template <class Offset>
Buffer SelectOffsets(const std::byte* offsets, Spans spans, std::uint64_t count, std::vector<RowSpan>* items) {
  MutableBuffer out((count + 1) * sizeof(Offset));
  std::byte* to = out.data();
  Offset end = 0;
  StoreLe(to, end);
  items->reserve(spans.size());
  for (const RowSpan& span : spans) {
    const std::byte* from = offsets + span.first * sizeof(Offset);
    const auto first = LoadLe<Offset>(from);
    for (std::uint64_t i = 1; i <= span.count; ++i) {
      to += sizeof(Offset);
      StoreLe(to, static_cast<Offset>(end + (LoadLe<Offset>(from + i * sizeof(Offset)) - first)));
    }
    const auto next = LoadLe<Offset>(to);
    if (next != end) items->push_back({static_cast<std::uint64_t>(first), static_cast<std::uint64_t>(next - end)});
    end = next;
  }
  return std::move(out).Freeze();
}

Buffer SelectOffsets(const ArrayData& array, bool large, Spans spans, std::uint64_t count, std::vector<RowSpan>* items) {
  return large ? SelectOffsets<std::int64_t>(array.values.data(), spans, count, items)
               : SelectOffsets<std::int32_t>(array.values.data(), spans, count, items);
}

}  // namespace

std::vector<RowSpan> SpansOf(const std::byte* bits, std::uint64_t num_rows) {
  std::vector<RowSpan> spans;
  for (std::uint64_t word = 0; word < num_rows; word += 64) {
    std::uint64_t set = 0;
    std::memcpy(&set, bits + word / 8, std::min<std::uint64_t>(8, BitmapBytes(num_rows - word)));
    if (num_rows - word < 64) set &= ~(~std::uint64_t{0} << (num_rows - word));
    for (std::uint64_t at = 0; set != 0;) {
      const int skip = std::countr_zero(set);
      set >>= skip;
      at += static_cast<std::uint64_t>(skip);
      const int count = std::countr_one(set);
      const std::uint64_t first = word + at;
      if (!spans.empty() && spans.back().first + spans.back().count == first) {
        spans.back().count += static_cast<std::uint64_t>(count);
      } else {
        spans.push_back({first, static_cast<std::uint64_t>(count)});
      }
      if (count == 64) break;
      set >>= count;
      at += static_cast<std::uint64_t>(count);
    }
  }
  return spans;
}

ArrayData SelectRows(const DataType& type, const ArrayData& array, std::span<const RowSpan> spans) {
  ArrayData out;
  const std::uint64_t count = CountRows(spans);
  out.length = static_cast<std::int64_t>(count);
  if (type.id == TypeId::kNull) {
    out.null_count = out.length;
    return out;
  }
  if (array.null_count != 0) {
    out.validity = SelectBits(array.validity.data(), spans, count);
    out.null_count = out.length - static_cast<std::int64_t>(CountSetBits(out.validity.data(), 0, count));
    if (out.null_count == 0) out.validity = Buffer();
  }
  out.dictionary = array.dictionary;
  std::vector<RowSpan> items;
  switch (type.id) {
    case TypeId::kStruct:
      for (std::size_t i = 0; i < array.children.size(); ++i)
        out.children.push_back(SelectRows(type.children[i].type, array.children[i], spans));
      return out;
    case TypeId::kFixedSizeList: {
      const auto size = static_cast<std::uint64_t>(type.size);
      for (const RowSpan& span : spans) items.push_back({span.first * size, span.count * size});
      out.children.push_back(SelectRows(type.children[0].type, array.children[0], items));
      return out;
    }
    case TypeId::kList:
    case TypeId::kLargeList:
    case TypeId::kMap:
      out.values = SelectOffsets(array, type.id == TypeId::kLargeList, spans, count, &items);
      out.children.push_back(SelectRows(type.children[0].type, array.children[0], items));
      return out;
    default:
      break;
  }
  if (IsVariableWidth(type.id)) {
    out.values = SelectOffsets(array, HasLargeOffsets(type.id), spans, count, &items);
    out.data = SelectValues(array.data.data(), 1, items, CountRows(items));
    return out;
  }
  const DataType keys{.id = type.key_id};
  const std::uint64_t bits = FixedWidthBits(type.id == TypeId::kDictionary ? keys : type);
  out.values =
      bits == 1 ? SelectBits(array.values.data(), spans, count) : SelectValues(array.values.data(), bits / 8, spans, count);
  return out;
}

}  // namespace lancekit
