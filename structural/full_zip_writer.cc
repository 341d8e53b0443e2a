// Full-zip pages on the writing side; the layout is described in full_zip_reader.cc.
#include <cstring>
#include <limits>

#include "base/bitmap.h"
#include "base/checked_math.h"
#include "encodings/definitions.h"
#include "structural/page_writer.h"

namespace lancekit {
namespace {

/// The control words of a page.
class Controls {
 public:
  explicit Controls(const PageEntries& entries)
      : entries_(entries),
        def_bits_(BitLength(entries.max_def)),
        rep_bits_(entries.rep.empty() ? 0 : BitLength(entries.max_rep)) {
    const int bits = def_bits_ + rep_bits_;
    bytes_ = bits == 0 ? 0 : bits <= 8 ? 1 : bits <= 16 ? 2 : 4;
  }
  std::uint64_t bytes() const { return bytes_; }

  std::byte* Put(std::uint64_t entry, std::byte* to) const {
    const std::uint32_t rep = entries_.rep.empty() ? 0 : entries_.rep[entry];
    const std::uint32_t def = entries_.def.empty() ? 0 : entries_.def[entry];
    const std::uint32_t word = rep << def_bits_ | def;
    std::memcpy(to, &word, bytes_);
    return to + bytes_;
  }
  void Describe(format::PageLayout* layout) const {
    layout->bits_rep = static_cast<std::uint32_t>(rep_bits_);
    layout->bits_def = static_cast<std::uint32_t>(def_bits_);
  }

 private:
  const PageEntries& entries_;
  int def_bits_;
  int rep_bits_;
  std::uint64_t bytes_;
};

/// Where each row starts, and the end.
class RowIndex {
 public:
  /// `bound`: no position is larger.
  RowIndex(std::uint64_t num_rows, std::uint64_t bound)
      : width_(bound <= 0xFF         ? 1
               : bound <= 0xFFFF     ? 2
               : bound <= 0xFFFFFFFF ? 4
                                     : 8),
        bytes_((num_rows + 1) * width_) {}
  void Add(std::uint64_t position) { std::memcpy(bytes_.data() + width_ * count_++, &position, width_); }
  MutableBuffer Finish() && { return std::move(bytes_); }

 private:
  std::size_t width_;
  std::size_t count_ = 0;
  MutableBuffer bytes_;
};

EncodedPage StartPage(const PageValues& page, const PageEntries& entries, const Controls& controls) {
  EncodedPage encoded;
  encoded.num_rows = page.num_rows;
  format::PageLayout& layout = encoded.layout;
  layout.id = format::LayoutId::kFullZip;
  layout.layers = entries.layers;
  layout.num_items = entries.count;
  layout.num_visible_items = page.values.length;
  controls.Describe(&layout);
  return encoded;
}

bool StartsRow(const PageEntries& entries, std::uint64_t entry) {
  return entries.rep.empty() || entries.rep[entry] == entries.max_rep;
}

/// Bytes of a stored value: bitmaps of the items of a fixed-size list, then the value; a boolean takes one.
std::uint64_t StoredBytes(const ValuesView& values) {
  std::uint64_t bytes = CeilDiv(values.shape.width_bits, 8);
  for (std::size_t level = 0; level < values.item_validity.size(); ++level) {
    if (values.item_validity[level] != nullptr) bytes += BitmapBytes(values.shape.ItemsPerValue(level));
  }
  return bytes;
}

std::byte* PutValue(const ValuesView& values, std::uint64_t value, std::byte* to) {
  for (std::size_t level = 0; level < values.item_validity.size(); ++level) {
    if (values.item_validity[level] == nullptr) continue;
    const std::uint64_t items = values.shape.ItemsPerValue(level);
    const std::uint64_t bytes = BitmapBytes(items);
    std::memset(to, 0, bytes);
    CopyBits(values.item_validity[level], value * items, to, 0, items);
    to += bytes;
  }
  if (values.shape.width_bits == 1) {
    *to = GetBit(values.values, value) ? std::byte{1} : std::byte{0};
    return to + 1;
  }
  const std::uint64_t bytes = values.shape.width_bits / 8;
  std::memcpy(to, values.values + value * bytes, bytes);
  return to + bytes;
}

}  // namespace

Result<EncodedPage> WriteFixedFullZipPage(const PageValues& page) {
  PooledVector<std::uint16_t> flat_def;
  const PageEntries entries = EntriesOf(page, &flat_def);
  const Controls controls(entries);
  EncodedPage encoded = StartPage(page, entries, controls);
  const ValuesView& values = page.values;
  const std::uint64_t value_bytes = StoredBytes(values);
  if (value_bytes > std::numeric_limits<std::uint32_t>::max() / 8) return Unsupported("values of {} bytes", value_bytes);
  encoded.layout.bits_per_value = static_cast<std::uint32_t>(value_bytes * 8);
  encoded.layout.value_compression = DescribeFixedSizeList(values);
  if (values.shape.width_bits == 1) encoded.layout.value_compression->bits = 8;
  const bool is_plain = controls.bytes() == 0 && value_bytes * 8 == values.shape.width_bits;
  if (is_plain) {
    encoded.buffers.emplace_back().Append({values.values, value_bytes * values.length});
    return encoded;
  }
  MutableBuffer data(controls.bytes() * entries.count + value_bytes * values.length);
  RowIndex index(page.num_rows, data.size());
  std::byte* to = data.data();
  std::uint64_t value = 0;
  for (std::uint64_t entry = 0; entry < entries.count; ++entry) {
    if (StartsRow(entries, entry) && !entries.rep.empty()) index.Add(static_cast<std::uint64_t>(to - data.data()));
    to = controls.Put(entry, to);
    if (entries.IsVisible(entry)) to = PutValue(values, value++, to);
  }
  encoded.buffers.push_back(std::move(data));
  if (!entries.rep.empty()) {
    index.Add(encoded.buffers[0].size());
    encoded.buffers.push_back(std::move(index).Finish());
  }
  return encoded;
}

EncodedPage WriteVariableFullZipPage(const PageValues& page, const ValueEncoding& stored) {
  PooledVector<std::uint16_t> flat_def;
  const PageEntries entries = EntriesOf(page, &flat_def);
  const Controls controls(entries);
  EncodedPage encoded = StartPage(page, entries, controls);
  encoded.layout.value_compression = stored.encoding;
  // The reference insists on the width of the type's own offsets.
  const bool wide = page.values.shape.large_offsets;
  encoded.layout.bits_per_offset = wide ? 64 : 32;
  const std::uint64_t length_bytes = wide ? 8 : 4;
  const std::uint64_t num_values = page.values.length;
  const std::uint64_t bound =
      stored.offsets[num_values] - stored.offsets[0] + entries.count * controls.bytes() + num_values * length_bytes;
  MutableBuffer data(bound);
  RowIndex index(page.num_rows, bound);
  std::byte* to = data.data();
  std::uint64_t value = 0;
  for (std::uint64_t entry = 0; entry < entries.count; ++entry) {
    if (StartsRow(entries, entry)) index.Add(static_cast<std::uint64_t>(to - data.data()));
    to = controls.Put(entry, to);
    if (!entries.IsVisible(entry)) continue;
    const std::uint64_t start = stored.offsets[value];
    const std::uint64_t size = stored.offsets[++value] - start;
    if (!entries.def.empty() && entries.def[entry] != 0) continue;
    std::memcpy(to, &size, length_bytes);
    to += length_bytes;
    if (size != 0) std::memcpy(to, stored.data + start, size);
    to += size;
  }
  index.Add(static_cast<std::uint64_t>(to - data.data()));
  data.Resize(static_cast<std::size_t>(to - data.data()));
  encoded.buffers.push_back(std::move(data));
  encoded.buffers.push_back(std::move(index).Finish());
  return encoded;
}

}  // namespace lancekit
