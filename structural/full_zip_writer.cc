// Full-zip pages on the writing side; the layout is described in full_zip_reader.cc.
#include <cstring>

#include "base/bitmap.h"
#include "base/checked_math.h"
#include "encodings/definitions.h"
#include "structural/page_writer.h"

namespace lancekit {
namespace {

EncodedPage StartPage(const PageValues& page) {
  EncodedPage encoded;
  encoded.num_rows = page.num_rows;
  format::PageLayout& layout = encoded.layout;
  layout.id = format::LayoutId::kFullZip;
  layout.layers = {page.validity == nullptr ? format::RepDefLayer::kAllValidItem : format::RepDefLayer::kNullableItem};
  layout.bits_def = page.validity == nullptr ? 0 : 1;
  layout.num_items = layout.num_visible_items = page.num_rows;
  return encoded;
}

bool IsValid(const PageValues& page, std::uint64_t row) { return page.validity == nullptr || GetBit(page.validity, row); }

/// Bitmaps of the items of a fixed-size list row, then its items.
std::byte* PutRow(const ValuesView& values, std::uint64_t row, std::byte* to) {
  for (std::size_t level = 0; level < values.item_validity.size(); ++level) {
    if (values.item_validity[level] == nullptr) continue;
    const std::uint64_t items = values.shape.ItemsPerValue(level);
    const std::uint64_t bytes = BitmapBytes(items);
    std::memset(to, 0, bytes);
    CopyBits(values.item_validity[level], row * items, to, 0, items);
    to += bytes;
  }
  const std::uint64_t bytes = values.shape.width_bits / 8;
  std::memcpy(to, values.values + row * bytes, bytes);
  return to + bytes;
}

}  // namespace

EncodedPage WriteFixedFullZipPage(const PageValues& page) {
  EncodedPage encoded = StartPage(page);
  const ValuesView& values = page.values;
  std::uint64_t value_bytes = values.shape.width_bits / 8;
  bool has_bitmaps = false;
  for (std::size_t level = 0; level < values.item_validity.size(); ++level) {
    if (values.item_validity[level] == nullptr) continue;
    value_bytes += BitmapBytes(values.shape.ItemsPerValue(level));
    has_bitmaps = true;
  }
  encoded.layout.bits_per_value = static_cast<std::uint32_t>(value_bytes * 8);
  encoded.layout.value_compression = DescribeFixedSizeList(values);
  MutableBuffer data;
  if (page.validity == nullptr && !has_bitmaps) {
    data.Append({values.values, value_bytes * page.num_rows});
  } else {
    const std::uint64_t control_bytes = page.validity == nullptr ? 0 : 1;
    data.Resize((control_bytes + value_bytes) * page.num_rows);
    std::byte* to = data.data();
    for (std::uint64_t row = 0; row < page.num_rows; ++row) {
      if (control_bytes != 0) *to++ = IsValid(page, row) ? std::byte{0} : std::byte{1};
      to = PutRow(values, row, to);
    }
  }
  encoded.buffers.push_back(std::move(data));
  return encoded;
}

EncodedPage WriteVariableFullZipPage(const PageValues& page, const ValueEncoding& stored) {
  EncodedPage encoded = StartPage(page);
  encoded.layout.value_compression = stored.encoding;
  // The reference insists on the width of the type's own offsets.
  const bool wide = page.values.shape.large_offsets;
  encoded.layout.bits_per_offset = wide ? 64 : 32;
  const std::uint64_t control_bytes = page.validity == nullptr ? 0 : 1;
  const std::uint64_t length_bytes = wide ? 8 : 4;
  const std::uint64_t bound = stored.offsets[page.num_rows] - stored.offsets[0] + page.num_rows * (control_bytes + length_bytes);
  const std::size_t index_bytes = bound <= 0xFF ? 1 : bound <= 0xFFFF ? 2 : bound <= 0xFFFFFFFF ? 4 : 8;
  MutableBuffer data(bound);
  MutableBuffer index((page.num_rows + 1) * index_bytes);
  std::byte* to = data.data();
  const auto mark = [&](std::uint64_t row) {
    const auto position = static_cast<std::uint64_t>(to - data.data());
    std::memcpy(index.data() + row * index_bytes, &position, index_bytes);
  };
  for (std::uint64_t row = 0; row < page.num_rows; ++row) {
    mark(row);
    const bool valid = IsValid(page, row);
    if (control_bytes != 0) *to++ = valid ? std::byte{0} : std::byte{1};
    if (!valid) continue;
    const std::uint64_t size = stored.offsets[row + 1] - stored.offsets[row];
    std::memcpy(to, &size, length_bytes);
    to += length_bytes;
    if (size != 0) std::memcpy(to, stored.data + stored.offsets[row], size);
    to += size;
  }
  mark(page.num_rows);
  data.Resize(static_cast<std::size_t>(to - data.data()));
  encoded.buffers.push_back(std::move(data));
  encoded.buffers.push_back(std::move(index));
  return encoded;
}

}  // namespace lancekit
